// What is kept instead of a password: an SRP verifier where a client of the pool signs in by SRP,
// since no other hash can serve that; else an Argon2id hash, which is slow to guess. People who
// were imported bring the hash that their former system made. Whatever differs from what the pool
// asks for now is made anew at the next sign-in with the password.
//
// Pure, but slow: callers run make_password() and fits() on the threads for passwords.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/pool.h"
#include "crypto/password_hash.h"
#include "crypto/srp.h"

namespace domicile::identity {

// One of the two.
struct StoredPassword {
    crypto::SrpVerifier srp;
    std::string hash;  // as crypto/password_hash.h takes it

    bool is_empty() const { return srp.verifier.empty() && hash.empty(); }
};

struct PasswordKeeping {
    bool by_srp = true;
    crypto::Argon2Cost cost;
};
PasswordKeeping keeping_of(const config::Pool& pool);

// Of whom a password is: what an SRP verifier depends on.
struct PasswordOwner {
    std::string pool;      // id suffix
    std::string srp_name;  // UserRow::srp_name
};

// salt16 is random. Code::resource_exhausted when there is no memory for it, also below.
Result<StoredPassword> make_password(const PasswordKeeping& keeping, const PasswordOwner& owner,
                                     std::string_view password, std::string_view salt16);
Result<bool> fits(const StoredPassword& stored, const PasswordOwner& owner,
                  std::string_view password);
bool is_kept_so(const StoredPassword& stored, const PasswordKeeping& keeping);

// One that nothing fits, for people who do not exist; the same for the same name.
StoredPassword decoy_password(const PasswordKeeping& keeping, std::string_view key,
                              std::string_view name);

}  // namespace domicile::identity
