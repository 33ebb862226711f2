// Spans: the parts of a request that took time, for whoever collects traces. A span holds ids,
// times, words of the program and names of the configuration; nothing of a request's content (I2).
//
// Code opens a ChildSpan where it waits for something else. It costs a look at the current
// RequestContext when the request is not sampled.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/context.h"
#include "telemetry/outcome.h"
#include "telemetry/route.h"

namespace domicile::telemetry {

enum class SpanKind : std::uint8_t {
    request,   // served here
    upstream,  // a call of an HTTP upstream
    crossing,  // to another region
    function,  // an invocation
    commit,    // a write to a database, until it is on the disk
};
constexpr std::array<std::string_view, 5> label_values(SpanKind) {
    return {"request", "upstream", "crossing", "function", "commit"};
}

struct Span {
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{}, parent_id{};  // a parent of zeros: none
    SpanKind kind = SpanKind::request;
    std::int64_t start_ns = 0, end_ns = 0;  // of the monotonic clock
    Outcome outcome = Outcome::ok;
    // Of requests.
    const Route* route = nullptr;
    Method method = Method::other;
    int status = 0;
    // Of the rest: the upstream, region, function or database.
    std::string of;
};

}  // namespace domicile::telemetry

namespace domicile {

class SpanSink {
  public:
    virtual ~SpanSink() = default;
    // From any thread; never waits. What is too much is dropped and counted.
    virtual void record(telemetry::Span span) = 0;
    virtual std::int64_t now_ns() = 0;  // monotonic
    virtual std::array<std::uint8_t, 8> new_span_id() = 0;
};

}  // namespace domicile

namespace domicile::telemetry {

// Open from its construction to end(); while it is open, the current context names it, so that what
// is called carries it on. In a coroutine: a local variable, ended on the executor it began on.
class ChildSpan {
  public:
    // `of` is a name from the configuration or the program.
    ChildSpan(SpanKind kind, std::string_view of);
    ~ChildSpan() { end(Outcome::failed); }
    ChildSpan(const ChildSpan&) = delete;

    void end(Outcome outcome);

  private:
    SpanSink* sink_;  // null: not sampled, or ended
    Span span_;
};

}  // namespace domicile::telemetry
