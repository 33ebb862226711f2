#include "federation/metadata.h"

#include <algorithm>

#include "base/json.h"
#include "federation/jwks.h"

namespace domicile::federation {
namespace {

constexpr JsonLimits kLimits{.depth_max = 8, .bytes_max = kJwksBytesMax};

std::unexpected<Error> malformed(const char* why) { return fail(Code::malformed, why); }

Result<Url> read_url(std::string_view text, std::string_view issuer) {
    const auto url = parse_url(text);
    if (!url) return malformed("An endpoint of the discovery document is no URL.");
    if (!is_trustworthy(*url) || (issuer.starts_with("https:") && !url->tls))
        return fail(Code::permission_denied,
                    "An endpoint of the discovery document is not https://.");
    return *url;
}

bool names_basic(const json::object& document) {
    const auto methods = optional_array(document, "token_endpoint_auth_methods_supported");
    if (!methods || *methods == nullptr) return true;  // what it is when nothing is said
    return std::ranges::find(**methods, json::value("client_secret_basic")) != (*methods)->end();
}

}  // namespace

Result<Metadata> parse_metadata(std::string_view text, std::string_view issuer) {
    const auto document = parse_json_object(text, kLimits);
    if (!document) return malformed("The discovery document is no JSON object.");
    const auto named = require_string(*document, "issuer");
    if (!named || *named != issuer)
        return malformed("The discovery document is of another issuer.");
    const auto authorization = require_string(*document, "authorization_endpoint");
    const auto token = require_string(*document, "token_endpoint");
    const auto keys = require_string(*document, "jwks_uri");
    const auto userinfo = optional_string(*document, "userinfo_endpoint");
    if (!authorization || !token || !keys || !userinfo)
        return malformed("The discovery document lacks an endpoint.");
    Metadata out;
    TRY_VOID(read_url(*authorization, issuer));
    out.authorization_endpoint = *authorization;
    TRY(out.token_endpoint, read_url(*token, issuer));
    TRY(out.jwks_uri, read_url(*keys, issuer));
    if (*userinfo) {
        TRY(out.userinfo_endpoint, read_url(**userinfo, issuer));
    }
    out.takes_basic = names_basic(*document);
    const auto answers = optional_bool(*document, "authorization_response_iss_parameter_supported");
    out.answers_iss = answers && answers->value_or(false);
    return out;
}

}  // namespace domicile::federation
