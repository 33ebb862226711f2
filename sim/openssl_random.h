// OpenSSL's randomness from a seed, for keys and blinding: process-wide, so one world at a time.
#pragma once

#include <cstdint>

namespace domicile::sim {

void seed_openssl(std::uint64_t seed);

}  // namespace domicile::sim
