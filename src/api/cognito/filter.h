// The Filter of ListUsers (API reference: `attribute = "value"`, `attribute ^= "value"`).
#pragma once

#include <string_view>

#include "api/cognito/error.h"
#include "identity/admin_types.h"

namespace domicile::api::cognito {

// Everybody for an empty text. A quotation mark or a backslash in the value stands behind a
// backslash. InvalidParameterException for any other form, and for attributes that Cognito does not
// search by (custom ones among them).
Outcome<identity::UserFilter> parse_filter(std::string_view text);

}  // namespace domicile::api::cognito
