// Arithmetic in the group of SRP (RFC 5054, 3072 bits, g = 2), for this module's sources only. What
// takes an exponent takes the same time whatever it is.
#pragma once

#include "crypto/openssl.h"

namespace domicile::crypto {

// Made once and only read afterwards, so all threads share it.
struct SrpGroup {
    SrpGroup();
    BnPtr N, g;
    MontPtr mont;
};
const SrpGroup& srp_group();

BnPtr new_bn();
BnCtxPtr new_ctx();

// Aborts only without memory. Sets BN_FLG_CONSTTIME on the exponent.
BnPtr mod_exp(const BIGNUM* base, BIGNUM* exponent, BN_CTX* ctx);
BnPtr mod_mul(const BIGNUM* a, const BIGNUM* b, BN_CTX* ctx);

// g to the exponent, which is big-endian bytes. Up to kFixedBaseBytes it costs 95 multiplications
// with a table of 30 KB made at the first call, beyond that a modular exponentiation.
inline constexpr std::size_t kFixedBaseBytes = 40;
BnPtr power_of_g(std::string_view exponent, BN_CTX* ctx);

}  // namespace domicile::crypto
