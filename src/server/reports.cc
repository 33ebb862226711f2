#include "server/reports.h"

#include "io/process_usage.h"

namespace domicile::server {
namespace {

void add_process_metrics(telemetry::Registry& registry, const std::string& region) {
    registry.add_gauge("domicile_build_info", "1, with what runs as labels.", [] { return 1.0; },
                       {{"version", DOMICILE_VERSION}, {"region", region}});
    // The names that every Prometheus client gives to the same things.
    registry.add_gauge("process_resident_memory_bytes", "Resident memory size in bytes.",
                       [] { return static_cast<double>(io::process_usage().resident_bytes); });
    registry.add_counter("process_cpu_seconds_total",
                         "Total user and system CPU time spent in seconds.",
                         [] { return io::process_usage().cpu_seconds; });
    registry.add_gauge("process_open_fds", "Number of open file descriptors.",
                       [] { return static_cast<double>(io::process_usage().open_files); });
    registry.add_gauge("process_start_time_seconds",
                       "Start time of the process since unix epoch in seconds.",
                       [] { return io::process_usage().start_seconds; });
}

std::unique_ptr<telemetry::Tracer> make_tracer(const config::Traces& traces) {
    if (!traces.collector) return nullptr;
    telemetry::Tracer::Options options;
    options.sample_ratio = traces.sample_ratio;
    return std::make_unique<telemetry::Tracer>(
        options, [] { return io::system_clock().monotonic_ns(); },
        [](void* into, std::size_t size) { io::system_random().fill(into, size); });
}

}  // namespace

Reports::Reports(const config::Config& config, std::string region, RegionNode::Output output)
    : region_(std::move(region)),
      output_(std::move(output)),
      access_log_(output_.lines, region_, output_.node),
      log_requests_(config.log.requests && output_.lines && config.log.level <= log::Level::info),
      tracer_(make_tracer(config.traces)) {
    if (tracer_ == nullptr) return;
    otlp::Options options;
    options.target.endpoint = {config.traces.collector->host, config.traces.collector->port};
    options.resource = {region_, output_.node, DOMICILE_VERSION};
    exporter_ = std::make_unique<otlp::Exporter>(std::move(options), *tracer_);
}

const http::ServerMetrics* Reports::listener(const char* name) {
    http::ServerMetrics& added = listeners_.emplace_back(metrics, name);
    if (log_requests_) added.access_log = &access_log_;
    added.tracer = tracer_.get();
    return &added;
}

void Reports::report_pool(const std::string& name, const io::BlockingPool& pool) {
    metrics.add_gauge("domicile_" + name + "_queue_length",
                      "Work that waits for a thread of the " + name + " pool.",
                      [&pool] { return static_cast<double>(pool.load().queued); });
    metrics.add_gauge("domicile_" + name + "_running", "Work that the " + name + " pool is doing.",
                      [&pool] { return static_cast<double>(pool.load().running); });
    metrics.add_counter("domicile_" + name + "_refused_total",
                        "Work turned away because the queue was full.",
                        [&pool] { return static_cast<double>(pool.load().refused); });
}

void Reports::start(io::Executor& executor) {
    add_process_metrics(metrics, region_);
    report_pool("blocking", executor.blocking());
    if (output_.dropped_lines) {
        metrics.add_counter("domicile_log_lines_dropped_total",
                            "Lines of the log that found its buffer full.",
                            [this] { return static_cast<double>(output_.dropped_lines()); });
    }
    if (exporter_ == nullptr) return;
    exporter_->report_to(metrics);
    exporter_->start();
}

io::Task<void> Reports::stop() {
    if (exporter_ != nullptr) co_await exporter_->stop();
}

}  // namespace domicile::server
