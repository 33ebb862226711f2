// What parts count with. An instrument is a handle: copies share the sums, and a registry that
// holds one keeps them alive.
//
// A label's values are a closed set by type: `CounterBy<E...>` takes enums, whose words come from
// `label_values(E)`, a constexpr array in the order of the enum, found beside it:
//
//     enum class Outcome : std::uint8_t { ok, refused };
//     constexpr std::array<std::string_view, 2> label_values(Outcome) { return {"ok", "refused"}; }
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "telemetry/cells.h"

namespace domicile::telemetry {

using Nanos = std::chrono::nanoseconds;

class Counter {
  public:
    void add(std::uint64_t by = 1) const noexcept { cells_->add(0, by); }
    std::uint64_t value() const noexcept { return cells_->total(0); }

  private:
    std::shared_ptr<Cells> cells_ = std::make_shared<Cells>(1);
};

template <class... E>
class CounterBy {
  public:
    static constexpr std::size_t kSize = (label_values(E{}).size() * ... * 1);

    void add(E... values) const noexcept { cells_->add(index(values...), 1); }
    void add_many(std::uint64_t by, E... values) const noexcept {
        cells_->add(index(values...), by);
    }
    std::uint64_t value(E... values) const noexcept { return cells_->total(index(values...)); }
    std::uint64_t value_at(std::size_t index) const noexcept { return cells_->total(index); }

    // The words of the cell at `index`, one for each enum.
    static std::array<std::string_view, sizeof...(E)> words(std::size_t index) {
        std::array<std::string_view, sizeof...(E)> out;
        std::size_t i = sizeof...(E);
        for (; i > 0; --i) {
            const auto all = kWords()[i - 1];
            out[i - 1] = all[index % all.size()];
            index /= all.size();
        }
        return out;
    }

  private:
    static constexpr std::size_t index(E... values) noexcept {
        std::size_t out = 0;
        ((out = out * label_values(E{}).size() + static_cast<std::size_t>(values)), ...);
        return out;
    }
    static const std::array<std::vector<std::string_view>, sizeof...(E)>& kWords() {
        static const std::array<std::vector<std::string_view>, sizeof...(E)> all = {
            list_of(label_values(E{}))...};
        return all;
    }
    template <std::size_t N>
    static std::vector<std::string_view> list_of(const std::array<std::string_view, N>& words) {
        return {words.begin(), words.end()};
    }

    std::shared_ptr<Cells> cells_ = std::make_shared<Cells>(kSize);
};

// Fixed buckets. Observations are whole numbers: nanoseconds, bytes, items.
class Histogram {
  public:
    // Upper limits in rising order, inclusive; they outlive the histogram.
    explicit Histogram(std::span<const std::uint64_t> limits)
        : limits_(limits), cells_(std::make_shared<Cells>(limits.size() + 2)) {}

    void observe(std::uint64_t value) const noexcept {
        std::size_t bucket = 0;
        while (bucket < limits_.size() && value > limits_[bucket]) ++bucket;
        cells_->add(bucket, 1);
        cells_->add(limits_.size() + 1, value);
    }
    // A clock that went backwards counts as no time.
    void observe(Nanos time) const noexcept {
        observe(static_cast<std::uint64_t>(time.count() < 0 ? 0 : time.count()));
    }

    std::span<const std::uint64_t> limits() const { return limits_; }
    // Of the bucket alone, not of those below; the last is what is above all limits.
    std::uint64_t in_bucket(std::size_t bucket) const noexcept { return cells_->total(bucket); }
    std::uint64_t sum() const noexcept { return cells_->total(limits_.size() + 1); }
    std::uint64_t count() const noexcept;

  private:
    std::span<const std::uint64_t> limits_;
    std::shared_ptr<Cells> cells_;
};

// Of nanoseconds: 100 us to 10 s, for whatever a request waits for.
std::span<const std::uint64_t> time_limits();
// Of items in a batch: 1 to 256.
std::span<const std::uint64_t> batch_limits();

// A histogram of time, for members of aggregates.
struct TimeHistogram : Histogram {
    TimeHistogram() : Histogram(time_limits()) {}
};
struct BatchHistogram : Histogram {
    BatchHistogram() : Histogram(batch_limits()) {}
};

}  // namespace domicile::telemetry
