#include "crypto/keys.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

constexpr std::size_t kCoordinateSize = 32;  // P-256

using SharedKey = std::shared_ptr<EVP_PKEY>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;

std::unexpected<Error> bad_key(std::string why) {
    return fail(Code::malformed, "not a usable signing key: " + std::move(why));
}

std::unexpected<Error> bad_signature() {
    return fail(Code::unauthenticated, "the signature is not valid");
}

SharedKey share(PkeyPtr key) { return {key.release(), Freed<EVP_PKEY_free>{}}; }

BnPtr bn_param(const EVP_PKEY* key, const char* name) {
    BIGNUM* value = nullptr;
    DOMICILE_CHECK(EVP_PKEY_get_bn_param(key, name, &value) == 1);
    return BnPtr(value);
}

// What kind of key it is, or why it cannot be used.
Result<Algorithm> algorithm_of(const EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        const int bits = EVP_PKEY_get_bits(key);
        if (bits < 2048 || bits > 4096) return bad_key("RSA has 2048 to 4096 bits");
        const BnPtr e = bn_param(key, OSSL_PKEY_PARAM_RSA_E);
        // A large e would make every check of a signature slow.
        if (!BN_is_odd(e.get()) || BN_is_one(e.get()) || BN_num_bits(e.get()) > 32) {
            return bad_key("RSA exponent");
        }
        return Algorithm::rs256;
    }
    char curve[32] = {};
    if (EVP_PKEY_is_a(key, "EC") == 1 &&
        EVP_PKEY_get_group_name(key, curve, sizeof curve, nullptr) == 1 &&
        std::string_view(curve) == "prime256v1") {
        return Algorithm::es256;
    }
    return bad_key("neither RSA nor EC P-256");
}

// The members that RFC 7638 hashes, in its order.
json::object required_members(const EVP_PKEY* key, Algorithm algorithm) {
    if (algorithm == Algorithm::rs256) {
        const BnPtr n = bn_param(key, OSSL_PKEY_PARAM_RSA_N);
        const BnPtr e = bn_param(key, OSSL_PKEY_PARAM_RSA_E);
        return {{"e", to_base64url(bn_to_bytes(e.get()))},
                {"kty", "RSA"},
                {"n", to_base64url(bn_to_bytes(n.get()))}};
    }
    const BnPtr x = bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X);
    const BnPtr y = bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y);
    return {{"crv", "P-256"},
            {"kty", "EC"},
            {"x", to_base64url(bn_to_bytes(x.get(), kCoordinateSize))},
            {"y", to_base64url(bn_to_bytes(y.get(), kCoordinateSize))}};
}

std::string thumbprint_of(const EVP_PKEY* key, Algorithm algorithm) {
    return to_base64url(sha256(json::serialize(required_members(key, algorithm))));
}

Result<std::string> decoded_member(const json::object& jwk, std::string_view name) {
    TRY(const auto text, require_string(jwk, name));
    auto bytes = from_base64url(text);
    if (!bytes || bytes->empty()) return bad_key("a member is not base64url");
    return std::move(*bytes);
}

Result<SharedKey> key_from(const char* type, OSSL_PARAM_BLD* builder) {
    const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
    const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    DOMICILE_CHECK(params && context && EVP_PKEY_fromdata_init(context.get()) == 1);
    EVP_PKEY* raw = nullptr;
    const int made = EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, params.get());
    PkeyPtr key(raw);
    if (made != 1 || !key) return bad_key("the numbers make no key");
    return share(std::move(key));
}

Result<SharedKey> rsa_from(const json::object& jwk) {
    TRY(const auto n_bytes, decoded_member(jwk, "n"));
    TRY(const auto e_bytes, decoded_member(jwk, "e"));
    if (n_bytes.size() > 512 || e_bytes.size() > 4) return bad_key("RSA has 2048 to 4096 bits");
    const BnPtr n = bn_from_bytes(n_bytes), e = bn_from_bytes(e_bytes);
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    DOMICILE_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1);
    DOMICILE_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
    return key_from("RSA", builder.get());
}

Result<SharedKey> ec_from(const json::object& jwk) {
    TRY(const auto curve, require_string(jwk, "crv"));
    TRY(const auto x, decoded_member(jwk, "x"));
    TRY(const auto y, decoded_member(jwk, "y"));
    if (curve != "P-256" || x.size() != kCoordinateSize || y.size() != kCoordinateSize) {
        return bad_key("EC keys are on P-256 with coordinates of 32 bytes");
    }
    const std::string point = '\x04' + x + y;  // SEC 1, uncompressed; import checks the curve
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    DOMICILE_CHECK(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                                   "prime256v1", 0) == 1);
    DOMICILE_CHECK(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                                    point.data(), point.size()) == 1);
    return key_from("EC", builder.get());
}

// JWS writes an ECDSA signature as r || s of fixed size, OpenSSL as DER.
std::string der_to_fixed(const std::string& der) {
    const unsigned char* at = bytes_of(std::string_view(der));
    const EcdsaSigPtr parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    DOMICILE_CHECK(parsed != nullptr);
    return bn_to_bytes(ECDSA_SIG_get0_r(parsed.get()), kCoordinateSize) +
           bn_to_bytes(ECDSA_SIG_get0_s(parsed.get()), kCoordinateSize);
}

std::string fixed_to_der(std::string_view fixed) {
    const EcdsaSigPtr parsed(ECDSA_SIG_new());
    BnPtr r = bn_from_bytes(fixed.substr(0, kCoordinateSize));
    BnPtr s = bn_from_bytes(fixed.substr(kCoordinateSize));
    DOMICILE_CHECK(parsed && ECDSA_SIG_set0(parsed.get(), r.release(), s.release()) == 1);
    unsigned char* raw = nullptr;
    const int size = i2d_ECDSA_SIG(parsed.get(), &raw);
    const OsslString owned(raw);
    DOMICILE_CHECK(size > 0);
    return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)};
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
    return algorithm == Algorithm::rs256 ? "RS256" : "ES256";
}

Result<Algorithm> algorithm_from_string(std::string_view name) {
    if (name == "RS256") return Algorithm::rs256;
    if (name == "ES256") return Algorithm::es256;
    return fail(Code::unauthenticated, "the signature algorithm is not RS256 or ES256");
}

Result<PublicKey> PublicKey::from_jwk(const json::object& jwk) {
    const ErrorsTakenBack errors;
    for (const char* secret : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
        if (jwk.contains(secret)) return bad_key("it holds private members");
    }
    auto parsed = [&]() -> Result<PublicKey> {
        TRY(const auto kty, require_string(jwk, "kty"));
        TRY(const auto use, optional_string(jwk, "use"));
        TRY(const auto alg, optional_string(jwk, "alg"));
        TRY(const auto kid, optional_string(jwk, "kid"));
        if (use && *use != "sig") return bad_key("its use is not sig");
        if (kty != "RSA" && kty != "EC") return bad_key("its kty is not RSA or EC");
        TRY(auto key, kty == "RSA" ? rsa_from(jwk) : ec_from(jwk));
        TRY(const auto algorithm, algorithm_of(key.get()));
        if (alg && *alg != to_string(algorithm)) return bad_key("its alg does not fit its kty");
        auto name = kid ? *kid : thumbprint_of(key.get(), algorithm);
        return PublicKey(algorithm, std::move(name), std::move(key));
    }();
    if (!parsed) parsed.error().code = Code::malformed;  // also for absent or mistyped members
    return parsed;
}

json::object PublicKey::jwk() const {
    json::object out{{"alg", to_string(algorithm_)}, {"kid", kid_}, {"use", "sig"}};
    for (const auto& member : required_members(key_.get(), algorithm_)) out.insert(member);
    return out;
}

std::string PublicKey::thumbprint() const { return thumbprint_of(key_.get(), algorithm_); }

Result<void> PublicKey::verify(std::string_view message, std::string_view signature) const {
    const ErrorsTakenBack errors;
    std::string der;
    if (algorithm_ == Algorithm::es256) {
        if (signature.size() != 2 * kCoordinateSize) return bad_signature();
        der = fixed_to_der(signature);
        signature = der;
    }
    const MdCtxPtr context(EVP_MD_CTX_new());
    DOMICILE_CHECK(context && EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr,
                                                      nullptr, key_.get(), nullptr) == 1);
    if (EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                         message.size()) != 1) {
        return bad_signature();
    }
    return {};
}

Result<SigningKey> SigningKey::adopt(std::shared_ptr<EVP_PKEY> key) {
    TRY(const auto algorithm, algorithm_of(key.get()));
    auto kid = thumbprint_of(key.get(), algorithm);
    return SigningKey(PublicKey(algorithm, std::move(kid), std::move(key)));
}

Result<SigningKey> SigningKey::generate(Algorithm algorithm) {
    PkeyPtr key(algorithm == Algorithm::rs256 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
    if (!key) return fail(Code::internal, "OpenSSL could not generate a key");
    return adopt(share(std::move(key)));
}

Result<SigningKey> SigningKey::from_pkcs8_der(std::string_view der) {
    const ErrorsTakenBack errors;
    const unsigned char* at = bytes_of(der);
    const unsigned char* const end = at + der.size();
    const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
    if (!info || at != end) return bad_key("not PKCS #8");
    PkeyPtr key(EVP_PKCS82PKEY(info.get()));
    if (!key) return bad_key("not PKCS #8 of a known kind");
    return adopt(share(std::move(key)));
}

Result<SigningKey> SigningKey::from_pkcs8_pem(std::string_view pem) {
    const ErrorsTakenBack errors;
    const BioPtr bio(BIO_new_mem_buf(bytes_of(pem), int_size(pem)));
    const Pkcs8Ptr info(PEM_read_bio_PKCS8_PRIV_KEY_INFO(bio.get(), nullptr, nullptr, nullptr));
    if (!info) return bad_key("not PKCS #8 in PEM");
    PkeyPtr key(EVP_PKCS82PKEY(info.get()));
    if (!key) return bad_key("not PKCS #8 of a known kind");
    return adopt(share(std::move(key)));
}

std::string SigningKey::to_pkcs8_der() const {
    const Pkcs8Ptr info(EVP_PKEY2PKCS8(public_key_.key_.get()));
    unsigned char* raw = nullptr;
    const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &raw) : -1;
    DOMICILE_CHECK(size > 0);
    std::string out(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
    OPENSSL_clear_free(raw, static_cast<std::size_t>(size));
    return out;
}

std::string SigningKey::to_pkcs8_pem() const {
    const BioPtr bio(BIO_new(BIO_s_secmem()));
    DOMICILE_CHECK(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), public_key_.key_.get(), nullptr,
                                                        nullptr, 0, nullptr, nullptr) == 1);
    return bio_text(bio.get());
}

std::string SigningKey::sign(std::string_view message) const {
    const MdCtxPtr context(EVP_MD_CTX_new());
    DOMICILE_CHECK(context && EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr,
                                                    nullptr, public_key_.key_.get(), nullptr) == 1);
    std::size_t size = 0;
    DOMICILE_CHECK(
        EVP_DigestSign(context.get(), nullptr, &size, bytes_of(message), message.size()) == 1);
    std::string out(size, '\0');
    DOMICILE_CHECK(EVP_DigestSign(context.get(), bytes_of(out), &size, bytes_of(message),
                                  message.size()) == 1);
    out.resize(size);
    return algorithm() == Algorithm::es256 ? der_to_fixed(out) : out;
}

}  // namespace domicile::crypto
