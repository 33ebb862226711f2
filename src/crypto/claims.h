// Claims of a JWT as they are, whoever issued it (RFC 7519).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

namespace domicile::crypto {

// "" where the claim is not there, or no text.
std::string text_claim(const json::object& claims, std::string_view name);
// A NumericDate (RFC 7519, 2), which may have a fraction; nullopt where there is none.
std::optional<Timestamp> time_claim(const json::object& claims, std::string_view name);

}  // namespace domicile::crypto
