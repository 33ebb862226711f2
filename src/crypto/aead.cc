#include "crypto/aead.h"

#include "base/check.h"
#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

const EVP_CIPHER* aes_256_gcm() {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    DOMICILE_CHECK(cipher != nullptr);
    return cipher;
}

// Making one costs more than encrypting a short text. Each use sets key and nonce anew.
EVP_CIPHER_CTX* context_of_thread() {
    thread_local const CipherCtxPtr context(EVP_CIPHER_CTX_new());
    DOMICILE_CHECK(context);
    return context.get();
}

std::unexpected<Error> not_authentic() {
    return fail(Code::malformed,
                "the sealed bytes are damaged or belong to another key or context");
}

}  // namespace

std::string seal(std::string_view key32, std::string_view nonce12, std::string_view aad,
                 std::string_view plaintext) {
    DOMICILE_CHECK(key32.size() == kAeadKeySize && nonce12.size() == kAeadNonceSize);
    EVP_CIPHER_CTX* const context = context_of_thread();
    DOMICILE_CHECK(EVP_EncryptInit_ex2(context, aes_256_gcm(), bytes_of(key32), bytes_of(nonce12),
                                       nullptr) == 1);
    int n = 0;
    if (!aad.empty()) {
        DOMICILE_CHECK(EVP_EncryptUpdate(context, nullptr, &n, bytes_of(aad), int_size(aad)) == 1);
    }
    std::string out(plaintext.size() + kAeadTagSize, '\0');
    DOMICILE_CHECK(EVP_EncryptUpdate(context, bytes_of(out), &n, bytes_of(plaintext),
                                     int_size(plaintext)) == 1);
    DOMICILE_CHECK(EVP_EncryptFinal_ex(context, bytes_of(out) + n, &n) == 1);
    DOMICILE_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kAeadTagSize,
                                       bytes_of(out) + plaintext.size()) == 1);
    return out;
}

Result<std::string> open(std::string_view key32, std::string_view nonce12, std::string_view aad,
                         std::string_view ciphertext_and_tag) {
    const ErrorsTakenBack errors;
    if (key32.size() != kAeadKeySize || nonce12.size() != kAeadNonceSize ||
        ciphertext_and_tag.size() < kAeadTagSize) {
        return not_authentic();
    }
    const auto ciphertext = ciphertext_and_tag.substr(0, ciphertext_and_tag.size() - kAeadTagSize);
    std::string tag(ciphertext_and_tag.substr(ciphertext.size()));
    EVP_CIPHER_CTX* const context = context_of_thread();
    DOMICILE_CHECK(EVP_DecryptInit_ex2(context, aes_256_gcm(), bytes_of(key32), bytes_of(nonce12),
                                       nullptr) == 1);
    int n = 0;
    if (!aad.empty()) {
        DOMICILE_CHECK(EVP_DecryptUpdate(context, nullptr, &n, bytes_of(aad), int_size(aad)) == 1);
    }
    std::string out(ciphertext.size(), '\0');
    DOMICILE_CHECK(EVP_DecryptUpdate(context, bytes_of(out), &n, bytes_of(ciphertext),
                                     int_size(ciphertext)) == 1);
    DOMICILE_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()) ==
                   1);
    if (EVP_DecryptFinal_ex(context, bytes_of(out) + n, &n) != 1) {
        OPENSSL_cleanse(out.data(), out.size());
        return not_authentic();
    }
    return out;
}

std::string seal_with_nonce(std::string_view key32, std::string_view nonce12, std::string_view aad,
                            std::string_view plaintext) {
    return std::string(nonce12) + seal(key32, nonce12, aad, plaintext);
}

Result<std::string> open_with_nonce(std::string_view key32, std::string_view aad,
                                    std::string_view sealed) {
    if (sealed.size() < kAeadNonceSize) return not_authentic();
    return open(key32, sealed.substr(0, kAeadNonceSize), aad, sealed.substr(kAeadNonceSize));
}

}  // namespace domicile::crypto
