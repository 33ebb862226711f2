// What goes wrong in a world: kills, losses of power (also in the middle of a write), cuts,
// isolated regions, bad weather, slow disks, jumping clocks. All of it from the seed.
#pragma once

#include <array>

#include "sim/report.h"
#include "sim/world.h"

namespace domicile::sim {

class Nemesis {
  public:
    Nemesis(World& world, Report& report) : world_(world), report_(report) {}

    void begin();
    // Ends all troubles and starts what is down.
    void end();

    // Whether a region is cut off from all the others and the directory.
    bool isolated(std::size_t region) const { return isolated_[region]; }
    // Rises with everything that happens to this host; equal twice: nothing happened in between.
    std::uint64_t troubles(const Host& host) const;
    // The greatest that any clock has been set forward or back.
    bool clocks_jumped_far() const { return jumped_far_; }

  private:
    void schedule();
    void act();
    void stop_server(Host& host);
    void restart_later(Host& host);
    void isolate(std::size_t region);
    void cut_pair();
    void change_weather();
    void jump_clock();
    void trouble(const Host& host) { ++troubles_[host.name()]; }
    void note(const std::string& what);

    World& world_;
    Report& report_;
    bool active_ = false;
    bool jumped_far_ = false;
    std::array<bool, kRegionCount> isolated_{};
    std::map<std::string, std::uint64_t> troubles_;
};

}  // namespace domicile::sim
