// RAII around OpenSSL's types, for this module's sources only. A failure of an OpenSSL call that
// cannot depend on outside bytes means no memory or a broken installation, and aborts.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"

namespace domicile::crypto {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* p) const {
        Free(p);
    }
};

inline void free_string(unsigned char* p) { OPENSSL_free(p); }

using BnPtr = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using BnCtxPtr = std::unique_ptr<BN_CTX, Freed<BN_CTX_free>>;
using MontPtr = std::unique_ptr<BN_MONT_CTX, Freed<BN_MONT_CTX_free>>;
using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using EcdsaSigPtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freed<PKCS8_PRIV_KEY_INFO_free>>;
using OsslString = std::unique_ptr<unsigned char, Freed<free_string>>;

inline const unsigned char* bytes_of(std::string_view text) {
    static constexpr unsigned char kNothing = 0;
    return text.empty() ? &kNothing : reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

// Lengths go into OpenSSL as int.
inline int int_size(std::string_view text) {
    DOMICILE_CHECK(text.size() <= 0x7fffffff);
    return static_cast<int>(text.size());
}

// Takes back what failing calls put on this thread's error queue. What stays there would be read by
// the next SSL_get_error on the thread, which then reports a healthy connection as broken.
class ErrorsTakenBack {
  public:
    ErrorsTakenBack() { ERR_set_mark(); }
    ~ErrorsTakenBack() { ERR_pop_to_mark(); }
    ErrorsTakenBack(const ErrorsTakenBack&) = delete;
    ErrorsTakenBack& operator=(const ErrorsTakenBack&) = delete;
};

// Fetched once: an implicit fetch at every call costs more than hashing a short message.
const EVP_MD* sha256_md();

BnPtr bn_from_bytes(std::string_view big_endian);
std::string bn_to_bytes(const BIGNUM* value);                    // minimal; empty for zero
std::string bn_to_bytes(const BIGNUM* value, std::size_t size);  // left-padded with zeros

std::string bio_text(BIO* bio);

}  // namespace domicile::crypto
