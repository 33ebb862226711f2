#include "crypto/srp.h"

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/srp_group.h"

namespace domicile::crypto {
namespace {

// Java's BigInteger.toByteArray: see the note in the header.
std::string pad(const BIGNUM* n) {
    std::string out = bn_to_bytes(n);
    if (out.empty() || (static_cast<unsigned char>(out[0]) & 0x80) != 0) out.insert(0, 1, '\0');
    return out;
}

// The multiplier of RFC 5054, 2.5.3, in this protocol's padding.
const BIGNUM* multiplier() {
    static const BIGNUM* const kMultiplier =
        bn_from_bytes(sha256(pad(srp_group().N.get()) + pad(srp_group().g.get()))).release();
    return kMultiplier;
}

bool is_zero_mod_n(const BIGNUM* a, BN_CTX* ctx) {
    const BnPtr rest = new_bn();
    DOMICILE_CHECK(BN_nnmod(rest.get(), a, srp_group().N.get(), ctx) == 1);
    return BN_is_zero(rest.get());
}

// 32 bytes.
std::string private_exponent(const BIGNUM* salt, std::string_view pool_name, std::string_view user,
                             std::string_view password) {
    Sha256 inner;
    inner.update(pool_name);
    inner.update(user);
    inner.update(":");
    inner.update(password);
    return sha256(pad(salt) + inner.finish());
}

BnPtr scramble(const BIGNUM* A, const BIGNUM* B) { return bn_from_bytes(sha256(pad(A) + pad(B))); }

std::string derive_key(const BIGNUM* u, const BIGNUM* S) {
    using namespace std::string_view_literals;
    std::string secret = pad(S);
    std::string prk = hmac_sha256(pad(u), secret);
    std::string key = hmac_sha256(prk, "Caldera Derived Key\x01"sv).substr(0, 16);
    OPENSSL_cleanse(secret.data(), secret.size());
    OPENSSL_cleanse(prk.data(), prk.size());
    return key;
}

std::unexpected<Error> bad_value() {
    return fail(Code::invalid_argument, "an SRP value is out of range");
}

struct Publics {
    BnPtr A, B, u;
};

Result<Publics> parse_publics(std::string_view A_hex, std::string_view B_hex, BN_CTX* ctx) {
    TRY(const auto a_bytes, parse_srp_hex(A_hex));
    TRY(const auto b_bytes, parse_srp_hex(B_hex));
    Publics out{bn_from_bytes(a_bytes), bn_from_bytes(b_bytes), nullptr};
    if (is_zero_mod_n(out.A.get(), ctx) || is_zero_mod_n(out.B.get(), ctx)) return bad_value();
    out.u = scramble(out.A.get(), out.B.get());
    if (BN_is_zero(out.u.get())) return bad_value();
    return out;
}

}  // namespace

Result<std::string> parse_srp_hex(std::string_view hex) {
    if (hex.empty() || hex.size() > kSrpHexMax + 2) return bad_value();
    const auto bytes = from_hex(hex.size() % 2 == 0 ? std::string(hex) : '0' + std::string(hex));
    if (!bytes) return bad_value();
    const auto first = bytes->find_first_not_of('\0');
    return first == std::string::npos ? std::string() : bytes->substr(first);
}

Result<std::string> parse_verifier(std::string_view bytes) {
    TRY(std::string out, parse_srp_hex(to_hex(bytes)));
    const BnPtr v = bn_from_bytes(out);
    if (BN_is_zero(v.get()) || BN_is_one(v.get()) || BN_cmp(v.get(), srp_group().N.get()) >= 0) {
        return bad_value();
    }
    return out;
}

SrpVerifier make_verifier(std::string_view pool_name, std::string_view user,
                          std::string_view password, std::string_view salt16) {
    DOMICILE_CHECK(salt16.size() == kSrpSaltSize);
    const BnCtxPtr ctx = new_ctx();
    const BnPtr salt = bn_from_bytes(salt16);
    std::string x = private_exponent(salt.get(), pool_name, user, password);
    const BnPtr v = power_of_g(x, ctx.get());
    OPENSSL_cleanse(x.data(), x.size());
    return {to_hex(salt16), bn_to_bytes(v.get())};
}

std::string decoy_salt_hex(std::string_view key, std::string_view name) {
    return to_hex(hmac_sha256(key, "domicile srp decoy salt v1:" + std::string(name))
                      .substr(0, kSrpSaltSize));
}

SrpVerifier decoy_verifier(std::string_view key, std::string_view name) {
    const std::string seed =
        hmac_sha256(key, "domicile srp decoy verifier v1:" + std::string(name));
    const BnCtxPtr ctx = new_ctx();
    const BnPtr root = bn_from_bytes(hkdf_sha256(seed, "v", 384));
    // A square, as every power of g = 2 is in this group; cheaper than a modexp, which a known user
    // does not pay at sign-in either.
    const BnPtr v = mod_mul(root.get(), root.get(), ctx.get());
    return {decoy_salt_hex(key, name), bn_to_bytes(v.get())};
}

Result<std::string> server_public(const SrpVerifier& verifier, std::string_view b) {
    const BnCtxPtr ctx = new_ctx();
    const BnPtr v = bn_from_bytes(verifier.verifier);
    const BnPtr kv = mod_mul(multiplier(), v.get(), ctx.get());
    const BnPtr gb = power_of_g(b, ctx.get());
    const BnPtr B = new_bn();
    DOMICILE_CHECK(BN_mod_add(B.get(), kv.get(), gb.get(), srp_group().N.get(), ctx.get()) == 1);
    if (BN_is_zero(B.get())) return fail(Code::internal, "SRP B is zero; choose another b");
    return to_hex(bn_to_bytes(B.get()));
}

Result<std::string> session_key(const SrpVerifier& verifier, std::string_view A_hex,
                                std::string_view b, std::string_view B_hex) {
    const BnCtxPtr ctx = new_ctx();
    TRY(const auto publics, parse_publics(A_hex, B_hex, ctx.get()));
    const BnPtr v = bn_from_bytes(verifier.verifier);
    const BnPtr secret = bn_from_bytes(b);
    const BnPtr vu = mod_exp(v.get(), publics.u.get(), ctx.get());
    const BnPtr base = mod_mul(publics.A.get(), vu.get(), ctx.get());
    const BnPtr S = mod_exp(base.get(), secret.get(), ctx.get());
    return derive_key(publics.u.get(), S.get());
}

std::string claim_signature(std::string_view K, std::string_view pool_name, std::string_view user,
                            std::string_view secret_block, std::string_view timestamp) {
    std::string message;
    message.reserve(pool_name.size() + user.size() + secret_block.size() + timestamp.size());
    message.append(pool_name).append(user).append(secret_block).append(timestamp);
    return hmac_sha256(K, message);
}

std::string client_public(std::string_view a) {
    const BnCtxPtr ctx = new_ctx();
    const BnPtr A = power_of_g(a, ctx.get());
    std::string hex = to_hex(bn_to_bytes(A.get()));
    if (hex.starts_with('0')) hex.erase(0, 1);
    return hex;
}

Result<std::string> client_session_key(std::string_view pool_name, std::string_view user,
                                       std::string_view password, std::string_view salt_hex,
                                       std::string_view a, std::string_view B_hex) {
    const BnCtxPtr ctx = new_ctx();
    TRY(const auto publics, parse_publics(client_public(a), B_hex, ctx.get()));
    TRY(const auto salt_bytes, parse_srp_hex(salt_hex));
    const BnPtr salt = bn_from_bytes(salt_bytes);
    const std::string x_bytes = private_exponent(salt.get(), pool_name, user, password);
    const BnPtr x = bn_from_bytes(x_bytes);
    const BnPtr gx = power_of_g(x_bytes, ctx.get());
    const BnPtr kgx = mod_mul(multiplier(), gx.get(), ctx.get());
    const BnPtr base = new_bn(), exponent = new_bn();
    DOMICILE_CHECK(
        BN_mod_sub(base.get(), publics.B.get(), kgx.get(), srp_group().N.get(), ctx.get()) == 1);
    const BnPtr secret = bn_from_bytes(a);
    DOMICILE_CHECK(BN_mul(exponent.get(), publics.u.get(), x.get(), ctx.get()) == 1);
    DOMICILE_CHECK(BN_add(exponent.get(), exponent.get(), secret.get()) == 1);
    const BnPtr S = mod_exp(base.get(), exponent.get(), ctx.get());
    return derive_key(publics.u.get(), S.get());
}

}  // namespace domicile::crypto
