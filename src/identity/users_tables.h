// What the statements of Users and the steps that make its tables have in common.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace domicile::identity {

// Of identity_users: blind indexes of what people sign in with beside their user name.
inline constexpr std::array<std::string_view, 3> kAliasColumns = {"email_alias", "phone_alias",
                                                                  "name_alias"};
// Of identity_pace.
inline constexpr std::size_t kPaceRows = 64;

}  // namespace domicile::identity
