// Randomness that a seed decides: xoshiro256** (Blackman, Vigna), seeded through SplitMix64.
#pragma once

#include <array>
#include <cstring>
#include <vector>

#include "io/clock.h"

namespace domicile::sim {

class SeededRandom final : public io::Random {
  public:
    explicit SeededRandom(std::uint64_t seed) {
        for (std::uint64_t& word : state_) {
            seed += 0x9e3779b97f4a7c15;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            word = z ^ (z >> 31);
        }
    }

    void fill(void* into, std::size_t size) override {
        auto* at = static_cast<char*>(into);
        for (std::size_t done = 0; done < size; done += 8) {
            const std::uint64_t word = next();
            std::memcpy(at + done, &word, std::min<std::size_t>(8, size - done));
        }
    }

    std::uint64_t next() {
        const auto rotate = [](std::uint64_t x, int by) { return (x << by) | (x >> (64 - by)); };
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotate(state_[3], 45);
        return result;
    }
    // 0 to bound - 1.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least +
               static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
    }
    bool chance(double probability) {
        return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability;
    }
    template <class T>
    const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }

  private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace domicile::sim
