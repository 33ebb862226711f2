#include "identity/passwords.h"

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::identity {

static_assert(crypto::kPasswordSaltSize == crypto::kSrpSaltSize);

PasswordKeeping keeping_of(const config::Pool& pool) {
    const config::Argon2id& cost = pool.password.argon2id;
    // CUSTOM_AUTH may begin with SRP.
    const bool by_srp = pool.has_flow(config::AuthFlow::user_srp_auth) ||
                        pool.has_flow(config::AuthFlow::custom_auth);
    return {by_srp,
            {static_cast<std::uint32_t>(cost.memory_kib),
             static_cast<std::uint32_t>(cost.iterations), static_cast<std::uint32_t>(cost.lanes)}};
}

Result<StoredPassword> make_password(const PasswordKeeping& keeping, const PasswordOwner& owner,
                                     std::string_view password, std::string_view salt16) {
    StoredPassword out;
    if (keeping.by_srp) {
        out.srp = crypto::make_verifier(owner.pool, owner.srp_name, password, salt16);
    } else {
        TRY(out.hash, crypto::argon2id(password, salt16, keeping.cost));
    }
    return out;
}

Result<bool> fits(const StoredPassword& stored, const PasswordOwner& owner,
                  std::string_view password) {
    if (!stored.hash.empty()) return crypto::fits_password_hash(stored.hash, password);
    const auto salt = from_hex(stored.srp.salt_hex);
    DOMICILE_CHECK(salt.has_value());  // make_verifier wrote it, or it is empty
    const auto tried = crypto::make_verifier(owner.pool, owner.srp_name, password, *salt);
    return crypto::constant_time_equal(tried.verifier, stored.srp.verifier);
}

bool is_kept_so(const StoredPassword& stored, const PasswordKeeping& keeping) {
    if (keeping.by_srp) return !stored.srp.verifier.empty();
    return crypto::is_argon2id_of(stored.hash, keeping.cost);
}

StoredPassword decoy_password(const PasswordKeeping& keeping, std::string_view key,
                              std::string_view name) {
    if (keeping.by_srp) return {crypto::decoy_verifier(key, name), ""};
    return {{}, crypto::decoy_argon2id(key, name, keeping.cost)};
}

}  // namespace domicile::identity
