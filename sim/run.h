// One seed from its beginning to its end.
#pragma once

#include "sim/report.h"
#include "sim/world.h"

namespace domicile::sim {

struct Outcome {
    Report report;
    std::uint64_t trace = 0;
    std::uint64_t events = 0;
    Millis simulated{0};
};

// Worlds are not cleaned up: run each seed in a process of its own.
Outcome run_seed(std::uint64_t seed, const Disks& disks, bool verbose);

}  // namespace domicile::sim
