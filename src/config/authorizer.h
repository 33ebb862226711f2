// Who says who calls, beside our own pools: issuers of tokens elsewhere, and functions that are
// asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace domicile::config {

// Tokens (JWT, RS256 or ES256) that somebody else issues. The keys come from a JWKS document.
struct JwtIssuer {
    std::string issuer;                   // the `iss` of its tokens, byte by byte
    std::optional<std::string> jwks_url;  // nullopt: what its discovery document says
    std::vector<std::string> audience;    // one of them is in `aud`
    std::optional<std::string> home_claim;
    std::int64_t refresh_seconds = 300;
    std::int64_t stale_seconds = 7'200;
    std::int64_t leeway_seconds = 30;

    bool operator==(const JwtIssuer&) const = default;
};

struct Authorizer {
    std::string name;
    std::optional<JwtIssuer> jwt;
};

}  // namespace domicile::config
