// What a server says about its work. One object for all servers of a listener, whatever reactor
// they are on; it outlives them.
#pragma once

#include "telemetry/access_log.h"
#include "telemetry/registry.h"
#include "telemetry/tracer.h"

namespace domicile::http {

// Why the server itself, and no handler, turned something away.
enum class Refusal : std::uint8_t {
    malformed,
    head_too_large,
    target_too_long,
    body_too_large,
    too_slow,
    unsupported,
    other
};
constexpr std::array<std::string_view, 7> label_values(Refusal) {
    return {"malformed",   "head_too_large", "target_too_long", "body_too_large", "too_slow",
            "unsupported", "other"};
}
Refusal refusal_of(int status);

struct ServerMetrics {
    // `listener` says which of the node's ports it is, such as "https" or "border".
    ServerMetrics(telemetry::Registry& registry, std::string listener);

    // Null: off. They outlive the servers.
    const telemetry::AccessLog* access_log = nullptr;
    telemetry::Tracer* tracer = nullptr;

    const std::string listener;
    // For requests that end before a handler has said what they are.
    const telemetry::Route& unrouted;
    const telemetry::Counter opened, closed;  // connections
    const telemetry::Counter secured;         // connections whose TLS handshake is done
    const telemetry::Counter full;            // connections that were turned away at the bound
    const telemetry::Counter received_bytes, sent_bytes;
    const telemetry::Counter failed;  // handlers that failed or left a response half sent
    const telemetry::CounterBy<Refusal> refused;
};

}  // namespace domicile::http
