#include "crypto/key_wrap.h"

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

// The label keeps these keys apart from everything else derived from a region key.
std::string wrapping_key(std::string_view region_key32, std::string_view context) {
    return hkdf_sha256(region_key32, "domicile key wrap v1:" + std::string(context), 32);
}

CipherCtxPtr wrap_context(const std::string& key, bool encrypt) {
    CipherCtxPtr context(EVP_CIPHER_CTX_new());
    DOMICILE_CHECK(context != nullptr);
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    DOMICILE_CHECK(EVP_CipherInit_ex(context.get(), EVP_aes_256_wrap(), nullptr, bytes_of(key),
                                     nullptr, encrypt ? 1 : 0) == 1);
    return context;
}

}  // namespace

std::string wrap_key(std::string_view region_key32, std::string_view context,
                     std::string_view data_key32) {
    DOMICILE_CHECK(region_key32.size() == 32 && data_key32.size() == kDataKeySize);
    std::string key = wrapping_key(region_key32, context);
    const CipherCtxPtr cipher = wrap_context(key, true);
    OPENSSL_cleanse(key.data(), key.size());
    std::string out(kWrappedKeySize + 16, '\0');
    int n = 0;
    DOMICILE_CHECK(EVP_CipherUpdate(cipher.get(), bytes_of(out), &n, bytes_of(data_key32),
                                    int_size(data_key32)) == 1);
    DOMICILE_CHECK(n == static_cast<int>(kWrappedKeySize));
    return out.substr(0, kWrappedKeySize);
}

Result<std::string> unwrap_key(std::string_view region_key32, std::string_view context,
                               std::string_view wrapped40) {
    const ErrorsTakenBack errors;
    DOMICILE_CHECK(region_key32.size() == 32);
    std::string out(kWrappedKeySize + 16, '\0');
    int n = 0;
    if (wrapped40.size() == kWrappedKeySize) {
        std::string key = wrapping_key(region_key32, context);
        const CipherCtxPtr cipher = wrap_context(key, false);
        OPENSSL_cleanse(key.data(), key.size());
        if (EVP_CipherUpdate(cipher.get(), bytes_of(out), &n, bytes_of(wrapped40),
                             int_size(wrapped40)) != 1) {
            n = 0;
        }
    }
    if (n != static_cast<int>(kDataKeySize)) {
        return fail(Code::malformed,
                    "the wrapped key is damaged or belongs to another region key "
                    "or context");
    }
    return out.substr(0, kDataKeySize);
}

}  // namespace domicile::crypto
