#include "server/metrics.h"

#include "io/process_usage.h"

namespace domicile::server {

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

void add_pool_metrics(telemetry::Registry& registry, const io::BlockingPool& pool) {
    registry.add_gauge("domicile_blocking_queue_length",
                       "Work that waits for a thread of the blocking pool.",
                       [&pool] { return static_cast<double>(pool.load().queued); });
    registry.add_gauge("domicile_blocking_running", "Work that the blocking pool is doing.",
                       [&pool] { return static_cast<double>(pool.load().running); });
    registry.add_counter("domicile_blocking_refused_total",
                         "Work turned away because the queue was full.",
                         [&pool] { return static_cast<double>(pool.load().refused); });
}

}  // namespace domicile::server
