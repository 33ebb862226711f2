#include "telemetry/instruments.h"

namespace domicile::telemetry {
namespace {

constexpr std::uint64_t kMicro = 1'000, kMilli = 1'000'000, kSecond = 1'000'000'000;
constexpr std::array<std::uint64_t, 16> kTimes = {
    100 * kMicro, 250 * kMicro,  500 * kMicro, 1 * kMilli,   2500 * kMicro, 5 * kMilli,
    10 * kMilli,  25 * kMilli,   50 * kMilli,  100 * kMilli, 250 * kMilli,  500 * kMilli,
    1 * kSecond,  2500 * kMilli, 5 * kSecond,  10 * kSecond};
constexpr std::array<std::uint64_t, 9> kBatches = {1, 2, 4, 8, 16, 32, 64, 128, 256};

}  // namespace

std::span<const std::uint64_t> time_limits() { return kTimes; }
std::span<const std::uint64_t> batch_limits() { return kBatches; }

std::uint64_t Histogram::count() const noexcept {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i <= limits_.size(); ++i) out += in_bucket(i);
    return out;
}

}  // namespace domicile::telemetry
