#include "webauthn/key.h"

#include "base/encoding.h"
#include "crypto/signatures.h"
#include "webauthn/ceremony.h"

namespace domicile::webauthn {
namespace {

// Labels and values of RFC 9053, 7 and RFC 8230, 4.
constexpr std::int64_t kType = 1, kAlgorithm = 3;
constexpr std::int64_t kTypeOkp = 1, kTypeEc2 = 2, kTypeRsa = 3;
constexpr std::int64_t kCurve = -1, kX = -2, kY = -3;
constexpr std::int64_t kCurveP256 = 1, kCurveEd25519 = 6;
constexpr std::int64_t kModulus = -1, kExponent = -2;
constexpr std::size_t kCoordinateBytes = 32;

std::unexpected<Error> not_a_key() {
    return fail(Code::malformed, "The public key of the passkey is not valid.");
}

std::unexpected<Error> other_kind() {
    return fail(Code::unsupported, "The kind of key is not supported.", reason::kUnsupported);
}

std::int64_t number(const cbor::Value& key, std::int64_t label) {
    const cbor::Value* value = key.find(label);
    return value != nullptr && value->kind == cbor::Kind::integer ? value->number : 0;
}

Result<std::string> bytes(const cbor::Value& key, std::int64_t label) {
    const cbor::Value* value = key.find(label);
    if (value == nullptr || value->kind != cbor::Kind::bytes) return not_a_key();
    return value->bytes;
}

Result<crypto::PublicKey> ec_key(const cbor::Value& key) {
    if (number(key, kType) != kTypeEc2 || number(key, kCurve) != kCurveP256) return other_kind();
    TRY(const std::string x, bytes(key, kX));
    TRY(const std::string y, bytes(key, kY));
    if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return not_a_key();
    return crypto::PublicKey::from_jwk(
        {{"kty", "EC"}, {"crv", "P-256"}, {"x", to_base64url(x)}, {"y", to_base64url(y)}});
}

Result<crypto::PublicKey> rsa_key(const cbor::Value& key) {
    if (number(key, kType) != kTypeRsa) return other_kind();
    TRY(const std::string n, bytes(key, kModulus));
    TRY(const std::string e, bytes(key, kExponent));
    return crypto::PublicKey::from_jwk(
        {{"kty", "RSA"}, {"n", to_base64url(n)}, {"e", to_base64url(e)}});
}

}  // namespace

Result<CredentialKey> CredentialKey::from_cose(const cbor::Value& key) {
    if (key.kind != cbor::Kind::map) return not_a_key();
    switch (number(key, kAlgorithm)) {
        case kEs256: {
            TRY(crypto::PublicKey out, ec_key(key));
            return CredentialKey(std::move(out));
        }
        case kRs256: {
            TRY(crypto::PublicKey out, rsa_key(key));
            return CredentialKey(std::move(out));
        }
        case kEdDsa: {
            if (number(key, kType) != kTypeOkp || number(key, kCurve) != kCurveEd25519) {
                return other_kind();
            }
            TRY(std::string x, bytes(key, kX));
            if (x.size() != kCoordinateBytes) return not_a_key();
            return CredentialKey(Ed25519{std::move(x)});
        }
        default:
            return other_kind();
    }
}

Result<CredentialKey> CredentialKey::from_cose(std::string_view bytes) {
    TRY(const cbor::Value key, cbor::decode(bytes));
    return from_cose(key);
}

Result<void> CredentialKey::verify(std::string_view message, std::string_view signature) const {
    if (const auto* ed25519 = std::get_if<Ed25519>(&key_)) {
        return crypto::verify_ed25519(ed25519->key, message, signature);
    }
    const auto& key = std::get<crypto::PublicKey>(key_);
    if (key.algorithm() == crypto::Algorithm::rs256) return key.verify(message, signature);
    TRY(const std::string plain, crypto::ecdsa_p256_from_der(signature));
    return key.verify(message, plain);
}

}  // namespace domicile::webauthn
