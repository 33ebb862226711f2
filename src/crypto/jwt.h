// JSON Web Tokens (RFC 7519) in compact JWS form (RFC 7515). Parsing is strict and separate from
// verifying: parse_jwt says what a token claims, verify whether the key signed it. Neither looks at
// exp, iss, aud or token_use; that is the caller's policy (RFC 8725).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "crypto/keys.h"

namespace domicile::crypto {

inline constexpr std::size_t kJwtBytesMax = 8 * 1024;

// header.claims.signature with the header {"kid","alg"}, in that order, as Cognito writes it.
std::string sign_jwt(const SigningKey& key, const json::object& claims);

struct ParsedJwt {
    Algorithm alg = Algorithm::rs256;
    std::string kid;      // empty if the header had none
    json::object claims;  // not to be believed before verify()
    std::string_view
        signing_input;      // points into the text given to parse_jwt, which must outlive it
    std::string signature;  // raw bytes
};

// Three parts of canonical unpadded base64url, JSON objects without duplicate members, at most 8
// KiB (Code::too_large; Code::malformed). alg outside RS256 and ES256 (none, HS*), `crit` and a
// `typ` other than JWT or at+jwt are Code::unauthenticated.
Result<ParsedJwt> parse_jwt(std::string_view token);

// The algorithm comes from the key, never from the token alone: a token whose alg is not the key's
// own, whose kid (if any) is another, or whose signature does not fit, is Code::unauthenticated.
Result<void> verify(const PublicKey& key, const ParsedJwt& token);

}  // namespace domicile::crypto
