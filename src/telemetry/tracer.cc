#include "telemetry/tracer.h"

#include <algorithm>
#include <cmath>

namespace domicile::telemetry {
namespace {
// The bits of a trace id that are random by the specification's level 2.
constexpr std::uint64_t kRandomBits = std::uint64_t{1} << 56;
}  // namespace

Tracer::Tracer(Options options, NowNs now_ns, Fill fill)
    : options_(options),
      threshold_(static_cast<std::uint64_t>(
          std::llround(std::clamp(options.sample_ratio, 0.0, 1.0) * double{kRandomBits}))),
      now_ns_(std::move(now_ns)),
      fill_(std::move(fill)) {}

bool Tracer::samples(const TraceParent* parent,
                     const std::array<std::uint8_t, 16>& trace_id) const {
    if (parent != nullptr) return parent->sampled();
    std::uint64_t number = 0;
    for (std::size_t i = 9; i < trace_id.size(); ++i) number = number << 8 | trace_id[i];
    return number < threshold_;
}

std::array<std::uint8_t, 8> Tracer::new_span_id() {
    std::array<std::uint8_t, 8> id{};
    while (std::all_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte == 0; }))
        fill_(id.data(), id.size());
    return id;
}

void Tracer::record(Span span) {
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() < options_.queue_max) {
            queue_.push_back(std::move(span));
            recorded_.add();
            return;
        }
    }
    dropped_.add();
}

std::vector<Span> Tracer::take(std::size_t most) {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, queue_.size()));
    std::vector<Span> out(std::make_move_iterator(queue_.begin()),
                          std::make_move_iterator(queue_.begin() + count));
    queue_.erase(queue_.begin(), queue_.begin() + count);
    return out;
}

bool Tracer::empty() const { return queued() == 0; }
std::size_t Tracer::queued() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

}  // namespace domicile::telemetry
