// Token buckets: how often calls of a route may come, all together or each caller by itself.
//
// A bucket is one number, the moment at which it would be full again (the generic cell rate
// algorithm): it needs no timer, and one that is full is as good as none. Buckets are this
// process's own: several nodes of a region, and several regions, each count for themselves, and a
// reload begins anew. Internal.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "config/route.h"

namespace domicile::gateway {

// Thread-safe, as all here. Time is monotonic, in nanoseconds.
class Rate {
  public:
    // A burst of 0 is what comes in a second, at least one.
    Rate(double per_second, std::int64_t burst);

    // Takes one from the bucket whose state is `full_at`; 0, or in how many nanoseconds there will
    // be one.
    std::int64_t take(std::int64_t& full_at, std::int64_t now) const;

  private:
    std::int64_t interval_;   // between two, when the bucket is empty
    std::int64_t tolerance_;  // how far ahead of its rate a caller may be
};

// A bucket for each caller.
class Buckets {
  public:
    static constexpr std::size_t kShards = 16;
    static constexpr std::size_t kPerShardMax = 4096;

    explicit Buckets(Rate rate) : rate_(rate) {}
    // Past the bound, callers that nobody has seen lately share one bucket: a flood of made-up
    // callers throttles newcomers, not the memory.
    std::int64_t take(std::string_view caller, std::int64_t now);
    std::size_t size() const;

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    struct Shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> full_at;
        std::int64_t shared_full_at = 0;
        std::int64_t swept = 0;
    };
    void sweep(Shard& shard, std::int64_t now);

    const Rate rate_;
    std::array<Shard, kShards> shards_;
};

// Whom a call is counted for; empty where it is not known.
struct Callers {
    std::string_view subject, address;
    std::string_view key = {};
};

class Throttles {
  public:
    explicit Throttles(const std::vector<config::Throttle>& throttles);
    bool empty() const { return all_.empty(); }

    struct Refusal {
        config::ThrottleBy by;
        std::int64_t retry_after_seconds;  // at least 1
    };
    // Takes one from each bucket that the call has a caller for, in the order of the file: those by
    // subject and key where `known`, else the others. What was taken before a refusal is not given
    // back.
    std::optional<Refusal> take(const Callers& callers, bool known, std::int64_t now);

  private:
    struct One {
        explicit One(const config::Throttle& from);
        config::ThrottleBy by;
        std::unique_ptr<Buckets> buckets;
    };
    std::vector<One> all_;
};

// An IPv6 address counts as its /64, which is what one subscriber has.
std::string_view counted_address(std::string_view address, std::array<char, 48>& room);

// At most so many at once.
class Gauge {
  public:
    explicit Gauge(std::int64_t most) : most_(most) {}  // 0: any number

    class Permit {
      public:
        Permit() = default;
        explicit Permit(std::atomic<std::int64_t>* count) : count_(count) {}
        Permit(Permit&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
        Permit& operator=(Permit&& other) noexcept {
            std::swap(count_, other.count_);
            return *this;
        }
        ~Permit() {
            if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
        }

      private:
        std::atomic<std::int64_t>* count_ = nullptr;
    };
    std::optional<Permit> enter();
    std::int64_t inside() const { return count_.load(std::memory_order_relaxed); }

  private:
    const std::int64_t most_;
    std::atomic<std::int64_t> count_ = 0;
};

}  // namespace domicile::gateway
