// The API gateway of one region.
#pragma once

#include <memory>
#include <string>

#include "audit/log.h"
#include "border/border.h"
#include "config/config.h"
#include "functions/functions.h"
#include "http/client.h"
#include "http/server.h"
#include "identity/token_verifier.h"
#include "residency/residency.h"
#include "telemetry/registry.h"

namespace domicile::gateway {

class Gateway {
  public:
    struct Parts {
        const config::Config& config;
        const residency::Policy& policy;
        border::Border& border;
        audit::Log& audit;
        identity::TokenVerifier& verifier;
        functions::Functions& functions;
        std::string region;
        std::uint16_t public_port = 443;
        http::Client* upstreams = nullptr;  // outlives this; null: one of its own
        const Gateway* before = nullptr;    // of an earlier configuration
    };
    explicit Gateway(Parts parts);
    ~Gateway();

    // The client for upstreams: what bounds a call is its route's and its upstream's.
    static http::ClientOptions client_options();
    // Health checks of upstreams and the keys of issuers, on one executor, where there are any;
    // stop() leaves what belongs to `next` as well.
    void start();
    io::Task<void> stop(const Gateway* next = nullptr);

    // A request that arrived at app.<domain> or <region>.<domain>.
    io::Task<Result<void>> handle(http::Exchange& exchange, config::RouteHost host);
    // The same, forwarded over the border by `from`: everything is checked again, and it is never
    // forwarded a second time.
    io::Task<Result<void>> handle_forwarded(std::string from, http::Exchange& exchange);
    // Adds its metrics and those of its routes. Once, at start, before any request.
    void report_to(telemetry::Registry& registry);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::gateway
