// Spans as OTLP in JSON: the body of POST /v1/traces. Source: opentelemetry-proto 1.0, "JSON
// Protobuf Encoding" of the OTLP specification: ids are hex, 64-bit numbers are text.
#pragma once

#include <span>
#include <string>

#include "telemetry/span.h"

namespace domicile::otlp {

// Who speaks.
struct Resource {
    std::string region, node, version;
};

// `unix_offset_ns` turns the spans' monotonic time into time since 1970.
std::string encode(const Resource& resource, std::span<const telemetry::Span> spans,
                   std::int64_t unix_offset_ns);

}  // namespace domicile::otlp
