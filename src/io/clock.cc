#include "io/clock.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <time.h>

#include <array>
#include <cstring>

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

// OpenSSL's generator costs microseconds a call whatever the size, and nonces and ids are short:
// each thread draws some ahead. What was given out is wiped.
class DrawnAhead {
  public:
    ~DrawnAhead() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

    void take(unsigned char* into, std::size_t size) {
        if (used_ + size > bytes_.size()) {
            draw(bytes_.data(), bytes_.size());
            used_ = 0;
        }
        std::memcpy(into, bytes_.data() + used_, size);
        OPENSSL_cleanse(bytes_.data() + used_, size);
        used_ += size;
    }
    static void draw(unsigned char* into, std::size_t size) {
        DOMICILE_CHECK(RAND_bytes(into, static_cast<int>(size)) == 1);
    }

  private:
    std::array<unsigned char, 1024> bytes_{};
    std::size_t used_ = sizeof bytes_;
};

class SystemRandom final : public Random {
  public:
    void fill(void* into, std::size_t size) override {
        constexpr std::size_t kShort = 64;
        thread_local DrawnAhead ahead;
        auto* bytes = static_cast<unsigned char*>(into);
        size <= kShort ? ahead.take(bytes, size) : DrawnAhead::draw(bytes, size);
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
