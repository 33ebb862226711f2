// Time and randomness as interfaces, so that a simulator can stand in for both.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/encoding.h"
#include "base/time.h"

namespace domicile::io {

class Clock {
  public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;  // wall clock; may jump
    virtual Instant monotonic() const = 0;
    // The same, up to a timer tick of the kernel (4 ms) behind and cheaper to ask for: for
    // deadlines.
    virtual Instant coarse() const { return monotonic(); }
    // The same clock in nanoseconds, to measure with. Clocks that know only milliseconds may leave
    // it at that.
    virtual std::int64_t monotonic_ns() const { return monotonic().ms * 1'000'000; }
};

class Random {
  public:
    virtual ~Random() = default;
    // Cryptographically secure in the real one. Thread-safe.
    virtual void fill(void* into, std::size_t size) = 0;

    std::string bytes(std::size_t size) {
        std::string out(size, '\0');
        fill(out.data(), size);
        return out;
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        fill(&value, sizeof value);
        return value;
    }
    std::string uuid() {
        std::array<std::uint8_t, 16> raw{};
        fill(raw.data(), raw.size());
        return uuid_from(raw);
    }
};

// The operating system's; both are stateless and thread-safe.
Clock& system_clock();
Random& system_random();

}  // namespace domicile::io
