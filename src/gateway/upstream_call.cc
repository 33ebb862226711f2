// A call of an upstream: which server, how often, until when, and what the client is told when it
// comes to nothing.
#include "base/encoding.h"
#include "gateway/client_watch.h"
#include "gateway/target.h"
#include "gateway/tunnel.h"
#include "telemetry/span.h"

namespace domicile::gateway {
namespace {

using Response = Result<std::unique_ptr<http::ClientResponse>>;

// Twice the same does no harm (RFC 9110, 9.2.2).
bool is_idempotent(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS";
}

// The server, or a proxy before it, is not up to it.
bool is_gateway_failure(const Response& response) {
    if (!response) return true;
    const int status = (*response)->status();
    return status == 502 || status == 503 || status == 504;
}

bool never_arrived(const Response& response) {
    return !response && response.error().reason == http::kReasonUnreachable;
}

std::int64_t now_ns() { return io::Executor::current().clock().monotonic_ns(); }

}  // namespace

// One call, with all of its tries.
struct Target::UpstreamCall {
    Call& call;
    Upstream& upstream;
    http::RequestHead head = {};
    std::string rewritten = {};
    Downstream downstream = {};
    ClientWatch watch{call.exchange};
    std::optional<std::uint64_t> length = call.exchange.content_length();
    Instant deadline = {};
    int tries = 0;
    std::uint64_t tried = 0;  // servers

    void note(std::size_t server, const Response& response, std::int64_t start,
              bool clients_fault) const;
    // Another try may be made: nothing of the request is used up, it does no harm, there is time.
    bool may_try_again(const Response& response, const ExchangeBody& body) const;
};

void Target::UpstreamCall::note(std::size_t server, const Response& response, std::int64_t start,
                                bool clients_fault) const {
    const std::int64_t now = now_ns();
    upstream.metrics.time.observe(telemetry::Nanos(now - start));
    upstream.metrics.calls.add(telemetry::outcome_of(response));
    if (clients_fault) return;
    if (is_gateway_failure(response)) {
        upstream.balancer->failed(server, now);
    } else {
        upstream.balancer->succeeded(server);
    }
}

bool Target::UpstreamCall::may_try_again(const Response& response, const ExchangeBody& body) const {
    if (watch.left() || body.started() || !is_gateway_failure(response)) return false;
    if (io::deadline_in(Millis(0)) >= deadline) return false;
    // Nothing was sent: another server is asked, each once.
    if (never_arrived(response)) {
        const std::size_t servers = std::min<std::size_t>(upstream.balancer->size(), 64);
        if (static_cast<std::size_t>(tries) < servers) return true;
    }
    const bool harmless = length == 0 && is_idempotent(call.exchange.request().method);
    return harmless && tries < upstream.options.retries.attempts && upstream.balancer->take_retry();
}

Result<void> Target::prepare(UpstreamCall& made) {
    Call& call = made.call;
    const http::RequestHead& request = call.exchange.request();
    made.head.method = request.method;
    made.head.target = request.target;
    if (const auto& rewrite = call.match.compiled->rewrite) {
        TRY(made.rewritten, rewrite->render(call.match.raw_parameters, request.query));
        made.head.target = made.rewritten;
    }
    made.head.host = request.headers.find("Host").value_or(request.host);
    for (const http::Header& header : request.headers) {
        const bool key = call.route().api_key && equals_ignore_case(header.name, "X-Api-Key");
        if (!key && !is_hop_header(header.name)) made.head.headers.add(header);
    }
    made.downstream.add_to(made.head.headers, call, {region_, policy_});
    made.deadline = io::deadline_in(Seconds(call.route().timeout_seconds));
    return {};
}

io::Task<Response> Target::send(UpstreamCall& made, ExchangeBody& body) {
    const config::Upstream& options = made.upstream.options;
    made.upstream.balancer->note_call();
    while (true) {
        const std::int64_t start = now_ns();
        const std::size_t server = made.upstream.balancer->pick(start, made.tried);
        if (server < 64) made.tried |= std::uint64_t{1} << server;
        ++made.tries;
        http::SendOptions how;
        how.deadline = made.deadline;
        if (options.try_timeout_ms) {
            const Instant limit = io::deadline_in(Millis(*options.try_timeout_ms));
            how.deadline = std::min(how.deadline, limit);
        }
        how.cancellation = &made.watch.cancellation();
        how.body_timeout = Seconds(options.idle_seconds);
        http::Target target;
        target.endpoint = {options.url[server].host, options.url[server].port};
        // Copied only where it may be needed again.
        const bool once = made.upstream.balancer->size() == 1 && options.retries.attempts <= 1;
        http::RequestHead head = once ? std::move(made.head) : made.head;
        // Without a body there is nothing to stream, and a connection that the upstream closed at
        // this moment can be replaced.
        auto sent = made.length == 0
                        ? client_.send(std::move(target), std::move(head), std::string_view(), how)
                        : client_.send(std::move(target), std::move(head), body, made.length, how);
        Response response = co_await std::move(sent);
        made.note(server, response, start, made.watch.left() || body.failed());
        if (!made.may_try_again(response, body)) co_return response;
        made.upstream.metrics.retries.add();
    }
}

// Not a coroutine, as not_answered: the frame of run_upstream is kept small enough for the pool.
io::Task<Result<void>> Target::call_upstream(Call& call) {
    Upstream& upstream = *upstreams_.find(*call.route().upstream)->second;
    std::optional<Gauge::Permit> permit = upstream.gauge.enter();
    if (permit) return run_upstream(call, upstream, std::move(*permit));
    const Problem problem{429, "upstream-busy", "Too Many Requests",
                          "Too many calls are under way.", 1};
    return reply_problem(call, problem, region_);
}

io::Task<Result<void>> Target::run_upstream(Call& call, Upstream& upstream,
                                            [[maybe_unused]] Gauge::Permit permit) {
    UpstreamCall made{call, upstream};
    if (const Result<void> prepared = prepare(made); !prepared) {
        auto reply = reply_bad_path(call, prepared.error());
        co_return co_await reply;
    }
    if (upstream.options.websocket && asks_for_websocket(call.exchange.request())) {
        auto switched = call_websocket(made);
        co_return co_await switched;
    }
    telemetry::ChildSpan span(telemetry::SpanKind::upstream, upstream.options.name);
    ExchangeBody body(call.exchange,
                      call.route().body_bytes_max.value_or(config_.limits.body_bytes_max),
                      call.body.get());
    const Response response = co_await send(made, body);
    span.end(telemetry::outcome_of(response));
    Result<void> passed = fail(Code::cancelled, "The client left.");
    if (made.watch.left()) co_return passed;
    // The connection says what is wrong with the client's body: 400 or 408.
    if (!response && body.failed() && !body.too_large())
        co_return std::unexpected(response.error());
    if (body.too_large() || !response) {
        auto reply = not_answered(call, body.too_large(), response);
        co_return co_await reply;
    }
    made.watch.now_reads(response->get());
    {
        auto passing = pass_on(call.exchange, passed_on(call, **response), **response);
        passed = co_await passing;
    }
    // The upstream died before anything of its answer went out.
    const bool untold = !passed && !call.exchange.responded() && !made.watch.left();
    made.watch.stop();
    if (!untold) co_return passed;
    auto reply = reply_failure(call, passed.error());
    co_return co_await reply;
}

io::Task<Result<void>> Target::reply_bad_path(Call& call, const Error& error) {
    const Problem problem{400, "bad-path", "Bad Path", error.message};
    return reply_problem(call, problem, region_);
}

io::Task<Result<void>> Target::not_answered(
    Call& call, bool too_large, const Result<std::unique_ptr<http::ClientResponse>>& response) {
    if (too_large) return reply_message(call, 413, "Request Too Long", region_);
    return reply_failure(call, response.error());
}

// Every answer is the gateway's own, but for a 101.
io::Task<Result<void>> Target::call_websocket(UpstreamCall& made) {
    Call& call = made.call;
    const std::int64_t start = now_ns();
    const std::size_t server = made.upstream.balancer->pick(start);
    const config::UpstreamUrl& url = made.upstream.options.url[server];
    http::SendOptions how;
    how.deadline = made.deadline;
    how.cancellation = &made.watch.cancellation();
    how.upgrade = "websocket";
    http::Target target;
    target.endpoint = {url.host, url.port};
    const Response response =
        co_await client_.send(std::move(target), made.head, std::string_view(), how);
    made.note(server, response, start, made.watch.left());
    if (made.watch.left()) co_return fail(Code::cancelled, "The client left.");
    if (!response) co_return co_await reply_failure(call, response.error());
    http::ResponseHead out = passed_on(call, **response);
    io::Stream* upstream = (*response)->tunnel();
    if (upstream == nullptr) {
        made.watch.now_reads(response->get());
        co_return co_await pass_on(call.exchange, std::move(out), **response);
    }
    made.watch.stop();
    CO_TRY(const http::Exchange::Tunnel client,
           co_await call.exchange.switch_protocols(std::move(out), "websocket"));
    const Millis idle = Seconds(made.upstream.options.idle_seconds);
    co_await run_tunnel(client, *upstream, (*response)->read_ahead(), idle);
    co_return Result<void>{};
}

http::ResponseHead Target::passed_on(const Call& call, const http::ClientResponse& response) const {
    http::ResponseHead out;
    out.status = response.status();
    for (const http::Header& header : response.headers()) {
        if (!is_hop_header(header.name))
            out.add(std::string(header.name), std::string(header.value));
    }
    // Not among what was passed on: is_hop_header.
    out.add("Domicile-Served-By", region_);
    out.add("X-Request-Id", std::string(call.request_id));
    add_cors(out, call);
    return out;
}

io::Task<Result<void>> Target::reply_failure(Call& call, Error error) {
    if (error.code == Code::deadline_exceeded)
        return reply_message(call, 504, "Endpoint request timed out", region_);
    if (error.code == Code::resource_exhausted)
        return reply_message(call, 503, "Service Unavailable", region_);
    return reply_message(call, 502, "Bad Gateway", region_);
}

}  // namespace domicile::gateway
