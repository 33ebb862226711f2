// Three regions of three jurisdictions, the directory they share, and a host full of clients.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/host.h"
#include "sim/network.h"
#include "sim/region.h"
#include "sim/vfs.h"

namespace domicile::sim {

inline constexpr std::size_t kRegionCount = 3;
inline constexpr std::array<const char*, kRegionCount> kRegionNames = {"ap-southeast-2",
                                                                       "eu-central-1", "us-east-2"};
inline constexpr std::array<const char*, kRegionCount> kCountries = {"AU", "DE", "US"};
inline constexpr const char* kClientId = "client1";

// What lies on the disks of all hosts.
using Disks = std::map<std::string, std::map<std::string, std::string>>;

class World {
  public:
    // `disks`: from snapshot(); empty ones otherwise.
    World(std::uint64_t seed, const Disks& disks);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Scheduler& scheduler() { return scheduler_; }
    Fabric& fabric() { return fabric_; }
    SeededRandom& random() { return scheduler_.random(); }
    Host& region(std::size_t index) { return *regions_[index]; }
    Host& directory() { return directory_; }
    Host& clients() { return clients_; }
    const Vfs& vfs_of(const Host& host) const { return *vfs_.at(host.name()); }
    const Deployment& deployment() const { return deployment_; }
    // Regions and the directory.
    std::vector<Host*> servers();
    bool ready(std::size_t region) const { return ready_[region]; }
    bool all_ready() const;

    // Starts the program of a server that is down.
    void start(Host& host);
    // When a start failed although its host had power: a fault of the program.
    std::function<void(std::string)> on_fault;

    io::Endpoint public_endpoint(std::size_t region) const;
    // Lets the world run for this long.
    void run_for(Millis duration);
    bool run_until(Millis at_most, const std::function<bool()>& done);
    Millis now() const { return Millis(scheduler_.now_us() / 1000); }

    Disks snapshot();

  private:
    io::Task<void> run_region(std::size_t index, Process& process);
    io::Task<void> run_directory(Process& process);
    void failed_to_start(const Process& process, const Error& error);

    Scheduler scheduler_;
    Fabric fabric_;
    std::vector<std::unique_ptr<Host>> regions_;
    Host directory_;
    Host clients_;
    std::map<std::string, std::unique_ptr<Vfs>> vfs_;
    Deployment deployment_;
    std::array<bool, kRegionCount> ready_{};
    bool directory_ready_ = false;
};

// The state of a deployment that has just been set up: made once, since it makes RSA keys.
Disks set_up();

}  // namespace domicile::sim
