// Slow hashes of passwords as text: Argon2id, which we make (RFC 9106), and what other systems made
// and we only check. Pure and thread-safe, but slow by design, and memory-hungry: callers run these
// off the reactor.
//
// Taken: Argon2 i, d and id in version 1.3 ("$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>", the PHC
// string format), bcrypt ("$2b$12$..." with a, b or y), scrypt ("$scrypt$ln=16,r=8,p=1$<salt>$
// <hash>") and PBKDF2, as PHC and passlib write it ("$pbkdf2-sha256$29000$<salt>$<hash>", with
// "i=29000" for the number too; sha1 is "$pbkdf2$", sha512 is there) and as Django does
// ("pbkdf2_sha256$260000$<text>$<hash>").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile::crypto {

inline constexpr std::size_t kPasswordSaltSize = 16;
inline constexpr std::size_t kPasswordHashBytesMax = 512;  // of the text

// What one hash may cost; about a second and 256 MiB at most.
inline constexpr std::uint32_t kArgon2MemoryKibMax = 262'144;
inline constexpr std::uint64_t kArgon2WorkMax = 1'048'576;  // KiB times iterations
inline constexpr std::uint32_t kArgon2LanesMax = 16;
inline constexpr int kBcryptCostMax = 14;
inline constexpr std::uint64_t kScryptMemoryMax = 268'435'456;  // bytes: 128 * (N + p) * r
inline constexpr std::uint64_t kScryptWorkMax = 8'388'608;      // N * r * p
inline constexpr std::uint32_t kPbkdf2IterationsMax = 4'000'000;

struct Argon2Cost {
    std::uint32_t memory_kib = 19'456;
    std::uint32_t iterations = 2;
    std::uint32_t lanes = 1;  // computed one after the other

    bool operator==(const Argon2Cost&) const = default;
};

// The PHC string. salt16 is random. Code::resource_exhausted when the memory is not to be had.
Result<std::string> argon2id(std::string_view password, std::string_view salt16, Argon2Cost cost);
// One that no password fits, with a salt and a hash made of `key` and `name`, so that an unknown
// user costs the same work.
std::string decoy_argon2id(std::string_view key, std::string_view name, Argon2Cost cost);
// Whether `encoded` is an Argon2id of this cost.
bool is_argon2id_of(std::string_view encoded, Argon2Cost cost);

// Code::unsupported for a form that is not on the list above, Code::invalid_argument for one that
// is broken or costs too much; the message says which, and shows nothing of the hash.
Result<void> check_password_hash(std::string_view encoded);

// In the time that the hash takes, whether it fits or not. Errors as above, and
// Code::resource_exhausted when the memory is not to be had.
Result<bool> fits_password_hash(std::string_view encoded, std::string_view password);

}  // namespace domicile::crypto
