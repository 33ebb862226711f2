// What upstreams may do, and what the client is told then. The upstream here is no HTTP server: it
// reads the head of a request and does what the path says.
#include "gateway/testing.h"

namespace domicile::gateway::test {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class Rogue {
  public:
    Rogue() : listener_(*io::Executor::current().network().listen({"127.0.0.1", 0})) {
        tasks_.spawn(accept());
    }
    config::UpstreamUrl url() const { return {"127.0.0.1", listener_->local().port}; }
    // Lets those that hold go on.
    void release() {
        released_ = true;
        go_.notify_all();
    }
    Task<void> stop() {
        release();
        listener_->close();
        co_await tasks_.drain(soon());
    }

    std::vector<std::string> asked;  // the last segments of the paths
    int holding = 0;
    int left = 0;  // calls that were given up while they were held

  private:
    Task<void> accept() {
        while (true) {
            auto stream = co_await listener_->accept();
            if (!stream) co_return;
            tasks_.spawn(serve(std::move(*stream)));
        }
    }
    Task<void> serve(std::unique_ptr<io::Stream> stream) {
        while (true) {
            const std::string head = co_await http::read_until(*stream, "\r\n\r\n");
            if (head.ends_with("[ended]")) co_return;
            const std::string path = head.substr(0, head.find(" HTTP/"));
            const std::string what = path.substr(path.rfind('/') + 1);
            asked.push_back(what);
            const bool goes_on = co_await act(*stream, what);
            if (!goes_on) co_return;
        }
    }
    static Task<void> say(io::Stream& stream, std::string text) {
        (void)co_await stream.write(text, soon());
    }
    // Until it is released, or the other side leaves.
    Task<void> hold(io::Stream& stream) {
        ++holding;
        std::string room(10, '\0');
        while (!released_) {
            const Instant next = io::deadline_in(Millis(10));
            const auto bytes = co_await stream.read_some(room, next);
            const bool ended = bytes ? *bytes == 0 : bytes.error().code != Code::deadline_exceeded;
            if (ended) {
                ++left;
                break;
            }
        }
        --holding;
    }
    Task<bool> act(io::Stream& stream, std::string what) {
        const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
        if (what == "ok") {
            co_await say(stream, std::string(kOk));
            co_return true;
        }
        if (what == "busy") {
            co_await say(stream, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
            co_return true;
        }
        if (what == "garbage") co_await say(stream, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
        if (what == "endless")
            co_await say(stream, "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x'));
        if (what == "two_lengths")
            co_await say(stream,
                         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok");
        if (what == "cut_small")
            co_await say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        if (what == "cut_large")
            co_await say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" +
                                     std::string(50'000, 'h'));
        if (what == "cut_chunked") co_await say(stream, chunked + "\r\n4\r\nhalf\r\n");
        if (what == "bad_chunk") co_await say(stream, chunked + "\r\nzz\r\nhalf\r\n");
        if (what == "slow") {
            co_await hold(stream);
            co_await say(stream, std::string(kOk));
            co_return true;
        }
        if (what == "events") {
            co_await say(stream, chunked + "Content-Type: text/event-stream\r\n\r\n");
            co_await hold(stream);
            co_await say(stream, "f\r\ndata: released\n\r\n0\r\n\r\n");
        }
        if (what == "socket") {
            co_await say(stream,
                         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nX-Own: kept\r\n\r\nhello ");
            std::string room(100, '\0');
            const auto bytes = co_await stream.read_some(room, soon());
            if (bytes) co_await say(stream, room.substr(0, *bytes));
        }
        co_return false;
    }

    std::unique_ptr<io::Listener> listener_;
    io::TaskGroup tasks_;
    bool released_ = false;
    io::Event go_;
};

Rogue* rogue = nullptr;

using Adjust = void (*)(config::Upstream&, config::Route&);

Task<bool> with_rogue(World* world, Story story, Adjust adjust) {
    Rogue own;
    rogue = &own;
    world->adjust = [adjust](config::Config& config) {
        config::Upstream upstream;
        upstream.name = "rogue";
        upstream.url.push_back(rogue->url());
        config::Route out = route("/rogue/{rest+}");
        out.upstream = "rogue";
        out.authorizer.reset();
        if (adjust != nullptr) adjust(upstream, out);
        config.upstreams.push_back(upstream);
        config.routes.push_back(out);
    };
    const bool done = co_await with_pair(world, story);
    co_await own.stop();
    co_return done;
}

void run(Story story, Adjust adjust = nullptr) {
    World world;
    EXPECT_TRUE(io::run_task<bool>([&] { return with_rogue(&world, story, adjust); }));
}

// All that comes until the gateway closes, which it is asked to do.
Task<std::string> raw(Pair& pair, std::string method, std::string what, std::string more = "") {
    const std::string request = method + " /rogue/" + what + " HTTP/1.1\r\nHost: h\r\n" +
                                "Connection: close\r\n" + more + "\r\n";
    co_return co_await http::exchange(pair.eu.public_server->local(), request);
}

int status_of(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

// ---- Dies, and answers garbage -----------------------------------------------------------------

Task<bool> bad_answers(Pair& pair) {
    for (const std::string what :
         {"dies", "garbage", "endless", "two_lengths", "cut_small", "bad_chunk"}) {
        const std::string answer = co_await raw(pair, "GET", what);
        EXPECT_EQ(status_of(answer), 502) << what << answer;
        EXPECT_THAT(answer, HasSubstr(R"({"message":"Bad Gateway"})")) << what;
        EXPECT_THAT(answer, HasSubstr("Domicile-Served-By: eu-central-1\r\n")) << what;
    }
    EXPECT_EQ(pair.eu.public_server->unhandled(), 0u);
    const std::string good = co_await raw(pair, "GET", "ok");
    EXPECT_EQ(status_of(good), 200);
    co_return true;
}

TEST(upstream, one_that_dies_or_answers_garbage_is_502) { run(bad_answers); }

Task<bool> cut_bodies(Pair& pair) {
    const std::string large = co_await raw(pair, "GET", "cut_large");
    EXPECT_EQ(status_of(large), 200);
    EXPECT_THAT(large, HasSubstr("Content-Length: 100000\r\n"));
    EXPECT_EQ(http::count_of(large, "h\r\n\r\n"), 0);
    EXPECT_LT(large.size(), 60'000u) << "less than was promised, and the connection ends";
    const std::string chunked = co_await raw(pair, "GET", "cut_chunked");
    EXPECT_EQ(status_of(chunked), 200);
    EXPECT_THAT(chunked, HasSubstr("4\r\nhalf\r\n"));
    EXPECT_THAT(chunked, Not(HasSubstr("\r\n0\r\n"))) << "the last chunk is missing";
    co_return true;
}

TEST(upstream, a_body_that_breaks_off_does_not_look_whole) { run(cut_bodies); }

// ---- Hangs -------------------------------------------------------------------------------------

Task<bool> hangs(Pair& pair) {
    const std::string answer = co_await raw(pair, "GET", "slow");
    EXPECT_EQ(status_of(answer), 504);
    EXPECT_THAT(answer, HasSubstr(R"({"message":"Endpoint request timed out"})"));
    const bool seen = co_await io::testing::until([] { return rogue->left == 1; });
    EXPECT_TRUE(seen) << "the call is given up";
    co_return true;
}

TEST(upstream, one_that_hangs_is_504_after_the_time_of_a_try) {
    run(hangs, [](config::Upstream& upstream, config::Route&) { upstream.try_timeout_ms = 50; });
}

Task<bool> client_leaves(Pair& pair) {
    for (const std::string what : {"slow", "events"}) {
        const int before = rogue->left;
        auto stream = co_await http::dial(pair.eu.public_server->local());
        const std::string request = "GET /rogue/" + what + " HTTP/1.1\r\nHost: h\r\n\r\n";
        const auto sent = co_await stream->write(request, soon());
        EXPECT_TRUE(sent.has_value());
        if (what == "events") {
            const std::string head = co_await http::read_until(*stream, "\r\n\r\n");
            EXPECT_EQ(status_of(head), 200) << "the head comes before the first event";
        }
        const bool held = co_await io::testing::until([] { return rogue->holding == 1; });
        EXPECT_TRUE(held);
        stream.reset();
        const bool left = co_await io::testing::until([&] { return rogue->left == before + 1; });
        EXPECT_TRUE(left) << what;
    }
    EXPECT_EQ(pair.eu.public_server->unhandled(), 0u) << "nobody's fault";
    co_return true;
}

TEST(upstream, a_client_that_leaves_takes_its_call_with_it) { run(client_leaves); }

Task<void> release_when_held() {
    co_await io::testing::until([] { return rogue->holding == 1; });
    rogue->release();
}

Task<bool> half_closed(Pair& pair) {
    io::spawn(release_when_held());
    auto stream = co_await http::dial(pair.eu.public_server->local());
    const auto sent = co_await stream->write(
        "GET /rogue/slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", soon());
    EXPECT_TRUE(sent.has_value());
    const std::string answer = co_await http::read_to_end(*stream);
    EXPECT_EQ(status_of(answer), 200);
    co_return true;
}

TEST(upstream, one_that_is_slow_is_waited_for) { run(half_closed); }

// ---- Retries -----------------------------------------------------------------------------------

Task<bool> retried(Pair& pair) {
    const std::string busy = co_await raw(pair, "GET", "busy");
    EXPECT_EQ(status_of(busy), 503);
    EXPECT_EQ(rogue->asked.size(), 3u);
    rogue->asked.clear();
    const std::string dies = co_await raw(pair, "DELETE", "dies");
    EXPECT_EQ(status_of(dies), 502);
    EXPECT_EQ(rogue->asked.size(), 4u) << "the first was on a connection that had been used before";
    rogue->asked.clear();
    const std::string post = co_await raw(pair, "POST", "busy", "Content-Length: 0\r\n");
    EXPECT_EQ(status_of(post), 503);
    EXPECT_EQ(rogue->asked.size(), 1u) << "twice may be once too often";
    rogue->asked.clear();
    const std::string put = co_await raw(pair, "PUT", "busy", "Content-Length: 1\r\n\r\nx");
    EXPECT_EQ(rogue->asked.size(), 1u) << "its body is gone";
    rogue->asked.clear();
    for (int i = 0; i < 20; ++i) co_await raw(pair, "GET", "busy");
    EXPECT_LT(rogue->asked.size(), 20u + 10u) << "the budget is used up";
    co_return true;
}

TEST(upstream, calls_that_do_no_harm_are_tried_again_within_the_budget) {
    run(retried, [](config::Upstream& upstream, config::Route&) {
        upstream.retries = {.attempts = 3, .budget_percent = 10};
        upstream.ejection.failures = 0;
    });
}

Task<bool> passed_over(Pair& pair) {
    for (int i = 0; i < 6; ++i) {
        const std::string answer =
            co_await raw(pair, "POST", "ok", i % 2 == 0 ? "Content-Length: 0\r\n" : "");
        EXPECT_EQ(status_of(answer), 200);
    }
    co_return true;
}

TEST(upstream, a_server_that_cannot_be_reached_is_passed_over) {
    run(passed_over, [](config::Upstream& upstream, config::Route&) {
        auto dead = io::Executor::current().network().listen({"127.0.0.1", 0});
        upstream.url.push_back({"127.0.0.1", (*dead)->local().port});
    });
}

// ---- Bounds ------------------------------------------------------------------------------------

Task<void> fetch_slow(Pair* pair, std::string* answer) {
    *answer = co_await raw(*pair, "GET", "slow");
}

Task<bool> at_once(Pair& pair) {
    std::string first;
    io::TaskGroup tasks;
    tasks.spawn(fetch_slow(&pair, &first));
    const bool held = co_await io::testing::until([] { return rogue->holding == 1; });
    EXPECT_TRUE(held);
    const std::string second = co_await raw(pair, "GET", "ok");
    EXPECT_EQ(status_of(second), 429);
    EXPECT_THAT(second, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_THAT(second, HasSubstr("application/problem+json"));
    rogue->release();
    co_await tasks.drain(soon());
    EXPECT_EQ(status_of(first), 200);
    const std::string third = co_await raw(pair, "GET", "ok");
    EXPECT_EQ(status_of(third), 200);
    co_return true;
}

TEST(upstream, more_calls_at_once_than_it_takes_are_429) {
    run(at_once, [](config::Upstream& upstream, config::Route&) { upstream.concurrency_max = 1; });
}

TEST(upstream, more_calls_at_once_than_the_route_takes_are_429) {
    run(at_once, [](config::Upstream&, config::Route& route) { route.concurrency_max = 1; });
}

// ---- Health ------------------------------------------------------------------------------------

Task<bool> checked(Pair& pair) {
    pair.eu.gateway.start();
    const bool down = co_await io::testing::until([] { return rogue->asked.size() >= 3; });
    EXPECT_TRUE(down);
    co_await pair.eu.gateway.stop();
    rogue->asked.clear();
    for (int i = 0; i < 10; ++i) {
        Request request;
        request.target = "/rogue/ok";
        const Reply reply = co_await fetch(pair.eu, request);
        EXPECT_EQ(reply.status, 200);
        EXPECT_THAT(reply.body, HasSubstr("GET /rogue/ok")) << "the teller answers, who is well";
    }
    EXPECT_TRUE(rogue->asked.empty());
    co_return true;
}

// Beside the teller, who is well.
Task<bool> with_sick_rogue(World* world, Story story) {
    Rogue own;
    rogue = &own;
    world->adjust = [](config::Config& config) {
        config::Upstream upstream = *config.upstreams.find("teller");
        upstream.name = "rogue";
        upstream.url.push_back(rogue->url());
        config::HealthCheck health;
        health.path = "/busy";
        health.interval_ms = 10;
        health.down_after = 2;
        upstream.health = health;
        config.upstreams.push_back(upstream);
        config::Route out = route("/rogue/{rest+}");
        out.upstream = "rogue";
        out.authorizer.reset();
        config.routes.push_back(out);
    };
    const bool done = co_await with_pair(world, story);
    co_await own.stop();
    co_return done;
}

TEST(upstream, a_server_whose_health_check_fails_gets_no_calls) {
    World world;
    EXPECT_TRUE(io::run_task<bool>([&] { return with_sick_rogue(&world, checked); }));
}

// ---- WebSocket ---------------------------------------------------------------------------------

constexpr const char* kUpgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";

Task<std::string> open_socket(Pair& pair) {
    auto stream = co_await http::dial(pair.eu.public_server->local());
    const std::string request =
        std::string("GET /rogue/socket HTTP/1.1\r\nHost: h\r\n") + kUpgrade + "\r\nann";
    const auto sent = co_await stream->write(request, soon());
    EXPECT_TRUE(sent.has_value());
    co_return co_await http::read_to_end(*stream);
}

Task<bool> tunnelled(Pair& pair) {
    const std::string answer = co_await open_socket(pair);
    EXPECT_EQ(status_of(answer), 101);
    EXPECT_THAT(answer, HasSubstr("X-Own: kept\r\n"));
    EXPECT_THAT(answer, HasSubstr("Domicile-Served-By: eu-central-1\r\n"));
    EXPECT_THAT(answer, HasSubstr("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello ann"));
    const std::string refused = co_await raw(pair, "GET", "busy", kUpgrade);
    EXPECT_EQ(status_of(refused), 503) << "an upstream may refuse";
    EXPECT_EQ(pair.eu.public_server->unhandled(), 0u);
    co_return true;
}

TEST(upstream, a_websocket_passes_through_where_the_upstream_speaks_it) {
    run(tunnelled, [](config::Upstream& upstream, config::Route&) { upstream.websocket = true; });
}

Task<bool> not_tunnelled(Pair& pair) {
    const std::string answer = co_await raw(pair, "GET", "socket", "Upgrade: websocket\r\n");
    EXPECT_EQ(status_of(answer), 502) << "nobody asked the upstream for it";
    co_return true;
}

TEST(upstream, elsewhere_the_upgrade_is_left_out) { run(not_tunnelled); }

}  // namespace
}  // namespace domicile::gateway::test
