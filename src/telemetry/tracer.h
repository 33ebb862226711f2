// Decides which traces are recorded here, and keeps their finished spans until an exporter takes
// them.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "telemetry/instruments.h"
#include "telemetry/span.h"
#include "telemetry/trace.h"

namespace domicile::telemetry {

class Tracer final : public SpanSink {
  public:
    struct Options {
        double sample_ratio = 0;       // of the traces that begin here
        std::size_t queue_max = 4096;  // spans that wait for the exporter
    };
    // The clock's nanoseconds and random bytes, from io.
    using NowNs = std::function<std::int64_t()>;
    using Fill = std::function<void(void* into, std::size_t size)>;
    Tracer(Options options, NowNs now_ns, Fill fill);

    // A caller's word on sampling counts, so that its trace is whole; a trace that begins here is
    // recorded if its id falls into the ratio, the same way in every region.
    bool samples(const TraceParent* parent, const std::array<std::uint8_t, 16>& trace_id) const;

    void record(Span span) override;
    std::int64_t now_ns() override { return now_ns_(); }
    std::array<std::uint8_t, 8> new_span_id() override;

    // What waits, oldest first, at most `most`.
    std::vector<Span> take(std::size_t most);
    bool empty() const;
    std::size_t queued() const;
    const Counter& recorded() const { return recorded_; }
    const Counter& dropped() const { return dropped_; }

  private:
    const Options options_;
    const std::uint64_t threshold_;  // of the trace id's last 56 bits
    const NowNs now_ns_;
    const Fill fill_;
    const Counter recorded_, dropped_;
    mutable std::mutex mutex_;
    std::vector<Span> queue_;  // under mutex_
};

}  // namespace domicile::telemetry
