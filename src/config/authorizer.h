// Who says who calls, beside our own pools: issuers of tokens elsewhere, and functions that are
// asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/route.h"

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

// What a function is told of the call that it decides on: all but the body, or one header.
enum class AuthorizerInput : std::uint8_t { request, token };

// A function that says whether a call may go on, as API Gateway's Lambda authorizers do.
struct AuthorizerFunction {
    std::string name;  // of the function
    EventVersion event = EventVersion::v2;
    AuthorizerInput input = AuthorizerInput::request;
    // The identity sources: who lacks one of them is refused, and who has the same is answered the
    // same for a while.
    std::vector<std::string> headers, query;
    std::int64_t ttl_seconds = 300;  // 0: asked each time
};

// One of them is set.
struct Authorizer {
    std::string name;
    std::optional<JwtIssuer> jwt;
    std::optional<AuthorizerFunction> function;
};

}  // namespace domicile::config
