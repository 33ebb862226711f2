// SHA-2, HMAC and HKDF. All digests are raw bytes; see base/encoding.h for hex.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace domicile::crypto {

std::string sha256(std::string_view bytes);  // FIPS 180-4; 32 bytes
// FIPS 180-4; 20 bytes. For formats that have it, never to tell two texts apart.
std::string sha1(std::string_view bytes);
std::string sha512(std::string_view bytes);  // 64 bytes

// RFC 2104 with SHA-256; 32 bytes. Any key length, also empty.
std::string hmac_sha256(std::string_view key, std::string_view message);

// RFC 5869 without a salt: extract from `key`, expand with `info`. size is 1 to 8160 bytes; `key`
// must hold the entropy already (a random key, not a password).
std::string hkdf_sha256(std::string_view key, std::string_view info, std::size_t size);

// Takes the same time wherever a and b differ. The lengths are not secret: different lengths give
// false at once.
bool constant_time_equal(std::string_view a, std::string_view b);

// SHA-256 of a stream. Moves, does not copy. Not for two threads at once.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::string_view bytes);
    // The 32-byte digest of everything so far; afterwards the object starts anew.
    std::string finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace domicile::crypto
