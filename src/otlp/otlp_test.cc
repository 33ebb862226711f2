#include <gmock/gmock.h>

#include "base/json.h"
#include "http/testing.h"
#include "otlp/exporter.h"

namespace domicile::otlp {
namespace {

using ::testing::HasSubstr;

telemetry::Span span_of(const telemetry::Route* route) {
    telemetry::Span span;
    span.trace_id.fill(0xab);
    span.span_id.fill(1);
    span.start_ns = 1'000;
    span.end_ns = 2'000;
    span.route = route;
    span.method = telemetry::Method::get;
    span.status = 200;
    return span;
}

TEST(Encode, writes_ids_as_hex_and_large_numbers_as_text) {
    telemetry::Registry registry;
    std::vector<telemetry::Span> spans = {span_of(&registry.route("gateway", "/entries/{id}"))};
    telemetry::Span child;
    child.kind = telemetry::SpanKind::crossing;
    child.of = "eu-central-1";
    child.trace_id = spans[0].trace_id;
    child.span_id.fill(2);
    child.parent_id = spans[0].span_id;
    child.outcome = telemetry::Outcome::unavailable;
    spans.push_back(child);
    const Resource resource{"us-east-2", "host:1", "0.1"};
    const auto parsed = parse_json_object(encode(resource, spans, 1'700'000'000'000'000'000));
    ASSERT_TRUE(parsed) << parsed.error().message;
    const auto& about = parsed->at("resourceSpans").at(0);
    EXPECT_THAT(json::serialize(about.at("resource")),
                HasSubstr(R"({"key":"domicile.region","value":{"stringValue":"us-east-2"}})"));
    const auto& list = about.at("scopeSpans").at(0).at("spans").as_array();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].at("traceId"), "abababababababababababababababab");
    EXPECT_EQ(list[0].at("spanId"), "0101010101010101");
    EXPECT_FALSE(list[0].as_object().contains("parentSpanId"));
    EXPECT_EQ(list[0].at("name"), "GET /entries/{id}");
    EXPECT_EQ(list[0].at("kind"), 2);
    EXPECT_EQ(list[0].at("startTimeUnixNano"), "1700000000000001000");
    EXPECT_THAT(json::serialize(list[0]),
                HasSubstr(R"({"key":"http.response.status_code","value":{"intValue":"200"}})"));
    EXPECT_EQ(list[1].at("parentSpanId"), "0101010101010101");
    EXPECT_EQ(list[1].at("name"), "crossing eu-central-1");
    EXPECT_EQ(list[1].at("status").at("code"), 2);
}

// A collector that keeps what it gets.
struct Collector {
    std::vector<std::string> bodies;
    int status = 200;

    static io::Task<Result<void>> answer(Collector& self, http::Exchange& exchange) {
        CO_TRY(std::string body, co_await exchange.read_all(1 << 20));
        EXPECT_EQ(exchange.request().path, "/v1/traces");
        EXPECT_EQ(exchange.request().headers.find("Content-Type"), "application/json");
        self.bodies.push_back(std::move(body));
        http::ResponseHead head;
        head.status = self.status;
        co_return co_await exchange.respond(std::move(head), "{}");
    }
};

telemetry::Tracer make_tracer() {
    return telemetry::Tracer(
        {1, 8}, [] { return io::system_clock().monotonic_ns(); },
        [](void* into, std::size_t size) { std::memset(into, 7, size); });
}

// The metrics at the end.
io::Task<std::string> export_to(Collector& collector, int spans) {
    auto server = http::serve(
        [&collector](http::Exchange& exchange) { return Collector::answer(collector, exchange); });
    telemetry::Tracer tracer = make_tracer();
    Options options;
    options.target.endpoint = server->local();
    options.batch_max = 2;
    Exporter exporter(std::move(options), tracer);
    telemetry::Registry registry;
    exporter.report_to(registry);
    exporter.start();
    for (int i = 0; i < spans; ++i) tracer.record(span_of(nullptr));
    co_await exporter.stop();
    co_await server->stop(http::soon());
    co_return registry.expose();
}

TEST(Exporter, sends_what_waits_in_batches_also_when_it_is_stopped) {
    Collector collector;
    const std::string text = io::run_task<std::string>([&] { return export_to(collector, 3); });
    ASSERT_EQ(collector.bodies.size(), 2u);
    EXPECT_THAT(collector.bodies[0], HasSubstr("resourceSpans"));
    EXPECT_THAT(text, HasSubstr("domicile_traces_spans_exported_total 3\n"));
}

TEST(Exporter, drops_and_counts_what_is_too_much_or_not_taken) {
    Collector collector;
    collector.status = 503;
    const std::string text = io::run_task<std::string>([&] { return export_to(collector, 12); });
    EXPECT_EQ(collector.bodies.size(), 1u)
        << "a collector that is down is not asked for each batch";
    EXPECT_THAT(text, HasSubstr("domicile_traces_spans_dropped_total 4\n"));
    EXPECT_THAT(text, HasSubstr("domicile_traces_spans_lost_total 2\n"));
    EXPECT_THAT(text, HasSubstr("domicile_traces_spans_exported_total 0\n"));
}

}  // namespace
}  // namespace domicile::otlp
