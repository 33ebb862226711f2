#include "federation/jwks.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/json.h"

namespace domicile::federation {
namespace {

using crypto::Algorithm;

crypto::SigningKey make(Algorithm algorithm) { return *crypto::SigningKey::generate(algorithm); }

std::string set_of(std::initializer_list<json::object> keys) {
    json::array list;
    for (const json::object& key : keys) list.push_back(key);
    return json::serialize(json::object{{"keys", list}});
}

TEST(jwks, keys_of_both_algorithms_are_found_by_their_id) {
    const auto rsa = make(Algorithm::rs256), ec = make(Algorithm::es256);
    const auto keys = parse_jwks(set_of({rsa.public_jwk(), ec.public_jwk()}));
    ASSERT_TRUE(keys);
    EXPECT_EQ(find_key(*keys, rsa.kid(), Algorithm::rs256)->kid(), rsa.kid());
    EXPECT_EQ(find_key(*keys, ec.kid(), Algorithm::es256)->kid(), ec.kid());
    EXPECT_EQ(find_key(*keys, ec.kid(), Algorithm::rs256), nullptr) << "the key has one algorithm";
    EXPECT_EQ(find_key(*keys, "other", Algorithm::rs256), nullptr);
    EXPECT_EQ(find_key(*keys, "", Algorithm::es256)->kid(), ec.kid()) << "the only one";
}

TEST(jwks, without_an_id_two_keys_are_none) {
    const auto a = make(Algorithm::es256), b = make(Algorithm::es256);
    const auto keys = parse_jwks(set_of({a.public_jwk(), b.public_jwk()}));
    ASSERT_TRUE(keys);
    EXPECT_EQ(find_key(*keys, "", Algorithm::es256), nullptr);
}

TEST(jwks, what_is_of_no_use_is_passed_over) {
    const auto good = make(Algorithm::es256);
    json::object encryption = make(Algorithm::es256).public_jwk();
    encryption["use"] = "enc";
    json::object wrapping = make(Algorithm::es256).public_jwk();
    wrapping["key_ops"] = json::array{"wrapKey"};
    json::object secret = make(Algorithm::es256).public_jwk();
    secret["d"] = "AAAA";
    json::object wide = make(Algorithm::es256).public_jwk();
    wide["kid"] = std::string(kKidBytesMax + 1, 'k');
    const json::object symmetric{{"kty", "oct"}, {"k", "AAAA"}};
    const json::object unknown{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AAAA"}};
    json::object twin = make(Algorithm::es256).public_jwk();
    twin["kid"] = good.kid();
    const auto keys = parse_jwks(set_of({encryption, wrapping, secret, wide, symmetric, unknown,
                                         json::object(), good.public_jwk(), twin}));
    ASSERT_TRUE(keys);
    ASSERT_EQ(keys->size(), 1u);
    EXPECT_EQ(keys->front()->thumbprint(), good.public_key().thumbprint()) << "the first counts";
}

TEST(jwks, a_document_that_is_hostile_gives_nothing) {
    const std::string key = json::serialize(make(Algorithm::es256).public_jwk());
    const std::string good = "{\"keys\":[" + key + "]}";
    ASSERT_TRUE(parse_jwks(good));
    std::string many = key;
    for (std::size_t i = 0; i < kJwksKeysMax; ++i) many += ',' + key;
    for (const std::string& bad :
         {std::string(), std::string("[]"), std::string("{}"), std::string("{\"keys\":{}}"),
          std::string("{\"keys\":[]}"), std::string("{\"keys\":[1]}"), good.substr(0, 80),
          good + "x", "{\"keys\":[" + many + "]}", "{\"keys\":[],\"keys\":[" + key + "]}",
          "{\"keys\":[" + key + "],\"x\":\"" + std::string(kJwksBytesMax, 'x') + "\"}",
          "{\"keys\":[" + key + "],\"x\":" + std::string(100, '[') + std::string(100, ']') + '}'})
        EXPECT_FALSE(parse_jwks(bad)) << bad.substr(0, 200);
}

TEST(jwks, keys_that_only_change_places_are_the_same) {
    const auto a = make(Algorithm::es256), b = make(Algorithm::es256);
    const Keys one = *parse_jwks(set_of({a.public_jwk(), b.public_jwk()}));
    const Keys other = *parse_jwks(set_of({b.public_jwk(), a.public_jwk()}));
    EXPECT_TRUE(same_keys(one, other));
    EXPECT_FALSE(same_keys(one, *parse_jwks(set_of({a.public_jwk()}))));
    json::object renamed = b.public_jwk();
    renamed["kid"] = "b";
    EXPECT_FALSE(same_keys(one, *parse_jwks(set_of({a.public_jwk(), renamed}))));
}

TEST(jwks, discovery_is_of_this_issuer_and_leads_to_who_can_be_trusted) {
    constexpr const char* kIssuer = "https://login.example/tenant/";
    EXPECT_EQ(discovery_url(kIssuer),
              "https://login.example/tenant/.well-known/openid-configuration");
    const auto parse = [&](const char* issuer, const char* uri) {
        return parse_discovery(
            json::serialize(json::object{{"issuer", issuer}, {"jwks_uri", uri}, {"other", {1}}}),
            kIssuer);
    };
    const auto good = parse(kIssuer, "https://keys.example:8443/k?t=1");
    ASSERT_TRUE(good);
    EXPECT_EQ(*good, (Url{true, "keys.example", 8443, "/k?t=1"}));
    EXPECT_FALSE(parse("https://login.example/tenant", "https://keys.example/"));
    for (const char* bad : {"", "/keys", "ftp://keys.example/", "http://keys.example/",
                            "http://10.0.0.1/latest/meta-data", "file:///etc/passwd"})
        EXPECT_FALSE(parse(kIssuer, bad)) << bad;
    EXPECT_FALSE(parse_discovery("{}", kIssuer));
    EXPECT_FALSE(parse_discovery("[]", kIssuer));
}

}  // namespace
}  // namespace domicile::federation
