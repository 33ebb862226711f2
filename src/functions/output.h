// What a function writes, as lines with bounds: on their length, and on how many and how much a
// second. What is beyond is left out and counted, so that a function that floods its log costs us
// what a busy one does. A function of bytes and time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace domicile::functions {

class Output {
  public:
    struct Limits {
        std::size_t line_bytes = 8 << 10;  // the rest of a longer line is left out
        std::size_t lines = 500;           // a second
        std::size_t bytes = 256 << 10;     // a second
    };
    Output() = default;
    explicit Output(Limits limits) : limits_(limits) {}

    // `cut`: the line was longer. Valid during the call.
    using Line = std::function<void(std::string_view line, bool cut)>;
    void take(std::string_view bytes, Instant now, const Line& line);
    // The last line, which had no end.
    void finish(Instant now, const Line& line);
    // Lines that were left out, since the last call.
    std::uint64_t take_dropped() { return std::exchange(dropped_, 0); }

  private:
    void end_line(Instant now, const Line& line);
    bool fits(Instant now, std::size_t bytes);

    Limits limits_;
    std::string line_;
    bool cut_ = false;
    Instant second_;  // when the one that is counted began
    std::size_t lines_ = 0, bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace domicile::functions
