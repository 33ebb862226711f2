#include "telemetry/trace.h"

#include <gmock/gmock.h>

#include "base/encoding.h"
#include "telemetry/access_log.h"
#include "telemetry/registry.h"
#include "telemetry/tracer.h"

namespace domicile::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kGood = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, is_read_and_printed) {
    const auto parent = parse_traceparent(kGood);
    ASSERT_TRUE(parent);
    EXPECT_TRUE(parent->sampled());
    RequestContext context;
    context.trace_id = parent->trace_id;
    context.span_id = parent->parent_id;
    context.trace_flags = parent->flags;
    EXPECT_EQ(traceparent_of(context), kGood);
    EXPECT_EQ(amazon_trace_of(context),
              "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1");
    EXPECT_FALSE(
        parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02")->sampled());
}

TEST(Traceparent, of_a_later_version_is_read_as_far_as_it_is_known) {
    const std::string later = "cc" + std::string(kGood).substr(2);
    EXPECT_TRUE(parse_traceparent(later));
    EXPECT_TRUE(parse_traceparent(later + "-what-the-future-will-be"));
    EXPECT_FALSE(parse_traceparent(later + ".what"));
}

TEST(Traceparent, that_is_not_one_is_refused) {
    const std::string good = kGood;
    for (const std::string& bad : {
             std::string(),
             good.substr(1),
             good.substr(0, 54),
             good + "-",
             good + "-00",
             " " + good,
             "ff" + good.substr(2),  // forbidden version
             std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),  // upper case
             std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
             std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
             std::string("00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"),
             std::string("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
             std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x"),
         }) {
        EXPECT_FALSE(parse_traceparent(bad)) << bad;
    }
}

TEST(AmazonTrace, is_read_as_it_is_printed_and_refused_otherwise) {
    const auto parent = parse_amazon_trace(
        "Sampled=1;Other=x;Parent=00f067aa0ba902b7;Root=1-4bf92f35-77b34da6a3ce929d0e0e4736");
    ASSERT_TRUE(parent);
    RequestContext context;
    context.trace_id = parent->trace_id;
    context.span_id = parent->parent_id;
    context.trace_flags = parent->flags;
    EXPECT_EQ(traceparent_of(context), kGood);
    EXPECT_TRUE(parse_amazon_trace(amazon_trace_of(context)));
    for (const char* bad :
         {"", ";", "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736", "Parent=00f067aa0ba902b7",
          "Root=1-4bf92f35-77b34da6a3ce929d0e0e473;Parent=00f067aa0ba902b7",
          "Root=2-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7",
          "Root=1-4bf92f35-77b34da6a3ce929d0e0e473g;Parent=00f067aa0ba902b7",
          "Root=1-00000000-000000000000000000000000;Parent=00f067aa0ba902b7"}) {
        EXPECT_FALSE(parse_amazon_trace(bad)) << bad;
    }
}

TEST(Tracestate, is_passed_on_within_its_bounds_only) {
    EXPECT_TRUE(is_tracestate("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
    EXPECT_TRUE(is_tracestate("a=1, b@c=x y ,, d=!"));
    for (const char* bad : {"", ",", "a", "a=", "A=1", "a=b=c", "a=\x7f", "a=\n"}) {
        EXPECT_FALSE(is_tracestate(bad)) << bad;
    }
    std::string many;
    for (int i = 0; i < 32; ++i) many += "k" + std::to_string(i) + "=v,";
    EXPECT_TRUE(is_tracestate(many));
    EXPECT_FALSE(is_tracestate(many + "last=v")) << "33 members";
    EXPECT_FALSE(is_tracestate("a=" + std::string(255, 'x') + ",b=" + std::string(255, 'x')));
}

TEST(Network, is_all_that_a_log_may_say_of_an_address) {
    EXPECT_EQ(network_of("192.0.2.77"), "192.0.2.0/24");
    EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    EXPECT_EQ(network_of("::ffff:192.0.2.77"), "192.0.2.0/24");
    EXPECT_EQ(network_of("somebody.example"), "");
    EXPECT_EQ(network_of(""), "");
}

TEST(AccessLog, writes_a_line_of_json_for_a_request) {
    Registry registry;
    std::string line;
    const AccessLog log([&](std::string_view text) { line = text; }, "eu-central-1", "host:1");
    RequestContext context;
    context.request_id.fill(0x11);
    context.trace_id.fill(0x22);
    context.span_id.fill(0x33);
    const ScopedContext scoped(context);
    log.write({.route = registry.route("gateway", "/a \"quoted\"/{id}"),
               .listener = "https",
               .method = Method::get,
               .status = 503,
               .duration = Nanos(1'020'300),
               .received_bytes = 10,
               .sent_bytes = 20,
               .network = "192.0.2.0/24",
               .time = Timestamp{1'700'000'000'007}});
    EXPECT_EQ(line,
              R"({"time":"2023-11-14T22:13:20.007Z","level":"warning","region":"eu-central-1",)"
              R"("node":"host:1","event":"request","listener":"https","service":"gateway",)"
              R"("route":"/a \"quoted\"/{id}","method":"GET","status":503,"duration_ms":1.020,)"
              R"("received_bytes":10,"sent_bytes":20,)"
              R"("request_id":"11111111-1111-1111-1111-111111111111",)"
              R"("trace_id":"22222222222222222222222222222222","span_id":"3333333333333333",)"
              R"("network":"192.0.2.0/24"})"
              "\n");
}

class Tracing : public ::testing::Test {
  protected:
    Tracer make(double ratio, std::size_t queue_max = 8) {
        return Tracer(
            {ratio, queue_max}, [this] { return now_ += 10; },
            [this](void* into, std::size_t size) { std::memset(into, ++seed_, size); });
    }
    std::int64_t now_ = 0;
    std::uint8_t seed_ = 0;
};

TEST_F(Tracing, takes_the_callers_word_and_else_the_ratio_of_the_trace_id) {
    const TraceParent yes{{}, {}, TraceParent::kSampled}, no{};
    std::array<std::uint8_t, 16> low{}, high{};
    high.fill(0xff);
    EXPECT_TRUE(make(0).samples(&yes, high));
    EXPECT_FALSE(make(1).samples(&no, low));
    EXPECT_TRUE(make(1).samples(nullptr, high));
    EXPECT_FALSE(make(0).samples(nullptr, low));
    EXPECT_TRUE(make(0.5).samples(nullptr, low));
    EXPECT_FALSE(make(0.5).samples(nullptr, high));
}

TEST_F(Tracing, a_child_span_is_the_parent_of_what_happens_while_it_is_open) {
    Tracer tracer = make(1);
    RequestContext context;
    context.trace_id.fill(9);
    context.span_id.fill(8);
    context.spans = &tracer;
    const ScopedContext scoped(context);
    {
        ChildSpan outer(SpanKind::crossing, "eu");
        {
            ChildSpan inner(SpanKind::commit, "region");
            inner.end(Outcome::ok);
        }
        EXPECT_NE(RequestContext::current().span_id, context.span_id);
    }
    EXPECT_EQ(RequestContext::current().span_id, context.span_id);
    const std::vector<Span> spans = tracer.take(10);
    ASSERT_EQ(spans.size(), 2u);
    EXPECT_EQ(spans[0].of, "region");
    EXPECT_EQ(spans[0].parent_id, spans[1].span_id);
    EXPECT_EQ(spans[1].parent_id, context.span_id);
    EXPECT_EQ(spans[1].outcome, Outcome::failed) << "it was left without a word";
    EXPECT_LT(spans[1].start_ns, spans[0].start_ns);
    EXPECT_GT(spans[1].end_ns, spans[0].end_ns);
}

TEST_F(Tracing, drops_and_counts_what_the_exporter_does_not_take) {
    Tracer tracer = make(1, 2);
    for (int i = 0; i < 5; ++i) tracer.record({});
    EXPECT_EQ(tracer.queued(), 2u);
    EXPECT_EQ(tracer.dropped().value(), 3u);
    EXPECT_EQ(tracer.take(1).size(), 1u);
    tracer.record({});
    EXPECT_EQ(tracer.queued(), 2u);
}

TEST_F(Tracing, costs_nothing_where_nothing_is_sampled) {
    ChildSpan span(SpanKind::commit, "region");
    EXPECT_EQ(RequestContext::current().span_id, RequestContext{}.span_id);
}

}  // namespace
}  // namespace domicile::telemetry
