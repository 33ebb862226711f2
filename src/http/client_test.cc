#include "http/client.h"

#include "http/inbound.h"
#include "http/testing.h"

namespace domicile::http {
namespace {

const ResponseHead kPlain;

RequestHead request(std::string_view method, std::string_view target) {
    RequestHead head;
    head.method = method;
    head.target = target;
    return head;
}

io::Task<std::string> fetch(Client& client, Target target, std::string method, std::string path,
                            std::string body) {
    const RequestHead head = request(method, path);
    auto response = co_await client.send(target, head, body, soon());
    if (!response) co_return "[" + std::string(to_string(response.error().code)) + "]";
    auto text = co_await (*response)->read_all(1 << 20);
    if (!text) co_return "[" + std::string(to_string(text.error().code)) + "]";
    co_return std::to_string((*response)->status()) + " " + *text;
}

HTTP_TEST(Client, reuses_its_connection) {
    auto server = serve(echo);
    {
        Client client;
        const Target target{server->local()};
        for (int i = 0; i < 5; ++i) {
            const std::string text = co_await fetch(client, target, "POST", "/x", "hello");
            EXPECT_EQ(text, "200 POST /x\nhello");
        }
        EXPECT_EQ(server->connections(), 1u);
        const std::string large(100'000, 'l');
        const std::string text = co_await fetch(client, target, "PUT", "/l", large);
        EXPECT_EQ(text, "200 PUT /l\n" + large);
        EXPECT_EQ(server->connections(), 1u);
    }
    co_await server->stop(soon());
    co_return true;
}

struct Held {
    io::Event came, done;
    bool has_come = false;
};
io::Task<Result<void>> hold(Held* held, Exchange& exchange) {
    held->has_come = true;
    held->came.notify_all();
    co_await held->done.wait_until(soon());
    co_return co_await exchange.respond({}, "late");
}
io::Task<void> cancel_when_it_came(Held* held, Cancellation* cancellation) {
    if (!held->has_come) co_await held->came.wait_until(soon());
    cancellation->cancel();
}

HTTP_TEST(Client, gives_a_call_up) {
    Held held;
    auto server = serve([&held](Exchange& exchange) { return hold(&held, exchange); });
    {
        Client client;
        const Target target{server->local()};
        const RequestHead head = request("GET", "/");
        Cancellation cancellation;
        io::spawn(cancel_when_it_came(&held, &cancellation));
        const SendOptions options{.deadline = soon(), .cancellation = &cancellation};
        auto response = co_await client.send(target, head, "", options);
        CO_ASSERT(!response);
        EXPECT_EQ(response.error().code, Code::cancelled);
        auto again = co_await client.send(target, head, "", options);
        CO_ASSERT(!again);
        EXPECT_EQ(again.error().code, Code::cancelled) << "and whatever comes after it";
    }
    held.done.notify_all();
    co_await server->stop(soon());
    co_return true;
}

io::Task<Result<void>> switch_and_greet(Exchange& exchange) {
    CO_TRY(const Exchange::Tunnel tunnel, co_await exchange.switch_protocols({}, "greeting"));
    std::string room(100, '\0');
    CO_TRY(const std::size_t bytes, co_await tunnel.stream->read_some(room, soon()));
    const std::string greeting = "hello " + room.substr(0, bytes);
    co_return co_await tunnel.stream->write(greeting, soon());
}

HTTP_TEST(Client, has_a_tunnel_after_a_101_that_it_asked_for) {
    auto server = serve(switch_and_greet);
    {
        Client client;
        const Target target{server->local()};
        const RequestHead head = request("GET", "/");
        const SendOptions asks{.deadline = soon(), .upgrade = "greeting"};
        auto response = co_await client.send(target, head, "", asks);
        CO_ASSERT(response);
        EXPECT_EQ((*response)->status(), 101);
        io::Stream* tunnel = (*response)->tunnel();
        CO_ASSERT(tunnel != nullptr);
        const auto sent = co_await tunnel->write("ann", soon());
        EXPECT_TRUE(sent.has_value());
        const std::string all = co_await read_to_end(*tunnel);
        EXPECT_EQ(all, "hello ann");
        response->reset();
        auto unasked = co_await client.send(target, head, "", soon());
        CO_ASSERT(!unasked);
        EXPECT_EQ(unasked.error().code, Code::malformed) << "nobody asked for it";
    }
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Client, bounds_the_connections_to_one_target) {
    auto server = serve(echo);
    {
        Client client({.connections_per_target_max = 2});
        const Target target{server->local()};
        const RequestHead head = request("GET", "/");
        auto first = co_await client.send(target, head, "", soon());
        auto second = co_await client.send(target, head, "", soon());
        auto third = co_await client.send(target, head, "", soon());
        CO_ASSERT(first && second && !third);
        EXPECT_EQ(third.error().code, Code::resource_exhausted);
        (*first).reset();
        auto fourth = co_await client.send(target, head, "", soon());
        EXPECT_TRUE(fourth.has_value());
    }
    co_await server->stop(soon());
    co_return true;
}

// A server of raw bytes: accepts connections one after the other, answers each request head on them
// with the next of `answers`, and closes the connection after an answer that ends in "[close]".
struct Script {
    std::unique_ptr<io::Listener> listener;
    std::vector<std::string> answers;
    std::size_t accepted = 0;
    std::string received;
    io::TaskGroup tasks;
};

io::Task<void> play(Script& script) {
    std::size_t next = 0;
    while (next < script.answers.size()) {
        auto stream = co_await script.listener->accept();
        if (!stream) co_return;
        ++script.accepted;
        for (bool open = true; open && next < script.answers.size(); ++next) {
            const std::string head = co_await read_until(**stream, "\r\n\r\n");
            if (head.ends_with("[ended]")) break;
            script.received += head;
            std::string answer = script.answers[next];
            open = !answer.ends_with("[close]");
            if (!open) answer.resize(answer.size() - 7);
            const auto written = co_await (*stream)->write(answer, soon());
            if (!written) break;
        }
    }
}

std::unique_ptr<Script> script_of(std::vector<std::string> answers) {
    auto script = std::make_unique<Script>();
    script->answers = std::move(answers);
    auto listener = io::Executor::current().network().listen({"127.0.0.1", 0});
    DOMICILE_CHECK(listener.has_value());
    script->listener = std::move(*listener);
    script->tasks.spawn(play(*script));
    return script;
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

HTTP_TEST(Client, retries_an_idempotent_request_on_a_stale_connection) {
    auto script = script_of({kOk, "[close]", kOk, "[close]"});
    Client client;
    const Target target{script->listener->local()};
    const std::string first = co_await fetch(client, target, "GET", "/1", "");
    EXPECT_EQ(first, "200 ok");
    const std::string second = co_await fetch(client, target, "GET", "/2", "");
    EXPECT_EQ(second, "200 ok") << "sent again on a fresh connection";
    EXPECT_EQ(script->accepted, 2u);
    const std::string third = co_await fetch(client, target, "POST", "/3", "x");
    EXPECT_EQ(third, "[unavailable]") << "may have been carried out";
    EXPECT_EQ(count_of(script->received, "POST /3"), 1);
    co_await script->tasks.drain(soon());
    co_return true;
}

HTTP_TEST(Client, reads_every_form_of_response) {
    auto script = script_of({
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kOk,
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nuntil the end[close]",
    });
    Client client;
    const Target target{script->listener->local()};
    std::vector<std::string> got;
    for (const char* method : {"GET", "GET", "GET", "HEAD", "GET", "GET"}) {
        got.push_back(co_await fetch(client, target, method, "/", ""));
    }
    EXPECT_EQ(got, (std::vector<std::string>{"200 ok", "204 ", "304 ", "200 ", "200 abc",
                                             "200 until the end"}));
    EXPECT_EQ(script->accepted, 1u);
    co_await script->tasks.drain(soon());
    co_return true;
}

HTTP_TEST(Client, refuses_malformed_responses) {
    const std::vector<std::string> answers = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok[close]",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok[close]",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nok[close]",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[close]",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n[close]",
        "nonsense\r\n\r\n[close]",
    };
    auto script = script_of(answers);
    Client client;
    const Target target{script->listener->local()};
    for (const std::string& answer : answers) {
        const std::string text = co_await fetch(client, target, "GET", "/", "");
        EXPECT_EQ(text, "[malformed]") << answer;
    }
    co_await script->tasks.drain(soon());
    co_return true;
}

HTTP_TEST(Client, does_not_reuse_a_connection_that_sent_too_much_or_too_little) {
    auto script = script_of(
        {kOk + "extra", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok[close]", kOk + "[close]"});
    Client client;
    const Target target{script->listener->local()};
    const std::string first = co_await fetch(client, target, "GET", "/", "");
    EXPECT_EQ(first, "200 ok");
    const std::string second = co_await fetch(client, target, "GET", "/", "");
    EXPECT_EQ(second, "[unavailable]") << "a short body is not a whole one";
    const std::string third = co_await fetch(client, target, "GET", "/", "");
    EXPECT_EQ(third, "200 ok");
    EXPECT_EQ(script->accepted, 3u);
    co_await script->tasks.drain(soon());
    co_return true;
}

HTTP_TEST(Client, gives_up_at_the_deadline_and_on_a_refused_connection) {
    auto listener = io::Executor::current().network().listen({"127.0.0.1", 0});
    CO_ASSERT(listener.has_value());
    Client client;
    const Target target{(*listener)->local()};
    const RequestHead head = request("GET", "/");
    const Instant deadline = io::deadline_in(Millis(30));
    auto late = co_await client.send(target, head, "", deadline);
    CO_ASSERT(!late);
    EXPECT_EQ(late.error().code, Code::deadline_exceeded);
    (*listener)->close();
    const std::string refused = co_await fetch(client, target, "GET", "/", "");
    EXPECT_EQ(refused, "[unavailable]");
    co_return true;
}

HTTP_TEST(Client, sets_the_framing_itself_and_refuses_injected_headers) {
    auto script = script_of({kOk, kOk + "[close]"});
    Client client;
    const Target target{script->listener->local()};
    RequestHead head = request("GET", "/");
    head.host = "b.example";
    head.headers.add("Host", "evil");
    head.headers.add("Transfer-Encoding", "chunked");
    head.headers.add("Content-Length", "7");
    head.headers.add("X-Kept", "yes");
    auto response = co_await client.send(target, head, "", soon());
    CO_ASSERT(response.has_value());
    EXPECT_EQ(script->received, "GET / HTTP/1.1\r\nHost: b.example\r\nX-Kept: yes\r\n\r\n");
    head.headers.add("X", "a\r\nb: c");
    auto refused = co_await client.send(target, head, "", soon());
    CO_ASSERT(!refused);
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
    const auto body = co_await (*response)->read_all(10);
    EXPECT_EQ(body.value_or("failed"), "ok");
    (*response).reset();
    const std::string last = co_await fetch(client, target, "GET", "/", "");
    EXPECT_EQ(last, "200 ok");
    EXPECT_EQ(script->accepted, 1u);
    co_await script->tasks.drain(soon());
    co_return true;
}

// 64 MB, and how far whoever makes it may get ahead of whoever takes it.
constexpr std::uint64_t kLarge = 64 << 20;
struct Progress {
    std::uint64_t made = 0;
    std::uint64_t taken = 0;
    std::uint64_t lead_max = 0;
    std::size_t piece_max = 0;
    void make(std::size_t bytes) {
        made += bytes;
        lead_max = std::max(lead_max, made - taken);
    }
    void take(std::size_t bytes) {
        taken += bytes;
        piece_max = std::max(piece_max, bytes);
    }
};

class LargeSource final : public BodySource {
  public:
    explicit LargeSource(Progress& progress) : progress_(progress) {}
    io::Task<Result<std::string_view>> read() override {
        if (progress_.made == kLarge) co_return std::string_view();
        progress_.make(piece_.size());
        co_return std::string_view(piece_);
    }

  private:
    Progress& progress_;
    std::string piece_ = std::string(1 << 16, 'p');
};

io::Task<Result<void>> take_all(Progress& progress, Exchange& exchange) {
    while (true) {
        CO_TRY(const std::string_view piece, co_await exchange.read());
        if (piece.empty()) break;
        progress.take(piece.size());
    }
    co_return co_await exchange.respond(kPlain, "taken");
}

io::Task<bool> upload(std::optional<std::uint64_t> length) {
    Progress progress;
    auto server = serve([&progress](Exchange& exchange) { return take_all(progress, exchange); },
                        {.body_bytes_max = kLarge});
    {
        Client client;
        LargeSource source(progress);
        const Target target{server->local()};
        const RequestHead head = request("PUT", "/large");
        auto response = co_await client.send(target, head, source, length, soon());
        CO_ASSERT(response.has_value());
        EXPECT_EQ((*response)->status(), 200);
    }
    EXPECT_EQ(progress.taken, kLarge);
    EXPECT_LE(progress.piece_max, Inbound::kBodyBytes);
    EXPECT_LT(progress.lead_max, kLarge / 2) << "the kernel's buffers and no more";
    co_await server->stop(soon());
    co_return true;
}

HTTP_TEST(Client, uploads_64_mb_of_known_length_in_bounded_memory) {
    co_return co_await upload(kLarge);
}
HTTP_TEST(Client, uploads_64_mb_chunked_in_bounded_memory) {
    co_return co_await upload(std::nullopt);
}

io::Task<Result<void>> make_all(Progress& progress, Exchange& exchange) {
    CO_TRY_VOID(co_await exchange.start(kPlain, std::nullopt));
    const std::string piece(1 << 16, 'p');
    while (progress.made < kLarge) {
        progress.make(piece.size());
        CO_TRY_VOID(co_await exchange.write(piece));
    }
    co_return co_await exchange.finish();
}

HTTP_TEST(Client, downloads_64_mb_with_backpressure) {
    Progress progress;
    auto server = serve([&progress](Exchange& exchange) { return make_all(progress, exchange); });
    {
        Client client;
        const Target target{server->local()};
        const RequestHead head = request("GET", "/large");
        auto response = co_await client.send(target, head, "", soon());
        CO_ASSERT(response.has_value());
        while (true) {
            const auto piece = co_await (*response)->read();
            CO_ASSERT(piece.has_value());
            if (piece->empty()) break;
            progress.take(piece->size());
        }
    }
    EXPECT_EQ(progress.taken, kLarge);
    EXPECT_LT(progress.lead_max, kLarge / 2);
    co_await server->stop(soon());
    co_return true;
}

io::Task<Result<void>> answer_early(Exchange& exchange) {
    ResponseHead head;
    head.status = 403;
    co_return co_await exchange.respond(std::move(head), "no");
}

HTTP_TEST(Client, gets_the_answer_of_a_server_that_does_not_want_the_body) {
    auto server = serve(answer_early);
    {
        Client client;
        const Target target{server->local()};
        const std::string text =
            co_await fetch(client, target, "PUT", "/", std::string(2 << 20, 'x'));
        EXPECT_EQ(text, "403 no");
    }
    co_await server->stop(soon());
    co_return true;
}

}  // namespace
}  // namespace domicile::http
