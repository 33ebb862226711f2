#include "federation/jwks.h"

#include <algorithm>

#include "base/json.h"

namespace domicile::federation {
namespace {

constexpr JsonLimits kLimits{.depth_max = 8, .bytes_max = kJwksBytesMax};

std::unexpected<Error> malformed(std::string why) { return fail(Code::malformed, std::move(why)); }

// Says that it checks signatures, where it says what it is for (RFC 7517, 4.3).
bool may_verify(const json::object& jwk) {
    const json::value* operations = jwk.if_contains("key_ops");
    if (operations == nullptr) return true;
    const json::array* list = operations->if_array();
    return list != nullptr && std::ranges::find(*list, json::value("verify")) != list->end();
}

}  // namespace

std::string discovery_url(std::string_view issuer) {
    while (issuer.ends_with('/')) issuer.remove_suffix(1);
    return std::string(issuer) + "/.well-known/openid-configuration";
}

Result<Url> parse_discovery(std::string_view text, std::string_view issuer) {
    const auto document = parse_json_object(text, kLimits);
    if (!document) return malformed("The discovery document is no JSON object.");
    const auto named = require_string(*document, "issuer");
    if (!named || *named != issuer)
        return malformed("The discovery document is of another issuer.");
    const auto uri = require_string(*document, "jwks_uri");
    if (!uri) return malformed("The discovery document has no `jwks_uri`.");
    const auto url = parse_url(*uri);
    if (!url) return malformed("The `jwks_uri` is no URL.");
    if (!is_trustworthy(*url))
        return fail(Code::permission_denied, "The `jwks_uri` is not https://.");
    return *url;
}

Result<Keys> parse_jwks(std::string_view text) {
    const auto document = parse_json_object(text, kLimits);
    if (!document) return malformed("The key set is no JSON object.");
    const json::value* keys = document->if_contains("keys");
    const json::array* list = keys == nullptr ? nullptr : keys->if_array();
    if (list == nullptr) return malformed("The key set has no `keys`.");
    if (list->size() > kJwksKeysMax) return malformed("The key set has too many keys.");
    Keys out;
    for (const json::value& entry : *list) {
        const json::object* jwk = entry.if_object();
        if (jwk == nullptr) return malformed("A key of the set is no object.");
        if (!may_verify(*jwk)) continue;
        auto key = crypto::PublicKey::from_jwk(*jwk);
        if (!key || key->kid().size() > kKidBytesMax) continue;
        const bool taken = std::ranges::any_of(out, [&](const auto& other) {
            return other->kid() == key->kid() && other->algorithm() == key->algorithm();
        });
        if (!taken) out.push_back(std::make_shared<const crypto::PublicKey>(std::move(*key)));
    }
    if (out.empty()) return malformed("The key set has no key for RS256 or ES256.");
    return out;
}

std::shared_ptr<const crypto::PublicKey> find_key(const Keys& keys, std::string_view kid,
                                                  crypto::Algorithm algorithm) {
    std::shared_ptr<const crypto::PublicKey> found;
    for (const auto& key : keys) {
        if (key->algorithm() != algorithm) continue;
        if (!kid.empty() && key->kid() != kid) continue;
        if (found != nullptr) return nullptr;  // without a kid, it could be either
        found = key;
    }
    return found;
}

bool same_keys(const Keys& a, const Keys& b) {
    return std::ranges::is_permutation(a, b, [](const auto& one, const auto& other) {
        return one->kid() == other->kid() && one->thumbprint() == other->thumbprint();
    });
}

}  // namespace domicile::federation
