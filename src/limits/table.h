// Counters of a fixed number, each for somebody who is known here by a keyed hash only.
//
// An attempt is entered before it is judged and left after, so that a thousand at once are not all
// judged by the count before the first of them. After `free` that counted, each further one makes
// the next wait, twice as long every time; one is forgiven in each `forgive_each`, also while
// somebody waits. What did not count takes nothing back: whoever has an account could buy guesses
// with it.
//
// The place of a counter is one of a few that its hash names. Where all are taken, the lowest count
// makes room: a count can only be pushed out by those who have worked up higher ones in just these
// places, and they cannot know which those are without the secret.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace domicile::limits {

struct Rule {
    int free = 1;  // at least 1
    Millis forgive_each{1};
    Millis first_delay{1};
    Millis delay_max{1};
};

// Thread-safe. Times are monotonic.
class Table {
  public:
    static constexpr std::size_t kPlaces = 8;              // that a key may have
    static constexpr std::size_t kCountersMax = 1U << 16;  // 3.7 MB

    // `counters` is rounded up to whole sets of kPlaces.
    explicit Table(std::string secret, std::size_t counters = kCountersMax);

    using Key = std::uint64_t;
    Key key_of(std::string_view whom) const;

    struct Wait {
        Millis time;
        bool begins = false;  // the first refusal since the count rose to `free`
    };
    // Nothing: the attempt may be made, and leave() follows. Otherwise in how long.
    std::optional<Wait> enter(Key key, const Rule& rule, Instant now);
    enum class Counts : std::uint8_t { no, yes };
    void leave(Key key, const Rule& rule, Counts counts, Instant now);

    // Counts above zero that had to make room.
    std::uint64_t pushed_out() const;

  private:
    struct Counter {
        Key key = 0;  // 0: free
        int count = 0;
        int inside = 0;          // entered and not yet left
        Instant since;           // from when on the next one is being forgiven
        Millis forgive_each{1};  // of the rule that was last in force
        Instant not_before;      // of the next attempt
        bool told = false;       // that it is refused
    };
    struct Set {
        std::array<Counter, kPlaces> counters;
    };
    struct Part {  // of the sets, under one lock
        mutable std::mutex mutex;
        std::uint64_t pushed_out = 0;
    };
    static constexpr std::size_t kParts = 64;

    std::size_t place_of(Key key) const { return key % sets_.size(); }
    Part& part_of(Key key) { return parts_[place_of(key) % kParts]; }
    Counter& find_or_make(Key key, const Rule& rule, Instant now);
    static void forgive(Counter& counter, Instant now);

    const std::string secret_;
    std::vector<Set> sets_;
    std::array<Part, kParts> parts_;
};

// How long the next attempt waits after so many that counted.
Millis delay_after(const Rule& rule, int count);

}  // namespace domicile::limits
