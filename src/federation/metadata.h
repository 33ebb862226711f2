// What an OpenID provider says of itself (OpenID Connect Discovery 1.0, 3). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/url.h"

namespace domicile::federation {

struct Metadata {
    std::string authorization_endpoint;  // as text: a browser goes there
    Url token_endpoint, jwks_uri;
    std::optional<Url> userinfo_endpoint;
    bool takes_basic = true;   // client_secret_basic, else client_secret_post
    bool answers_iss = false;  // RFC 9207: answers without `iss` are not its own
};

// Of exactly this issuer. malformed; permission_denied where it leads to who could be anybody: not
// to TLS, or from a provider with TLS to one without.
Result<Metadata> parse_metadata(std::string_view text, std::string_view issuer);

}  // namespace domicile::federation
