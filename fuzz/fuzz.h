// What the fuzz targets share. A target is one function of a byte string that must hold for any
// bytes; what does not hold is a DOMICILE_CHECK that fails. The same source is a libFuzzer program
// (preset `fuzz`) and part of domicile_fuzz_replay (every other preset), which runs the corpus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"

namespace domicile::fuzz {

using Target = void (*)(std::string_view input);

// Adds a target to domicile_fuzz_replay.
struct Registration {
    Registration(const char* name, Target target);
};

// Where to cut an input into pieces: round 0 leaves it whole, round 1 cuts it into single bytes,
// further rounds cut anywhere. A function of the input, so that a saved input fails again.
class Cuts {
  public:
    static constexpr unsigned kRounds = 4;

    Cuts(std::string_view input, unsigned round) : state_(round), round_(round) {
        if (round < 2) return;  // no choice to make
        for (const char c : input) state_ = (state_ ^ static_cast<unsigned char>(c)) * kPrime;
    }
    // Size of the next piece, of which there are `left` bytes.
    std::size_t next(std::size_t left) {
        if (round_ == 0 || left <= 1) return left;
        if (round_ == 1) return 1;
        state_ = (state_ ^ (state_ >> 29)) * kPrime + round_;
        const std::size_t size = 1 + (state_ >> 33) % (round_ == 2 ? 7 : 90);
        return size < left ? size : left;
    }

  private:
    static constexpr std::uint64_t kPrime = 0x100000001b3;  // of FNV-1a
    std::uint64_t state_;
    unsigned round_;
};

}  // namespace domicile::fuzz

#ifdef DOMICILE_LIBFUZZER
#define FUZZ_TARGET(name)                                                               \
    static void name##_target(std::string_view input);                                  \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
        name##_target(std::string_view(reinterpret_cast<const char*>(data), size));     \
        return 0;                                                                       \
    }                                                                                   \
    static void name##_target(std::string_view input)
#else
#define FUZZ_TARGET(name)                                                                \
    static void name##_target(std::string_view input);                                   \
    static const domicile::fuzz::Registration name##_registration(#name, name##_target); \
    static void name##_target(std::string_view input)
#endif
