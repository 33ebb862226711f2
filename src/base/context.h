// The request that the running code works for: what log lines and spans name. One per thread at any
// moment; whoever suspends a coroutine keeps it with the coroutine and puts it back (io::Waiter),
// so that it follows a request through every wait without being passed by hand.
//
// It holds ids only. Nothing may depend on it but what is said about a request.
#pragma once

#include <array>
#include <cstdint>

namespace domicile {

// Takes finished spans; src/telemetry.
class SpanSink;

struct RequestContext {
    std::array<std::uint8_t, 16> request_id{};  // all zero: no request
    std::array<std::uint8_t, 16> trace_id{};    // all zero: none
    std::array<std::uint8_t, 8> span_id{};      // of the span that is open here
    std::uint8_t trace_flags = 0;               // of the W3C's traceparent
    SpanSink* spans = nullptr;                  // null: the trace is not recorded here

    static RequestContext& current() noexcept;
};

inline constinit thread_local RequestContext current_request_context;
inline RequestContext& RequestContext::current() noexcept { return current_request_context; }

// Puts a context in place and the one before back at the end of a block, on the same thread.
class ScopedContext {
  public:
    explicit ScopedContext(const RequestContext& context) noexcept
        : before_(RequestContext::current()) {
        RequestContext::current() = context;
    }
    ~ScopedContext() { RequestContext::current() = before_; }
    ScopedContext(const ScopedContext&) = delete;

  private:
    RequestContext before_;
};

}  // namespace domicile
