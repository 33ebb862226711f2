// Signing keys and their public halves: RSA 2048 (RS256) and EC P-256 (ES256). Values share one
// immutable OpenSSL key, so copies are cheap and every const member may run on any thread at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace domicile::crypto {

enum class Algorithm { rs256, es256 };
std::string_view to_string(Algorithm algorithm);  // "RS256", "ES256"
// The inverse. Code::unauthenticated for everything that is not on the allow-list.
Result<Algorithm> algorithm_from_string(std::string_view name);

// The public half of a signing key.
class PublicKey {
  public:
    // RFC 7517/7518: RSA (n 2048 to 4096 bits, odd e of at least 3) or EC P-256 with the point on
    // the curve. Private members, other kty or crv, an alg that disagrees, or a use other than
    // "sig" are Code::malformed. kid is taken as it stands; without one it is the thumbprint.
    static Result<PublicKey> from_jwk(const json::object& jwk);

    Algorithm algorithm() const { return algorithm_; }
    const std::string& kid() const { return kid_; }
    // RFC 7517: {"alg","e","kid","kty","n","use":"sig"} or {"alg","crv","kid","kty","use","x","y"}.
    json::object jwk() const;
    // RFC 7638: base64url of the SHA-256 of the required members.
    std::string thumbprint() const;
    // A JWS signature (RFC 7518 3.3, 3.4; ES256 is r || s, 64 bytes). Code::unauthenticated.
    Result<void> verify(std::string_view message, std::string_view signature) const;

  private:
    friend class SigningKey;
    PublicKey(Algorithm algorithm, std::string kid, std::shared_ptr<evp_pkey_st> key)
        : algorithm_(algorithm), kid_(std::move(kid)), key_(std::move(key)) {}

    Algorithm algorithm_;
    std::string kid_;
    std::shared_ptr<evp_pkey_st> key_;
};

// A private key. kid is always the RFC 7638 thumbprint of the public half.
class SigningKey {
  public:
    // From OpenSSL's own random generator, not the project's Random. RSA takes 50 to 500 ms.
    static Result<SigningKey> generate(Algorithm algorithm);
    // PKCS #8 (RFC 5208), unencrypted: the caller encrypts it before it is stored. RSA 2048 to 4096
    // or EC P-256; anything else is Code::malformed.
    static Result<SigningKey> from_pkcs8_der(std::string_view der);
    static Result<SigningKey> from_pkcs8_pem(std::string_view pem);
    std::string to_pkcs8_der() const;
    std::string to_pkcs8_pem() const;

    Algorithm algorithm() const { return public_key_.algorithm(); }
    const std::string& kid() const { return public_key_.kid(); }
    const PublicKey& public_key() const { return public_key_; }
    json::object public_jwk() const { return public_key_.jwk(); }
    // A JWS signature over the message, in the form that PublicKey::verify takes.
    std::string sign(std::string_view message) const;

  private:
    explicit SigningKey(PublicKey public_key) : public_key_(std::move(public_key)) {}
    static Result<SigningKey> adopt(std::shared_ptr<evp_pkey_st> key);

    PublicKey
        public_key_;  // its EVP_PKEY is the whole pair here; public_key() never prints the rest
};

}  // namespace domicile::crypto
