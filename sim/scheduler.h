// The heart of the simulator: one queue of events in simulated time. Whatever happens in a
// simulated world is an event here, so a seed decides the order of everything, and time passes as
// fast as events can be handled.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "sim/seeded_random.h"

namespace domicile::sim {

class Process;

class Scheduler {
  public:
    // Where an event runs: on the loop of a process, on one of its threads for blocking work, or
    // in nobody's program (the network, the nemesis). Events of a dead process never run.
    enum class Place : std::uint8_t { loop, thread, world };

    explicit Scheduler(std::uint64_t seed) : random_(seed) {}
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    std::int64_t now_us() const { return now_us_; }
    SeededRandom& random() { return random_; }

    void at(std::int64_t time_us, Place place, Process* process,
            std::move_only_function<void()> work);
    void in_world(std::int64_t delay_us, std::move_only_function<void()> work) {
        at(now_us_ + delay_us, Place::world, nullptr, std::move(work));
    }
    // Runs work on the loop of a process, now, from an event of the world.
    void enter(Process& process, std::move_only_function<void()> work);

    // Handles the next event; false when there is none.
    bool step();
    // Until `done` says so or the time comes; false when the time came first.
    bool run_until(std::int64_t time_us, const std::function<bool()>& done);

    // The hash over all that happened: equal for equal seeds.
    void note(std::uint64_t what);
    void note(std::string_view what);
    std::uint64_t trace() const { return trace_; }
    std::uint64_t events() const { return events_; }

  private:
    struct Entry {
        std::int64_t time_us;
        std::uint64_t number;  // events of one time run in the order in which they were made
        Place place;
        Process* process;
        std::move_only_function<void()> work;
    };
    static bool later(const Entry& a, const Entry& b) {
        return a.time_us != b.time_us ? a.time_us > b.time_us : a.number > b.number;
    }
    void run(Entry entry);

    SeededRandom random_;
    std::vector<Entry> heap_;
    std::int64_t now_us_ = 0;
    std::uint64_t next_number_ = 0;
    std::uint64_t trace_ = 14695981039346656037U;
    std::uint64_t events_ = 0;
};

}  // namespace domicile::sim
