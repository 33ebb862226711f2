#include "crypto/signatures.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace domicile::crypto {
namespace {

TEST(Signatures, ecdsa_is_read_from_strict_der_only) {
    const auto read = [](std::string_view hex) { return ecdsa_p256_from_der(*from_hex(hex)); };
    const auto plain = read("3006020101020102");
    ASSERT_TRUE(plain);
    EXPECT_EQ(to_hex(*plain), std::string(63, '0') + "1" + std::string(63, '0') + "2");
    const std::string large =
        "30450221"
        "00" +
        std::string(64, 'f') + "0220" + std::string(64, '1');
    ASSERT_TRUE(read(large));
    EXPECT_EQ(to_hex(*read(large)), std::string(64, 'f') + std::string(64, '1'));
    for (const char* hex : {"", "30", "3003020101", "300602010102010200",
                            "30810602010102"
                            "0102",
                            "300702020001020102", "30060201ff020102", "3106020101020102",
                            "30060401010"
                            "20102",
                            "3080020101020102"
                            "0000"}) {
        EXPECT_FALSE(read(hex)) << hex;
    }
    // 33 bytes that are no leading zero.
    EXPECT_FALSE(
        read("30260221"
             "01" +
             std::string(64, 'f') + "020101"));
}

// RFC 8032, 7.1, TEST 2.
TEST(Signatures, ed25519_is_verified_as_the_standard_says) {
    const std::string key =
        *from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    const std::string signature = *from_hex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    EXPECT_TRUE(verify_ed25519(key, "\x72", signature));
    EXPECT_FALSE(verify_ed25519(key, "\x73", signature));
    EXPECT_FALSE(verify_ed25519(key, "\x72", signature.substr(1)));
    EXPECT_FALSE(verify_ed25519(key, "\x72", ""));
    EXPECT_FALSE(verify_ed25519(key.substr(1), "\x72", signature));
    std::string other = signature;
    other[40] ^= 1;
    EXPECT_FALSE(verify_ed25519(key, "\x72", other));
}

}  // namespace
}  // namespace domicile::crypto
