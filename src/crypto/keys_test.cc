#include "crypto/keys.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

const SigningKey& key_of(Algorithm algorithm) {
    static const SigningKey rsa = SigningKey::generate(Algorithm::rs256).value();
    static const SigningKey ec = SigningKey::generate(Algorithm::es256).value();
    return algorithm == Algorithm::rs256 ? rsa : ec;
}
constexpr Algorithm kBoth[] = {Algorithm::rs256, Algorithm::es256};

std::string pkcs8_der(PkeyPtr key) {
    const Pkcs8Ptr info(EVP_PKEY2PKCS8(key.get()));
    unsigned char* raw = nullptr;
    const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &raw);
    const OsslString owned(raw);
    return {reinterpret_cast<char*>(raw), static_cast<std::size_t>(size)};
}

TEST(keys, thumbprint_matches_rfc_7638_3_1) {
    const json::object jwk{
        {"kty", "RSA"},
        {"n",
         "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
         "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
         "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI"
         "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"},
        {"e", "AQAB"},
        {"alg", "RS256"},
        {"kid", "2011-04-29"}};
    const auto key = PublicKey::from_jwk(jwk);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    EXPECT_EQ(key->kid(), "2011-04-29");
}

TEST(keys, public_half_survives_its_jwk) {
    for (const Algorithm algorithm : kBoth) {
        const auto& key = key_of(algorithm);
        const auto jwk = key.public_jwk();
        for (const char* secret : {"d", "p", "q"}) EXPECT_FALSE(jwk.contains(secret));
        EXPECT_EQ(jwk.at("use"), "sig");
        EXPECT_EQ(jwk.at("alg").as_string(), to_string(algorithm));
        const auto read = PublicKey::from_jwk(jwk);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->kid(), key.kid());
        EXPECT_EQ(read->thumbprint(), key.kid());
        EXPECT_EQ(read->jwk(), jwk);
        EXPECT_TRUE(read->verify("m", key.sign("m")));
        EXPECT_EQ(read->verify("n", key.sign("m")).error().code, Code::unauthenticated);
    }
}

TEST(keys, private_key_survives_der_and_pem) {
    for (const Algorithm algorithm : kBoth) {
        const auto& key = key_of(algorithm);
        const auto by_der = SigningKey::from_pkcs8_der(key.to_pkcs8_der());
        const auto by_pem = SigningKey::from_pkcs8_pem(key.to_pkcs8_pem());
        ASSERT_TRUE(by_der && by_pem);
        EXPECT_TRUE(key.to_pkcs8_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
        EXPECT_EQ(by_der->kid(), key.kid());
        EXPECT_EQ(by_pem->kid(), key.kid());
        EXPECT_TRUE(key.public_key().verify("m", by_der->sign("m")));
        EXPECT_TRUE(by_pem->public_key().verify("m", key.sign("m")));
    }
}

TEST(keys, damaged_private_keys_are_malformed) {
    const auto der = key_of(Algorithm::es256).to_pkcs8_der();
    for (const std::string& bad : {std::string(), std::string("x"), der + 'x', der.substr(1),
                                   der.substr(0, der.size() - 1)}) {
        EXPECT_EQ(SigningKey::from_pkcs8_der(bad).error().code, Code::malformed);
    }
    EXPECT_FALSE(SigningKey::from_pkcs8_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n"));
}

TEST(keys, weak_and_foreign_private_keys_are_refused) {
    EXPECT_FALSE(SigningKey::from_pkcs8_der(pkcs8_der(PkeyPtr(EVP_RSA_gen(1024)))));
    EXPECT_FALSE(SigningKey::from_pkcs8_der(pkcs8_der(PkeyPtr(EVP_EC_gen("P-384")))));
    EXPECT_FALSE(SigningKey::from_pkcs8_der(
        pkcs8_der(PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")))));
}

TEST(keys, jwks_that_cannot_be_trusted_are_malformed) {
    const auto rsa = key_of(Algorithm::rs256).public_jwk();
    const auto ec = key_of(Algorithm::es256).public_jwk();
    const auto with = [](json::object jwk, const char* name, const auto& value) {
        jwk[name] = json::value_from(value);
        return jwk;
    };
    const auto without = [](json::object jwk, const char* name) {
        jwk.erase(name);
        return jwk;
    };
    auto y = *from_base64url(std::string_view(ec.at("y").as_string()));
    y[31] = static_cast<char>(y[31] ^ 1);  // off the curve
    const json::object cases[] = {
        {},
        with(rsa, "d", "AQAB"),
        with(rsa, "use", "enc"),
        with(rsa, "alg", "ES256"),
        with(rsa, "alg", "HS256"),
        with(ec, "alg", "RS256"),
        with(rsa, "kty", "oct"),
        with(rsa, "kty", "EC"),
        with(rsa, "n", 1),
        with(rsa, "n", "!!"),
        with(rsa, "n", to_base64url("\xff" + std::string(126, 'a') + "\x01")),
        with(rsa, "n", to_base64url("\xff" + std::string(1023, 'a'))),
        with(rsa, "e", "AQ"),
        with(rsa, "e", "Ag"),
        without(rsa, "n"),
        without(rsa, "e"),
        with(ec, "crv", "P-384"),
        with(ec, "y", to_base64url(y)),
        with(ec, "x", to_base64url("short")),
        without(ec, "y"),
    };
    for (const auto& jwk : cases) {
        const auto key = PublicKey::from_jwk(jwk);
        ASSERT_FALSE(key) << json::serialize(jwk);
        EXPECT_EQ(key.error().code, Code::malformed) << json::serialize(jwk);
    }
}

}  // namespace
}  // namespace domicile::crypto
