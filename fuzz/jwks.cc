// What another issuer publishes or says: a key set, a discovery document, the claims of an ID
// token. A set that is taken is bounded, names each key once and finds each by its name; printed
// again it is the same set. A discovery document leads only to where somebody can be trusted to
// answer.
#include "federation/jwks.h"

#include "base/check.h"
#include "base/json.h"
#include "federation/id_token.h"
#include "federation/metadata.h"
#include "fuzz.h"

namespace domicile::fuzz {
namespace {

void check_keys(const federation::Keys& keys) {
    DOMICILE_CHECK(!keys.empty() && keys.size() <= federation::kJwksKeysMax);
    json::array again;
    for (const auto& key : keys) {
        DOMICILE_CHECK(key->kid().size() <= federation::kKidBytesMax);
        if (!key->kid().empty())
            DOMICILE_CHECK(federation::find_key(keys, key->kid(), key->algorithm()) == key);
        again.push_back(key->jwk());
    }
    const auto read = federation::parse_jwks(json::serialize(json::object{{"keys", again}}));
    DOMICILE_CHECK(read && federation::same_keys(keys, *read));
}

// A token that is taken is ours, of now and of somebody; only what is mapped comes of it.
void check_claims(const json::object& claims) {
    const federation::Expected expected{"https://a", "b", "n", std::nullopt};
    const auto sub = federation::check_id_token(claims, expected, Timestamp{1'000'000});
    if (sub) {
        DOMICILE_CHECK(!sub->empty() && sub->size() <= 255);
        DOMICILE_CHECK(claims.at("iss") == "https://a" && claims.at("nonce") == "n");
    }
    config::IdentityProvider provider;
    provider.attributes = {{"email", "email"}, {"name", "sub"}};
    for (const auto& [name, value] : federation::map_claims(provider, claims)) {
        DOMICILE_CHECK(name == "email_verified" || provider.attributes.contains(name));
        DOMICILE_CHECK(!value.empty());
    }
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(jwks) {
    using namespace domicile;
    if (const auto keys = federation::parse_jwks(input)) fuzz::check_keys(*keys);
    for (const char* issuer : {"https://a", "http://localhost:1/b"}) {
        const auto url = federation::parse_discovery(input, issuer);
        if (url) DOMICILE_CHECK(is_trustworthy(*url) && url->target.starts_with('/'));
        const auto metadata = federation::parse_metadata(input, issuer);
        if (!metadata) continue;
        DOMICILE_CHECK(url && *url == metadata->jwks_uri);
        DOMICILE_CHECK(is_trustworthy(metadata->token_endpoint));
        DOMICILE_CHECK(parse_url(metadata->authorization_endpoint).has_value());
    }
    if (const auto claims = parse_json_object(input)) fuzz::check_claims(*claims);
}
