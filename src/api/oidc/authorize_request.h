// What a browser is sent to /oauth2/authorize with (RFC 6749, 4.1.1; OpenID Connect Core, 3.1.2.1).
// Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "api/oidc/form.h"
#include "config/config.h"
#include "identity/oauth_types.h"

namespace domicile::api::oidc {

// In the query of whoever signs in for the pages of their own account, beside client_id and what
// chooses a language.
inline constexpr std::string_view kAccountMark = "own_account";

struct AuthorizeRequest {
    identity::Authorization asked;
    // Of those pages, where they lead back to: their query. Nothing is granted then, there is no
    // redirect URI, and people sign in also if their browser has a session.
    std::optional<std::string> account_query = std::nullopt;
    std::optional<std::string> state;
    bool shows = true;        // false: prompt=none, nobody may be asked anything
    bool shows_anew = false;  // prompt=login: also somebody who is signed in
    std::optional<std::int64_t> max_age_seconds;
    std::optional<std::string> id_token_hint;
};

struct AuthorizeError {
    // Where it is told; absent while client and redirect URI are not known to belong together, and
    // then only the person in front of the browser is told.
    std::optional<std::string> redirect_uri;
    std::optional<std::string> state;
    std::string error;  // RFC 6749, 4.1.2.1
    std::string description;
};

// `client` is who client_id names, nullptr when nobody.
std::expected<AuthorizeRequest, AuthorizeError> read_authorize(const Form& form,
                                                               const config::Client* client);

// The redirect URI with parameters added to its query.
std::string with_parameters(const std::string& uri, const Form& parameters);

}  // namespace domicile::api::oidc
