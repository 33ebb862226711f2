// The table is a comb (Lim and Lee, "More flexible exponentiation with precomputation", CRYPTO 94;
// Handbook of Applied Cryptography, 14.117). The exponent's 320 bits are laid out in 4 rows of 80,
// each row cut into 5 blocks of 16 columns. For block k and the 4 bits m of a column, the table has
//
//   the product over the rows r whose bit is set in m of g^(2^(80 r + 16 k)),
//
// so that for each of the 16 columns, the last one first, one squaring and 5 multiplications do.
// Entries are chosen by reading all 16 of a block, so that the memory touched tells nothing. Each
// is multiplied by one fixed element, which the result is freed of at the end: without it the entry
// for m = 0 would be 1, whose Montgomery form is a word shorter than the prime here, and OpenSSL
// takes longer for such a factor.
#include "crypto/srp_group.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/encoding.h"

namespace domicile::crypto {
namespace {

// RFC 3526 group 15, which is RFC 5054's 3072-bit group with g = 2 here.
constexpr char kPrimeHex[] =
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a0879"
    "8e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b"
    "0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da4836"
    "1c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804"
    "f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6"
    "955817183995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33a85521abdf1cba64"
    "ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7abf5ae8cdb0933d71e8c94e04a25619dcee3d226"
    "1ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200cbbe117577a615d6c770988c0bad946e2"
    "08e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff";

constexpr std::size_t kPrimeBytes = 384;
constexpr std::size_t kWords = kPrimeBytes / 8;
constexpr std::size_t kRows = 4, kBlocks = 5, kColumns = 16;
constexpr std::size_t kRowBits = kBlocks * kColumns;
constexpr std::size_t kEntries = 1U << kRows;
static_assert(kRows * kRowBits == kFixedBaseBytes * 8);

using Words = std::array<std::uint64_t, kWords>;  // a value in Montgomery form, little-endian

void montgomery_multiply(BIGNUM* out, const BIGNUM* a, const BIGNUM* b, BN_CTX* ctx) {
    DOMICILE_CHECK(BN_mod_mul_montgomery(out, a, b, srp_group().mont.get(), ctx) == 1);
}

BnPtr to_montgomery(const BIGNUM* value, BN_CTX* ctx) {
    BnPtr out = new_bn();
    DOMICILE_CHECK(BN_to_montgomery(out.get(), value, srp_group().mont.get(), ctx) == 1);
    return out;
}

Words words_of(const BIGNUM* value) {
    Words out;
    auto* bytes = reinterpret_cast<unsigned char*>(out.data());
    DOMICILE_CHECK(BN_bn2lebinpad(value, bytes, kPrimeBytes) == static_cast<int>(kPrimeBytes));
    return out;
}

struct Table {
    std::array<std::array<Words, kEntries>, kBlocks> blocks;
    BnPtr correction;  // what frees a result of the fixed element; not in Montgomery form

    Table() {
        const BnCtxPtr ctx = new_ctx();
        // Of each row and block, g^(2^(kRowBits row + kColumns block)).
        std::array<std::array<BnPtr, kBlocks>, kRows> powers;
        BnPtr power = to_montgomery(srp_group().g.get(), ctx.get());
        for (std::size_t bit = 0; bit < kRows * kRowBits; ++bit) {
            if (bit % kColumns == 0) {
                powers[bit / kRowBits][bit % kRowBits / kColumns].reset(BN_dup(power.get()));
            }
            montgomery_multiply(power.get(), power.get(), power.get(), ctx.get());
        }
        for (std::size_t block = 0; block < kBlocks; ++block) {
            for (std::size_t entry = 0; entry < kEntries; ++entry) {
                const BnPtr product(BN_dup(power.get()));
                for (std::size_t row = 0; row < kRows; ++row) {
                    if ((entry >> row & 1) == 0) continue;
                    montgomery_multiply(product.get(), product.get(), powers[row][block].get(),
                                        ctx.get());
                }
                blocks[block][entry] = words_of(product.get());
            }
        }
        correction = correct(power.get(), ctx.get());
    }

    // The fixed element comes in once a multiplication, and is squared with the rest.
    static BnPtr correct(const BIGNUM* fixed, BN_CTX* ctx) {
        const BIGNUM* prime = srp_group().N.get();
        const BnPtr times = new_bn(), plain = new_bn(), all = new_bn();
        BnPtr out = new_bn();
        DOMICILE_CHECK(BN_set_word(times.get(), kBlocks * ((1U << kColumns) - 1)) == 1);
        DOMICILE_CHECK(BN_from_montgomery(plain.get(), fixed, srp_group().mont.get(), ctx) == 1 &&
                       BN_mod_exp(all.get(), plain.get(), times.get(), prime, ctx) == 1 &&
                       BN_mod_inverse(out.get(), all.get(), prime, ctx) != nullptr);
        return out;
    }

    // Reads every entry of the block whatever is wanted.
    void choose(std::size_t block, std::uint64_t wanted, BIGNUM* into) const {
        Words chosen{};
        for (std::uint64_t entry = 0; entry < kEntries; ++entry) {
            const std::uint64_t difference = entry ^ wanted;
            // All ones for the wanted entry, else zero: small numbers, so the subtraction borrows
            // into the top bit only from zero.
            const std::uint64_t mask = std::uint64_t{0} - ((difference - 1) >> 63);
            const Words& words = blocks[block][entry];
            for (std::size_t i = 0; i < kWords; ++i) chosen[i] |= words[i] & mask;
        }
        const auto* bytes = reinterpret_cast<const unsigned char*>(chosen.data());
        DOMICILE_CHECK(BN_lebin2bn(bytes, kPrimeBytes, into) != nullptr);
        OPENSSL_cleanse(chosen.data(), kPrimeBytes);
    }
};

const Table& table() {
    static const Table* const kTable = new Table;  // never freed: threads may outlive statics
    return *kTable;
}

// The exponent's bits, the least significant first.
class Bits {
  public:
    explicit Bits(std::string_view big_endian) {
        std::memcpy(bytes_.data() + bytes_.size() - big_endian.size(), big_endian.data(),
                    big_endian.size());
    }
    ~Bits() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
    Bits(const Bits&) = delete;
    Bits& operator=(const Bits&) = delete;

    // Of the rows, the bits that stand in this column of this block.
    std::uint64_t column(std::size_t block, std::size_t column) const {
        std::uint64_t out = 0;
        for (std::size_t row = 0; row < kRows; ++row) {
            const std::size_t at = row * kRowBits + block * kColumns + column;
            const std::uint64_t byte = bytes_[bytes_.size() - 1 - at / 8];
            out |= (byte >> (at % 8) & 1) << row;
        }
        return out;
    }

  private:
    std::array<unsigned char, kFixedBaseBytes> bytes_{};
};

}  // namespace

BnPtr new_bn() {
    BnPtr value(BN_new());
    DOMICILE_CHECK(value != nullptr);
    return value;
}

BnCtxPtr new_ctx() {
    BnCtxPtr ctx(BN_CTX_new());
    DOMICILE_CHECK(ctx != nullptr);
    return ctx;
}

SrpGroup::SrpGroup() : mont(BN_MONT_CTX_new()) {
    const auto prime = from_hex(kPrimeHex);
    DOMICILE_CHECK(prime && prime->size() == kPrimeBytes);
    N = bn_from_bytes(*prime);
    g = bn_from_bytes("\x02");
    DOMICILE_CHECK(mont && BN_MONT_CTX_set(mont.get(), N.get(), new_ctx().get()) == 1);
}

const SrpGroup& srp_group() {
    static const SrpGroup* const kGroup = new SrpGroup;  // never freed, as above
    return *kGroup;
}

BnPtr mod_exp(const BIGNUM* base, BIGNUM* exponent, BN_CTX* ctx) {
    const SrpGroup& group = srp_group();
    BnPtr out = new_bn();
    BN_set_flags(exponent, BN_FLG_CONSTTIME);
    DOMICILE_CHECK(BN_mod_exp_mont_consttime(out.get(), base, exponent, group.N.get(), ctx,
                                             group.mont.get()) == 1);
    return out;
}

BnPtr mod_mul(const BIGNUM* a, const BIGNUM* b, BN_CTX* ctx) {
    BnPtr out = new_bn();
    DOMICILE_CHECK(BN_mod_mul(out.get(), a, b, srp_group().N.get(), ctx) == 1);
    return out;
}

BnPtr power_of_g(std::string_view exponent, BN_CTX* ctx) {
    if (exponent.size() > kFixedBaseBytes) {
        const BnPtr value = bn_from_bytes(exponent);
        return mod_exp(srp_group().g.get(), value.get(), ctx);
    }
    const Table& powers = table();
    const Bits bits(exponent);
    const BnPtr product = new_bn(), factor = new_bn();
    powers.choose(0, bits.column(0, kColumns - 1), product.get());
    for (std::size_t step = 1; step < kColumns * kBlocks; ++step) {
        const std::size_t column = kColumns - 1 - step / kBlocks;
        const std::size_t block = step % kBlocks;
        if (block == 0) montgomery_multiply(product.get(), product.get(), product.get(), ctx);
        powers.choose(block, bits.column(block, column), factor.get());
        montgomery_multiply(product.get(), product.get(), factor.get(), ctx);
    }
    // A factor that is not in Montgomery form takes the result out of it.
    BnPtr out = new_bn();
    montgomery_multiply(out.get(), product.get(), powers.correction.get(), ctx);
    return out;
}

}  // namespace domicile::crypto
