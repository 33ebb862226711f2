// Waiting for a descriptor that somebody else owns, such as the socket inside libpq. Its owner does
// the reading and writing; this only says when to try again (ADR 0013).
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "io/executor.h"

namespace domicile::io {

class Readiness {
  public:
    enum class For : std::uint8_t { reading, writing, either };

    // For use on this thread. unsupported on an executor that is no reactor (the simulator).
    static Result<std::unique_ptr<Readiness>> of(int descriptor);
    // On the same thread, before the descriptor is closed.
    virtual ~Readiness() = default;
    // True when there is something to read (or the end, or an error), or room to write, also when
    // that was so before the call; false at the deadline. One waiter.
    virtual Task<bool> wait(For what, Instant deadline) = 0;
};

}  // namespace domicile::io
