#include "telemetry/cells.h"

#include <new>

namespace domicile::telemetry {
namespace {
constexpr std::size_t kLineBytes = 64;
constexpr std::align_val_t kLine{kLineBytes};
}  // namespace

void Cells::Free::operator()(Value* values) const noexcept { ::operator delete[](values, kLine); }

Cells::Cells(std::size_t count) : count_(count) {
    constexpr std::size_t kPerLine = kLineBytes / sizeof(Value);
    stride_ = (count + kPerLine - 1) / kPerLine * kPerLine;
    const std::size_t size = stride_ * kShards;
    auto* raw = static_cast<Value*>(::operator new[](size * sizeof(Value), kLine));
    for (std::size_t i = 0; i < size; ++i) new (raw + i) Value(0);
    values_.reset(raw);
}

std::uint64_t Cells::total(std::size_t index) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kShards; ++i)
        sum += values_[i * stride_ + index].load(std::memory_order_relaxed);
    return sum;
}

std::size_t Cells::next_slot() noexcept {
    static std::atomic<std::size_t> next = 0;
    return next.fetch_add(1, std::memory_order_relaxed) % kShards;
}

}  // namespace domicile::telemetry
