#include "gateway/target.h"

#include "base/encoding.h"
#include "base/log.h"
#include "gateway/request_check.h"
#include "telemetry/span.h"
#include "telemetry/trace.h"

namespace domicile::gateway {
namespace {

// Up to this size a response goes out in one send, head and body.
constexpr std::uint64_t kOneSendBytes = 16 * 1024;

}  // namespace

// The head's deadline is the call's own.
http::ClientOptions client_options() {
    http::ClientOptions out;
    out.head_timeout = Seconds(900);
    return out;
}

io::Task<Result<std::string_view>> ExchangeBody::read() {
    if (held_ != nullptr) {
        const std::string_view piece = first_ ? std::string_view(*held_) : std::string_view();
        first_ = false;
        co_return piece;
    }
    if (first_ && static_cast<std::int64_t>(exchange_.content_length().value_or(0)) > left_)
        left_ = -1;
    first_ = false;
    failed_ = true;
    if (left_ < 0) co_return fail(Code::too_large, "The body is too large.");
    CO_TRY(const std::string_view piece, co_await exchange_.read());
    left_ -= static_cast<std::int64_t>(piece.size());
    if (left_ < 0) co_return fail(Code::too_large, "The body is too large.");
    failed_ = false;
    co_return piece;
}

io::Task<Result<void>> pass_on(http::Exchange& exchange, http::ResponseHead head,
                               http::ClientResponse& response) {
    if (const auto whole = response.take_whole()) {
        co_return co_await exchange.respond(std::move(head), *whole);
    }
    const std::optional<std::uint64_t> length = response.content_length();
    if (length && *length <= kOneSendBytes) {
        CO_TRY(const std::string body, co_await response.read_all(kOneSendBytes));
        co_return co_await exchange.respond(std::move(head), body);
    }
    // Events are waited for, so the client is told at once that they will come; of any other body
    // the first piece is waited for, since an upstream that dies before it is a 502.
    const std::string* type = head.find("Content-Type");
    const bool events = type != nullptr && type->starts_with("text/event-stream");
    std::string_view piece;
    if (events) {
        CO_TRY_VOID(co_await exchange.start(std::move(head), length));
        CO_TRY_VOID(co_await exchange.write(piece));
        CO_TRY(piece, co_await response.read());
    } else {
        CO_TRY(piece, co_await response.read());
        CO_TRY_VOID(co_await exchange.start(std::move(head), length));
    }
    while (!piece.empty()) {
        CO_TRY_VOID(co_await exchange.write(piece));
        CO_TRY(piece, co_await response.read());
    }
    co_return co_await exchange.finish();
}

Target::Target(const config::Config& config, const residency::Policy& policy,
               functions::Functions& functions, std::string region, http::Client* upstreams)
    : config_(config),
      policy_(policy),
      functions_(functions),
      region_(std::move(region)),
      own_client_(upstreams == nullptr ? std::make_unique<http::Client>(client_options())
                                       : nullptr),
      client_(upstreams == nullptr ? *own_client_ : *upstreams) {
    for (const config::Upstream& upstream : config.upstreams)
        upstreams_[upstream.name] = std::make_unique<Upstream>(upstream, client_);
}

void Target::start() {
    for (const auto& [name, upstream] : upstreams_) upstream->checker.start();
}

io::Task<void> Target::stop() {
    for (const auto& [name, upstream] : upstreams_) co_await upstream->checker.stop();
}

void Target::report_to(telemetry::Registry& registry) {
    registry.add("domicile_gateway_invalid_requests_total",
                 "Requests that are not as their route's OpenAPI document describes them.",
                 invalid_);
    for (const auto& [name, upstream] : upstreams_) {
        const telemetry::Labels labels{{"upstream", name}};
        const UpstreamMetrics& metrics = upstream->metrics;
        registry.add("domicile_gateway_upstream_calls_total",
                     "Calls of upstreams; ok: a response came, whatever its status.", metrics.calls,
                     {"outcome"}, labels);
        registry.add("domicile_gateway_upstream_duration_seconds",
                     "Calls of upstreams, to the head of the response.", metrics.time, labels);
        registry.add("domicile_gateway_upstream_retries_total",
                     "Tries after the first, which are counted as calls too.", metrics.retries,
                     labels);
        registry.add("domicile_gateway_upstream_ejections_total",
                     "Servers left out for a while after failures in a row.",
                     upstream->balancer->ejections(), labels);
        registry.add_gauge(
            "domicile_gateway_upstream_servers_usable", "Servers that get calls.",
            [balancer = upstream->balancer] {
                return static_cast<double>(balancer->usable(io::system_clock().monotonic_ns()));
            },
            labels);
    }
}

io::Task<Result<void>> Target::serve(Call& call) {
    if (call.route().operation != nullptr) return serve_checked(call);
    return serve_any(call);
}

// At the home, and before anything is called.
io::Task<Result<void>> Target::serve_checked(Call& call) {
    const openapi::Operation& operation = *call.route().operation;
    openapi::Violations wrong = operation.check_parameters(given_of(call));
    const WantedBody body =
        wanted_body(operation, call.exchange.request().headers, call.exchange.content_length());
    if (body.rule == BodyRule::unsupported) {
        const Problem problem{415, "unsupported-media-type", "Unsupported Media Type",
                              "The API describes no such body here."};
        co_return co_await reply_problem(call, problem, region_);
    }
    if (body.rule == BodyRule::read) {
        const auto most = static_cast<std::size_t>(
            call.route().body_bytes_max.value_or(config_.limits.body_bytes_max));
        Result<std::string> text = co_await call.exchange.read_all(most);
        if (!text && text.error().code == Code::too_large)
            co_return co_await reply_message(call, 413, "Request Too Long", region_);
        if (!text) co_return std::unexpected(text.error());
        call.body = std::make_unique<std::string>(std::move(*text));
        if (!call.body->empty())
            std::ranges::move(operation.check_body(*body.media, *call.body),
                              std::back_inserter(wrong));
    }
    const bool none = call.body != nullptr && call.body->empty();
    if (body.rule == BodyRule::missing || (none && operation.body_required))
        wrong.push_back({"body", "", "", "is missing"});
    if (!wrong.empty()) {
        invalid_.add();
        co_return co_await reply_invalid(call, std::move(wrong), region_);
    }
    auto served = serve_any(call);
    co_return co_await served;
}

io::Task<Result<void>> Target::serve_any(Call& call) {
    if (call.route().function) return call_function(call);
    return call_upstream(call);
}

functions::HttpCall Target::describe(Call& call, const config::Function& function,
                                     std::string body) {
    const http::RequestHead& request = call.exchange.request();
    functions::HttpCall out;
    out.method = request.method;
    out.path = request.path;
    out.query = request.query;
    out.route = call.route().path;
    out.host = request.host;
    out.source_ip = call.client;
    out.user_agent = request.headers.find("User-Agent").value_or("");
    out.request_id = call.request_id;
    for (const http::Header& header : request.headers) {
        const bool ours =
            header.name.size() >= 9 && equals_ignore_case(header.name.substr(0, 9), "Domicile-");
        const bool traces = equals_ignore_case(header.name, "traceparent") ||
                            equals_ignore_case(header.name, "tracestate") ||
                            equals_ignore_case(header.name, "X-Amzn-Trace-Id");
        const bool forwarding = equals_ignore_case(header.name, "X-Forwarded-For") ||
                                equals_ignore_case(header.name, "Forwarded") ||
                                equals_ignore_case(header.name, "X-Request-Id");
        const bool key = call.route().api_key && equals_ignore_case(header.name, "X-Api-Key");
        if (!ours && !traces && !forwarding && !key)
            out.headers.emplace_back(header.name, header.value);
    }
    // As API Gateway tells it, and as everybody else does.
    const RequestContext& context = RequestContext::current();
    if (!call.client.empty()) out.headers.emplace_back("X-Forwarded-For", call.client);
    out.headers.emplace_back("X-Request-Id", call.request_id);
    out.headers.emplace_back("X-Amzn-Trace-Id", telemetry::amazon_trace_of(context));
    http::Headers trace;
    telemetry::TraceParentText parent;
    add_trace(call.exchange, parent, trace);
    for (const http::Header& header : trace) out.headers.emplace_back(header.name, header.value);
    out.path_parameters = call.match.parameters();
    out.body = std::move(body);
    out.time = io::Executor::current().clock().now();
    if (call.token) out.claims = &call.token->claims;
    if (call.grant) {
        out.authorizer = &call.grant->answer.context;
        out.principal = call.grant->answer.principal;
    }
    out.domicile["region"] = region_;
    const Issuer* issuer = call.issuer();
    if (issuer != nullptr) out.domicile["issuer"] = issuer->name();
    if (call.token && !call.token->home.empty()) {
        out.domicile["home"] = call.token->home;
        const residency::Jurisdiction* own = policy_.of_region(call.token->home);
        if (own != nullptr) out.domicile["jurisdiction"] = own->name;
    }
    if (!call.api_key.empty()) out.domicile["apiKey"] = call.api_key;
    std::optional<std::string> subject;
    // Somebody else's `sub` is none of our people's, whatever it looks like.
    if (call.token && issuer == nullptr) subject = call.token->sub;
    out.credentials = functions_.credentials(function, std::move(subject));
    return out;
}

io::Task<Result<void>> Target::call_function(Call& call) {
    const config::Route& route = call.route();
    const config::Function* function = config_.functions.find(*route.function);
    const auto body_max =
        static_cast<std::size_t>(route.body_bytes_max.value_or(config_.limits.body_bytes_max));
    Result<std::string> body = std::string();
    if (call.body != nullptr)
        body = std::move(*call.body);
    else
        body = co_await call.exchange.read_all(body_max);
    if (!body) {
        const bool large = body.error().code == Code::too_large;
        if (large) co_return co_await reply_message(call, 413, "Request Too Long", region_);
        co_return std::unexpected(body.error());
    }
    const bool v2 = route.event == config::EventVersion::v2;
    telemetry::ChildSpan span(telemetry::SpanKind::function, function->name);
    const functions::HttpCall description = describe(call, *function, std::move(*body));
    functions::Call wanted;
    wanted.event = v2 ? http_event_v2_text(description) : rest_event_v1_text(description);
    wanted.request_id = description.request_id;
    functions::StreamedCall calling(functions_, function->name, std::move(wanted));
    const bool streams = co_await calling.begin();
    if (streams) co_return co_await pass_streamed(call, calling, v2);
    Result<functions::Answer> answer = co_await calling.finish();
    Result<std::string> result = functions::payload_of(std::move(answer));
    span.end(telemetry::outcome_of(result));
    if (!result) {
        log::warning("function_failed", {{"function", function->name},
                                         {"reason", result.error().reason},
                                         {"request_id", description.request_id}});
        const bool late = result.error().code == Code::deadline_exceeded;
        const bool busy = result.error().code == Code::resource_exhausted;
        if (busy) co_return co_await reply_message(call, 429, "Too Many Requests", region_);
        if (late)
            co_return co_await reply_message(call, 504, "Endpoint request timed out", region_);
        co_return co_await reply_message(
            call, v2 ? 500 : 502, v2 ? "Internal Server Error" : "Internal server error", region_);
    }
    Result<functions::HttpReply> reply = functions::parse_reply(*result, v2);
    if (!reply) {
        log::warning("function_failed", {{"function", function->name},
                                         {"reason", reply.error().reason},
                                         {"request_id", description.request_id}});
        co_return co_await reply_message(
            call, v2 ? 500 : 502, v2 ? "Internal Server Error" : "Internal server error", region_);
    }
    http::ResponseHead head;
    head.status = reply->status;
    for (auto& [name, value] : reply->headers) head.add(std::move(name), std::move(value));
    head.set("Domicile-Served-By", region_);
    head.set("X-Request-Id", description.request_id);
    add_cors(head, call);
    co_return co_await call.exchange.respond(std::move(head), reply->body);
}

}  // namespace domicile::gateway
