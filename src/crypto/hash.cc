#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "base/check.h"
#include "crypto/openssl.h"

namespace domicile::crypto {

std::string sha256(std::string_view bytes) {
    std::string out(32, '\0');
    DOMICILE_CHECK(
        EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), nullptr, sha256_md(), nullptr) == 1);
    return out;
}

std::string sha512(std::string_view bytes) {
    std::string out(64, '\0');
    DOMICILE_CHECK(
        EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), nullptr, EVP_sha512(), nullptr) == 1);
    return out;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
    std::string out(32, '\0');
    unsigned size = 0;
    DOMICILE_CHECK(HMAC(sha256_md(), bytes_of(key), int_size(key), bytes_of(message),
                        message.size(), bytes_of(out), &size) != nullptr);
    DOMICILE_CHECK(size == 32);
    return out;
}

std::string hkdf_sha256(std::string_view key, std::string_view info, std::size_t size) {
    DOMICILE_CHECK(size >= 1 && size <= 255 * 32);
    std::string extracted = hmac_sha256(std::string(32, '\0'), key);
    std::string out, block;
    for (int i = 1; out.size() < size; ++i) {
        block.append(info);
        block += static_cast<char>(i);
        block = hmac_sha256(extracted, block);
        out += block;
    }
    out.resize(size);
    OPENSSL_cleanse(extracted.data(), extracted.size());
    return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(bytes_of(a), bytes_of(b), a.size()) == 0;
}

struct Sha256::State {
    MdCtxPtr context{EVP_MD_CTX_new()};

    State() { restart(); }
    void restart() {
        DOMICILE_CHECK(context && EVP_DigestInit_ex2(context.get(), sha256_md(), nullptr) == 1);
    }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
    DOMICILE_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
    std::string out(32, '\0');
    DOMICILE_CHECK(EVP_DigestFinal_ex(state_->context.get(), bytes_of(out), nullptr) == 1);
    state_->restart();
    return out;
}

}  // namespace domicile::crypto
