#include "gateway/metrics.h"

namespace domicile::gateway {

Verdict verdict_of(residency::Action action) {
    switch (action) {
        case residency::Action::serve:
            return Verdict::serve;
        case residency::Action::forward:
            return Verdict::forward;
        case residency::Action::misdirected:
            return Verdict::misdirected;
        case residency::Action::refuse:
            return Verdict::refuse;
        case residency::Action::unavailable:
            return Verdict::unavailable;
    }
    return Verdict::refuse;
}

void Metrics::report_to(telemetry::Registry& registry) {
    registry.add("domicile_gateway_decisions_total",
                 "Calls by what residency decided, or what came before it could.", verdicts,
                 {"decision"});
    registry.add("domicile_gateway_token_checks_total",
                 "Bearer tokens; hit: verified before and still good.", tokens, {"result"});
    no_route = &registry.route("gateway", "no route");
}

}  // namespace domicile::gateway
