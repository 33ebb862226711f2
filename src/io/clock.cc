#include "io/clock.h"

#include <openssl/rand.h>
#include <time.h>

#include "base/check.h"

namespace domicile::io {
namespace {

std::int64_t read_ns(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
std::int64_t read_ms(clockid_t id) { return read_ns(id) / 1'000'000; }

class SystemClock final : public Clock {
  public:
    Timestamp now() const override { return {read_ms(CLOCK_REALTIME)}; }
    Instant monotonic() const override { return {read_ms(CLOCK_MONOTONIC)}; }
    std::int64_t monotonic_ns() const override { return read_ns(CLOCK_MONOTONIC); }
    Instant coarse() const override { return {read_ms(CLOCK_MONOTONIC_COARSE)}; }
};

class SystemRandom final : public Random {
  public:
    void fill(void* into, std::size_t size) override {
        DOMICILE_CHECK(RAND_bytes(static_cast<unsigned char*>(into), static_cast<int>(size)) == 1);
    }
};

}  // namespace

Clock& system_clock() {
    static SystemClock clock;
    return clock;
}

Random& system_random() {
    static SystemRandom random;
    return random;
}

}  // namespace domicile::io
