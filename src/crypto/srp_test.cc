#include "crypto/srp.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/srp_group.h"

namespace domicile::crypto {
namespace {

// Vectors made with, and confirmed by, three generations of the public Cognito clients.
struct Vector {
    std::string pool, user, password, salt_hex, a, b, v, A, B, key, secret_block, timestamp,
        signature;
};

std::vector<Vector> vectors() {
    std::ifstream file(DOMICILE_TESTDATA "/srp_vectors.json");
    std::stringstream text;
    text << file.rdbuf();
    std::vector<Vector> out;
    const auto document = parse_json_object(text.str()).value();
    for (const auto& value : document.at("cases").as_array()) {
        const auto get = [&](const char* name) { return *require_string(value.as_object(), name); };
        out.push_back({get("pool"), get("user"), get("password"), get("salt_hex_sent"),
                       *parse_srp_hex(get("a")), *parse_srp_hex(get("b")), *parse_srp_hex(get("v")),
                       get("A"), get("B"), *from_hex(get("key")),
                       *from_base64(get("secret_block_b64")), get("timestamp"),
                       *from_base64(get("signature_b64"))});
    }
    return out;
}

std::string salt_bytes(const std::string& hex) {
    const auto minimal = *parse_srp_hex(hex);
    return std::string(kSrpSaltSize - minimal.size(), '\0') + minimal;
}

std::string stripped(const std::string& hex) { return to_hex(*parse_srp_hex(hex)); }

TEST(srp, there_are_vectors) { EXPECT_EQ(vectors().size(), 5u); }

TEST(srp, verifier_matches_the_vectors) {
    for (const auto& c : vectors()) {
        const auto made = make_verifier(c.pool, c.user, c.password, salt_bytes(c.salt_hex));
        EXPECT_EQ(to_hex(made.verifier), to_hex(c.v)) << c.user;
        EXPECT_EQ(stripped(made.salt_hex), stripped(c.salt_hex));
        EXPECT_EQ(made.salt_hex.size(), 2 * kSrpSaltSize);
    }
}

TEST(srp, server_matches_the_vectors) {
    for (const auto& c : vectors()) {
        const SrpVerifier verifier{c.salt_hex, c.v};
        const auto B = server_public(verifier, c.b);
        ASSERT_TRUE(B);
        EXPECT_EQ(stripped(*B), stripped(c.B)) << c.user;
        const auto key = session_key(verifier, c.A, c.b, *B);
        ASSERT_TRUE(key);
        EXPECT_EQ(to_hex(*key), to_hex(c.key)) << c.user;
        EXPECT_EQ(claim_signature(*key, c.pool, c.user, c.secret_block, c.timestamp), c.signature);
    }
}

TEST(srp, client_matches_the_vectors) {
    for (const auto& c : vectors()) {
        EXPECT_EQ(stripped(client_public(c.a)), stripped(c.A)) << c.user;
        EXPECT_EQ(client_session_key(c.pool, c.user, c.password, c.salt_hex, c.a, c.B), c.key)
            << c.user;
    }
}

TEST(srp, client_and_server_agree_for_many_salts_and_secrets) {
    bool odd = false;
    for (int i = 0; i < 40; ++i) {
        const auto random = [&](const char* what, std::size_t size) {
            return hkdf_sha256("seed", what + std::to_string(i), size);
        };
        auto salt = random("salt", kSrpSaltSize);
        if (i % 3 == 0) salt[0] = '\0';
        const auto a = random("a", 128), b = random("b", kSrpSecretSize);
        const auto verifier = make_verifier("Pool", "Zoë", "pässword", salt);
        const auto A = client_public(a);
        const auto B = *server_public(verifier, b);
        odd = odd || A.size() % 2 == 1;
        const auto key = client_session_key("Pool", "Zoë", "pässword", verifier.salt_hex, a, B);
        ASSERT_TRUE(key);
        EXPECT_EQ(session_key(verifier, A, b, B), *key);
        EXPECT_NE(client_session_key("Pool", "Zoë", "password", verifier.salt_hex, a, B), *key);
        EXPECT_NE(client_session_key("Pool", "zoë", "pässword", verifier.salt_hex, a, B), *key);
    }
    EXPECT_TRUE(odd) << "no A of odd length came up; change the seed";
}

TEST(srp, a_power_of_g_by_table_is_what_openssl_makes_of_it) {
    std::vector<std::string> exponents = {"",
                                          std::string("\0", 1),
                                          "\1",
                                          "\2",
                                          std::string(kFixedBaseBytes, '\xff'),
                                          std::string(kFixedBaseBytes, '\0'),
                                          '\x80' + std::string(kFixedBaseBytes - 1, '\0'),
                                          std::string(kFixedBaseBytes + 1, '\x5a')};
    // Each bit alone, and many together.
    for (std::size_t bit = 0; bit < kFixedBaseBytes * 8; ++bit) {
        std::string one(kFixedBaseBytes, '\0');
        one[bit / 8] = static_cast<char>(1 << (bit % 8));
        exponents.push_back(one);
    }
    for (std::size_t size = 1; size <= kFixedBaseBytes; ++size)
        exponents.push_back(hkdf_sha256("seed", "exponent", size));
    const BnCtxPtr ctx = new_ctx();
    for (const std::string& exponent : exponents) {
        const BnPtr value = bn_from_bytes(exponent);
        const BnPtr wanted = mod_exp(srp_group().g.get(), value.get(), ctx.get());
        const BnPtr got = power_of_g(exponent, ctx.get());
        EXPECT_EQ(BN_cmp(got.get(), wanted.get()), 0) << to_hex(exponent);
    }
}

TEST(srp, refuses_values_that_give_the_session_key_away) {
    const auto c = vectors().front();
    const SrpVerifier verifier{c.salt_hex, c.v};
    std::ifstream file(DOMICILE_TESTDATA "/srp_vectors.json");
    std::stringstream text;
    text << file.rdbuf();
    const auto N = *require_string(parse_json_object(text.str()).value(), "N");
    for (const std::string& zero :
         {std::string("0"), std::string("00"), std::string(768, '0'), N}) {
        const auto by_a = session_key(verifier, zero, c.b, c.B);
        ASSERT_FALSE(by_a);
        EXPECT_EQ(by_a.error().code, Code::invalid_argument);
        EXPECT_FALSE(session_key(verifier, c.A, c.b, zero));
        EXPECT_FALSE(client_session_key(c.pool, c.user, c.password, c.salt_hex, c.a, zero));
    }
}

TEST(srp, parses_hex_of_odd_length_within_bounds) {
    EXPECT_EQ(parse_srp_hex("f"), "\x0f");
    EXPECT_EQ(parse_srp_hex("1Ff"), "\x01\xff");
    EXPECT_EQ(parse_srp_hex("0000001"), "\x01");
    EXPECT_EQ(parse_srp_hex("0"), "");
    EXPECT_TRUE(parse_srp_hex(std::string(770, 'a')));
    for (const std::string& bad : {std::string(), std::string("g"), std::string("-1"),
                                   std::string("0x1"), std::string(" 1"), std::string(771, 'a')}) {
        EXPECT_FALSE(parse_srp_hex(bad)) << bad;
    }
}

TEST(srp, decoys_are_stable_per_name_and_key_and_look_like_the_real_thing) {
    const auto decoy = decoy_verifier("key", "nobody@example.org");
    EXPECT_EQ(decoy.salt_hex, decoy_salt_hex("key", "nobody@example.org"));
    EXPECT_EQ(decoy.salt_hex.size(), 2 * kSrpSaltSize);
    EXPECT_EQ(decoy.verifier, decoy_verifier("key", "nobody@example.org").verifier);
    EXPECT_NE(decoy.salt_hex, decoy_salt_hex("key", "somebody@example.org"));
    EXPECT_NE(decoy.salt_hex, decoy_salt_hex("other", "nobody@example.org"));
    EXPECT_NE(decoy.verifier, decoy_verifier("key", "somebody@example.org").verifier);
    const std::string a(128, 'a'), b(64, 'b');
    const auto B = server_public(decoy, b);
    ASSERT_TRUE(B);
    EXPECT_TRUE(session_key(decoy, client_public(a), b, *B));
}

}  // namespace
}  // namespace domicile::crypto
