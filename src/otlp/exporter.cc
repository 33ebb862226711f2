#include "otlp/exporter.h"

#include "base/check.h"
#include "base/log.h"

namespace domicile::otlp {
namespace {
constexpr std::size_t kAnswerBytesMax = 64 * 1024;
}

Exporter::Exporter(Options options, telemetry::Tracer& tracer)
    : options_(std::move(options)),
      tracer_(tracer),
      client_({.head_timeout = options_.timeout, .body_timeout = options_.timeout}) {}
Exporter::~Exporter() { DOMICILE_CHECK(tasks_.running() == 0); }

void Exporter::report_to(telemetry::Registry& registry) {
    registry.add("domicile_traces_spans_recorded_total", "Spans kept for the exporter.",
                 tracer_.recorded());
    registry.add("domicile_traces_spans_dropped_total",
                 "Spans dropped because too many waited for the exporter.", tracer_.dropped());
    registry.add("domicile_traces_spans_exported_total", "Spans that the collector took.",
                 exported_);
    registry.add("domicile_traces_spans_lost_total",
                 "Spans of requests that the collector did not take in time.", lost_);
    registry.add_gauge("domicile_traces_queue_length", "Spans that wait.",
                       [tracer = &tracer_] { return static_cast<double>(tracer->queued()); });
}

void Exporter::start() { tasks_.spawn(run()); }

io::Task<void> Exporter::stop() {
    stopping_ = true;
    wake_.notify_all();
    bool drained = false;  // each request has its own deadline
    while (!drained) {
        const Instant deadline = io::deadline_in(options_.timeout);
        drained = co_await tasks_.drain(deadline);
    }
}

io::Task<void> Exporter::run() {
    while (!stopping_) {
        const Instant next = io::deadline_in(options_.interval);
        co_await wake_.wait_until(next);
        co_await send_all();
    }
}

// As much as waited when it began; what comes meanwhile has to wait for the next turn.
io::Task<void> Exporter::send_all() {
    std::size_t left = tracer_.queued();
    while (left > 0) {
        std::vector<telemetry::Span> batch = tracer_.take(std::min(left, options_.batch_max));
        if (batch.empty()) co_return;
        left -= batch.size();
        const std::size_t count = batch.size();
        const Result<void> sent = co_await send(std::move(batch));
        (sent ? exported_ : lost_).add(count);
        if (sent) continue;
        log::warning("spans_not_exported",
                     {{"code", to_string(sent.error().code)}, {"spans", count}});
        // A collector that is down is not asked again for each batch; the rest is kept or dropped
        // at the queue's bound.
        co_return;
    }
}

io::Task<Result<void>> Exporter::send(std::vector<telemetry::Span> spans) {
    const io::Clock& clock = io::Executor::current().clock();
    const std::int64_t offset = clock.now().ms * 1'000'000 - clock.monotonic_ns();
    const std::string body = encode(options_.resource, spans, offset);
    http::RequestHead head;
    head.method = "POST";
    head.target = options_.path;
    head.headers.add("Content-Type", "application/json");
    const Instant deadline = io::deadline_in(options_.timeout);
    CO_TRY(const auto response,
           co_await client_.send(options_.target, std::move(head), body, deadline));
    const int status = response->status();
    CO_TRY_VOID(co_await response->read_all(kAnswerBytesMax));
    if (status < 200 || status > 299) {
        co_return fail(Code::unavailable, "The collector refused the spans.");
    }
    co_return Result<void>{};
}

}  // namespace domicile::otlp
