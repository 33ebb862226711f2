// What people sign in with beside their user name, in pools that have it (config::Pool::aliases).
// An alias is a key of the person like any other, so that it leads to their home from everywhere
// and is one person's (ADR 0039); in the home's database it is a blind index of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/pool.h"
#include "identity/types.h"
#include "identity/users.h"

namespace domicile::identity {

inline constexpr const char* kPreferredUsername = "preferred_username";

// invalid_argument for a user name that has the form of one of the pool's aliases, and for a
// preferred user name that has the form of an address.
Result<void> check_alias_forms(const config::Pool& pool, std::string_view username);
Result<void> check_preferred(const config::Pool& pool, const Attributes& attributes);

// The person's, once they are confirmed: addresses that are proven, and the preferred user name.
std::vector<std::string> aliases_of(const config::Pool& pool, UserRow row);

}  // namespace domicile::identity
