// The operations of the dialect: parse the request, call identity, print the answer.
#pragma once

#include <string>
#include <vector>

#include "access/access.h"
#include "api/cognito/error.h"
#include "base/json.h"
#include "identity/identity.h"
#include "io/task.h"

namespace domicile::api::cognito {

// What follows "AWSCognitoIdentityProviderService." in X-Amz-Target.
bool is_operation(std::string_view name);
bool is_admin_operation(std::string_view name);
std::vector<std::string> operation_names();
// `name` must be an operation. The answer is always an object, `{}` where there is nothing to say.
io::Task<Outcome<json::object>> run_operation(identity::Identity& identity, std::string name,
                                              json::object request);

// The same for an operation of administrators, by a caller whose signature holds; asks the policy.
io::Task<Outcome<json::object>> run_admin_operation(identity::Identity& identity,
                                                    access::Principal who, std::string name,
                                                    json::object request);

}  // namespace domicile::api::cognito
