#include "functions/functions.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "functions/testing.h"
#include "http/testing.h"
#include "io/control_group.h"
#include "io/network_namespace.h"
#include "io/testing.h"

namespace domicile::functions {
namespace {

// A runtime as Lambda's own are, in miniature: what it does with an event is the event's "do".
constexpr const char* kRuntime = R"(
import glob, http.client, json, os, signal, socket, sys, time

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

def send(method, path, body=None):
    api.request(method, "/2018-06-01/runtime/" + path, body)
    reply = api.getresponse()
    return reply, reply.read()

# Whether the other side has read all that was sent: the kernel's queues of both ends are empty.
def was_read(connection):
    port, left = ":%04X" % connection.sock.getsockname()[1], {}
    with open("/proc/net/tcp") as table:
        for line in table.readlines()[1:]:
            _, own, peer, _, queues = line.split()[:5]
            if port in (own[-5:], peer[-5:]):
                sending, reading = queues.split(":")
                left["own" if own.endswith(port) else "peer"] = int(sending if own.endswith(port) else reading, 16)
    return left == {"own": 0, "peer": 0}

if os.environ.get("FAIL_ALWAYS"):
    send("POST", "init/error", "{}")
    sys.exit(1)
if os.environ.get("FAIL_FIRST") and not os.path.exists("started"):
    open("started", "w").close()
    send("POST", "init/error", "{}")
    sys.exit(1)

noted, ahead = [], None
while True:
    if ahead:
        head = ahead.getresponse()
        body, ahead = head.read(), None
    else:
        head, body = send("GET", "invocation/next")
    event, id = json.loads(body), head.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = {"pid": os.getpid(), "id": id, "event": event, "noted": noted}
    if event["do"] == "raise":
        send("POST", "invocation/" + id + "/error", json.dumps({"errorMessage": "no"}))
        continue
    if event["do"] == "crash":
        os._exit(3)
    if event["do"] == "hang":
        while True:
            time.sleep(1)
    if event["do"] == "look around":
        answer["environment"] = dict(os.environ)
        answer["folder"] = os.getcwd()
        answer["arn"] = head.headers["Lambda-Runtime-Invoked-Function-Arn"]
        answer["left"] = int(head.headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
    if event["do"] == "meet":
        open("here-%d" % os.getpid(), "w").close()
        while len(glob.glob("here-*")) < 2:
            time.sleep(0.01)
    if event["do"] == "outlive":
        open("held", "w").close()
        while not os.path.exists("crashed"):
            time.sleep(0.01)
    if event["do"] == "crash beside":
        while not os.path.exists("held"):
            time.sleep(0.01)
        os._exit(3)
    if event["do"] == "hang with child":
        child = os.fork()
        if not child and os.environ.get("LEAVE_GROUP"):
            os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if child:
            with open("child.new", "w") as file:
                file.write(str(child))
            os.rename("child.new", "child")
        while True:
            time.sleep(1)
    if event["do"] == "connect anew":
        api.close()
    if event["do"] == "say where":
        answer["api"] = os.environ["AWS_LAMBDA_RUNTIME_API"]
    if event["do"] == "reach out":
        def reached(host, port):
            try:
                socket.create_connection((host, port), 5).close()
                return "yes"
            except OSError as error:
                return type(error).__name__ + " " + str(error.errno)
        answer["reached"] = [reached(*place) for place in event["places"]]
        with open("/proc/self/status") as status:
            answer["rights"] = [line.split()[1] for line in status if line.startswith("CapEff")]
    if event["do"] == "fork":
        for i in range(50):
            if not os.fork():
                time.sleep(60)
                os._exit(0)
    if event["do"] == "ignore SIGTERM":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if event["do"] == "close the poll and answer late":
        ahead_gone = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        ahead_gone.request("GET", "/2018-06-01/runtime/invocation/next")
        while not was_read(ahead_gone):
            time.sleep(0.01)
        ahead_gone.sock.shutdown(socket.SHUT_WR)
        while ahead_gone.sock.recv(100):  # until the poll was given up
            pass
        ahead_gone.close()
        api.close()
    if event["do"] == "print":
        print("START of user 6f0f1b1e-90ab-4cde-8f01-23456789abcd", flush=True)
        print("mail to anna@example.com", id, file=sys.stderr, flush=True)
    if event["do"] == "flood":
        os.write(1, b"x\n" * 30000)
    if event["do"] == "grow":
        answer["size"] = len(bytearray(512 << 20))
    if event["do"] == "misbehave":
        for method, path in [("POST", "invocation/another/response"),
                             ("POST", "invocation/" + id + "/other"),
                             ("GET", "init/error"), ("POST", "nothing")]:
            noted.append(send(method, path, "{}")[0].status)
    if event["do"] == "abandon a poll":
        # Polls ahead twice; nobody reads what comes for the first, but for its end.
        lost = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        lost.request("GET", "/2018-06-01/runtime/invocation/next")
        ahead = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        ahead.request("GET", "/2018-06-01/runtime/invocation/next")
        lost.sock.recv(1)
    send("POST", "invocation/" + id + "/response", json.dumps(answer))
    if event["do"] == "answer twice":
        noted.append(send("POST", "invocation/" + id + "/response", "{}")[0].status)
)";

std::string folder_path;  // of the test that runs, where its processes run

class FunctionsTest : public testing::WithFunction {
  protected:
    FunctionsTest() : WithFunction(kRuntime) { folder_path = folder_.path(); }
};

// The result of an event {"do": what} with the request id "id-" + what.
io::Task<Result<std::string>> invoke(Functions& functions, const char* what) {
    std::string function = "demo";
    std::string event = json::serialize(json::object{{"do", what}});
    std::string id = std::string("id-") + what;  // part of a path of the Runtime API
    std::replace(id.begin(), id.end(), ' ', '-');
    co_return co_await functions.invoke(std::move(function), std::move(event), std::move(id));
}

// The answer as an object; empty, and a failure of the test, when it is an error.
io::Task<json::object> answer(Functions& functions, const char* what) {
    const Result<std::string> result = co_await invoke(functions, what);
    EXPECT_TRUE(result) << what << ": " << result.error().message;
    if (!result) co_return json::object();
    co_return json::parse(*result).as_object();
}

// As answer(), but tries until the process, which may be starting, answers in its short time.
io::Task<json::object> answer_at_last(Functions& functions) {
    const Instant end = io::deadline_in(Seconds(60));
    while (io::Executor::current().clock().monotonic() < end) {
        const Result<std::string> result = co_await invoke(functions, "echo");
        if (result) co_return json::parse(*result).as_object();
    }
    ADD_FAILURE() << "no answer";
    co_return json::object();
}

Error error_of(const Result<std::string>& result) { return result ? Error{} : result.error(); }

TEST_F(FunctionsTest, what_a_reload_does_not_change_goes_on_in_the_same_process) {
    struct Body {
        static io::Task<bool> run(Functions& before, Functions& after) {
            CO_ASSERT(co_await before.start());
            const json::object demo = co_await answer(before, "echo");
            const json::object other = co_await answer_of(before, "other");
            CO_ASSERT(co_await after.start());
            co_await before.stop(&after);
            const json::object demo_now = co_await answer(after, "echo");
            const json::object other_now = co_await answer_of(after, "other");
            EXPECT_EQ(demo.at("pid"), demo_now.at("pid"));
            EXPECT_NE(other.at("pid"), other_now.at("pid"));
            std::string gone = "gone", event = "{}", id = "id";
            const auto none =
                co_await after.invoke(std::move(gone), std::move(event), std::move(id));
            EXPECT_EQ(error_of(none).code, Code::not_found);
            co_await after.stop();
            co_return true;
        }
        static io::Task<json::object> answer_of(Functions& functions, const char* name) {
            std::string function = name, event = R"({"do":"echo"})", id = "id-of-other";
            const auto result =
                co_await functions.invoke(std::move(function), std::move(event), std::move(id));
            EXPECT_TRUE(result);
            if (!result) co_return json::object{{"pid", 0}};
            co_return json::parse(*result).as_object();
        }
    };
    config::Function other = function_, gone = function_;
    other.name = "other";
    gone.name = "gone";
    const std::vector<config::Function> first{function_, other, gone};
    other.environment["CHANGED"] = "yes";
    const std::vector<config::Function> second{function_, other};
    Functions before(first, options_, *access_);
    Functions after(second, options_, *access_, &before);
    EXPECT_TRUE(io::run_task<bool>([&] { return Body::run(before, after); }));
}

TEST_F(FunctionsTest, the_result_of_the_handler_comes_back) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object one = co_await answer(functions, "echo");
        CO_ASSERT(one.contains("event"));
        EXPECT_EQ(one.at("event"), (json::object{{"do", "echo"}}));
        EXPECT_EQ(one.at("id"), "id-echo");
        const json::object two = co_await answer(functions, "again");
        CO_ASSERT(two.contains("pid"));
        EXPECT_EQ(one.at("pid"), two.at("pid")) << "one process serves them all";
        co_return true;
    });
}

TEST_F(FunctionsTest, the_process_gets_its_environment_and_nothing_of_ours) {
    ::setenv("DOMICILE_TEST_SECRET", "secret", 1);
    function_.environment = {{"COLOUR", "blue"}, {"EXPECTED_FOLDER", folder_.path()}};
    run([](Functions& functions) -> io::Task<bool> {
        const json::object result = co_await answer(functions, "look around");
        CO_ASSERT(result.contains("environment"));
        const json::object& environment = result.at("environment").as_object();
        EXPECT_EQ(environment.at("COLOUR"), "blue");
        EXPECT_EQ(environment.at("AWS_REGION"), "eu-central-1");
        EXPECT_EQ(environment.at("AWS_ENDPOINT_URL"), "http://127.0.0.1:1");
        EXPECT_EQ(environment.at("AWS_LAMBDA_FUNCTION_NAME"), "demo");
        EXPECT_FALSE(environment.contains("DOMICILE_TEST_SECRET"));
        EXPECT_EQ(result.at("arn"), "arn:aws:lambda:eu-central-1:000000000000:function:demo");
        EXPECT_GT(result.at("left").to_number<double>(), 0);
        EXPECT_LE(result.at("left").to_number<double>(), 30);
        EXPECT_EQ(result.at("folder"), environment.at("EXPECTED_FOLDER"));
        co_return true;
    });
    ::unsetenv("DOMICILE_TEST_SECRET");
}

TEST_F(FunctionsTest, an_error_of_the_handler_is_reported_and_the_process_goes_on) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object before = co_await answer(functions, "echo");
        const Result<std::string> raised = co_await invoke(functions, "raise");
        EXPECT_EQ(error_of(raised).code, Code::internal);
        EXPECT_EQ(error_of(raised).reason, reason::kRaised);
        const json::object after = co_await answer(functions, "echo");
        CO_ASSERT(before.contains("pid") && after.contains("pid"));
        EXPECT_EQ(before.at("pid"), after.at("pid"));
        co_return true;
    });
}

TEST_F(FunctionsTest, a_crash_ends_its_invocation_and_the_next_gets_a_fresh_process) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object before = co_await answer(functions, "echo");
        const Result<std::string> crashed = co_await invoke(functions, "crash");
        EXPECT_EQ(error_of(crashed).code, Code::unavailable);
        EXPECT_EQ(error_of(crashed).reason, reason::kCrashed);
        const json::object after = co_await answer(functions, "echo");
        CO_ASSERT(before.contains("pid") && after.contains("pid"));
        EXPECT_NE(before.at("pid"), after.at("pid"));
        co_return true;
    });
}

TEST_F(FunctionsTest, a_process_that_fails_to_start_is_started_again) {
    function_.environment = {{"FAIL_FIRST", "1"}};
    run([](Functions& functions) -> io::Task<bool> {
        const json::object result = co_await answer(functions, "echo");
        co_return result.contains("pid");
    });
}

TEST_F(FunctionsTest, a_timeout_kills_the_process_and_the_next_gets_a_fresh_one) {
    function_.timeout_seconds = 1;
    run([](Functions& functions) -> io::Task<bool> {
        const json::object before = co_await answer_at_last(functions);
        const Result<std::string> late = co_await invoke(functions, "hang");
        EXPECT_EQ(error_of(late).code, Code::deadline_exceeded);
        EXPECT_EQ(error_of(late).reason, reason::kTimedOut);
        const json::object after = co_await answer_at_last(functions);
        CO_ASSERT(before.contains("pid") && after.contains("pid"));
        EXPECT_NE(before.at("pid"), after.at("pid"));
        co_return true;
    });
}

io::Task<bool> hears_that_it_did_not_start(Functions& functions) {
    const Result<std::string> result = co_await invoke(functions, "echo");
    EXPECT_EQ(error_of(result).code, Code::unavailable) << "not its deadline";
    EXPECT_EQ(error_of(result).reason, reason::kCrashed);
    co_return true;
}

TEST_F(FunctionsTest, a_function_that_never_starts_fails_those_that_wait) {
    function_.environment = {{"FAIL_ALWAYS", "1"}};
    run(hears_that_it_did_not_start);
}

TEST_F(FunctionsTest, a_command_that_does_not_exist_fails_those_that_wait) {
    function_.command = {"./no-such-command"};
    run(hears_that_it_did_not_start);
}

TEST_F(FunctionsTest, an_absolute_folder_is_taken_as_it_is) {
    function_.directory = folder_.path();
    options_.config_directory = "/nowhere";
    run([](Functions& functions) -> io::Task<bool> {
        const json::object result = co_await answer(functions, "look around");
        CO_ASSERT(result.contains("environment"));
        EXPECT_EQ(result.at("environment").at("LAMBDA_TASK_ROOT"), result.at("folder"));
        co_return true;
    });
}

TEST_F(FunctionsTest, late_and_foreign_answers_are_refused) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object misbehaved = co_await answer(functions, "misbehave");
        CO_ASSERT(misbehaved.contains("noted"));
        EXPECT_EQ(misbehaved.at("noted"), (json::array{400, 400, 405, 404}));
        const json::object first = co_await answer(functions, "answer twice");
        CO_ASSERT(first.contains("id"));
        EXPECT_EQ(first.at("id"), "id-answer-twice") << "the first answer counts";
        const json::object next = co_await answer(functions, "echo");
        CO_ASSERT(next.contains("noted"));
        EXPECT_EQ(next.at("noted").as_array().back(), 400);
        co_return true;
    });
}

io::Task<void> keep(Functions& functions, std::vector<Result<std::string>>& results,
                    const char* what = "echo") {
    results.push_back(co_await invoke(functions, what));
}

// Whether there is such a process that is not only waited for.
bool runs(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    return std::getline(file, line) && line.find(") Z ") == std::string::npos;
}

io::Task<bool> fill_the_queue(Functions& functions) {
    std::vector<Result<std::string>> results;
    io::TaskGroup callers;
    callers.spawn(keep(functions, results));
    callers.spawn(keep(functions, results));
    const Result<std::string> refused = co_await invoke(functions, "echo");
    EXPECT_EQ(error_of(refused).code, Code::resource_exhausted);
    EXPECT_EQ(error_of(refused).reason, reason::kBusy);
    // Only now is there a process; those that wait are served by it.
    CO_ASSERT(co_await functions.start());
    const bool done = co_await callers.drain(http::soon());
    EXPECT_TRUE(done);
    CO_ASSERT(results.size() == 2);
    EXPECT_TRUE(results[0] && results[1]);
    co_await functions.stop();
    co_return true;
}

TEST_F(FunctionsTest, the_queue_has_a_bound_and_those_in_it_are_served) {
    function_.concurrency.queue_max = 2;
    const std::vector<config::Function> configured{function_};
    Functions functions(configured, options_, *access_);
    EXPECT_TRUE(io::run_task<bool>([&] { return fill_the_queue(functions); }));
}

io::Task<bool> stop_with_callers(Functions& functions) {
    CO_ASSERT(co_await functions.start());
    std::vector<Result<std::string>> results;
    io::TaskGroup callers;
    callers.spawn(keep(functions, results));
    callers.spawn(keep(functions, results));
    co_await functions.stop();
    CO_ASSERT(co_await callers.drain(http::soon()));
    const Result<std::string> after = co_await invoke(functions, "echo");
    EXPECT_EQ(error_of(after).code, Code::cancelled);
    CO_ASSERT(results.size() == 2);
    EXPECT_FALSE(results[1]);
    co_return true;
}

TEST_F(FunctionsTest, stopping_ends_every_invocation) {
    const std::vector<config::Function> configured{function_};
    Functions functions(configured, options_, *access_);
    EXPECT_TRUE(io::run_task<bool>([&] { return stop_with_callers(functions); }));
}

io::Task<bool> meet(Functions& functions) {
    std::vector<Result<std::string>> results;
    io::TaskGroup callers;
    callers.spawn(keep(functions, results, "meet"));
    callers.spawn(keep(functions, results, "meet"));
    const bool done = co_await callers.drain(http::soon());
    EXPECT_TRUE(done) << "each waits for the other in its handler";
    CO_ASSERT(results.size() == 2 && results[0] && results[1]);
    EXPECT_NE(json::parse(*results[0]).at("pid"), json::parse(*results[1]).at("pid"));
    co_return true;
}

TEST_F(FunctionsTest, calls_at_once_have_a_process_each) { run(meet); }

TEST_F(FunctionsTest, a_crash_fails_its_own_call_only) {
    run([](Functions& functions) -> io::Task<bool> {
        std::vector<Result<std::string>> results;
        io::TaskGroup callers;
        callers.spawn(keep(functions, results, "outlive"));
        const Result<std::string> crashed = co_await invoke(functions, "crash beside");
        EXPECT_EQ(error_of(crashed).reason, reason::kCrashed);
        EXPECT_TRUE(results.empty());
        // To tell the other; a process of the same function, in the same folder.
        std::ofstream(std::string(folder_path) + "/crashed").put('x');
        const bool done = co_await callers.drain(http::soon());
        EXPECT_TRUE(done);
        CO_ASSERT(results.size() == 1);
        EXPECT_TRUE(results[0]);
        co_return true;
    });
}

std::string metric(Functions& functions, std::string_view name) {
    telemetry::Registry registry;
    functions.report_to(registry);
    const std::string text = registry.expose();
    const std::size_t at = text.find("\n" + std::string(name) + '{');
    if (at == std::string::npos) return "no " + std::string(name);
    const std::size_t blank = text.find(' ', at);
    return text.substr(blank + 1, text.find('\n', blank) - blank - 1);
}

io::Task<bool> becomes(Functions& functions, std::string_view name, std::string_view value) {
    const Instant end = http::soon();
    while (metric(functions, name) != value) {
        if (io::Executor::current().clock().coarse() > end) {
            ADD_FAILURE() << name << " is " << metric(functions, name) << ", not " << value;
            co_return false;
        }
        co_await io::sleep_for(Millis(10));
    }
    co_return true;
}

io::Task<bool> come_and_go(Functions& functions) {
    EXPECT_EQ(metric(functions, "domicile_function_processes"), "0");
    EXPECT_TRUE(functions.all_running()) << "none has to be there";
    const json::object one = co_await answer(functions, "echo");
    CO_ASSERT(one.contains("pid"));
    const bool gone = co_await becomes(functions, "domicile_function_processes", "0");
    CO_ASSERT(gone);
    const json::object two = co_await answer(functions, "echo");
    CO_ASSERT(two.contains("pid"));
    EXPECT_NE(one.at("pid"), two.at("pid"));
    co_return true;
}

TEST_F(FunctionsTest, processes_come_with_the_first_call_and_go_when_idle) {
    function_.concurrency.reserved = 0;
    function_.concurrency.idle_seconds = 1;
    run(come_and_go);
}

TEST_F(FunctionsTest, a_spare_process_is_ready_while_the_function_is_in_use) {
    function_.concurrency.warm = 1;
    function_.concurrency.reserved = 0;
    run([](Functions& functions) -> io::Task<bool> {
        std::vector<Result<std::string>> results;
        io::TaskGroup callers;
        callers.spawn(keep(functions, results, "outlive"));
        const bool two = co_await becomes(functions, "domicile_function_processes", "2");
        std::ofstream(std::string(folder_path) + "/crashed").put('x');
        (void)co_await callers.drain(http::soon());
        co_return two;
    });
}

io::Task<bool> hang_with_child(Functions& functions) {
    (void)co_await answer_at_last(functions);
    const Result<std::string> late = co_await invoke(functions, "hang with child");
    EXPECT_EQ(error_of(late).reason, reason::kTimedOut);
    std::ifstream file(std::string(folder_path) + "/child");
    int child = 0;
    CO_ASSERT(file >> child && child > 0);
    const Instant end = http::soon();
    while (runs(child) && io::Executor::current().clock().coarse() < end)
        co_await io::sleep_for(Millis(10));
    EXPECT_FALSE(runs(child)) << "it ignores SIGTERM";
    co_return true;
}

TEST_F(FunctionsTest, a_timeout_kills_what_the_process_started_too) {
    function_.timeout_seconds = 1;
    run(hang_with_child);
}

TEST_F(FunctionsTest, with_a_bound_on_memory_nothing_gets_away_from_its_end) {
    if (!io::ControlGroup::create(64 << 20)) GTEST_SKIP() << "no control group can be made here";
    function_.timeout_seconds = 1;
    function_.memory_megabytes = 128;
    function_.environment = {{"LEAVE_GROUP", "1"}};
    run(hang_with_child);
}

TEST_F(FunctionsTest, an_answer_may_come_on_another_connection) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object one = co_await answer(functions, "connect anew");
        CO_ASSERT(one.contains("pid"));
        const json::object two = co_await answer(functions, "echo");
        CO_ASSERT(two.contains("pid"));
        EXPECT_EQ(one.at("pid"), two.at("pid"));
        co_return true;
    });
}

TEST_F(FunctionsTest, a_poll_that_a_later_one_replaced_gets_no_work) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object one = co_await answer(functions, "abandon a poll");
        CO_ASSERT(one.contains("pid"));
        const json::object two = co_await answer(functions, "echo");
        CO_ASSERT(two.contains("pid"));
        EXPECT_EQ(one.at("pid"), two.at("pid"));
        co_return true;
    });
}

TEST_F(FunctionsTest, the_end_of_the_log_comes_with_the_answer_without_identifiers) {
    run([](Functions& functions) -> io::Task<bool> {
        auto tail = std::make_shared<std::string>();
        Call call;
        call.event = R"({"do":"print"})";
        call.request_id = "11111111-2222-4333-8444-555555555555";
        call.tail = tail;
        std::string function = "demo";
        const Result<Answer> result = co_await functions.call(std::move(function), std::move(call));
        EXPECT_TRUE(result);
        EXPECT_TRUE(
            tail->starts_with("START RequestId: 11111111-2222-4333-8444-555555555555 "
                              "Version: $LATEST\nSTART of user [id]\n"
                              "mail to [e-mail] 11111111-2222-4333-8444-555555555555\n"
                              "END RequestId: "))
            << *tail;
        co_return true;
    });
}

TEST_F(FunctionsTest, after_a_crash_the_log_has_a_beginning_and_no_end) {
    run([](Functions& functions) -> io::Task<bool> {
        auto tail = std::make_shared<std::string>();
        Call call;
        call.event = R"({"do":"crash"})";
        call.request_id = "11111111-2222-4333-8444-555555555555";
        call.tail = tail;
        std::string function = "demo";
        const Result<Answer> result = co_await functions.call(std::move(function), std::move(call));
        EXPECT_EQ(result.error().reason, reason::kCrashed);
        EXPECT_EQ(*tail,
                  "START RequestId: 11111111-2222-4333-8444-555555555555 Version: $LATEST\n");
        co_return true;
    });
}

TEST_F(FunctionsTest, a_flood_of_output_is_bounded_and_the_answer_comes) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object flooded = co_await answer(functions, "flood");
        EXPECT_TRUE(flooded.contains("pid"));
        const Instant end = http::soon();
        while (metric(functions, "domicile_function_dropped_lines_total") == "0" &&
               io::Executor::current().clock().coarse() < end) {
            (void)co_await answer(functions, "print");
            co_await io::sleep_for(Millis(50));
        }
        EXPECT_NE(metric(functions, "domicile_function_dropped_lines_total"), "0");
        co_return true;
    });
}

TEST_F(FunctionsTest, memory_has_a_bound) {
    function_.memory_megabytes = 128;
    run([](Functions& functions) -> io::Task<bool> {
        const Result<std::string> grown = co_await invoke(functions, "grow");
        EXPECT_EQ(error_of(grown).reason, reason::kCrashed);
        const json::object after = co_await answer(functions, "echo");
        co_return after.contains("pid");
    });
}

// The answer of an event that has more than a "do".
io::Task<json::object> answer_to(Functions& functions, json::object event) {
    std::string function = "demo", text = json::serialize(event), id = "id-of-it";
    const auto result =
        co_await functions.invoke(std::move(function), std::move(text), std::move(id));
    EXPECT_TRUE(result) << result.error().message;
    if (!result) co_return json::object();
    co_return json::parse(*result).as_object();
}

TEST_F(FunctionsTest, another_program_gets_nothing_from_the_runtime_api) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object one = co_await answer(functions, "say where");
        CO_ASSERT(one.contains("api"));
        const auto at = io::parse_endpoint(std::string(one.at("api").as_string()));
        CO_ASSERT(at);
        const auto stranger = co_await http::dial(*at);
        const Instant deadline = http::soon();
        const std::string_view poll =
            "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: a\r\n\r\n";
        (void)co_await stranger->write(poll, deadline);
        const std::string got = co_await http::read_to_end(*stranger);
        EXPECT_FALSE(got.contains("HTTP")) << got;
        const json::object two = co_await answer(functions, "echo");
        EXPECT_TRUE(two.contains("pid"));
        co_return true;
    });
}

// A listener of this program, and what a function is to say of its port.
struct Door {
    std::unique_ptr<io::Listener> listener;
    std::int64_t port = 0;
};
Door open_door() {
    auto listener = io::Executor::current().network().listen({"127.0.0.1", 0});
    DOMICILE_CHECK(listener.has_value());
    const std::int64_t port = (*listener)->local().port;
    return {std::move(*listener), port};
}

TEST_F(FunctionsTest, with_egress_enforced_it_reaches_its_region_and_what_it_is_allowed) {
    if (!io::NetworkNamespace::create()) GTEST_SKIP() << "no network namespace can be made here";
    struct Body {
        static io::Task<bool> run(config::Function function, Options options,
                                  access::Access& access, std::string log) {
            // Goes before the executor.
            const auto audit =
                audit::Log::open(io::system_files(), log, options.region, io::system_clock());
            CO_ASSERT(audit);
            const Door region = open_door(), allowed = open_door(), other = open_door();
            options.aws_endpoint = "http://127.0.0.1:" + std::to_string(region.port);
            function.egress = config::Egress::enforced;
            function.egress_allow = {"localhost:" + std::to_string(allowed.port)};
            const std::vector<config::Function> configured{function};
            Functions functions(configured, options, access, nullptr, audit->get());
            CO_ASSERT(co_await functions.start());
            json::array places;
            for (const auto& [host, port] :
                 std::vector<std::pair<const char*, std::int64_t>>{{"127.0.0.1", region.port},
                                                                   {"localhost", allowed.port},
                                                                   {"127.0.0.1", other.port},
                                                                   {"192.0.2.1", 443},
                                                                   {"2001:db8::1", 443}})
                places.push_back(json::array{host, port});
            json::object event{{"do", "reach out"}, {"places", std::move(places)}};
            const json::object got = co_await answer_to(functions, std::move(event));
            CO_ASSERT(got.contains("reached"));
            const json::array& reached = got.at("reached").as_array();
            EXPECT_EQ(reached[0], "yes");
            EXPECT_EQ(reached[1], "yes");
            EXPECT_EQ(reached[2], "ConnectionRefusedError 111");
            EXPECT_EQ(reached[3], "OSError 101");
            EXPECT_NE(reached[4], "yes");
            EXPECT_EQ(got.at("rights"), json::array{"0000000000000000"});
            co_await functions.stop();
            co_return true;
        }
    };
    EXPECT_TRUE(io::run_task<bool>(
        [&] { return Body::run(function_, options_, *access_, folder_.file("audit.log")); }));
    std::ifstream file(folder_.file("audit.log"));
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(text.contains("egress_refused") && text.contains("\"function\":\"demo\"")) << text;
    EXPECT_FALSE(text.contains("192.0.2.1"));
}

TEST_F(FunctionsTest, what_it_forked_goes_with_it) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object one = co_await answer(functions, "fork");
        const json::object two = co_await answer(functions, "echo");
        CO_ASSERT(one.contains("pid") && two.contains("pid"));
        EXPECT_EQ(one.at("pid"), two.at("pid"));
        (void)co_await invoke(functions, "crash");
        const int group = static_cast<int>(one.at("pid").as_int64());
        const Instant end = http::soon();
        while (kill(-group, 0) == 0 && io::Executor::current().clock().coarse() < end)
            co_await io::sleep_for(Millis(10));
        EXPECT_NE(kill(-group, 0), 0);
        co_return true;
    });
}

TEST_F(FunctionsTest, one_that_ignores_SIGTERM_ends_all_the_same) {
    function_.concurrency.reserved = 0;
    function_.concurrency.idle_seconds = 1;
    run([](Functions& functions) -> io::Task<bool> {
        const json::object one = co_await answer(functions, "ignore SIGTERM");
        CO_ASSERT(one.contains("pid"));
        const int pid = static_cast<int>(one.at("pid").as_int64());
        const Instant end = http::soon();
        while (runs(pid) && io::Executor::current().clock().coarse() < end)
            co_await io::sleep_for(Millis(10));
        EXPECT_FALSE(runs(pid));
        co_return true;
    });
}

TEST_F(FunctionsTest, an_answer_counts_after_the_connection_of_its_poll_was_closed) {
    run([](Functions& functions) -> io::Task<bool> {
        const json::object one = co_await answer(functions, "close the poll and answer late");
        const json::object two = co_await answer(functions, "echo");
        CO_ASSERT(one.contains("pid") && two.contains("pid"));
        EXPECT_EQ(one.at("pid"), two.at("pid"));
        co_return true;
    });
}

TEST_F(FunctionsTest, an_unknown_function_is_not_found) {
    run([](Functions& functions) -> io::Task<bool> {
        std::string function = "other", event = "{}", id = "r";
        const Result<std::string> result =
            co_await functions.invoke(std::move(function), std::move(event), std::move(id));
        EXPECT_EQ(error_of(result).code, Code::not_found);
        co_return true;
    });
}

io::Task<Result<access::SigningIdentity>> identify(access::Access& access, json::object issued) {
    CO_TRY_VOID(co_await access.open());
    std::string key(issued.at("accessKeyId").as_string());
    std::string token(issued.at("sessionToken").as_string());
    co_return co_await access.identify(std::move(key), std::move(token));
}

io::Task<Result<void>> open(access::Access& access) { co_return co_await access.open(); }

TEST_F(FunctionsTest, credentials_reach_the_functions_tables_and_one_subject) {
    ASSERT_TRUE(io::run_task<Result<void>>([&] { return open(*access_); }));
    function_.tables = {"Diary"};
    function_.invokes = {"friend"};
    function_.parameters = {"/app/*", "/one"};
    const std::vector<config::Function> configured{function_};
    Functions functions(configured, options_, *access_);
    const json::object issued = json::parse(functions.credentials(function_, "s-1")).as_object();
    EXPECT_NE(functions.credentials(function_, "s-1"), functions.credentials(function_, "s-1"));
    const std::string nobodys = functions.credentials(function_, std::nullopt);
    EXPECT_EQ(functions.credentials(function_, std::nullopt), nobodys);
    const auto identity =
        io::run_task<Result<access::SigningIdentity>>([&] { return identify(*access_, issued); });
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_EQ(identity->principal.subject, "s-1");
    EXPECT_TRUE(access::authorize(identity->principal, "dynamodb:PutItem", "table/Diary"));
    EXPECT_FALSE(access::authorize(identity->principal, "dynamodb:PutItem", "table/Other"));
    EXPECT_FALSE(access::authorize(identity->principal, "admin:Keys", "table/Diary"));
    EXPECT_TRUE(access::authorize(identity->principal, "lambda:InvokeFunction", "function/friend"));
    EXPECT_FALSE(access::authorize(identity->principal, "lambda:InvokeFunction", "function/demo"));
    EXPECT_FALSE(access::authorize(identity->principal, "lambda:GetFunction", "function/friend"));
    EXPECT_TRUE(access::authorize(identity->principal, "ssm:GetParameter", "parameter/app/a"));
    EXPECT_TRUE(access::authorize(identity->principal, "ssm:GetParameter", "parameter/one"));
    EXPECT_FALSE(access::authorize(identity->principal, "ssm:GetParameter", "parameter/onemore"));
}

}  // namespace
}  // namespace domicile::functions
