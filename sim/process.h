// One run of a program on a simulated host, from its start to its death: what io::Reactor, its
// clock, its blocking pool and the kernel's sockets are to a real one.
//
// A process that dies is abandoned, as a real one is: none of its events runs again, and nothing
// that it held is destroyed, since the destructors of a coroutine's frame are part of a program
// that no longer runs. That leaks, so each seed is run in a process of its own (main.cc).
#pragma once

#include <memory>
#include <string>

#include "io/executor.h"
#include "io/wheel.h"
#include "sim/scheduler.h"

namespace domicile::sim {

class Host;

class Process final : public io::Executor {
  public:
    Process(Host& host, std::uint64_t number, std::uint64_t seed);
    ~Process() override;

    void post(std::move_only_function<void()> work) override;
    void arm(io::Timer& timer, Instant at) override;
    io::Clock& clock() override { return clock_; }
    io::Random& random() override { return random_; }
    io::Network& network() override { return *network_; }
    io::BlockingPool& blocking() override { return pool_; }

    Host& host() const { return host_; }
    std::uint64_t number() const { return number_; }
    bool alive() const { return alive_; }
    void die() { alive_ = false; }
    // With this as the current executor.
    void run(std::move_only_function<void()> work);
    // Starts a task on the loop.
    void spawn(std::move_only_function<io::Task<void>()> make);

  private:
    class HostClock final : public io::Clock {
      public:
        explicit HostClock(const Host& host) : host_(host) {}
        Timestamp now() const override;
        Instant monotonic() const override;

      private:
        const Host& host_;
    };
    // Work waits its turn as events: every piece takes a while, so pieces overtake each other as
    // on the threads of a real pool.
    class Threads final : public io::BlockingPool {
      public:
        explicit Threads(Process& process) : process_(process) {}
        bool submit(std::move_only_function<void()> work) override;

      private:
        Process& process_;
    };

    void wake_at(std::int64_t time_us);
    void woken(std::int64_t time_us);

    Host& host_;
    std::uint64_t number_;
    bool alive_ = true;
    HostClock clock_;
    SeededRandom random_;
    Threads pool_;
    std::unique_ptr<io::Network> network_;
    io::Wheel wheel_;
    std::int64_t wake_us_ = INT64_MAX;
};

}  // namespace domicile::sim
