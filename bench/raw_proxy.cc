// The least reverse proxy on our http server and client: what the data plane costs before any
// routing, authorizing or residency decision. Only for benchmarks.
//
//   raw_proxy PORT UPSTREAM_PORT
#include <cstdio>
#include <cstdlib>

#include "http/client.h"
#include "http/server.h"
#include "io/process.h"
#include "io/runtime.h"

namespace {

using namespace domicile;

class ExchangeBody final : public http::BodySource {
  public:
    explicit ExchangeBody(http::Exchange& exchange) : exchange_(exchange) {}
    io::Task<Result<std::string_view>> read() override { return exchange_.read(); }

  private:
    http::Exchange& exchange_;
};

http::RequestHead forwarded(const http::Exchange& exchange) {
    http::RequestHead head = exchange.request();
    head.host = head.headers.find("host").value_or("");
    head.headers.add("X-Forwarded-For", exchange.peer().remote.host);
    return head;
}

io::Task<Result<void>> pass_back(http::ClientResponse& response, http::Exchange& exchange) {
    http::ResponseHead head;
    head.status = response.status();
    head.headers.reserve(response.headers().size());
    for (const http::Header& header : response.headers()) {
        head.add(std::string(header.name), std::string(header.value));
    }
    CO_TRY_VOID(co_await exchange.start(std::move(head), response.content_length()));
    while (true) {
        CO_TRY(const std::string_view piece, co_await response.read());
        if (piece.empty()) break;
        CO_TRY_VOID(co_await exchange.write(piece));
    }
    co_return co_await exchange.finish();
}

io::Task<Result<void>> proxy(http::Client& client, const http::Target& target,
                             http::Exchange& exchange) {
    http::RequestHead head = forwarded(exchange);
    const Instant deadline = io::deadline_in(Seconds(30));
    const std::optional<std::uint64_t> length = exchange.content_length();
    if (length == 0) {
        CO_TRY(auto response, co_await client.send(target, std::move(head), "", deadline));
        co_return co_await pass_back(*response, exchange);
    }
    ExchangeBody body(exchange);
    CO_TRY(auto response, co_await client.send(target, std::move(head), body, length, deadline));
    co_return co_await pass_back(*response, exchange);
}

io::Task<void> serve(std::uint16_t port, std::uint16_t upstream_port) {
    const io::Endpoint at{"127.0.0.1", port};
    auto listener = io::Executor::current().network().listen(at);
    if (!listener) {
        std::fprintf(stderr, "%s\n", listener.error().message.c_str());
        co_return;
    }
    http::Client client;
    const http::Target target{{"127.0.0.1", upstream_port}};
    http::Handler handler = [&client, &target](http::Exchange& exchange) {
        return proxy(client, target, exchange);
    };
    http::Server server(std::move(*listener), {}, std::move(handler));
    server.start();
    const auto signal = co_await io::next_signal();
    const Instant deadline = io::deadline_in(Seconds(1));
    co_await server.stop(deadline);
    std::printf("unhandled %zu%s\n", server.unhandled(), signal ? "" : " (no signal)");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: raw_proxy PORT UPSTREAM_PORT\n");
        return 2;
    }
    io::block_signals();
    const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    const auto upstream = static_cast<std::uint16_t>(std::atoi(argv[2]));
    io::Runtime runtime;
    runtime.run([port, upstream] { return serve(port, upstream); });
    return 0;
}
