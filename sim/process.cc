#include "sim/process.h"

#include "sim/host.h"
#include "sim/network.h"

namespace domicile::sim {
namespace {

constexpr std::int64_t kTickMs = 8;  // of io::Wheel
constexpr std::int64_t kMonotonicStartMs = 1'000'000;

}  // namespace

Timestamp Process::HostClock::now() const {
    return kWorldStart + Millis(host_.scheduler().now_us() / 1000) + host_.clock_offset();
}
Instant Process::HostClock::monotonic() const {
    return {kMonotonicStartMs + host_.scheduler().now_us() / 1000};
}

Process::Process(Host& host, std::uint64_t number, std::uint64_t seed)
    : host_(host),
      number_(number),
      clock_(host),
      random_(seed),
      pool_(*this),
      network_(host.fabric().network_of(*this)),
      wheel_(clock_.monotonic()) {}

Process::~Process() = default;

void Process::run(std::move_only_function<void()> work) {
    if (!alive_) return;
    Executor* const before = Executor::current_or_null();
    set_current(this);
    work();
    set_current(before);
}

void Process::post(std::move_only_function<void()> work) {
    Scheduler& scheduler = host_.scheduler();
    scheduler.at(scheduler.now_us(), Scheduler::Place::loop, this, std::move(work));
}

void Process::spawn(std::move_only_function<io::Task<void>()> make) {
    post([make = std::move(make)]() mutable { io::spawn(make()); });
}

bool Process::Threads::submit(std::move_only_function<void()> work) {
    Scheduler& scheduler = process_.host_.scheduler();
    const std::int64_t takes = process_.host_.disk_delay_us();
    scheduler.at(scheduler.now_us() + takes, Scheduler::Place::thread, &process_, std::move(work));
    return true;
}

void Process::arm(io::Timer& timer, Instant at) {
    wheel_.arm(timer, at);
    const std::int64_t tick = (at.ms + kTickMs - 1) / kTickMs * kTickMs;
    wake_at((tick - kMonotonicStartMs) * 1000);
}

void Process::wake_at(std::int64_t time_us) {
    Scheduler& scheduler = host_.scheduler();
    // The wheel never fires into the tick under way.
    const std::int64_t next_tick = (clock_.monotonic().ms / kTickMs + 1) * kTickMs;
    time_us = std::max(time_us, (next_tick - kMonotonicStartMs) * 1000);
    if (time_us >= wake_us_) return;
    wake_us_ = time_us;
    scheduler.at(time_us, Scheduler::Place::loop, this, [this, time_us] { woken(time_us); });
}

void Process::woken(std::int64_t time_us) {
    if (time_us != wake_us_) return;  // an earlier one took its place
    wake_us_ = INT64_MAX;
    wheel_.advance(clock_.monotonic());
    const auto next = wheel_.next(clock_.monotonic());
    if (next) wake_at(time_us + next->count() * 1000);
}

}  // namespace domicile::sim
