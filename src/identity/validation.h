// What a pool accepts: attributes by its schema, passwords by its policy. Pure; the texts are the
// ones that clients of Cognito show.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/pool.h"
#include "identity/types.h"

namespace domicile::identity {

// invalid_argument with reason password_policy; the message is the broken rule.
Result<void> check_password(const config::PasswordPolicy& policy, std::string_view password);

// Attributes that a client sends at sign-up. custom:region, sub and the *_verified attributes are
// never a client's to write, others as it is configured: permission_denied with reason
// not_writable. invalid_argument with reason attribute ("email: The attribute is required") or
// schema.
Result<void> check_attributes(const config::Pool& pool, const config::Client& client,
                              const Attributes& attributes);
// The same for what somebody changes later: nothing need be there, and an empty value is taken for
// none.
Result<void> check_own_attributes(const config::Pool& pool, const config::Client& client,
                                  const Attributes& attributes);

// Attributes that an administrator writes; the *_verified ones are theirs to write too, and nothing
// is required. An empty value is taken for none.
Result<void> check_administered_attributes(const config::Pool& pool, const Attributes& attributes);

// invalid_argument with reason attribute where one that the pool asks for is missing.
Result<void> check_required(const config::Pool& pool, const Attributes& attributes);

// Whether these may come in the place of others: not what cannot be updated, and nothing empty
// where something is required.
Result<void> check_changes(const config::Pool& pool, const Attributes& changes);
void change_attributes(const Attributes& changes, Attributes& into);

// 1 to 128 printable characters, no spaces or control characters.
Result<void> check_username(std::string_view username);

// "+*******1234", as long as the number is.
std::string mask_number(std::string_view number);
// "a***@e***" for an e-mail; null-free for anything else too.
std::string mask_destination(std::string_view address);

}  // namespace domicile::identity
