#include "functions/feed.h"

#include <gtest/gtest.h>

#include <fstream>

#include "functions/functions.h"
#include "functions/testing.h"
#include "http/testing.h"

namespace domicile::functions {
namespace {

std::string number(std::uint32_t value) {
    std::string out;
    for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
    return out;
}

std::string frame(std::uint32_t of, char kind, const std::string& payload) {
    return number(of) + kind + number(static_cast<std::uint32_t>(payload.size())) + payload;
}

TEST(feed, an_event_is_its_number_its_length_four_lines_and_what_it_is) {
    std::string out = "before";
    print_event(258, {"id", "trace", "context", 1700, "{\"a\":\n1}"}, out);
    EXPECT_EQ(out, "before" + number(258) + number(30) + "id\n1700\ntrace\ncontext\n{\"a\":\n1}");
}

TEST(feed, replies_are_found_however_they_are_cut) {
    const std::string all =
        frame(1, 0, "one") + frame(2, 1, "") + frame(3, 0, "too long") + frame(4, 0, "four");
    for (std::size_t size = 1; size <= all.size(); ++size) {
        FeedReader reader(5);
        std::string said;
        const FeedReader::Sink note = [&said](FeedReply reply) {
            said += std::to_string(reply.number) + (reply.raised ? "!" : ":") +
                    (reply.too_large ? "(too large)" : reply.payload) + " ";
        };
        for (std::size_t at = 0; at < all.size(); at += size)
            EXPECT_TRUE(reader.take(std::string_view(all).substr(at, size), note));
        EXPECT_EQ(said, "1:one 2! 3:(too large) 4:four ") << size;
    }
}

TEST(feed, what_is_no_reply_is_malformed) {
    FeedReader reader(5);
    int replies = 0;
    const FeedReader::Sink count = [&replies](const FeedReply&) { ++replies; };
    const Result<void> taken = reader.take(frame(1, 0, "one") + frame(2, 2, "two"), count);
    EXPECT_EQ(taken.error().code, Code::malformed);
    EXPECT_EQ(replies, 1);
}

// Takes two events, whatever they are, before it answers either. Then each does as it says.
constexpr const char* kRuntime = R"(
import json, os, socket, struct, sys, threading, time

host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
feed = socket.create_connection((host, int(port)))
feed.sendall(b"GET /domicile/feed HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: domicile-feed\r\n\r\n")
read = feed.makefile("rb")
head = []
while (line := read.readline()) not in (b"\r\n", b""):
    head.append(line.decode().strip())
arn = [line.split(": ")[1] for line in head if line.startswith("Domicile-Function-Arn")]

def reply(number, kind, value):
    text = json.dumps(value).encode()
    feed.sendall(struct.pack("<IBI", number, kind, len(text)) + text)

def next_event():
    number, length = struct.unpack("<II", read.read(8))
    id, deadline, trace, context, event = read.read(length).split(b"\n", 4)
    return number, id.decode(), int(deadline), json.loads(event)

held = []
for _ in range(int(os.environ["HOLD"])):
    held.append(next_event())
while True:
    for number, id, deadline, event in reversed(held):
        what = event["do"]
        if what == "raise":
            reply(number, 1, {"errorMessage": "no"})
        elif what == "crash":
            os._exit(3)
        elif what == "leave":
            feed.shutdown(socket.SHUT_RDWR)
            time.sleep(60)
        elif what == "babble":
            feed.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            time.sleep(60)
        elif what == "too much":
            feed.sendall(struct.pack("<IBI", number, 0, 7 << 20) + b"x" * (7 << 20))
        elif what == "answer twice":
            reply(number, 0, {"first": True})
            reply(number, 0, {"first": False})
            reply(4711, 0, {})
        elif what == "print":
            print("said of", id, flush=True)
            reply(number, 0, {})
        elif what == "answer when told":
            def answer(number):
                while not os.path.exists("told"):
                    time.sleep(0.01)
                reply(number, 0, {"pid": os.getpid()})
            threading.Thread(target=answer, args=(number,), daemon=True).start()
        elif what != "hang":
            reply(number, 0, {"pid": os.getpid(), "id": id, "arn": arn, "held": len(held),
                              "left": deadline / 1000 - time.time(), "at once": os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY")})
    held = [next_event()]
)";

std::string folder_path;  // of the test that runs

class FeedTest : public testing::WithFunction {
  protected:
    FeedTest() : WithFunction(kRuntime) {
        folder_path = folder_.path();
        hold(1);
    }
    void hold(int events) {
        function_.environment = {{"HOLD", std::to_string(events)}};
        function_.concurrency.maximum = 1;
        function_.concurrency.per_process = events;
    }
};

io::Task<Result<std::string>> invoke(Functions& functions, const char* what) {
    std::string function = "demo", id = "id-of-it";
    std::string event = json::serialize(json::object{{"do", what}});
    co_return co_await functions.invoke(std::move(function), std::move(event), std::move(id));
}

io::Task<void> keep(Functions& functions, const char* what, Result<std::string>& into) {
    into = co_await invoke(functions, what);
}

// Both at once; results in the order of the names.
io::Task<std::vector<Result<std::string>>> both(Functions& functions, const char* one,
                                                const char* two) {
    std::vector<Result<std::string>> out(2);
    io::TaskGroup callers;
    callers.spawn(keep(functions, one, out[0]));
    callers.spawn(keep(functions, two, out[1]));
    EXPECT_TRUE(co_await callers.drain(http::soon()));
    co_return out;
}

TEST_F(FeedTest, an_event_goes_to_the_process_and_its_answer_comes_back) {
    run([](Functions& functions) -> io::Task<bool> {
        const Result<std::string> result = co_await invoke(functions, "echo");
        CO_ASSERT(result);
        const json::object said = json::parse(*result).as_object();
        EXPECT_EQ(said.at("id"), "id-of-it");
        EXPECT_EQ(said.at("arn").as_array().at(0),
                  "arn:aws:lambda:eu-central-1:000000000000:function:demo");
        EXPECT_GT(said.at("left").to_number<double>(), 0);
        EXPECT_LE(said.at("left").to_number<double>(), 29.1);
        EXPECT_TRUE(said.at("at once").is_null());
        const Result<std::string> raised = co_await invoke(functions, "raise");
        EXPECT_EQ(raised.error().reason, reason::kRaised);
        co_return true;
    });
}

TEST_F(FeedTest, a_process_works_on_as_many_at_once_as_it_may) {
    hold(2);
    run([](Functions& functions) -> io::Task<bool> {
        const auto results = co_await both(functions, "echo", "echo");
        CO_ASSERT(results[0] && results[1]);
        EXPECT_EQ(json::parse(*results[0]).at("pid"), json::parse(*results[1]).at("pid"));
        EXPECT_EQ(json::parse(*results[0]).at("held"), 2);
        EXPECT_EQ(json::parse(*results[0]).at("at once"), "2");
        co_return true;
    });
}

TEST_F(FeedTest, a_crash_ends_everything_that_the_process_works_on) {
    hold(2);
    run([](Functions& functions) -> io::Task<bool> {
        const auto results = co_await both(functions, "echo", "crash");
        EXPECT_EQ(results[0].error().reason, reason::kCrashed);
        EXPECT_EQ(results[1].error().reason, reason::kCrashed);
        co_return true;
    });
}

io::Task<bool> one_late(Functions& functions) {
    Result<std::string> late, told;
    io::TaskGroup first, second;
    first.spawn(keep(functions, "hang", late));
    // So that the deadline of the other is later, by far.
    const Instant half = io::deadline_in(Millis(1000));
    while (io::Executor::current().clock().monotonic() < half)
        CO_ASSERT(co_await invoke(functions, "echo"));
    second.spawn(keep(functions, "answer when told", told));
    CO_ASSERT(co_await first.drain(http::soon()));
    EXPECT_EQ(late.error().reason, reason::kTimedOut);
    std::ofstream(folder_path + "/told").put('x');
    CO_ASSERT(co_await second.drain(http::soon()));
    CO_ASSERT(told);
    const Result<std::string> after = co_await invoke(functions, "echo");
    CO_ASSERT(after);
    EXPECT_NE(json::parse(*told).at("pid"), json::parse(*after).at("pid"));
    co_return true;
}

TEST_F(FeedTest, one_that_is_late_takes_no_other_along_and_its_process_ends_after_them) {
    function_.concurrency.per_process = 2;
    function_.timeout_seconds = 2;
    run(one_late);
}

TEST_F(FeedTest, a_process_that_leaves_or_breaks_the_format_is_ended) {
    run([](Functions& functions) -> io::Task<bool> {
        for (const char* what : {"leave", "babble"}) {
            const Result<std::string> result = co_await invoke(functions, what);
            EXPECT_EQ(result.error().reason, reason::kCrashed) << what;
        }
        const Result<std::string> after = co_await invoke(functions, "echo");
        co_return after.has_value();
    });
}

TEST_F(FeedTest, an_answer_that_is_too_large_or_late_or_for_nothing_does_no_harm) {
    run([](Functions& functions) -> io::Task<bool> {
        const Result<std::string> large = co_await invoke(functions, "too much");
        EXPECT_EQ(large.error().reason, reason::kRaised);
        const Result<std::string> twice = co_await invoke(functions, "answer twice");
        CO_ASSERT(twice);
        EXPECT_EQ(*twice, R"({"first": true})");
        const Result<std::string> after = co_await invoke(functions, "echo");
        co_return after.has_value();
    });
}

TEST_F(FeedTest, the_end_of_the_log_comes_with_the_answer) {
    run([](Functions& functions) -> io::Task<bool> {
        auto tail = std::make_shared<std::string>();
        Call call;
        call.event = R"({"do":"print"})";
        call.request_id = "11111111-2222-4333-8444-555555555555";
        call.tail = tail;
        std::string function = "demo";
        const Result<Answer> result = co_await functions.call(std::move(function), std::move(call));
        EXPECT_TRUE(result);
        EXPECT_TRUE(tail->starts_with(
            "START RequestId: 11111111-2222-4333-8444-555555555555 Version: $LATEST\n"
            "said of 11111111-2222-4333-8444-555555555555\nEND RequestId: "))
            << *tail;
        co_return true;
    });
}

}  // namespace
}  // namespace domicile::functions
