// A machine of the simulated world: it has a disk and a clock that outlive the programs on it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sim/disk.h"
#include "sim/process.h"

namespace domicile::sim {

class Fabric;

// 2026-11-25T12:00:00Z
inline constexpr Timestamp kWorldStart{1'795'608'000'000};

class Host {
  public:
    // `name` goes into the names of its certificate ("<name>.border") and of its SQLite VFS.
    Host(Scheduler& scheduler, Fabric& fabric, std::string name, std::string address);
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    Scheduler& scheduler() const { return scheduler_; }
    Fabric& fabric() const { return fabric_; }
    const std::string& name() const { return name_; }
    const std::string& address() const { return address_; }
    Disk& disk() { return disk_; }

    // The program that runs now; null between a crash and the next start.
    Process* process() const { return process_; }
    Process& start();
    // kill -9: what was written is with the kernel and survives.
    void kill();
    // The power goes: what was not synced may be lost or torn.
    void lose_power();
    bool up() const { return process_ != nullptr; }
    // Whether packets to a dead program are answered: false after a loss of power.
    bool answers() const { return up() || answers_; }

    Millis clock_offset() const { return clock_offset_; }
    void jump_clock(Millis by) { clock_offset_ += by; }

    std::int64_t disk_delay_us();
    void set_slow_disk(bool slow) { slow_disk_ = slow; }

    std::uint64_t starts() const { return starts_; }

  private:
    void end_process();

    Scheduler& scheduler_;
    Fabric& fabric_;
    std::string name_, address_;
    Disk disk_;
    Process* process_ = nullptr;
    Millis clock_offset_{0};
    bool slow_disk_ = false;
    bool answers_ = true;
    std::uint64_t starts_ = 0;
};

}  // namespace domicile::sim
