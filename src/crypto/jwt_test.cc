#include "crypto/jwt.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::crypto {
namespace {

const SigningKey& rsa() {
    static const SigningKey key = SigningKey::generate(Algorithm::rs256).value();
    return key;
}
const SigningKey& ec() {
    static const SigningKey key = SigningKey::generate(Algorithm::es256).value();
    return key;
}
const json::object kClaims{{"sub", "123"}, {"exp", 1700000000}};

std::string token_of(std::string_view header, std::string_view claims, std::string_view signature) {
    return to_base64url(header) + '.' + to_base64url(claims) + '.' + to_base64url(signature);
}
// A token with any header, properly signed by the key.
std::string signed_with(const SigningKey& key, std::string_view header) {
    const auto input = to_base64url(header) + '.' + to_base64url("{}");
    return input + '.' + to_base64url(key.sign(input));
}

TEST(jwt, signs_and_verifies_with_rs256_and_es256) {
    for (const SigningKey* key : {&rsa(), &ec()}) {
        const std::string token = sign_jwt(*key, kClaims);
        const auto parsed = parse_jwt(token);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed->alg, key->algorithm());
        EXPECT_EQ(parsed->kid, key->kid());
        EXPECT_EQ(parsed->claims, kClaims);
        EXPECT_TRUE(verify(key->public_key(), *parsed));
    }
}

TEST(jwt, header_is_kid_and_alg_in_that_order) {
    const auto token = sign_jwt(rsa(), kClaims);
    EXPECT_EQ(from_base64url(token.substr(0, token.find('.'))),
              R"({"kid":")" + rsa().kid() + R"(","alg":"RS256"})");
}

// RFC 7515 A.2 and A.3: tokens of other makers, without a kid.
TEST(jwt, verifies_the_rfc_7515_examples) {
    const std::string claims =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
        "VlfQ";
    const std::string es256 =
        "eyJhbGciOiJFUzI1NiJ9." + claims +
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    const auto key = PublicKey::from_jwk({{"kty", "EC"},
                                          {"crv", "P-256"},
                                          {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                                          {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}});
    ASSERT_TRUE(key);
    const auto parsed = parse_jwt(es256);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->kid, "");
    EXPECT_TRUE(verify(*key, *parsed));
    EXPECT_FALSE(verify(ec().public_key(), *parsed));
}

TEST(jwt, any_change_to_a_token_is_refused) {
    for (const SigningKey* key : {&rsa(), &ec()}) {
        const std::string token = sign_jwt(*key, kClaims);
        for (std::size_t i = 0; i < token.size(); i += 3) {
            std::string changed = token;
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            const auto parsed = parse_jwt(changed);
            EXPECT_FALSE(parsed && verify(key->public_key(), *parsed)) << "at " << i;
        }
    }
}

TEST(jwt, another_key_of_the_same_kind_is_refused_even_under_the_same_kid) {
    const auto other = SigningKey::generate(Algorithm::rs256).value();
    const std::string by_name = sign_jwt(other, kClaims);
    EXPECT_EQ(verify(rsa().public_key(), parse_jwt(by_name).value()).error().code,
              Code::unauthenticated);
    const std::string forged =
        signed_with(other, R"({"kid":")" + rsa().kid() + R"(","alg":"RS256"})");
    EXPECT_FALSE(verify(rsa().public_key(), parse_jwt(forged).value()));
    const std::string nameless = signed_with(other, R"({"alg":"RS256"})");
    EXPECT_FALSE(verify(rsa().public_key(), parse_jwt(nameless).value()));
    EXPECT_TRUE(verify(other.public_key(), parse_jwt(nameless).value()));
}

TEST(jwt, algorithms_off_the_list_are_unauthenticated) {
    for (const char* alg : {"none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "RS384",
                            "PS256", "ES384", "EdDSA", "rs256", ""}) {
        const std::string token =
            token_of(std::string(R"({"alg":")") + alg + R"("})", "{}", "signature");
        const auto parsed = parse_jwt(token);
        ASSERT_FALSE(parsed) << alg;
        EXPECT_EQ(parsed.error().code, Code::unauthenticated) << alg;
    }
}

TEST(jwt, a_mac_keyed_with_the_public_key_is_no_signature) {
    const auto pem = json::serialize(rsa().public_jwk());
    for (const char* alg : {"HS256", "RS256", "ES256"}) {
        const auto input =
            to_base64url(std::string(R"({"alg":")") + alg + R"("})") + '.' + to_base64url("{}");
        const std::string token = input + '.' + to_base64url(hmac_sha256(pem, input));
        const auto parsed = parse_jwt(token);
        EXPECT_FALSE(parsed && verify(rsa().public_key(), *parsed)) << alg;
    }
}

TEST(jwt, the_algorithm_must_be_the_keys_own) {
    const std::string says_ec = signed_with(rsa(), R"({"alg":"ES256"})");
    EXPECT_FALSE(verify(rsa().public_key(), parse_jwt(says_ec).value()));
    const std::string says_rsa = signed_with(ec(), R"({"alg":"RS256"})");
    EXPECT_FALSE(verify(ec().public_key(), parse_jwt(says_rsa).value()));
    EXPECT_FALSE(verify(rsa().public_key(), parse_jwt(says_rsa).value()));
}

TEST(jwt, es256_refuses_der_and_trivial_signatures) {
    const auto input = to_base64url(R"({"alg":"ES256"})") + '.' + to_base64url("{}");
    for (const std::string& signature :
         {std::string(64, '\0'), std::string(63, '\1'), std::string(65, '\1'),
          std::string(64, '\xff'), std::string(70, '\x30')}) {
        const std::string token = input + '.' + to_base64url(signature);
        EXPECT_FALSE(verify(ec().public_key(), parse_jwt(token).value()));
    }
}

TEST(jwt, critical_headers_and_foreign_types_are_unauthenticated) {
    for (const char* header :
         {R"({"alg":"RS256","crit":["b64"],"b64":false})", R"({"alg":"RS256","crit":[]})",
          R"({"alg":"RS256","crit":null})", R"({"alg":"RS256","typ":"logout+jwt"})"}) {
        const auto parsed = parse_jwt(signed_with(rsa(), header));
        ASSERT_FALSE(parsed) << header;
        EXPECT_EQ(parsed.error().code, Code::unauthenticated) << header;
    }
    for (const char* header :
         {R"({"alg":"RS256","typ":"JWT"})", R"({"alg":"RS256","typ":"at+jwt"})"}) {
        EXPECT_TRUE(parse_jwt(signed_with(rsa(), header))) << header;
    }
}

TEST(jwt, text_that_is_no_token_is_malformed) {
    const std::string header = to_base64url(R"({"alg":"RS256"})"), claims = to_base64url("{}");
    const std::string good = header + '.' + claims + ".c2ln";
    ASSERT_TRUE(parse_jwt(good));
    for (const std::string& bad :
         {std::string(),
          std::string("."),
          std::string(".."),
          std::string("a.b"),
          header,
          header + '.' + claims,
          header + '.' + claims + '.',
          good + '.',
          good + ".x",
          '.' + good,
          ' ' + good,
          good + ' ',
          good + '\n',
          good + '=',
          good + std::string(1, '\0'),
          header + ".." + "c2ln",
          header + '.' + claims + ".c2+n",
          header + '.' + claims + ".c2/n",
          header + '.' + to_base64url("[]") + ".c2ln",
          header + '.' + to_base64url("{") + ".c2ln",
          header + '.' + to_base64url(R"({"a":1,"a":2})") + ".c2ln",
          header + '.' + to_base64url("{\"a\":\"\xff\"}") + ".c2ln",
          to_base64url(R"({"alg":"RS256","alg":"none"})") + '.' + claims + ".c2ln",
          to_base64url(R"({"alg":1})") + '.' + claims + ".c2ln",
          to_base64url(R"({"kid":"x"})") + '.' + claims + ".c2ln",
          to_base64url(R"({"alg":"RS256","kid":[]})") + '.' + claims + ".c2ln"}) {
        const auto parsed = parse_jwt(bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_EQ(parsed.error().code, Code::malformed) << bad;
    }
}

// Two texts for one token would let a revoked or cached one appear as another.
TEST(jwt, base64url_must_be_canonical) {
    const std::string token = sign_jwt(ec(), kClaims);  // 64 bytes: four unused bits at the end
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string other = token;
    other.back() = kAlphabet[kAlphabet.find(token.back()) | 1];
    ASSERT_NE(other, token);
    EXPECT_EQ(parse_jwt(other).error().code, Code::malformed);
    EXPECT_FALSE(parse_jwt(token + "=="));
}

TEST(jwt, size_is_bounded) {
    const json::object big{{"a", std::string(kJwtBytesMax, 'x')}};
    const std::string token = sign_jwt(ec(), big);
    EXPECT_EQ(parse_jwt(token).error().code, Code::too_large);
    const json::object fits{{"a", std::string(5000, 'x')}};
    const std::string smaller = sign_jwt(ec(), fits);
    EXPECT_TRUE(parse_jwt(smaller));
}

TEST(jwt, signing_and_verifying_work_from_many_threads) {
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            const SigningKey& key = t % 2 == 0 ? rsa() : ec();
            for (int i = 0; i < 20; ++i) {
                const std::string token = sign_jwt(key, {{"i", i}});
                const auto parsed = parse_jwt(token);
                if (parsed && verify(key.public_key(), *parsed)) ++good;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 80);
}

}  // namespace
}  // namespace domicile::crypto
