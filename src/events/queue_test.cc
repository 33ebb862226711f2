#include "events/queue.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/json.h"
#include "http/testing.h"
#include "sql/engine_testing.h"

namespace domicile::events {
namespace {

constexpr const char* kAnna = "6f0f1b1e-90ab-4cde-8f01-23456789abcd";

// What stands for a function: it answers as it is told, and remembers what it was asked.
struct Handler {
    std::deque<Result<functions::Answer>> answers;  // then {}
    std::vector<std::string> events, ids, names;
    bool held = false;
    io::Event released;

    io::Task<Result<functions::Answer>> call(std::string function, functions::Call call) {
        names.push_back(std::move(function));
        events.push_back(call.event);
        ids.push_back(call.request_id);
        while (held) {
            const Instant deadline = io::deadline_in(Seconds(30));
            co_await released.wait_until(deadline);
        }
        if (answers.empty()) co_return functions::Answer{"{}", false};
        Result<functions::Answer> next = std::move(answers.front());
        answers.pop_front();
        co_return next;
    }
};

Result<functions::Answer> raised() { return functions::Answer{R"({"errorMessage":"no"})", true}; }

class QueueTest : public ::testing::Test {
  public:
    // A node of the region; they share the database.
    struct Node {
        Node(QueueTest& test, const std::string& path)
            : database(sql::testing::open_database(path)),
              nodes(*database, io::system_clock(), io::system_random()),
              keyring(*database, io::system_random(), std::string(32, 'k')),
              queue({.config = test.config_,
                     .database = *database,
                     .keyring = keyring,
                     .nodes = nodes,
                     .call =
                         [this](std::string function, functions::Call call) {
                             return handler.call(std::move(function), std::move(call));
                         },
                     .region = "r1",
                     .clock = io::system_clock(),
                     .random = io::system_random(),
                     .look = Millis(20)}) {
            queue.report_to(metrics);
        }
        io::Task<Result<void>> open() {
            CO_TRY_VOID(co_await keyring.open());
            CO_TRY_VOID(co_await nodes.open());
            co_return co_await queue.open();
        }
        io::Task<void> stop() {
            const Instant soon = io::deadline_in(Millis(10));
            co_await queue.stop(soon);
            co_await queue.release();
        }

        telemetry::Registry metrics;
        std::unique_ptr<sql::Database> database;
        nodes::Nodes nodes;
        keyring::Keyring keyring;
        Handler handler;
        Queue queue;
    };

    QueueTest() {
        config::Function function;
        function.name = "demo";
        function.concurrency.maximum = 2;
        function.events.retry_seconds = 0;
        config_.functions.push_back(function);
        function.name = "undertaker";
        config_.functions.push_back(function);
    }
    config::Events& events() { return config_.functions.front().events; }
    std::unique_ptr<Node> node() { return std::make_unique<Node>(*this, folder_.file("data.db")); }

    using Body = io::Task<bool> (*)(QueueTest& test, Node& node);
    void run(Body body) {
        const auto own = node();
        EXPECT_TRUE(io::run_task<bool>([&] { return opened(*this, *own, body); }));
    }
    static io::Task<bool> opened(QueueTest& test, Node& node, Body body) {
        CO_ASSERT(co_await node.open());
        const bool ok = co_await body(test, node);
        co_await node.stop();
        co_return ok;
    }

    static io::Task<Result<void>> accept(QueueTest& test, Node& node, std::string id,
                                         std::optional<std::string> subject = std::nullopt) {
        Event event{id, R"({"id":")" + id + "\"}", std::move(subject)};
        co_return co_await node.queue.accept(test.config_.functions.front(), std::move(event));
    }
    static io::Task<std::int64_t> rows(Node& node) {
        std::vector<sql::Statement> batch;
        batch.push_back({"SELECT COUNT(*) FROM function_events", {}});
        const auto found = co_await node.database->read(std::move(batch));
        co_return found ? (*found)[0].rows[0].integer(0) : -1;
    }
    static io::Task<bool> becomes_empty(Node& node) {
        const Instant end = io::deadline_in(Seconds(30));
        while (io::Executor::current().clock().coarse() < end) {
            const std::int64_t left = co_await rows(node);
            if (left == 0) co_return true;
            co_await io::sleep_for(Millis(10));
        }
        co_return false;
    }
    static io::Task<bool> called(Handler& handler, std::size_t times) {
        co_await io::testing::until([&] { return handler.events.size() >= times; });
        co_return handler.events.size() == times;
    }
    // Counted after what it is about.
    static io::Task<bool> says(Node& node, std::string step, int count) {
        const std::string line =
            "function=\"demo\",step=\"" + step + "\"} " + std::to_string(count);
        co_return co_await io::testing::until(
            [&] { return node.metrics.expose().contains(line + "\n"); });
    }

    sql::testing::TemporaryFolder folder_;
    config::Config config_;
};

TEST_F(QueueTest, an_event_is_run_once_and_is_gone) {
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        node.queue.start();
        CO_ASSERT(co_await accept(test, node, "one"));
        CO_ASSERT(co_await becomes_empty(node));
        EXPECT_EQ(node.handler.events, std::vector<std::string>{R"({"id":"one"})"});
        EXPECT_EQ(node.handler.ids, std::vector<std::string>{"one"});
        CO_ASSERT(co_await says(node, "accepted", 1));
        co_return true;
    });
}

TEST_F(QueueTest, what_has_no_room_waits_for_it) {
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        node.queue.start();
        node.handler.held = true;
        for (const char* id : {"one", "two", "three", "four", "five"})
            CO_ASSERT(co_await accept(test, node, id));
        CO_ASSERT(co_await called(node.handler, 2));
        node.handler.held = false;
        node.handler.released.notify_all();
        CO_ASSERT(co_await becomes_empty(node));
        EXPECT_EQ(node.handler.events.size(), 5U);
        co_return true;
    });
}

TEST_F(QueueTest, what_was_taken_before_a_crash_is_run_after_the_start) {
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        CO_ASSERT(co_await accept(test, node, "waiting"));
        // A run that is gone holds another.
        std::vector<sql::Statement> batch;
        batch.push_back({"UPDATE function_events SET holder = $1", {sql::Blob{"a dead run"}}});
        CO_ASSERT(co_await node.database->write(std::move(batch)));
        CO_ASSERT(co_await accept(test, node, "free"));
        node.queue.start();
        CO_ASSERT(co_await becomes_empty(node));
        EXPECT_EQ(node.handler.events.size(), 2U);
        co_return true;
    });
}

TEST_F(QueueTest, an_attempt_that_fails_is_made_again_and_the_last_failure_is_told) {
    events().on_failure = "undertaker";
    events().retries = 2;
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        node.queue.start();
        node.handler.answers.push_back(raised());
        node.handler.answers.push_back(fail(Code::unavailable, "", functions::reason::kCrashed));
        node.handler.answers.push_back(raised());
        CO_ASSERT(co_await accept(test, node, "one"));
        CO_ASSERT(co_await becomes_empty(node));
        const std::vector<std::string> names = {"demo", "demo", "demo", "undertaker"};
        CO_ASSERT(node.handler.names == names);
        const json::object record = json::parse(node.handler.events[3]).as_object();
        const json::object& context = record.at("requestContext").as_object();
        EXPECT_EQ(context.at("requestId"), "one");
        EXPECT_EQ(context.at("functionArn"),
                  "arn:aws:lambda:r1:000000000000:function:demo:$LATEST");
        EXPECT_EQ(context.at("condition"), "RetriesExhausted");
        EXPECT_EQ(context.at("approximateInvokeCount"), 3);
        EXPECT_EQ(record.at("requestPayload"), (json::object{{"id", "one"}}));
        EXPECT_EQ(record.at("responsePayload"), (json::object{{"errorMessage", "no"}}));
        CO_ASSERT(co_await says(node, "retried", 2));
        CO_ASSERT(co_await says(node, "exhausted", 1));
        co_return true;
    });
}

TEST_F(QueueTest, an_answer_is_told_with_what_it_answered) {
    events().on_success = "undertaker";
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        node.queue.start();
        node.handler.answers.push_back(raised());
        node.handler.answers.push_back(functions::Answer{R"({"done":1.50})", false});
        CO_ASSERT(co_await accept(test, node, "one"));
        CO_ASSERT(co_await becomes_empty(node));
        const std::vector<std::string> names = {"demo", "demo", "undertaker"};
        CO_ASSERT(node.handler.names == names);
        const std::string& told = node.handler.events[2];
        EXPECT_TRUE(told.contains(R"("responsePayload":{"done":1.50})")) << told;
        const json::object record = json::parse(told).as_object();
        const json::object& context = record.at("requestContext").as_object();
        EXPECT_EQ(context.at("requestId"), "one");
        EXPECT_EQ(context.at("condition"), "Success");
        EXPECT_EQ(context.at("approximateInvokeCount"), 2);
        EXPECT_EQ(record.at("requestPayload"), (json::object{{"id", "one"}}));
        EXPECT_EQ(record.at("responseContext"),
                  (json::object{{"statusCode", 200}, {"executedVersion", "$LATEST"}}));
        CO_ASSERT(co_await says(node, "succeeded", 1));
        co_return true;
    });
}

// Else the queue of whoever hears would grow without a bound.
TEST_F(QueueTest, answers_wait_until_there_is_room_for_their_records) {
    events().on_success = "undertaker";
    config_.functions.back().events.queue_max = 1;
    config_.functions.back().concurrency.maximum = 0;  // takes nothing
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        node.queue.start();
        for (const char* id : {"one", "two", "three", "four", "five"})
            CO_ASSERT(co_await accept(test, node, id));
        // One record fills it, and the two after it hold the places of their function.
        CO_ASSERT(co_await called(node.handler, 3));
        CO_ASSERT(co_await says(node, "succeeded", 1));
        const std::int64_t kept = co_await rows(node);
        EXPECT_EQ(kept, 5);
        EXPECT_EQ(node.handler.events.size(), 3U);
        test.config_.functions.back().concurrency.maximum = 2;
        CO_ASSERT(co_await becomes_empty(node));
        EXPECT_EQ(node.handler.events.size(), 10U);
        CO_ASSERT(co_await says(node, "succeeded", 5));
        co_return true;
    });
}

TEST_F(QueueTest, what_was_not_the_functions_doing_does_not_count_as_an_attempt) {
    events().retries = 0;
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        node.queue.start();
        node.handler.answers.push_back(
            fail(Code::resource_exhausted, "", functions::reason::kBusy));
        CO_ASSERT(co_await accept(test, node, "one"));
        CO_ASSERT(co_await becomes_empty(node));
        EXPECT_EQ(node.handler.events.size(), 2U);
        CO_ASSERT(co_await says(node, "postponed", 1));
        CO_ASSERT(co_await says(node, "succeeded", 1));
        co_return true;
    });
}

TEST_F(QueueTest, an_event_that_is_too_old_is_not_run) {
    events().max_age_seconds = 0;
    events().on_failure = "undertaker";
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        CO_ASSERT(co_await accept(test, node, "one"));
        test.config_.functions.back().events.max_age_seconds = 60;
        node.queue.start();
        CO_ASSERT(co_await becomes_empty(node));
        CO_ASSERT(node.handler.names == std::vector<std::string>{"undertaker"});
        EXPECT_TRUE(node.handler.events[0].contains("EventAgeExceeded"));
        co_return true;
    });
}

TEST_F(QueueTest, the_queue_of_a_function_is_bounded_by_number_and_size) {
    events().queue_max = 2;
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        CO_ASSERT(co_await accept(test, node, "one"));
        CO_ASSERT(co_await accept(test, node, "two"));
        const Result<void> third = co_await accept(test, node, "three");
        EXPECT_EQ(third.error().code, Code::resource_exhausted);
        test.events().queue_max = 10;
        test.events().queue_megabytes = 0;
        const Result<void> large = co_await accept(test, node, "four");
        EXPECT_EQ(large.error().code, Code::resource_exhausted);
        Event event{"five", std::string(Queue::kPayloadBytesMax + 1, ' '), {}};
        const Result<void> too_large =
            co_await node.queue.accept(test.config_.functions.front(), std::move(event));
        EXPECT_EQ(too_large.error().code, Code::too_large);
        const std::int64_t kept = co_await rows(node);
        EXPECT_EQ(kept, 2);
        CO_ASSERT(co_await says(node, "refused", 2));
        co_return true;
    });
}

TEST_F(QueueTest, what_is_about_a_person_is_sealed_and_goes_with_the_persons_key) {
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        const Result<void> stranger = co_await accept(test, node, "stranger", kAnna);
        EXPECT_EQ(stranger.error().code, Code::permission_denied);
        CO_ASSERT(co_await node.keyring.create(kAnna));
        CO_ASSERT(co_await accept(test, node, "a-secret", kAnna));
        std::vector<sql::Statement> batch;
        batch.push_back({"SELECT sealed FROM function_events", {}});
        const auto found = co_await node.database->read(std::move(batch));
        EXPECT_FALSE((*found)[0].rows[0].bytes(0).contains("secret"));
        CO_ASSERT(co_await node.keyring.destroy(kAnna));
        node.queue.start();
        CO_ASSERT(co_await becomes_empty(node));
        EXPECT_TRUE(node.handler.events.empty());
        CO_ASSERT(co_await says(node, "erased", 1));
        co_return true;
    });
}

TEST_F(QueueTest, a_node_that_stops_leaves_what_it_has_not_done) {
    run([](QueueTest& test, Node& node) -> io::Task<bool> {
        node.queue.start();
        node.handler.held = true;
        node.handler.answers.push_back(
            fail(Code::unavailable, "", functions::reason::kCrashed));  // it was killed
        CO_ASSERT(co_await accept(test, node, "one"));
        CO_ASSERT(co_await called(node.handler, 1));
        const Instant soon = io::deadline_in(Millis(10));
        co_await node.queue.stop(soon);
        node.handler.held = false;
        node.handler.released.notify_all();
        co_await node.queue.release();
        std::vector<sql::Statement> batch;
        batch.push_back({"SELECT holder, attempts FROM function_events", {}});
        const auto found = co_await node.database->read(std::move(batch));
        CO_ASSERT((*found)[0].rows.size() == 1);
        EXPECT_EQ((*found)[0].rows[0].bytes(0), "");
        EXPECT_EQ((*found)[0].rows[0].integer(1), 0);
        co_return true;
    });
}

TEST_F(QueueTest, of_two_nodes_each_event_is_run_by_one) {
    const auto one = node(), two = node();
    if (!one->database->shared()) GTEST_SKIP() << "one node on SQLite";
    struct Body {
        static io::Task<bool> run(QueueTest& test, Node& one, Node& two) {
            CO_ASSERT(co_await one.open());
            CO_ASSERT(co_await two.open());
            for (int i = 0; i < 20; ++i) {
                std::string id = "event-" + std::to_string(i);
                CO_ASSERT(co_await accept(test, one, std::move(id)));
            }
            one.queue.start();
            two.queue.start();
            CO_ASSERT(co_await becomes_empty(one));
            std::vector<std::string> all = one.handler.ids;
            all.insert(all.end(), two.handler.ids.begin(), two.handler.ids.end());
            EXPECT_EQ(all.size(), 20U);
            EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 20U);
            co_await one.stop();
            co_await two.stop();
            co_return true;
        }
    };
    EXPECT_TRUE(io::run_task<bool>([&] { return Body::run(*this, *one, *two); }));
}

}  // namespace
}  // namespace domicile::events
