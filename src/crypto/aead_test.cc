#include "crypto/aead.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace domicile::crypto {
namespace {

const std::string kKey(32, 'k');
const std::string kNonce(12, 'n');

TEST(aead, matches_the_published_gcm_test_case_16) {
    const auto key = *from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    const auto nonce = *from_hex("cafebabefacedbaddecaf888");
    const auto aad = *from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    const auto plain = *from_hex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449"
        "a6b525b16aedf5aa0de657ba637b39");
    EXPECT_EQ(
        to_hex(seal(key, nonce, aad, plain)),
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08"
        "b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
}

TEST(aead, opens_what_it_sealed) {
    for (const std::string& text : {std::string(), std::string("x"), std::string(100'000, 'y')}) {
        const auto sealed = seal(kKey, kNonce, "row 7", text);
        EXPECT_EQ(sealed.size(), text.size() + kAeadTagSize);
        EXPECT_EQ(open(kKey, kNonce, "row 7", sealed), text);
        EXPECT_EQ(open_with_nonce(kKey, "", seal_with_nonce(kKey, kNonce, "", text)), text);
    }
}

TEST(aead, refuses_every_changed_bit) {
    const auto sealed = seal_with_nonce(kKey, kNonce, "aad", "secret");
    for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
        auto changed = sealed;
        changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << i % 8));
        const auto opened = open_with_nonce(kKey, "aad", changed);
        ASSERT_FALSE(opened) << "bit " << i;
        EXPECT_EQ(opened.error().code, Code::malformed);
    }
}

TEST(aead, refuses_another_key_context_or_length) {
    const auto sealed = seal(kKey, kNonce, "aad", "secret");
    EXPECT_FALSE(open(std::string(32, 'x'), kNonce, "aad", sealed));
    EXPECT_FALSE(open(kKey, std::string(12, 'x'), "aad", sealed));
    EXPECT_FALSE(open(kKey, kNonce, "aae", sealed));
    EXPECT_FALSE(open(kKey, kNonce, "", sealed));
    EXPECT_FALSE(open(kKey.substr(1), kNonce, "aad", sealed));
    EXPECT_FALSE(open(kKey, kNonce.substr(1), "aad", sealed));
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        EXPECT_FALSE(open(kKey, kNonce, "aad", sealed.substr(0, size)));
        EXPECT_FALSE(open_with_nonce(kKey, "aad", sealed.substr(0, size)));
    }
}

}  // namespace
}  // namespace domicile::crypto
