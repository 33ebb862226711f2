// One thread on edge-triggered epoll. A descriptor is registered once, for reading and writing, and
// stays registered; see socket.cc for what the edges mean.
#pragma once

#include <atomic>
#include <mutex>

#include "io/network.h"
#include "io/wheel.h"

namespace domicile::io {

class Reactor final : public Executor {
  public:
    // What a registered descriptor gets its events through.
    class Handler {
      public:
        virtual ~Handler() = default;
        virtual void on_events(std::uint32_t events) = 0;
    };

    explicit Reactor(BlockingPool& pool);
    ~Reactor() override;
    Reactor(const Reactor&) = delete;

    void post(std::move_only_function<void()> work) override;
    void arm(Timer& timer, Instant at) override { wheel_.arm(timer, at); }
    Clock& clock() override { return system_clock(); }
    Random& random() override { return system_random(); }
    Network& network() override { return *network_; }
    BlockingPool& blocking() override { return pool_; }

    void run();   // until stop()
    void stop();  // from any thread

    // Edge-triggered, for both directions. False when epoll refuses.
    bool watch(int fd, Handler& handler);
    // Level-triggered and once: one event when one of `events` holds, or holds already, then none
    // until the next call. `known`: registered by an earlier call.
    bool watch_once(int fd, Handler& handler, std::uint32_t events, bool known);
    // The handler gets no more events, not even of the batch under way. Before close(fd).
    void forget(int fd, Handler& handler);

  private:
    void run_posted();
    void wait_and_dispatch();

    BlockingPool& pool_;
    int epoll_ = -1;
    int wakeup_ = -1;
    Wheel wheel_;
    std::unique_ptr<Network> network_;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::vector<std::move_only_function<void()>> posted_;  // under mutex_
    std::atomic<int> waking_ = 0;  // threads in post() that are about to wake it
    bool posted_here_ = false;     // something is in posted_ that nobody was woken for
    std::vector<std::move_only_function<void()>>
        running_;                  // taken from posted_; trades memory with it
    std::vector<Handler*> batch_;  // of the events being dispatched; null once forgotten
};

std::unique_ptr<Network> make_socket_network(Reactor& reactor);

}  // namespace domicile::io
