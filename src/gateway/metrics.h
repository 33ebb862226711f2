// What the gateway counts. Internal.
#pragma once

#include <map>

#include "residency/residency.h"
#include "telemetry/outcome.h"
#include "telemetry/registry.h"

namespace domicile::gateway {

// What became of a call before anything was called.
enum class Verdict : std::uint8_t {
    serve,
    forward,
    misdirected,
    refuse,
    unavailable,
    no_route,
    unauthorized,
    preflight,
    throttled
};
constexpr std::array<std::string_view, 9> label_values(Verdict) {
    return {"serve",    "forward",      "misdirected", "refuse",   "unavailable",
            "no_route", "unauthorized", "preflight",   "throttled"};
}
Verdict verdict_of(residency::Action action);

// hit: in the cache; verified: the signature was checked.
enum class TokenCheck : std::uint8_t { hit, verified, refused };
constexpr std::array<std::string_view, 3> label_values(TokenCheck) {
    return {"hit", "verified", "refused"};
}

struct UpstreamMetrics {
    const telemetry::CounterBy<telemetry::Outcome> calls;
    const telemetry::TimeHistogram time;
    const telemetry::Counter retries;
};

struct Metrics {
    const telemetry::CounterBy<Verdict> verdicts;
    const telemetry::CounterBy<TokenCheck> tokens;
    const telemetry::Route* no_route = nullptr;

    void report_to(telemetry::Registry& registry);
};

}  // namespace domicile::gateway
