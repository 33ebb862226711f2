// All that a node says about itself: metrics, a line for each request, spans. It stands before the
// parts that report to it, and outlives them. Internal to server.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "config/config.h"
#include "http/server_metrics.h"
#include "io/executor.h"
#include "otlp/exporter.h"
#include "server/region_node.h"
#include "telemetry/tracer.h"

namespace domicile::server {

class Reports {
  public:
    Reports(const config::Config& config, std::string region, RegionNode::Output output);

    // What the servers of one kind of listener report to.
    const http::ServerMetrics* listener(const char* name);
    // On the node's first reactor, which also sends the spans.
    void start(io::Executor& executor);
    // Metrics domicile_<name>_... of a pool that lives as long as this.
    void report_pool(const std::string& name, const io::BlockingPool& pool);
    io::Task<void> stop();

    telemetry::Registry metrics;

  private:
    const std::string region_;
    const RegionNode::Output output_;
    const telemetry::AccessLog access_log_;
    const bool log_requests_;
    std::unique_ptr<telemetry::Tracer> tracer_;  // null: nothing is recorded
    std::unique_ptr<otlp::Exporter> exporter_;
    std::list<http::ServerMetrics> listeners_;
};

}  // namespace domicile::server
