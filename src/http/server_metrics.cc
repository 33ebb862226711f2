#include "http/server_metrics.h"

namespace domicile::http {

Refusal refusal_of(int status) {
    switch (status) {
        case 400:
            return Refusal::malformed;
        case 408:
            return Refusal::too_slow;
        case 413:
            return Refusal::body_too_large;
        case 414:
            return Refusal::target_too_long;
        case 431:
            return Refusal::head_too_large;
        case 417:
        case 501:
        case 505:
            return Refusal::unsupported;
        default:
            return Refusal::other;
    }
}

ServerMetrics::ServerMetrics(telemetry::Registry& registry, std::string name)
    : listener(std::move(name)), unrouted(registry.route("http", "unrouted")) {
    const telemetry::Labels labels{{"listener", listener}};
    registry.add("domicile_http_connections_opened_total", "Connections accepted.", opened, labels);
    registry.add("domicile_http_connections_secured_total",
                 "Connections whose TLS handshake succeeded.", secured, labels);
    registry.add_gauge(
        "domicile_http_connections", "Connections open now.",
        [opened = opened, closed = closed] {
            return static_cast<double>(opened.value()) - static_cast<double>(closed.value());
        },
        labels);
    registry.add("domicile_http_connections_full_total", "Connections turned away, at the bound.",
                 full, labels);
    registry.add("domicile_http_received_bytes_total",
                 "Bytes of requests, heads and bodies, after TLS.", received_bytes, labels);
    registry.add("domicile_http_sent_bytes_total",
                 "Bytes of responses, heads and bodies, before TLS.", sent_bytes, labels);
    registry.add("domicile_http_handler_failures_total",
                 "Requests that ended without a whole response through our own fault.", failed,
                 labels);
    registry.add("domicile_http_refused_total",
                 "Requests that broke the protocol or one of its limits.", refused, {"reason"},
                 labels);
}

}  // namespace domicile::http
