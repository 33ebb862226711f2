#include "crypto/signatures.h"

#include <openssl/ecdsa.h>

#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

constexpr std::size_t kNumberBytes = 32;
constexpr std::size_t kDerBytesMax = 72;

std::unexpected<Error> bad_signature() {
    return fail(Code::unauthenticated, "the signature is not valid");
}

}  // namespace

Result<std::string> ecdsa_p256_from_der(std::string_view der) {
    const ErrorsTakenBack errors;
    if (der.empty() || der.size() > kDerBytesMax) return bad_signature();
    const unsigned char* at = bytes_of(der);
    const EcdsaSigPtr signature(d2i_ECDSA_SIG(nullptr, &at, int_size(der)));
    if (!signature) return bad_signature();
    // OpenSSL reads BER too; what it would write has to be what was there.
    std::string again(kDerBytesMax, '\0');
    const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
    if (size <= 0 || static_cast<std::size_t>(size) != der.size()) return bad_signature();
    unsigned char* into = bytes_of(again);
    i2d_ECDSA_SIG(signature.get(), &into);
    if (std::string_view(again).substr(0, der.size()) != der) return bad_signature();
    const BIGNUM* r = ECDSA_SIG_get0_r(signature.get());
    const BIGNUM* s = ECDSA_SIG_get0_s(signature.get());
    for (const BIGNUM* number : {r, s}) {
        if (BN_is_negative(number) || BN_num_bytes(number) > static_cast<int>(kNumberBytes)) {
            return bad_signature();
        }
    }
    return bn_to_bytes(r, kNumberBytes) + bn_to_bytes(s, kNumberBytes);
}

Result<void> verify_ed25519(std::string_view key, std::string_view message,
                            std::string_view signature) {
    const ErrorsTakenBack errors;
    if (key.size() != kNumberBytes) return bad_signature();
    const PkeyPtr public_key(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(key), key.size()));
    const MdCtxPtr context(EVP_MD_CTX_new());
    if (!public_key || !context ||
        EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) != 1 ||
        EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                         message.size()) != 1) {
        return bad_signature();
    }
    return {};
}

}  // namespace domicile::crypto
