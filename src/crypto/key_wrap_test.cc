#include "crypto/key_wrap.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

const std::string kRegionKey(32, 'r');
const std::string kDataKey(32, 'd');

TEST(key_wrap, unwraps_what_it_wrapped) {
    const auto wrapped = wrap_key(kRegionKey, "subject:1", kDataKey);
    EXPECT_EQ(wrapped.size(), kWrappedKeySize);
    EXPECT_EQ(wrapped, wrap_key(kRegionKey, "subject:1", kDataKey));
    EXPECT_EQ(unwrap_key(kRegionKey, "subject:1", wrapped), kDataKey);
}

// The format is on disk: a changed label or derivation would lose every key.
TEST(key_wrap, is_rfc_3394_under_the_derived_key) {
    const auto wrapped = wrap_key(kRegionKey, "subject:1", kDataKey);
    const auto kek = hkdf_sha256(kRegionKey, "domicile key wrap v1:subject:1", 32);
    const auto encrypt_block = [&](const std::string& block) {
        std::string out(16, '\0');
        const CipherCtxPtr ctx(EVP_CIPHER_CTX_new());
        int n = 0;
        EVP_EncryptInit_ex(ctx.get(), EVP_aes_256_ecb(), nullptr, bytes_of(std::string_view(kek)),
                           nullptr);
        EVP_EncryptUpdate(ctx.get(), bytes_of(out), &n, bytes_of(std::string_view(block)), 16);
        return out;
    };
    std::string a(8, '\xa6'), r = kDataKey;  // the RFC's loop, written out
    for (int j = 0; j < 6; ++j) {
        for (int i = 0; i < 4; ++i) {
            const auto at = static_cast<std::size_t>(i) * 8;
            const auto block = encrypt_block(a + r.substr(at, 8));
            a = block.substr(0, 8);
            a[7] = static_cast<char>(a[7] ^ (4 * j + i + 1));
            r.replace(at, 8, block.substr(8));
        }
    }
    EXPECT_EQ(wrapped, a + r);
}

TEST(key_wrap, refuses_another_region_key_or_context) {
    const auto wrapped = wrap_key(kRegionKey, "subject:1", kDataKey);
    EXPECT_FALSE(unwrap_key(std::string(32, 'x'), "subject:1", wrapped));
    const auto moved = unwrap_key(kRegionKey, "subject:2", wrapped);
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code, Code::malformed);
}

TEST(key_wrap, refuses_every_changed_byte_and_length) {
    const auto wrapped = wrap_key(kRegionKey, "c", kDataKey);
    for (std::size_t i = 0; i < wrapped.size(); ++i) {
        auto changed = wrapped;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(unwrap_key(kRegionKey, "c", changed)) << "byte " << i;
    }
    for (std::size_t size = 0; size < 64; ++size) {
        if (size == wrapped.size()) continue;
        EXPECT_FALSE(unwrap_key(kRegionKey, "c", (wrapped + wrapped).substr(0, size)));
    }
}

}  // namespace
}  // namespace domicile::crypto
