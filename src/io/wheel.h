// The deadline wheel: 512 slots of 8 ms. Arming and disarming link and unlink an intrusive entry;
// nothing is sorted. An entry further away than one turn stays in its slot until its turn comes.
#pragma once

#include <array>
#include <optional>

#include "io/executor.h"

namespace domicile::io {

class Wheel {
  public:
    explicit Wheel(Instant now);

    void arm(Timer& timer, Instant at);
    // Calls expired() of every entry that is due.
    void advance(Instant now);
    // How long until a slot with an entry comes up, at most one turn; nullopt when empty.
    std::optional<Millis> next(Instant now) const;

  private:
    static constexpr std::int64_t kSlots = 512;
    static constexpr std::int64_t kTickMs = 8;

    struct Head final : Timer {
        void expired() override {}
        Head() { link_to_itself(); }
        void link_to_itself();
        bool empty() const;
    };
    friend struct Head;
    // Timer keeps its links private to the wheel.
    static void insert(Timer& head, Timer& timer);
    static bool is_empty(const Timer& head);

    std::array<Head, kSlots> slots_;
    std::int64_t tick_;  // the last tick that was handled
};

}  // namespace domicile::io
