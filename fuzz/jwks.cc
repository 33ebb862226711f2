// What another issuer publishes: a key set, or a discovery document. A set that is taken is
// bounded, names each key once and finds each by its name; printed again it is the same set. A
// discovery document leads only to where somebody can be trusted to answer.
#include "gateway/jwks.h"

#include "base/check.h"
#include "base/json.h"
#include "fuzz.h"

namespace domicile::fuzz {
namespace {

void check_keys(const gateway::Keys& keys) {
    DOMICILE_CHECK(!keys.empty() && keys.size() <= gateway::kJwksKeysMax);
    json::array again;
    for (const auto& key : keys) {
        DOMICILE_CHECK(key->kid().size() <= gateway::kKidBytesMax);
        if (!key->kid().empty())
            DOMICILE_CHECK(gateway::find_key(keys, key->kid(), key->algorithm()) == key);
        again.push_back(key->jwk());
    }
    const auto read = gateway::parse_jwks(json::serialize(json::object{{"keys", again}}));
    DOMICILE_CHECK(read && gateway::same_keys(keys, *read));
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(jwks) {
    using namespace domicile;
    if (const auto keys = gateway::parse_jwks(input)) fuzz::check_keys(*keys);
    for (const char* issuer : {"https://a", "http://localhost:1/b"}) {
        const auto url = gateway::parse_discovery(input, issuer);
        if (url) DOMICILE_CHECK(is_trustworthy(*url) && url->target.starts_with('/'));
    }
}
