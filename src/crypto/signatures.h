// Signatures in forms that JWS does not have.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile::crypto {

// An ECDSA signature over P-256 as r || s, 64 bytes, from strict DER (RFC 3279, 2.2.3).
// Code::unauthenticated for anything else.
Result<std::string> ecdsa_p256_from_der(std::string_view der);

// RFC 8032; the key has 32 bytes. Code::unauthenticated.
Result<void> verify_ed25519(std::string_view key, std::string_view message,
                            std::string_view signature);

}  // namespace domicile::crypto
