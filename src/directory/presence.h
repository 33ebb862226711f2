// Which nodes of which regions live: each keeps an entry in the directory's store that goes by
// itself when its node does, however it ended. Where the store has no leases (it is a file on the
// regions' own machine) nobody is told of.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/task.h"
#include "kv/store.h"
#include "telemetry/registry.h"

namespace domicile::directory {

// Nodes by region; regions without any are not in it.
using LivingNodes = std::map<std::string, std::size_t, std::less<>>;

// Linearizable; one that died is counted until its time is over.
io::Task<Result<LivingNodes>> living_nodes(kv::Store& store);

class Presence {
  public:
    struct Options {
        Seconds kept{15};  // how long the entry outlives its node
        Millis beat_interval{5'000};
    };
    // `run` tells the region's nodes, and a node's starts, apart: 16 random bytes.
    Presence(kv::Store& store, const io::Clock& clock, const std::string& region,
             const std::string& run, Options options);
    Presence(kv::Store& store, const io::Clock& clock, const std::string& region,
             const std::string& run)
        : Presence(store, clock, region, run, Options()) {}
    ~Presence();  // after stop()

    void start();  // beats from now on, on this executor
    // Ends that and takes the entry away, where the store answers. On the same executor.
    io::Task<void> stop();
    // Keeps the entry and looks at all; unsupported where the store has no leases.
    io::Task<Result<void>> beat();

    // What the last beat saw; nullopt when beats do not get through for as long as entries are
    // kept. From any thread.
    std::optional<LivingNodes> living() const;
    // A gauge for each of these. Once, at start.
    void report_to(telemetry::Registry& registry, const std::vector<std::string>& regions);

  private:
    io::Task<void> beat_on();

    kv::Store& store_;
    const std::string key_;
    const Options options_;
    const io::Clock& clock_;
    bool stopping_ = false;
    io::Event wake_;
    io::TaskGroup tasks_;

    mutable std::mutex mutex_;  // for what follows
    std::optional<LivingNodes> living_;
    Instant seen_;
};

}  // namespace domicile::directory
