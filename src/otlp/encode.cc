#include "otlp/encode.h"

#include "base/encoding.h"
#include "base/json.h"

namespace domicile::otlp {
namespace {

using telemetry::Outcome;
using telemetry::Span;
using telemetry::SpanKind;

// SpanKind of OTLP.
constexpr int kServer = 2, kClient = 3;
constexpr int kStatusError = 2;

template <std::size_t N>
std::string hex(const std::array<std::uint8_t, N>& id) {
    return to_hex(std::string_view(reinterpret_cast<const char*>(id.data()), N));
}

template <std::size_t N>
bool is_set(const std::array<std::uint8_t, N>& id) {
    return id != std::array<std::uint8_t, N>{};
}

json::object text(std::string_view key, std::string_view value) {
    return {{"key", key}, {"value", {{"stringValue", value}}}};
}
json::object number(std::string_view key, std::int64_t value) {
    return {{"key", key}, {"value", {{"intValue", std::to_string(value)}}}};
}

std::string_view word(SpanKind kind) {
    return label_values(SpanKind{})[static_cast<std::size_t>(kind)];
}
std::string_view word(telemetry::Method method) {
    return label_values(telemetry::Method{})[static_cast<std::size_t>(method)];
}

// The attribute that says what was called. Names by the semantic conventions where there is one.
std::string_view key_of(SpanKind kind) {
    switch (kind) {
        case SpanKind::upstream:
            return "domicile.upstream";
        case SpanKind::crossing:
            return "domicile.peer";
        case SpanKind::function:
            return "faas.invoked_name";
        case SpanKind::commit:
            return "db.namespace";
        case SpanKind::request:
            break;
    }
    return "domicile.of";
}

json::array attributes_of(const Span& span) {
    json::array out;
    if (span.kind != SpanKind::request) {
        out.push_back(text(key_of(span.kind), span.of));
        return out;
    }
    out.push_back(text("http.request.method", word(span.method)));
    if (span.route != nullptr) {
        out.push_back(text("http.route", span.route->path));
        out.push_back(text("domicile.service", span.route->service));
    }
    if (span.status != 0) out.push_back(number("http.response.status_code", span.status));
    return out;
}

std::string name_of(const Span& span) {
    if (span.kind != SpanKind::request) return std::string(word(span.kind)) + ' ' + span.of;
    std::string out(word(span.method));
    if (span.route != nullptr) out += ' ' + span.route->path;
    return out;
}

json::object print(const Span& span, std::int64_t offset_ns) {
    json::object out{{"traceId", hex(span.trace_id)}, {"spanId", hex(span.span_id)}};
    if (is_set(span.parent_id)) out["parentSpanId"] = hex(span.parent_id);
    out["name"] = name_of(span);
    out["kind"] = span.kind == SpanKind::request ? kServer : kClient;
    out["startTimeUnixNano"] = std::to_string(span.start_ns + offset_ns);
    out["endTimeUnixNano"] = std::to_string(span.end_ns + offset_ns);
    out["attributes"] = attributes_of(span);
    const bool ours = span.outcome == Outcome::failed || span.outcome == Outcome::unavailable;
    if (ours) out["status"] = {{"code", kStatusError}};
    return out;
}

}  // namespace

std::string encode(const Resource& resource, std::span<const Span> spans,
                   std::int64_t unix_offset_ns) {
    json::array list;
    for (const Span& span : spans) list.push_back(print(span, unix_offset_ns));
    json::object scope_spans{{"scope", {{"name", "domicile"}, {"version", resource.version}}},
                             {"spans", std::move(list)}};
    json::array about{text("service.name", "domicile"), text("service.version", resource.version),
                      text("service.instance.id", resource.node),
                      text("domicile.region", resource.region)};
    json::object resource_spans{{"resource", {{"attributes", std::move(about)}}},
                                {"scopeSpans", json::array{std::move(scope_spans)}}};
    return json::serialize(json::object{{"resourceSpans", json::array{std::move(resource_spans)}}});
}

}  // namespace domicile::otlp
