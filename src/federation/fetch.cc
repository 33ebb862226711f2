#include "federation/fetch.h"

#include "io/executor.h"

namespace domicile::federation {
namespace {

constexpr Millis kConnectTimeout = Seconds(5);

http::ClientOptions options_of() {
    http::ClientOptions out;
    out.idle_per_target_max = 0;  // a call now and then, and nothing to outlive the runtime
    out.connect_timeout = kConnectTimeout;
    out.body_timeout = kConnectTimeout;
    return out;
}

io::Task<Result<std::string>> read_within(http::ClientResponse* response, std::size_t bytes_max,
                                          Instant deadline) {
    std::string out;
    while (true) {
        CO_TRY(const std::string_view piece, co_await response->read());
        if (piece.empty()) co_return out;
        out += piece;
        if (out.size() > bytes_max) co_return fail(Code::too_large, "The answer is too large.");
        if (io::deadline_in(Millis(0)) > deadline)
            co_return fail(Code::deadline_exceeded, "The answer takes too long.");
    }
}

}  // namespace

io::Task<Result<Fetched>> fetch(const io::TlsClient* tls, Fetch request) {
    const Url& url = request.url;
    if (url.tls && tls == nullptr)
        co_return fail(Code::unavailable, "The system has no certificate authorities.");
    http::Client client(options_of());
    http::Target target;
    target.endpoint = {url.host, url.port};
    if (url.tls) {
        target.tls = tls;
        target.server_name = url.host;
    }
    http::RequestHead head;
    head.method = request.form.empty() ? "GET" : "POST";
    head.target = url.target;
    const std::string host =
        url.port == (url.tls ? 443 : 80) ? url.host : target.endpoint.to_string();
    head.host = host;
    head.headers.add("Accept", "application/json");
    head.headers.add("User-Agent", "domicile");
    if (!request.authorization.empty()) head.headers.add("Authorization", request.authorization);
    if (!request.form.empty())
        head.headers.add("Content-Type", "application/x-www-form-urlencoded");
    http::SendOptions options;
    options.deadline = request.deadline;
    options.cancellation = request.cancellation;
    auto response = co_await client.send(std::move(target), std::move(head),
                                         std::string_view(request.form), options);
    if (!response) co_return std::unexpected(response.error());
    Fetched out;
    out.status = (*response)->status();
    CO_TRY(out.body, co_await read_within(response->get(), request.bytes_max, request.deadline));
    co_return out;
}

}  // namespace domicile::federation
