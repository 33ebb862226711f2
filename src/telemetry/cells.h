// Sums that many threads add to. Each thread adds to a shard of its own as long as there are no
// more threads than shards, so that reactors do not pull cache lines out of each other's hands;
// whoever reads adds the shards up. Reads while others write are off by what is just being added,
// which is all that a metric needs.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace domicile::telemetry {

class Cells {
  public:
    explicit Cells(std::size_t count);

    void add(std::size_t index, std::uint64_t by) noexcept {
        values_[shard() * stride_ + index].fetch_add(by, std::memory_order_relaxed);
    }
    std::uint64_t total(std::size_t index) const noexcept;
    std::size_t size() const { return count_; }

  private:
    static constexpr std::size_t kShards = 8;  // a power of two
    using Value = std::atomic<std::uint64_t>;
    struct Free {
        void operator()(Value* values) const noexcept;
    };

    // Threads are numbered as they first add to any cell.
    static std::size_t shard() noexcept {
        if (slot_ == kNone) slot_ = next_slot();
        return slot_;
    }
    static std::size_t next_slot() noexcept;
    static constexpr std::size_t kNone = SIZE_MAX;
    static inline constinit thread_local std::size_t slot_ = kNone;

    std::size_t count_;
    std::size_t stride_;  // in values; a shard fills whole cache lines
    std::unique_ptr<Value[], Free> values_;
};

}  // namespace domicile::telemetry
