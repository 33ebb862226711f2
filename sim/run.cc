#include "sim/run.h"

#include "sim/checkers.h"
#include "sim/nemesis.h"
#include "sim/workload.h"

namespace domicile::sim {
namespace {

constexpr Millis kTroubles{45'000};
constexpr Millis kCalm{600'000};  // at most, to finish everything
constexpr Millis kRest{20'000};   // for outboxes and replays

}  // namespace

Outcome run_seed(std::uint64_t seed, const Disks& disks, bool verbose) {
    Outcome out;
    out.report.verbose = verbose;
    World world(seed, disks);
    world.on_fault = [&](const std::string& what) { out.report.violation("I5", what); };
    Nemesis nemesis(world, out.report);
    Workload workload(world, nemesis, out.report);
    for (Host* host : world.servers()) world.start(*host);
    workload.begin();
    nemesis.begin();
    world.run_for(kTroubles);
    nemesis.end();
    workload.finish();
    if (!world.run_until(kCalm, [&] { return world.all_ready() && workload.done(); }))
        out.report.violation("I5", "the world does not come to rest");
    world.run_for(kRest);
    check_disks(world, workload.people(), nemesis.clocks_jumped_far(), out.report);
    out.trace = world.scheduler().trace();
    out.events = world.scheduler().events();
    out.simulated = world.now();
    return out;
}

}  // namespace domicile::sim
