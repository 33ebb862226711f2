// Which server of an upstream gets the next call. Internal.
//
// Servers take turns by their weights. One that health checks found down, or that failed several
// times in a row (ejection), gets none; one that is back gets few at first (slow start). None of
// this may leave an upstream without a server: when all are out, all are in again, since a call
// that may fail is better than one that surely does.
//
// Time is given, so that tests have their own. Thread-safe without locks: reactors share it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "config/route.h"
#include "telemetry/instruments.h"

namespace domicile::gateway {

class Balancer {
  public:
    explicit Balancer(const config::Upstream& upstream);

    // `tried`: one bit for each server that this call has tried (of the first 64); all of them:
    // starts over. Times are monotonic, in nanoseconds.
    std::size_t pick(std::int64_t now, std::uint64_t tried = 0);
    void succeeded(std::size_t server);
    void failed(std::size_t server, std::int64_t now);
    void set_healthy(std::size_t server, bool healthy, std::int64_t now);

    // A first try, and whether there may be another: retries are a share of the calls, so that
    // they cannot multiply the load of an upstream that is down.
    void note_call();
    bool take_retry();

    std::size_t size() const { return servers_.size(); }
    std::size_t usable(std::int64_t now) const;
    const telemetry::Counter& ejections() const { return ejections_; }

  private:
    struct Server {
        std::atomic<bool> healthy = true;
        std::atomic<int> failures = 0;  // in a row
        std::atomic<int> times_ejected = 0;
        std::atomic<std::int64_t> ejected_until = 0;
        std::atomic<std::int64_t> back_since = 0;  // 0: has always been there
    };
    bool is_usable(const Server& server, std::int64_t now) const;
    bool is_warm(const Server& server, std::int64_t now, std::size_t turn) const;
    // One round of turns from `turn` on; the size for none.
    template <class Fits>
    std::size_t round(std::size_t turn, Fits fits) const;

    const config::Upstream& options_;
    std::vector<std::unique_ptr<Server>> servers_;
    std::vector<std::uint16_t> turns_;  // a round, in which each has as many turns as its weight
    std::atomic<std::size_t> turn_ = 0;
    std::atomic<std::int64_t> retries_;  // thousandths of those that may be made
    const telemetry::Counter ejections_;
};

}  // namespace domicile::gateway
