// What the files with operations of administrators share: which pool is meant, and whether the
// access key may do this to it.
#pragma once

#include "api/cognito/operation.h"
#include "identity/admin_types.h"

namespace domicile::api::cognito {

// Early returns: the pool, or the person, that the request names, once all of its members were
// read and the policy has allowed the operation ("cognito-idp:AdminGetUser" on "userpool/<id>").
#define POOL(variable, call, members)                                                    \
    const std::string variable##_id = (members).required("UserPoolId", kPoolIdBytesMax); \
    CHECK_MEMBERS(members);                                                              \
    auto variable##_result = administered_pool(call, variable##_id);                     \
    if (!variable##_result) co_return std::unexpected(variable##_result.error());        \
    [[maybe_unused]] AdminTarget& variable = *variable##_result
#define TARGET(variable, call, members)                                              \
    std::string variable##_name = (members).required("Username", kUsernameBytesMax); \
    POOL(variable, call, members);                                                   \
    variable.username = std::move(variable##_name)

inline constexpr std::size_t kPoolIdBytesMax = 120;

struct AdminTarget {
    std::string id;    // as in the request
    std::string pool;  // id suffix
    std::string username;
};
Outcome<AdminTarget> administered_pool(const AdminCall& call, const std::string& pool_id);
// AccessDeniedException unless the policy allows the call on the resource. Credentials that are
// bound to one subject administer nobody.
Outcome<void> allow(const AdminCall& call, const std::string& resource);

// Attributes stand under `attributes`: operations name them differently.
json::object described(const identity::PersonDescription& person, std::string_view attributes);
// Seconds, with a fraction.
double to_seconds(std::int64_t ms);

}  // namespace domicile::api::cognito
