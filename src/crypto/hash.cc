#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "crypto/openssl.h"

namespace domicile::crypto {

namespace {

// OpenSSL's own functions below EVP. For the short messages that are hashed here, finding the
// provider and making and freeing contexts costs several times what the hash does. They are
// declared deprecated since 3.0 in favour of EVP, and are part of every 3.x.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void start(SHA256_CTX& context) { SHA256_Init(&context); }
void update(SHA256_CTX& context, std::string_view bytes) {
    SHA256_Update(&context, bytes.data(), bytes.size());
}
std::string finish(SHA256_CTX& context) {
    std::string out(SHA256_DIGEST_LENGTH, '\0');
    SHA256_Final(bytes_of(out), &context);
    return out;
}
#pragma GCC diagnostic pop

}  // namespace

std::string sha1(std::string_view bytes) {
    std::string out(SHA_DIGEST_LENGTH, '\0');
    SHA1(bytes_of(bytes), bytes.size(), bytes_of(out));
    return out;
}

std::string sha256(std::string_view bytes) {
    SHA256_CTX context;
    start(context);
    update(context, bytes);
    return finish(context);
}

std::string sha512(std::string_view bytes) {
    std::string out(64, '\0');
    DOMICILE_CHECK(
        EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), nullptr, EVP_sha512(), nullptr) == 1);
    return out;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
    std::array<char, SHA256_CBLOCK> pad{};
    std::string hashed_key;
    if (key.size() > pad.size()) key = hashed_key = sha256(key);
    std::ranges::copy(key, pad.begin());
    for (char& c : pad) c = static_cast<char>(c ^ 0x36);
    SHA256_CTX context;
    start(context);
    update(context, {pad.data(), pad.size()});
    update(context, message);
    const std::string inner = finish(context);
    for (char& c : pad) c = static_cast<char>(c ^ 0x36 ^ 0x5c);
    start(context);
    update(context, {pad.data(), pad.size()});
    update(context, inner);
    std::string out = finish(context);
    OPENSSL_cleanse(pad.data(), pad.size());
    OPENSSL_cleanse(hashed_key.data(), hashed_key.size());
    OPENSSL_cleanse(&context, sizeof context);
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
    SHA256_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { start(state_->context); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) { crypto::update(state_->context, bytes); }

std::string Sha256::finish() {
    std::string out = crypto::finish(state_->context);
    start(state_->context);
    return out;
}

}  // namespace domicile::crypto
