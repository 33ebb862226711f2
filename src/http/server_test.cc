#include "http/server.h"

#include <cstring>

#include "base/encoding.h"
#include "http/testing.h"
#include "io/testing.h"
#include "io/tls.h"

namespace domicile::http {
namespace {

const std::string kGet = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";
const ResponseHead kPlain;
const std::string kLast = "GET /z HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";

HTTP_TEST(Server, answers_requests_of_one_connection_in_order) {
    auto server = serve(echo);
    const std::string post = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    const std::string chunked =
        "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    const std::string all = co_await exchange(server->local(), kGet + post + chunked + kLast);
    EXPECT_EQ(count_of(all, "HTTP/1.1 200 OK\r\n"), 4) << all;
    const auto a = all.find("\r\n\r\nGET /a\n");
    const auto b = all.find("\r\n\r\nPOST /b\nhello");
    const auto c = all.find("\r\n\r\nPOST /c\nabc");
    const auto z = all.find("\r\n\r\nGET /z\n");
    EXPECT_TRUE(a < b && b < c && c < z && z != std::string::npos) << all;
    EXPECT_EQ(count_of(all, "Connection: close\r\n"), 1);
    EXPECT_EQ(count_of(all, "\r\nDate: "), 4);
    EXPECT_EQ(server->unhandled(), 0u);
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, what_a_handler_keeps_lives_until_the_request_has_ended_and_no_longer) {
    std::weak_ptr<const int> last;
    std::vector<int> seen;
    const Handler handler = [&](Exchange& exchange) {
        seen.push_back(static_cast<int>(last.use_count()));
        const auto first = std::make_shared<const int>(1);
        exchange.keep(first);
        exchange.keep(std::make_shared<const int>(2));  // the first stays
        last = first;
        return echo(exchange);
    };
    auto server = serve(handler);
    const std::string all = co_await exchange(server->local(), kGet + kGet + kLast);
    EXPECT_EQ(count_of(all, "HTTP/1.1 200 OK\r\n"), 3) << all;
    EXPECT_EQ(seen, (std::vector<int>{0, 0, 0})) << "that of the request before is gone";
    co_await server->stop(soon());
    EXPECT_TRUE(last.expired());
    co_return true;
}

HTTP_TEST(Server, what_a_handler_keeps_is_there_while_the_body_is_read) {
    std::weak_ptr<const int> kept;
    long users = 0;
    const Handler handler = [&](Exchange& exchange) {
        auto used = std::make_shared<const int>(1);
        kept = used;
        exchange.keep(std::move(used));
        struct Answer {
            static io::Task<Result<void>> run(Exchange& exchange, std::weak_ptr<const int>& kept,
                                              long& users) {
                CO_TRY(const std::string body, co_await exchange.read_all(100));
                users = kept.use_count();
                co_return co_await exchange.respond(kPlain, body);
            }
        };
        return Answer::run(exchange, kept, users);
    };
    auto server = serve(handler);
    auto stream = co_await dial(server->local());
    const std::string head = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe";
    CO_ASSERT((co_await stream->write(head, soon())).has_value());
    CO_ASSERT((co_await stream->write("llo", soon())).has_value());
    const std::string answer = co_await read_until(*stream, "hello");
    EXPECT_EQ(users, 1) << answer;
    stream.reset();
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, reads_a_request_that_arrives_byte_by_byte) {
    auto server = serve(echo);
    auto stream = co_await dial(server->local());
    const std::string bytes =
        "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nA: b\r\n\r\n";
    for (const char c : bytes) {
        const auto written = co_await stream->write(std::string_view(&c, 1), soon());
        CO_ASSERT(written.has_value());
    }
    const std::string all = co_await read_to_end(*stream);
    EXPECT_TRUE(all.ends_with("POST /c\nabcd")) << all;
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, refuses_bad_requests_and_closes) {
    auto server = serve(echo, {.header_bytes_max = 2048, .body_bytes_max = 1000});
    const std::string host = "Host: a\r\n";
    const std::vector<std::pair<std::string, int>> cases = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"GET / HTTP/3.0\r\n" + host + "\r\n", 505},
        {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(3000, 'x') + "\r\n\r\n", 431},
        {"GET /" + std::string(5000, 'x'), 414},
        {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\n" + host + "Content-Length: 1001\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" +
             std::string(1001, 'x') + "\r\n0\r\n\r\n",
         413},
        {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        {"GET / HTTP/1.1\r\n" + host + "Expect: magic\r\n\r\n", 417},
    };
    for (const auto& [bytes, status] : cases) {
        const std::string all = co_await exchange(server->local(), bytes + kGet);
        EXPECT_TRUE(all.starts_with("HTTP/1.1 " + std::to_string(status) + " ")) << all;
        EXPECT_EQ(count_of(all, "HTTP/1.1"), 1) << all;
        EXPECT_EQ(count_of(all, "Connection: close\r\n"), 1) << all;
        EXPECT_EQ(count_of(all, "application/problem+json"), 1) << all;
    }
    EXPECT_EQ(server->unhandled(), 0u) << "these are the client's errors";
    co_await server->stop(soon());
    co_return true;
}

io::Task<Result<void>> no_body_wanted(Exchange& exchange) {
    const int status = std::stoi(std::string(exchange.request().path.substr(1)));
    ResponseHead head;
    head.status = status;
    co_return co_await exchange.respond(std::move(head), "body");
}

HTTP_TEST(Server, sends_no_body_to_head_204_and_304) {
    auto server = serve(no_body_wanted);
    auto stream = co_await dial(server->local());
    const std::string host = " HTTP/1.1\r\nHost: a\r\n";
    const std::string all =
        co_await exchange(server->local(), "HEAD /200" + host + "\r\nGET /204" + host +
                                               "\r\nGET /304" + host + "Connection: close\r\n\r\n");
    EXPECT_EQ(count_of(all, "HTTP/1.1"), 3) << all;
    EXPECT_EQ(count_of(all, "body"), 0) << all;
    EXPECT_EQ(count_of(all, "Content-Length: 4\r\n"), 1) << all;
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, speaks_http_1_0) {
    auto server = serve(echo);
    const std::string plain = co_await exchange(server->local(), "GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(plain.ends_with("GET /\n")) << plain;
    const std::string kept = co_await exchange(
        server->local(),
        "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
    EXPECT_EQ(count_of(kept, "HTTP/1.1 200"), 2) << kept;
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, says_continue_when_the_body_is_wanted) {
    auto server = serve(echo);
    auto stream = co_await dial(server->local());
    const std::string head =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    CO_ASSERT((co_await stream->write(head, soon())).has_value());
    const std::string interim = co_await read_until(*stream, "\r\n\r\n");
    EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    const std::string rest = "hello" + kLast;
    CO_ASSERT((co_await stream->write(rest, soon())).has_value());
    const std::string all = co_await read_to_end(*stream);
    EXPECT_EQ(count_of(all, "200 OK"), 2) << all;
    EXPECT_EQ(count_of(all, "hello"), 1) << all;
    co_await server->stop(soon());
    co_return true;
}

io::Task<Result<void>> reads_nothing(Exchange& exchange) {
    co_return co_await exchange.respond(kPlain, "done");
}

HTTP_TEST(Server, closes_when_a_body_waits_for_a_continue_that_never_comes) {
    auto server = serve(reads_nothing);
    const std::string all = co_await exchange(
        server->local(),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(count_of(all, "100 Continue"), 0) << all;
    EXPECT_EQ(count_of(all, "Connection: close"), 1) << all;
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, drains_a_small_unread_body_and_closes_before_a_large_one) {
    auto server = serve(reads_nothing);
    const std::string host = "POST / HTTP/1.1\r\nHost: a\r\n";
    const std::string small = host + "Content-Length: 20000\r\n\r\n" + std::string(20000, 'x');
    const std::string all = co_await exchange(server->local(), small + kLast);
    EXPECT_EQ(count_of(all, "200 OK"), 2) << all;
    const std::string large = host + "Content-Length: 200000\r\n\r\n" + std::string(200000, 'x');
    const std::string closed = co_await exchange(server->local(), large + kLast);
    EXPECT_EQ(count_of(closed, "200 OK"), 1) << closed;
    EXPECT_EQ(count_of(closed, "Connection: close"), 1) << closed;
    co_await server->stop(soon());
    co_return true;
}

io::Task<Result<void>> misbehaves(Exchange& exchange) {
    const std::string_view path = exchange.request().path;
    if (path == "/throw") throw std::runtime_error("a defect");
    if (path == "/error") co_return fail(Code::internal, "a defect");
    if (path == "/header") {
        ResponseHead head;
        head.add("X", "a\r\nInjected: b");
        co_return co_await exchange.respond(std::move(head), "");
    }
    if (path == "/half") {
        CO_TRY_VOID(co_await exchange.start(kPlain, 10));
        CO_TRY_VOID(co_await exchange.write("12345"));
        co_return co_await exchange.finish();
    }
    if (path == "/long") {
        CO_TRY_VOID(co_await exchange.start(kPlain, 2));
        co_return co_await exchange.write("12345");
    }
    co_return Result<void>{};
}

HTTP_TEST(Server, answers_500_for_a_handler_that_fails_and_counts_it) {
    auto server = serve(misbehaves);
    std::size_t count = 0;
    for (const char* path : {"/throw", "/error", "/nothing", "/header", "/long"}) {
        const std::string all = co_await exchange(
            server->local(), "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TRUE(all.starts_with("HTTP/1.1 500 ")) << path << all;
        EXPECT_EQ(count_of(all, "Injected"), 0);
        EXPECT_EQ(server->unhandled(), ++count) << path;
    }
    const std::string half =
        co_await exchange(server->local(), "GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(half.ends_with("12345")) << half;
    co_await server->stop(soon());
    co_return true;
}

io::Task<Result<void>> streams(Exchange& exchange) {
    CO_TRY_VOID(co_await exchange.start(kPlain, std::nullopt));
    const std::string large(5000, 'y');
    CO_TRY_VOID(co_await exchange.write("one,"));
    CO_TRY_VOID(co_await exchange.write(large));
    co_return co_await exchange.finish();
}

HTTP_TEST(Server, streams_in_chunks_or_until_close) {
    auto server = serve(streams);
    const std::string chunked = co_await exchange(server->local(), kLast);
    const std::string large(5000, 'y');
    EXPECT_TRUE(chunked.ends_with("\r\n\r\n4\r\none,\r\n1388\r\n" + large + "\r\n0\r\n\r\n"));
    const std::string old = co_await exchange(server->local(), "GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(old.ends_with("\r\n\r\none," + large)) << old.substr(0, 300);
    EXPECT_EQ(count_of(old, "chunked"), 0);
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, ends_slow_heads_and_idle_connections) {
    auto server = serve(echo, {.head_timeout = Millis(50), .idle_timeout = Millis(50)});
    const std::string slow = co_await exchange(server->local(), "GET / HTTP/1.1\r\nHos");
    EXPECT_TRUE(slow.starts_with("HTTP/1.1 408 ")) << slow;
    const std::string idle = co_await exchange(server->local(), "");
    EXPECT_EQ(idle, "");
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, ends_a_body_that_does_not_come) {
    auto server = serve(echo, {.body_timeout = Millis(50)});
    const std::string all = co_await exchange(
        server->local(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    EXPECT_TRUE(all.starts_with("HTTP/1.1 408 ")) << all;
    EXPECT_EQ(server->unhandled(), 0u);
    co_await server->stop(soon());
    co_return true;
}

// Handlers are held at it until the test lets them go on. Both are counted, so that it does not
// matter who comes first.
class Gate {
  public:
    io::Task<void> pass() {
        const int mine = ++came_;
        changed_.notify_all();
        while (let_go_ < mine) {
            const bool in_time = co_await changed_.wait_until(soon());
            if (!in_time) break;
        }
    }
    io::Task<bool> until_there_came(int handlers) {
        while (came_ < handlers) {
            const bool in_time = co_await changed_.wait_until(soon());
            if (!in_time) break;
        }
        co_return came_ >= handlers;
    }
    void let_one_go() {
        ++let_go_;
        changed_.notify_all();
    }

  private:
    int came_ = 0, let_go_ = 0;
    io::Event changed_;
};
io::Task<Result<void>> wait_at(Gate& gate, Exchange& exchange) {
    co_await gate.pass();
    co_return co_await exchange.respond(kPlain, "let go");
}
io::Task<void> stop_at(Server& server, Instant deadline, io::Event& stopped) {
    co_await server.stop(deadline);
    stopped.notify_all();
}

HTTP_TEST(Server, stops_gracefully) {
    Gate gate;
    auto server = serve([&gate](Exchange& exchange) { return wait_at(gate, exchange); });
    auto idle = co_await dial(server->local());
    CO_ASSERT((co_await idle->write(kGet, soon())).has_value());
    gate.let_one_go();
    co_await read_until(*idle, "let go");
    auto busy = co_await dial(server->local());
    CO_ASSERT((co_await busy->write(kGet, soon())).has_value());
    CO_ASSERT(co_await gate.until_there_came(2));
    EXPECT_EQ(server->connections(), 2u);

    io::Event stopped;
    io::spawn(stop_at(*server, soon(), stopped));
    const std::string nothing = co_await read_to_end(*idle);
    EXPECT_EQ(nothing, "") << "the idle connection is closed at once";
    EXPECT_EQ(server->connections(), 1u);
    const io::ConnectOptions plain;
    auto refused =
        co_await io::Executor::current().network().connect(server->local(), plain, soon());
    EXPECT_FALSE(refused.has_value());

    gate.let_one_go();
    const std::string all = co_await read_to_end(*busy);
    EXPECT_TRUE(all.ends_with("let go")) << all;
    EXPECT_EQ(count_of(all, "Connection: close"), 1);
    if (server->connections() > 0) co_await stopped.wait_until(soon());
    EXPECT_EQ(server->connections(), 0u);
    co_return true;
}

HTTP_TEST(Server, answers_the_last_time_on_each_connection_once_it_retires) {
    auto server = serve(echo);
    auto first = co_await dial(server->local());
    CO_ASSERT((co_await first->write(kGet, soon())).has_value());
    const std::string before = co_await read_until(*first, "GET /a\n");
    EXPECT_EQ(count_of(before, "Connection: close"), 0);
    server->retire();
    CO_ASSERT((co_await first->write(kGet, soon())).has_value());
    const std::string last = co_await read_to_end(*first);
    EXPECT_EQ(count_of(last, "Connection: close"), 1) << last;
    EXPECT_TRUE(last.ends_with("GET /a\n")) << last;
    auto second = co_await dial(server->local());
    CO_ASSERT((co_await second->write(kGet, soon())).has_value());
    const std::string also = co_await read_to_end(*second);
    EXPECT_TRUE(also.ends_with("GET /a\n")) << "new connections are still taken: " << also;
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, serves_the_first_request_of_a_connection_that_it_took_before_the_stop) {
    auto server = serve(echo);
    auto fresh = co_await dial(server->local());
    auto silent = co_await dial(server->local());
    const auto both_are_taken = [&server] { return server->connections() == 2; };
    CO_ASSERT(co_await io::testing::until(both_are_taken));
    io::Event stopped;
    io::spawn(stop_at(*server, soon(), stopped));
    CO_ASSERT((co_await fresh->write(kGet, soon())).has_value());
    const std::string all = co_await read_to_end(*fresh);
    EXPECT_TRUE(all.ends_with("GET /a\n")) << all;
    EXPECT_EQ(count_of(all, "Connection: close"), 1);
    const std::string nothing = co_await read_to_end(*silent);
    EXPECT_EQ(nothing, "");
    if (server->connections() > 0) co_await stopped.wait_until(soon());
    co_return true;
}

HTTP_TEST(Server, a_stream_that_began_before_the_stop_ends_whole) {
    Gate gate;
    struct Streaming {
        static io::Task<Result<void>> run(Gate& gate, Exchange& exchange) {
            CO_TRY_VOID(co_await exchange.start(kPlain, std::nullopt));
            CO_TRY_VOID(co_await exchange.write("one "));
            co_await gate.pass();
            CO_TRY_VOID(co_await exchange.write("two"));
            co_return co_await exchange.finish();
        }
    };
    auto server = serve([&gate](Exchange& exchange) { return Streaming::run(gate, exchange); });
    auto idle = co_await dial(server->local());
    CO_ASSERT((co_await idle->write(kGet, soon())).has_value());
    gate.let_one_go();
    co_await read_until(*idle, "\r\n0\r\n\r\n");
    auto stream = co_await dial(server->local());
    CO_ASSERT((co_await stream->write(kGet, soon())).has_value());
    CO_ASSERT(co_await gate.until_there_came(2));
    io::Event stopped;
    io::spawn(stop_at(*server, soon(), stopped));
    const std::string nothing = co_await read_to_end(*idle);
    EXPECT_EQ(nothing, "") << "the stop has looked at the connections";
    gate.let_one_go();
    const std::string all = co_await read_to_end(*stream);
    EXPECT_TRUE(all.ends_with("3\r\ntwo\r\n0\r\n\r\n")) << all;
    if (server->connections() > 0) co_await stopped.wait_until(soon());
    co_return true;
}

// Waits until its client leaves, then gives up.
struct Watched final : io::EndWatcher {
    void peer_ended() override { left.notify_all(); }
    io::Event left;
};
struct Leaving {
    io::Event started, gone;
    bool has_started = false, was_told = false;
};
io::Task<Result<void>> wait_for_leaving(Leaving* leaving, Exchange& exchange) {
    Watched watched;
    exchange.watch_client(&watched);
    leaving->has_started = true;
    leaving->started.notify_all();
    leaving->was_told = co_await watched.left.wait_until(soon());
    exchange.watch_client(nullptr);
    leaving->gone.notify_all();
    co_return fail(Code::cancelled, "The client left.");
}

HTTP_TEST(Server, tells_a_handler_that_its_client_left) {
    Leaving leaving;
    auto server =
        serve([&leaving](Exchange& exchange) { return wait_for_leaving(&leaving, exchange); });
    auto stream = co_await dial(server->local());
    const auto sent = co_await stream->write("GET / HTTP/1.1\r\nHost: h\r\n\r\n", soon());
    CO_ASSERT(sent.has_value());
    if (!leaving.has_started) co_await leaving.started.wait_until(soon());
    stream.reset();
    co_await leaving.gone.wait_until(soon());
    EXPECT_TRUE(leaving.was_told);
    co_await server->stop(soon());
    EXPECT_EQ(server->unhandled(), 0u) << "nobody's fault";
    co_return true;
}

io::Task<Result<void>> shout(Exchange& exchange) {
    ResponseHead head;
    head.add("X-Own", "kept");
    CO_TRY(const Exchange::Tunnel tunnel,
           co_await exchange.switch_protocols(std::move(head), "shout"));
    std::string said(tunnel.read_ahead);
    std::string room(100, '\0');
    while (!said.ends_with('.')) {
        CO_TRY(const std::size_t bytes, co_await tunnel.stream->read_some(room, soon()));
        if (bytes == 0) break;
        said.append(room, 0, bytes);
    }
    for (char& c : said) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    co_return co_await tunnel.stream->write(said, soon());
}

HTTP_TEST(Server, leaves_http_when_protocols_are_switched) {
    auto server = serve(shout);
    const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: shout\r\n\r\n";
    const std::string all = co_await exchange(server->local(), head + "hear me.");
    EXPECT_TRUE(all.starts_with("HTTP/1.1 101 Switching Protocols\r\nX-Own: kept\r\n")) << all;
    EXPECT_EQ(count_of(all, "\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"), 1) << all;
    EXPECT_EQ(count_of(all, "HEAR ME."), 1) << all;
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, drain_says_whether_all_ended) {
    Gate gate;
    auto server = serve([&gate](Exchange& exchange) { return wait_at(gate, exchange); });
    auto busy = co_await dial(server->local());
    CO_ASSERT((co_await busy->write(kGet, soon())).has_value());
    CO_ASSERT(co_await gate.until_there_came(1));
    const bool early = co_await server->drain(io::deadline_in(Millis(20)));
    EXPECT_FALSE(early);
    gate.let_one_go();
    const bool whole = co_await server->drain(soon());
    EXPECT_TRUE(whole);
    co_return true;
}

HTTP_TEST(Server, cuts_what_does_not_end_by_the_stop_deadline) {
    auto server = serve(echo);
    auto stream = co_await dial(server->local());
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345";
    CO_ASSERT((co_await stream->write(head, soon())).has_value());
    const auto it_is_taken = [&server] { return server->connections() == 1; };
    CO_ASSERT(co_await io::testing::until(it_is_taken));
    co_await server->stop(io::deadline_in(Millis(30)));
    EXPECT_EQ(server->connections(), 0u);
    co_return true;
}

HTTP_TEST(Server, turns_connections_beyond_its_bound_away_and_takes_them_when_there_is_room) {
    telemetry::Registry registry;
    const ServerMetrics metrics(registry, "https");
    auto server = serve(echo, {.connections_max = 1, .metrics = &metrics});
    auto first = co_await dial(server->local());
    CO_ASSERT((co_await first->write(kGet, soon())).has_value());
    const std::string answer = co_await read_until(*first, "GET /a\n");
    CO_ASSERT(!answer.ends_with("[ended]"));
    // What is asked for does not matter, nor that more was meant to follow.
    for (const std::string& request :
         {kGet, std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345")}) {
        const std::string refused = co_await exchange(server->local(), request);
        EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << refused;
        EXPECT_NE(refused.find("\r\nRetry-After: 1\r\n"), std::string::npos) << refused;
        EXPECT_NE(refused.find("\r\nConnection: close\r\n"), std::string::npos) << refused;
    }
    EXPECT_EQ(server->connections(), 1u);
    EXPECT_EQ(metrics.full.value(), 2u);
    // Who was there goes on.
    CO_ASSERT((co_await first->write(kGet, soon())).has_value());
    const std::string again = co_await read_until(*first, "GET /a\n");
    EXPECT_TRUE(again.starts_with("HTTP/1.1 200")) << again;
    first.reset();
    const auto there_is_room = [&server] { return server->connections() == 0; };
    CO_ASSERT(co_await io::testing::until(there_is_room));
    const std::string all = co_await exchange(server->local(), kLast);
    EXPECT_TRUE(all.ends_with("GET /z\n")) << all;
    EXPECT_EQ(metrics.full.value(), 2u);
    EXPECT_EQ(server->unhandled(), 0u);
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, closes_those_beyond_its_bound_who_are_too_many_to_be_told) {
    auto server = serve(echo, {.connections_max = 1, .turned_away_max = 1});
    auto first = co_await dial(server->local());
    const auto it_is_taken = [&server] { return server->connections() == 1; };
    CO_ASSERT(co_await io::testing::until(it_is_taken));
    auto told = co_await dial(server->local());
    const std::string closed = co_await exchange(server->local(), kLast);
    EXPECT_EQ(count_of(closed, "HTTP"), 0) << closed;
    CO_ASSERT((co_await told->write(kLast, soon())).has_value());
    const std::string refused = co_await read_to_end(*told);
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503")) << refused;
    // Whoever is told, and does not listen, does not hold up a stop.
    auto silent = co_await dial(server->local());
    co_await server->stop(soon());
    EXPECT_EQ(server->connections(), 0u);
    co_return true;
}

HTTP_TEST(Server, closes_those_beyond_its_bound_before_a_handshake) {
    const std::string certificate = testdata("certificate.pem");
    auto tls = io::TlsServer::make({{certificate, testdata("key.pem")}});
    CO_ASSERT(tls);
    telemetry::Registry registry;
    const ServerMetrics metrics(registry, "https");
    auto server = serve(echo, {.connections_max = 1, .tls = tls->get(), .metrics = &metrics});
    auto first = co_await dial(server->local());
    const auto it_is_taken = [&server] { return server->connections() == 1; };
    CO_ASSERT(co_await io::testing::until(it_is_taken));
    auto second = co_await dial(server->local());
    const std::string nothing = co_await read_to_end(*second);
    EXPECT_EQ(nothing, "");
    EXPECT_EQ(metrics.full.value(), 1u);
    EXPECT_EQ(metrics.secured.value(), 0u);
    co_await server->stop(soon());
    co_return true;
}

io::Task<Result<void>> tell_peer(Exchange& exchange) {
    const io::PeerInfo& peer = exchange.peer();
    const std::string text = peer.remote.host + "|" + (peer.tls ? peer.server_name : "plain") +
                             "|" + (is_uuid(exchange.request_id()) ? "uuid" : "");
    co_return co_await exchange.respond(kPlain, text);
}

HTTP_TEST(Server, takes_the_client_address_from_a_proxy_header) {
    auto server = serve(tell_peer, {.proxy_protocol = true});
    const std::string header = io::proxy_header({"192.0.2.7", 1234}, {"192.0.2.8", 443});
    const std::string all = co_await exchange(server->local(), header + kLast);
    EXPECT_TRUE(all.ends_with("\r\n\r\n192.0.2.7|plain|uuid")) << all;
    const std::string without = co_await exchange(server->local(), kLast);
    EXPECT_EQ(count_of(without, "HTTP"), 0) << without;
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Server, serves_tls) {
    const std::string certificate = testdata("certificate.pem");
    auto tls = io::TlsServer::make({{certificate, testdata("key.pem")}});
    auto trust = io::TlsClient::make(certificate);
    CO_ASSERT(tls && trust);
    auto server = serve(tell_peer, {.tls = tls->get()});
    {
        Client client;
        const Target target{server->local(), trust->get(), "a.example"};
        RequestHead head;
        head.method = "GET";
        head.target = "/";
        for (int i = 0; i < 3; ++i) {
            auto response = co_await client.send(target, head, "", soon());
            CO_ASSERT(response.has_value());
            const auto body = co_await (*response)->read_all(1000);
            EXPECT_EQ(body.value_or("failed"), "127.0.0.1|a.example|uuid");
            EXPECT_EQ(server->connections(), 1u);
        }
    }
    co_await server->stop(soon());
    co_return true;
}

// Answers 201 to whatever comes, as the route that the test made.
struct Reporting {
    const telemetry::Route* route;
    io::Task<Result<void>> operator()(Exchange& exchange) const { return answer(exchange, route); }
    static io::Task<Result<void>> answer(Exchange& exchange, const telemetry::Route* route) {
        exchange.report_as(route);
        ResponseHead head;
        head.status = 201;
        co_return co_await exchange.respond(std::move(head), "made");
    }
};

HTTP_TEST(Server, counts_requests_under_what_the_handler_said_they_are) {
    using telemetry::Method, telemetry::StatusClass;
    telemetry::Registry registry;
    const ServerMetrics metrics(registry, "test");
    const telemetry::Route& route = registry.route("gateway", "/a");
    auto server = serve(Reporting{&route}, {.metrics = &metrics});
    const std::string all = co_await exchange(server->local(), kGet + kLast);
    EXPECT_EQ(count_of(all, "201 Created"), 2) << all;
    const std::string garbage = "nonsense\r\n\r\n";
    const std::string refused = co_await exchange(server->local(), garbage);
    co_await server->stop(soon());
    EXPECT_EQ(route.requests.value(Method::get, StatusClass::c2xx), 2u);
    EXPECT_EQ(route.time.count(), 2u);
    EXPECT_EQ(metrics.unrouted.requests.value(Method::other, StatusClass::c4xx), 1u);
    EXPECT_EQ(metrics.refused.value(Refusal::malformed), 1u);
    EXPECT_EQ(metrics.opened.value(), 2u);
    EXPECT_EQ(metrics.closed.value(), 2u);
    EXPECT_EQ(metrics.received_bytes.value(), kGet.size() + kLast.size() + garbage.size());
    EXPECT_EQ(metrics.sent_bytes.value(), all.size() + refused.size());
    EXPECT_EQ(metrics.failed.value(), 0u);
    co_return true;
}

HTTP_TEST(Server, counts_a_handler_that_fails) {
    using telemetry::Method, telemetry::StatusClass;
    telemetry::Registry registry;
    const ServerMetrics metrics(registry, "test");
    const Handler fails = [](Exchange&) -> io::Task<Result<void>> {
        co_return fail(Code::internal, "On purpose.");
    };
    auto server = serve(fails, {.metrics = &metrics});
    const std::string all = co_await exchange(server->local(), kGet);
    EXPECT_TRUE(all.starts_with("HTTP/1.1 500 ")) << all;
    co_await server->stop(soon());
    EXPECT_EQ(metrics.failed.value(), 1u);
    EXPECT_EQ(metrics.unrouted.requests.value(Method::get, StatusClass::c5xx), 1u);
    EXPECT_EQ(metrics.refused.value(Refusal::other), 0u) << "it was not the client's fault";
    co_return true;
}

// Answers with what a call that goes on from here would carry.
io::Task<Result<void>> tell_trace(Exchange& exchange) {
    const RequestContext& context = RequestContext::current();
    const std::string body =
        telemetry::traceparent_of(context) + ' ' +
        (uuid_from(context.request_id) == exchange.request_id() ? "own" : "?") + '\n';
    co_return co_await exchange.respond(kPlain, body);
}

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";

std::string get_within(const std::string& traceparent) {
    return "GET / HTTP/1.1\r\nHost: a\r\ntraceparent: " + traceparent + "\r\n";
}

HTTP_TEST(Server, goes_on_with_the_trace_of_a_caller_or_begins_one) {
    telemetry::Registry registry;
    const ServerMetrics metrics(registry, "test");
    auto server = serve(tell_trace, {.metrics = &metrics});
    const std::string given = "00-" + kTrace + "-" + kSpan + "-01";
    const std::string all = co_await exchange(
        server->local(), get_within(given) + "\r\n" + get_within("00-" + kTrace + "-x") + "\r\n" +
                             get_within(given) + "traceparent: " + given + "\r\n\r\n" + kLast);
    co_await server->stop(soon());
    EXPECT_EQ(count_of(all, " own\n"), 4) << all;
    EXPECT_EQ(count_of(all, given), 1)
        << "passed on as it came where nothing is recorded; a broken or a double one is not\n"
        << all;
    EXPECT_EQ(count_of(all, kTrace), 1) << all;
    EXPECT_EQ(RequestContext::current().span_id, RequestContext{}.span_id);
    co_return true;
}

HTTP_TEST(Server, records_a_span_for_each_request_of_a_sampled_trace) {
    telemetry::Registry registry;
    telemetry::Tracer tracer(
        {}, [] { return io::system_clock().monotonic_ns(); },
        [](void* into, std::size_t size) { std::memset(into, 7, size); });
    ServerMetrics metrics(registry, "test");
    metrics.tracer = &tracer;
    auto server = serve(tell_trace, {.metrics = &metrics});
    const std::string all = co_await exchange(
        server->local(), get_within("00-" + kTrace + "-" + kSpan + "-01") + "\r\n" + kLast);
    co_await server->stop(soon());
    const std::vector<telemetry::Span> spans = tracer.take(10);
    CO_ASSERT(spans.size() == 1);
    RequestContext own;
    own.trace_id = spans[0].trace_id;
    own.span_id = spans[0].span_id;
    own.trace_flags = telemetry::TraceParent::kSampled;
    EXPECT_EQ(count_of(all, telemetry::traceparent_of(own)), 1) << all;
    own.span_id = spans[0].parent_id;
    EXPECT_EQ(telemetry::traceparent_of(own), "00-" + kTrace + "-" + kSpan + "-01");
    EXPECT_EQ(spans[0].status, 200);
    EXPECT_GE(spans[0].end_ns, spans[0].start_ns);
    co_return true;
}

HTTP_TEST(Server, logs_each_request_by_its_route_and_never_by_its_path) {
    telemetry::Registry registry;
    std::vector<std::string> lines;
    const telemetry::AccessLog log([&](std::string_view line) { lines.emplace_back(line); },
                                   "eu-central-1", "node");
    ServerMetrics metrics(registry, "test");
    metrics.access_log = &log;
    auto server = serve(Reporting{&registry.route("gateway", "/x/{id}")}, {.metrics = &metrics});
    const std::string secret =
        "GET /x/secret?also=secret HTTP/1.1\r\nHost: secret.example\r\n"
        "User-Agent: secret\r\nAuthorization: secret\r\n\r\n";
    (void)co_await exchange(server->local(), secret + "nonsense secret\r\n\r\n");
    co_await server->stop(soon());
    CO_ASSERT(lines.size() == 2);
    EXPECT_EQ(count_of(lines[0], R"("route":"/x/{id}","method":"GET","status":201,)"), 1)
        << lines[0];
    EXPECT_EQ(count_of(lines[0], R"("network":"127.0.0.0/24")"), 1) << lines[0];
    EXPECT_EQ(count_of(lines[1], R"("route":"unrouted","method":"other","status":400,)"), 1);
    for (const std::string& line : lines) {
        EXPECT_EQ(count_of(line, "secret"), 0) << line;
        EXPECT_EQ(count_of(line, "00000000-0000"), 0) << "each has an id: " << line;
    }
    co_return true;
}

}  // namespace
}  // namespace domicile::http
