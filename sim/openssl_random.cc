#include "sim/openssl_random.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rand.h>

#include <optional>

#include "base/check.h"
#include "sim/seeded_random.h"

namespace domicile::sim {
namespace {

std::optional<SeededRandom>& source() {
    static std::optional<SeededRandom> random;
    return random;
}

int bytes(unsigned char* into, int size) {
    source()->fill(into, static_cast<std::size_t>(size));
    return 1;
}
int ready() { return 1; }

constexpr RAND_METHOD kMethod = {nullptr, bytes, nullptr, nullptr, bytes, ready};

}  // namespace

void seed_openssl(std::uint64_t seed) {
    source().emplace(seed);
    DOMICILE_CHECK(RAND_set_rand_method(&kMethod) == 1);
}

}  // namespace domicile::sim
