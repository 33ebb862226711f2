// The metrics that no part has to itself: the process, the build, the blocking pool. Internal to
// server.
#pragma once

#include <string>

#include "io/executor.h"
#include "telemetry/registry.h"

namespace domicile::server {

void add_process_metrics(telemetry::Registry& registry, const std::string& region);
// The pool outlives the registry's use.
void add_pool_metrics(telemetry::Registry& registry, const io::BlockingPool& pool);

}  // namespace domicile::server
