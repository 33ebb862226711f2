// The task that sends what the tracer keeps.
#pragma once

#include "http/client.h"
#include "io/executor.h"
#include "otlp/encode.h"
#include "telemetry/registry.h"
#include "telemetry/tracer.h"

namespace domicile::otlp {

struct Options {
    http::Target target;  // of the collector
    std::string path = "/v1/traces";
    Resource resource;
    Millis interval{1'000};       // between two looks at what waits
    std::size_t batch_max = 512;  // spans in one request
    Millis timeout{5'000};        // of one request
};

class Exporter {
  public:
    // The tracer outlives this.
    Exporter(Options options, telemetry::Tracer& tracer);
    ~Exporter();  // after stop()

    void report_to(telemetry::Registry& registry);
    void start();  // on this executor
    // Sends what waits, once, and ends; on the same executor.
    io::Task<void> stop();

  private:
    io::Task<void> run();
    io::Task<void> send_all();
    io::Task<Result<void>> send(std::vector<telemetry::Span> spans);

    const Options options_;
    telemetry::Tracer& tracer_;
    http::Client client_;
    bool stopping_ = false;
    io::Event wake_;
    io::TaskGroup tasks_;
    const telemetry::Counter exported_, lost_;
};

}  // namespace domicile::otlp
