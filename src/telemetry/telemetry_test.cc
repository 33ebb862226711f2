#include <gmock/gmock.h>

#include <thread>

#include "telemetry/operations.h"
#include "telemetry/outcome.h"
#include "telemetry/registry.h"

namespace domicile::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

enum class Colour : std::uint8_t { red, green };
constexpr std::array<std::string_view, 2> label_values(Colour) { return {"red", "green"}; }
enum class Size : std::uint8_t { small, large };
constexpr std::array<std::string_view, 2> label_values(Size) { return {"small", "large"}; }

TEST(Counter, adds_up_what_many_threads_add) {
    const Counter counter;
    std::vector<std::thread> threads;
    for (int i = 0; i < 12; ++i) {  // more than there are shards
        threads.emplace_back([&] {
            for (int k = 0; k < 10'000; ++k) counter.add();
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(counter.value(), 120'000u);
}

TEST(CounterBy, keeps_each_combination_of_words_apart) {
    const CounterBy<Colour, Size> counter;
    counter.add(Colour::red, Size::large);
    counter.add_many(5, Colour::green, Size::small);
    EXPECT_EQ(counter.value(Colour::red, Size::large), 1u);
    EXPECT_EQ(counter.value(Colour::green, Size::small), 5u);
    EXPECT_EQ(counter.value(Colour::red, Size::small), 0u);
    EXPECT_EQ(counter.value(Colour::green, Size::large), 0u);
}

TEST(Histogram, puts_a_value_into_the_first_bucket_that_holds_it) {
    static constexpr std::array<std::uint64_t, 3> kLimits = {10, 20, 40};
    const Histogram histogram(kLimits);
    for (const std::uint64_t value : {1, 10, 11, 40, 41, 1000}) histogram.observe(value);
    EXPECT_EQ(histogram.in_bucket(0), 2u);
    EXPECT_EQ(histogram.in_bucket(1), 1u);
    EXPECT_EQ(histogram.in_bucket(2), 1u);
    EXPECT_EQ(histogram.in_bucket(3), 2u);
    EXPECT_EQ(histogram.count(), 6u);
    EXPECT_EQ(histogram.sum(), 1103u);
    histogram.observe(Nanos(-5));  // a clock that went backwards
    EXPECT_EQ(histogram.sum(), 1103u);
}

TEST(Registry, writes_the_text_format) {
    Registry registry;
    const Counter counter;
    counter.add(3);
    registry.add("a_bytes_total", "Bytes.", counter, {{"listener", "https"}});
    registry.add_gauge("b_open", "Open.", [] { return 2.5; });
    const TimeHistogram time;
    time.observe(Nanos(300'000));
    time.observe(Nanos(20'000'000'000));
    registry.add("c_seconds", "Time.", time, {{"peer", "eu"}});
    const std::string text = registry.expose();
    EXPECT_THAT(text, HasSubstr("# HELP a_bytes_total Bytes.\n# TYPE a_bytes_total counter\n"
                                "a_bytes_total{listener=\"https\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("# HELP b_open Open.\n# TYPE b_open gauge\nb_open 2.5\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE c_seconds histogram\n"
                                "c_seconds_bucket{peer=\"eu\",le=\"0.0001\"} 0\n"
                                "c_seconds_bucket{peer=\"eu\",le=\"0.00025\"} 0\n"
                                "c_seconds_bucket{peer=\"eu\",le=\"0.0005\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("c_seconds_bucket{peer=\"eu\",le=\"10\"} 1\n"
                                "c_seconds_bucket{peer=\"eu\",le=\"+Inf\"} 2\n"
                                "c_seconds_sum{peer=\"eu\"} 20.0003\n"
                                "c_seconds_count{peer=\"eu\"} 2\n"));
}

TEST(Registry, escapes_what_would_end_a_label_or_a_line) {
    Registry registry;
    registry.add("a_total", "One\nline \\.", Counter(), {{"name", "a\"b\\c\nd"}});
    EXPECT_THAT(registry.expose(), HasSubstr("# HELP a_total One\\nline \\\\.\n"));
    EXPECT_THAT(registry.expose(), HasSubstr("a_total{name=\"a\\\"b\\\\c\\nd\"} 0\n"));
}

TEST(Registry, takes_labels_from_the_words_of_enums) {
    Registry registry;
    const CounterBy<Colour> one;
    const CounterBy<Colour, Size> two;
    registry.add("one_total", "One.", one, {"colour"});
    registry.add("two_total", "Two.", two, {"colour", "size"}, {{"where", "here"}});
    two.add(Colour::green, Size::large);
    const std::string text = registry.expose();
    EXPECT_THAT(text, HasSubstr("one_total{colour=\"red\"} 0\none_total{colour=\"green\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("two_total{where=\"here\",colour=\"green\",size=\"large\"} 1\n"));
    EXPECT_THAT(text, Not(HasSubstr("size=\"small\""))) << "zero combinations are left out";
}

TEST(Registry, goes_on_under_a_name_that_is_added_again) {
    Registry registry;
    registry.add("a_total", "A.", Counter());
    const Counter later;
    later.add(7);
    registry.add("a_total", "A.", later);
    EXPECT_THAT(registry.expose(), HasSubstr("a_total 7\n"));
    EXPECT_THAT(registry.expose(), Not(HasSubstr("a_total 0\n")));
}

TEST(Registry, refuses_names_against_the_conventions) {
    Registry registry;
    EXPECT_DEATH(registry.add("a_count", "A counter without _total.", Counter()), "");
    EXPECT_DEATH(registry.add("1_total", "Not a name.", Counter()), "");
    EXPECT_DEATH(registry.add("a_total", "A.", Counter(), {{"not-a-label", "x"}}), "");
    EXPECT_DEATH(registry.add("a_total", "A.", Counter(), {{"le", "x"}}), "");
}

TEST(Registry, counts_a_route_by_method_and_class_of_status) {
    Registry registry;
    const Route& route = registry.route("gateway", "/entries/{id}");
    EXPECT_EQ(&route, &registry.route("gateway", "/entries/{id}"));
    route.requests.add(method_of("DELETE"), status_class_of(204));
    route.requests.add(method_of("PROPFIND"), status_class_of(599));
    route.requests.add(method_of("PET"), status_class_of(0));
    const std::string text = registry.expose();
    const std::string of =
        "domicile_http_requests_total{service=\"gateway\",route=\"/entries/{id}\",";
    EXPECT_THAT(text, HasSubstr(of + "method=\"DELETE\",status_class=\"2xx\"} 1\n"));
    EXPECT_THAT(text, HasSubstr(of + "method=\"other\",status_class=\"5xx\"} 1\n"));
    EXPECT_THAT(text, HasSubstr(of + "method=\"other\",status_class=\"none\"} 1\n"));
}

TEST(Method, knows_each_of_its_words) {
    for (std::size_t i = 0; i + 1 < label_values(Method{}).size(); ++i) {
        EXPECT_EQ(method_of(label_values(Method{})[i]), static_cast<Method>(i));
    }
    for (const char* other : {"", "G", "get", "POS", "PUTS", "PA", "DELETE ", "TRACE"}) {
        EXPECT_EQ(method_of(other), Method::other) << other;
    }
}

TEST(Operations, counts_a_name_that_it_does_not_know_as_unknown) {
    Registry registry;
    Operations operations;
    EXPECT_EQ(operations.find("PutItem"), nullptr);
    operations.report_to(registry, "documents", std::array<std::string_view, 1>{"PutItem"});
    EXPECT_EQ(operations.find("PutItem")->path, "PutItem");
    EXPECT_EQ(operations.find("mail@example.org")->path, "unknown");
    EXPECT_THAT(registry.expose(), Not(HasSubstr("mail@example.org")));
}

TEST(Outcome, is_told_from_the_code) {
    EXPECT_EQ(outcome_of(Result<int>(1)), Outcome::ok);
    EXPECT_EQ(outcome_of(Code::not_found), Outcome::refused);
    EXPECT_EQ(outcome_of(Code::unavailable), Outcome::unavailable);
    EXPECT_EQ(outcome_of(Code::internal), Outcome::failed);
}

}  // namespace
}  // namespace domicile::telemetry
