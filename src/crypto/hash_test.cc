#include "crypto/hash.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace domicile::crypto {
namespace {

TEST(hash, sha256_matches_fips_180_4) {
    EXPECT_EQ(to_hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(hash, sha512_matches_fips_180_4) {
    EXPECT_EQ(to_hex(sha512("abc")),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(hash, hmac_matches_rfc_4231) {
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(to_hex(hmac_sha256({}, {})),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(hash, hkdf_without_salt_matches_rfc_5869_case_3) {
    EXPECT_EQ(to_hex(hkdf_sha256(std::string(22, '\x0b'), "", 42)),
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
              "9d201395faa4b61a96c8");
}

TEST(hash, hkdf_separates_by_info_and_extends_shorter_output) {
    EXPECT_NE(hkdf_sha256("key", "a", 32), hkdf_sha256("key", "b", 32));
    EXPECT_TRUE(hkdf_sha256("key", "a", 100).starts_with(hkdf_sha256("key", "a", 32)));
}

TEST(hash, constant_time_equal_compares_all_bytes_and_lengths) {
    EXPECT_TRUE(constant_time_equal("", ""));
    EXPECT_TRUE(constant_time_equal("same", "same"));
    EXPECT_FALSE(constant_time_equal("same", "samf"));
    EXPECT_FALSE(constant_time_equal("same", "sam"));
}

TEST(hash, incremental_digest_equals_the_whole_and_starts_anew) {
    Sha256 hash;
    hash.update("a");
    hash.update("");
    hash.update("bc");
    EXPECT_EQ(hash.finish(), sha256("abc"));
    EXPECT_EQ(hash.finish(), sha256(""));
    hash.update("x");
    Sha256 moved = std::move(hash);
    EXPECT_EQ(moved.finish(), sha256("x"));
}

}  // namespace
}  // namespace domicile::crypto
