// Helpers of the tests of http: each test is one coroutine on a fresh runtime.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "http/client.h"
#include "http/server.h"
#include "io/runtime.h"

// ASSERT_* return, which a coroutine cannot.
#define CO_ASSERT(condition)         \
    if (!(condition)) {              \
        ADD_FAILURE() << #condition; \
        co_return false;             \
    } else                           \
        static_assert(true)

#define HTTP_TEST(suite, name)                                                       \
    static domicile::io::Task<bool> suite##_##name();                                \
    TEST(suite, name) { EXPECT_TRUE(domicile::io::run_task<bool>(suite##_##name)); } \
    static domicile::io::Task<bool> suite##_##name()

namespace domicile::http {

inline Instant soon() { return io::deadline_in(Seconds(20)); }

inline std::unique_ptr<Server> serve(Handler handler, ServerOptions options = {}) {
    auto listener = io::Executor::current().network().listen({"127.0.0.1", 0});
    DOMICILE_CHECK(listener.has_value());
    auto server = std::make_unique<Server>(std::move(*listener), options, std::move(handler));
    server->start();
    return server;
}

inline io::Task<std::unique_ptr<io::Stream>> dial(io::Endpoint to) {
    // Named, since g++ 12 destroys a temporary argument of a co_await twice.
    const io::ConnectOptions plain;
    auto stream = co_await io::Executor::current().network().connect(to, plain, soon());
    DOMICILE_CHECK(stream.has_value());
    co_return std::move(*stream);
}

// Everything until the peer closes; the error's code is appended when it does not end well.
inline io::Task<std::string> read_to_end(io::Stream& stream) {
    std::string all;
    std::string room(64 * 1024, '\0');
    while (true) {
        const auto bytes = co_await stream.read_some(room, soon());
        if (!bytes) co_return all + "[" + std::string(to_string(bytes.error().code)) + "]";
        if (*bytes == 0) co_return all;
        all.append(room, 0, *bytes);
    }
}

// Until `mark` was received.
inline io::Task<std::string> read_until(io::Stream& stream, std::string mark) {
    std::string all;
    std::string room(4096, '\0');
    while (all.find(mark) == std::string::npos) {
        const auto bytes = co_await stream.read_some(room, soon());
        if (!bytes || *bytes == 0) co_return all + "[ended]";
        all.append(room, 0, *bytes);
    }
    co_return all;
}

// Sends `bytes` on a new connection and returns what comes back until it is closed.
inline io::Task<std::string> exchange(io::Endpoint to, std::string bytes) {
    auto stream = co_await dial(to);
    const auto written = co_await stream->write(bytes, soon());
    if (!written) co_return "[not written]";
    co_return co_await read_to_end(*stream);
}

inline int count_of(const std::string& text, std::string_view part) {
    int count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

inline std::string testdata(const std::string& name) {
    std::ifstream file(std::string(DOMICILE_TESTDATA) + "/" + name);
    std::stringstream out;
    out << file.rdbuf();
    return out.str();
}

// Answers with "METHOD TARGET" and the body.
inline io::Task<Result<void>> echo(Exchange& exchange) {
    CO_TRY(const std::string body, co_await exchange.read_all(1 << 20));
    ResponseHead head;
    head.add("Content-Type", "text/plain");
    const RequestHead& request = exchange.request();
    const std::string text =
        std::string(request.method) + " " + std::string(request.target) + "\n" + body;
    co_return co_await exchange.respond(std::move(head), text);
}

}  // namespace domicile::http
