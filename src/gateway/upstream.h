// An upstream as the gateway keeps it: its servers, its bounds, its figures. Internal.
#pragma once

#include <memory>

#include "gateway/balancer.h"
#include "gateway/health_checker.h"
#include "gateway/metrics.h"
#include "gateway/throttle.h"

namespace domicile::gateway {

struct Upstream {
    // Both outlive it.
    Upstream(const config::Upstream& from, http::Client& client)
        : options(from),
          balancer(std::make_shared<Balancer>(from)),
          gauge(from.concurrency_max),
          checker(from, *balancer, client) {}

    const config::Upstream& options;
    const std::shared_ptr<Balancer> balancer;
    Gauge gauge;
    HealthChecker checker;
    const UpstreamMetrics metrics;
};

}  // namespace domicile::gateway
