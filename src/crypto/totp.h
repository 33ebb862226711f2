// Codes of authenticator apps: RFC 6238 over RFC 4226 with what the apps take without being told
// otherwise, SHA-1, steps of 30 seconds, six digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace domicile::crypto {

// 160 bits, as RFC 4226 (section 4, R6) recommends.
inline constexpr std::size_t kTotpSecretSize = 20;

// The text that people type or scan into the app: base32 (RFC 4648, 6), unpadded.
std::string totp_secret_text(std::string_view secret);

std::int64_t totp_step(Timestamp time);  // since 1970
std::string totp_code(std::string_view secret, std::int64_t step);

// The step that the code is of, for clocks that differ by one step either way (RFC 6238, 5.2); the
// newest one if it is of several. Takes the same time whatever the code is.
std::optional<std::int64_t> totp_match(std::string_view secret, std::string_view code,
                                       Timestamp now);

}  // namespace domicile::crypto
