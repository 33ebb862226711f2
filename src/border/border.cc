// A crossing is one HTTP/1.1 exchange over mutual TLS:
//
//   POST /border/1/<type>       a typed message; JSON both ways (docs/formats/border.md)
//   <method> <target>           a streamed API call, marked by Domicile-Border: call
//
// The receiving side learns the region from the peer certificate, never from the message. Each side
// records type, regions, outcome and a shared crossing id; nothing of the payload.
#include "border/border.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "telemetry/span.h"
#include "telemetry/trace.h"

namespace domicile::border {
namespace {

constexpr std::string_view kPrefix = "/border/1/";
constexpr std::string_view kCallHeader = "Domicile-Border";
constexpr std::string_view kCrossingHeader = "Domicile-Crossing";
constexpr std::string_view kCallType = "api.call";
constexpr std::string_view kUnknown = "unknown";
constexpr std::size_t kRouteBytesMax = 200;
constexpr std::size_t kReasonBytesMax = 40;

json::object describe(const Error& error) {
    return {{"code", to_string(error.code)}, {"message", error.message}, {"reason", error.reason}};
}

Error error_from(const json::object& object) {
    const auto text = [&](std::string_view name) {
        const json::value* value = object.if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                      : std::string();
    };
    return {code_from_string(text("code")), text("message"), text("reason")};
}

// A reason may have come from the other region: what does not look like one stays out of the
// record.
std::string outcome_of(const Result<json::value>& result) {
    if (result) return "ok";
    const std::string& reason = result.error().reason;
    const bool plain =
        !reason.empty() && reason.size() <= kReasonBytesMax &&
        std::ranges::all_of(reason, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    return plain ? reason : std::string(to_string(result.error().code));
}

enum class Direction : std::uint8_t { sent, received };
constexpr std::array<std::string_view, 2> label_values(Direction) { return {"sent", "received"}; }
enum class Kind : std::uint8_t { message, call };
constexpr std::array<std::string_view, 2> label_values(Kind) { return {"message", "call"}; }

struct PeerMetrics {
    const telemetry::CounterBy<Direction, Kind, telemetry::Outcome> crossings;
    const telemetry::TimeHistogram sent_time;
};

telemetry::Nanos since(std::int64_t start_ns) {
    return telemetry::Nanos(io::Executor::current().clock().monotonic_ns() - start_ns);
}

// What comes from another region and goes into the record is checked: bytes that are no text would
// break the log's chain, and any text could be somebody's data (I6).
std::string crossing_of(const http::Headers& headers) {
    const std::string_view id = headers.find(kCrossingHeader).value_or("");
    return std::string(is_uuid(id) ? id : kUnknown);
}

std::string route_of(const http::Headers& headers) {
    const std::string_view route = headers.find("Domicile-Route").value_or("");
    const bool plain = route.size() <= kRouteBytesMax &&
                       std::ranges::all_of(route, [](char c) { return c > ' ' && c < 0x7f; });
    return std::string(plain ? route : kUnknown);
}

}  // namespace

std::string certificate_name(std::string_view region) { return std::string(region) + ".border"; }

struct Border::Impl {
    Impl(Options options_in, audit::Log& log_in) : options(std::move(options_in)), log(log_in) {
        for (const Peer& peer : options.peers) metrics[peer.region];
    }

    const Peer* peer(std::string_view region) const {
        for (const Peer& candidate : options.peers) {
            if (candidate.region == region) return &candidate;
        }
        return nullptr;
    }
    // All nodes of a region, the next one first.
    std::vector<http::Target> targets_of(const Peer& to) {
        std::vector<http::Target> out;
        const std::string name = certificate_name(to.region);
        out.push_back({to.endpoint, options.client_tls, name});
        for (const io::Endpoint& node : to.more) out.push_back({node, options.client_tls, name});
        if (out.size() == 1) return out;
        const auto turn = turns.fetch_add(1, std::memory_order_relaxed) % out.size();
        std::ranges::rotate(out, out.begin() + static_cast<std::ptrdiff_t>(turn));
        return out;
    }
    // Nothing was sent: another node may do it.
    static bool never_arrived(const Result<std::unique_ptr<http::ClientResponse>>& response) {
        return !response && response.error().reason == http::kReasonUnreachable;
    }
    // The region that the peer's certificate names, if it is one of ours.
    Result<std::string> region_of(const http::Exchange& exchange) const {
        for (const Peer& candidate : options.peers) {
            if (exchange.peer().certificate_name == certificate_name(candidate.region)) {
                return candidate.region;
            }
        }
        return fail(Code::permission_denied, "The certificate names no region of this deployment.");
    }
    void record(std::string kind, std::string_view type, std::string_view peer_region,
                std::string_view crossing, std::string_view outcome, std::string_view route = {}) {
        json::object details{
            {"type", type}, {"peer", peer_region}, {"crossing", crossing}, {"outcome", outcome}};
        if (!route.empty()) details["route"] = route;
        log.record_soon({std::move(kind), std::move(details)});
    }

    io::Task<Result<void>> answer(http::Exchange& exchange);
    io::Task<Result<void>> answer_message(std::string from, http::Exchange& exchange);
    io::Task<Result<json::value>> run_handler(std::string from, std::string type,
                                              http::Exchange& exchange);
    io::Task<Result<json::value>> exchange_message(const Peer& to, std::string type,
                                                   json::value payload, std::string crossing,
                                                   Instant deadline);

    Options options;
    audit::Log& log;
    http::Client client;
    std::atomic<std::size_t> turns = 0;
    std::map<std::string, MessageHandler, std::less<>> handlers;
    CallHandler call_handler;
    std::map<std::string, PeerMetrics, std::less<>> metrics;  // one for each peer
    const telemetry::Counter strangers;
    // What messages are counted under as HTTP requests.
    std::map<std::string, const telemetry::Route*, std::less<>> routes;
};

Border::Border(Options options, audit::Log& log)
    : impl_(std::make_unique<Impl>(std::move(options), log)) {}
Border::~Border() = default;

void Border::handle(std::string type, MessageHandler handler) {
    DOMICILE_CHECK(impl_->handlers.emplace(std::move(type), std::move(handler)).second);
}
void Border::handle_calls(CallHandler handler) { impl_->call_handler = std::move(handler); }

io::Task<Result<json::value>> Border::call(std::string region, std::string type,
                                           json::value payload, Instant deadline) {
    const Peer* to = impl_->peer(region);
    if (to == nullptr)
        co_return fail(Code::not_found, "There is no such region.", "unknown_region");
    const std::string crossing = io::Executor::current().random().uuid();
    const std::int64_t start = io::Executor::current().clock().monotonic_ns();
    auto result =
        co_await impl_->exchange_message(*to, type, std::move(payload), crossing, deadline);
    const PeerMetrics& metrics = impl_->metrics.at(region);
    metrics.sent_time.observe(since(start));
    metrics.crossings.add(Direction::sent, Kind::message, telemetry::outcome_of(result));
    impl_->record("crossing_sent", type, region, crossing, outcome_of(result));
    co_return result;
}

io::Task<Result<json::value>> Border::Impl::exchange_message(const Peer& to, std::string type,
                                                             json::value payload,
                                                             std::string crossing,
                                                             Instant deadline) {
    const std::string body = json::serialize(payload);
    if (body.size() > options.message_bytes_max) {
        co_return fail(Code::too_large, "The message is too large to cross the border.");
    }
    const std::string target = std::string(kPrefix) + type;
    http::RequestHead head;
    head.method = "POST";
    head.target = target;
    head.headers.add("Content-Type", "application/json");
    head.headers.add(kCrossingHeader, crossing);
    telemetry::ChildSpan span(telemetry::SpanKind::crossing, to.region);
    const std::string trace = telemetry::traceparent_of(RequestContext::current());
    // Nothing is passed on where the region does something of its own accord.
    if (RequestContext::current().span_id != decltype(RequestContext::span_id){}) {
        head.headers.add("traceparent", trace);
    }
    Result<std::unique_ptr<http::ClientResponse>> response =
        fail(Code::unavailable, "No node.", std::string(http::kReasonUnreachable));
    for (const http::Target& node : targets_of(to)) {
        if (!never_arrived(response)) break;
        response = co_await client.send(node, head, body, deadline);
    }
    span.end(telemetry::outcome_of(response));
    if (!response) {
        co_return fail(response.error().code == Code::deadline_exceeded ? Code::deadline_exceeded
                                                                        : Code::unavailable,
                       "Region " + to.region + " cannot be reached.", "region_down");
    }
    CO_TRY(const std::string text, co_await (*response)->read_all(options.message_bytes_max));
    CO_TRY(json::object reply, parse_json_object(text, {.bytes_max = options.message_bytes_max}));
    if (const json::value* error = reply.if_contains("error");
        error != nullptr && error->is_object()) {
        co_return std::unexpected(error_from(error->get_object()));
    }
    json::value* result = reply.if_contains("result");
    if (result == nullptr) co_return fail(Code::malformed, "The border reply has no result.");
    co_return std::move(*result);
}

io::Task<Result<std::unique_ptr<http::ClientResponse>>> Border::forward(
    std::string region, std::string route, http::RequestHead head, http::BodySource& body,
    std::optional<std::uint64_t> length, Instant deadline, http::Cancellation* cancellation) {
    const Peer* to = impl_->peer(region);
    if (to == nullptr)
        co_return fail(Code::not_found, "There is no such region.", "unknown_region");
    const std::string crossing = io::Executor::current().random().uuid();
    head.headers.add(kCallHeader, "call");
    head.headers.add(kCrossingHeader, crossing);
    const std::int64_t start = io::Executor::current().clock().monotonic_ns();
    Result<std::unique_ptr<http::ClientResponse>> response =
        fail(Code::unavailable, "No node.", std::string(http::kReasonUnreachable));
    for (const http::Target& node : impl_->targets_of(*to)) {
        if (!Impl::never_arrived(response)) break;
        const http::SendOptions how{.deadline = deadline, .cancellation = cancellation};
        response = co_await impl_->client.send(node, head, body, length, how);
    }
    const PeerMetrics& metrics = impl_->metrics.at(region);
    metrics.sent_time.observe(since(start));
    metrics.crossings.add(Direction::sent, Kind::call, telemetry::outcome_of(response));
    const std::string outcome = response ? std::to_string((*response)->status())
                                         : std::string(to_string(response.error().code));
    impl_->record("crossing_sent", kCallType, region, crossing, outcome, route);
    if (!response && response.error().code == Code::unavailable) {
        co_return fail(Code::unavailable, "Region " + region + " cannot be reached.",
                       "region_down");
    }
    co_return response;
}

http::Handler Border::handler() {
    return [impl = impl_.get()](http::Exchange& exchange) { return impl->answer(exchange); };
}

void Border::report_to(telemetry::Registry& registry) {
    for (const auto& [peer, metrics] : impl_->metrics) {
        registry.add("domicile_border_crossings_total", "Exchanges with other regions.",
                     metrics.crossings, {"direction", "kind", "outcome"}, {{"peer", peer}});
        registry.add("domicile_border_crossing_duration_seconds",
                     "Crossings sent, to the answer or, for calls, to the head of the response.",
                     metrics.sent_time, {{"peer", peer}});
    }
    registry.add("domicile_border_strangers_total",
                 "Requests whose certificate names no region of this deployment.",
                 impl_->strangers);
    for (const auto& [type, handler] : impl_->handlers) {
        impl_->routes[type] = &registry.route("border", type);
    }
    impl_->routes[std::string(kUnknown)] = &registry.route("border", kUnknown);
}

io::Task<Result<void>> Border::Impl::answer(http::Exchange& exchange) {
    const Result<std::string> from = region_of(exchange);
    if (!from) {
        log::warning("border_peer_refused");
        strangers.add();
        const std::string body =
            http::problem_json(403, "about:blank", "Forbidden", from.error().message);
        http::ResponseHead head{.status = 403, .headers = {}};
        co_return co_await exchange.respond(std::move(head), body);
    }
    if (exchange.request().headers.find(kCallHeader) != "call") {
        co_return co_await answer_message(*from, exchange);
    }
    const std::string crossing = crossing_of(exchange.request().headers);
    if (!call_handler || crossing == kUnknown) {
        http::ResponseHead head{.status = 400, .headers = {}};
        co_return co_await exchange.respond(std::move(head), "");
    }
    const std::string route = route_of(exchange.request().headers);
    const Result<void> done = co_await call_handler(*from, exchange);
    metrics.at(*from).crossings.add(Direction::received, Kind::call, telemetry::outcome_of(done));
    record("crossing_received", kCallType, *from, crossing, done ? "answered" : "broken", route);
    co_return done;
}

io::Task<Result<void>> Border::Impl::answer_message(std::string from, http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    const std::string crossing = crossing_of(request.headers);
    std::string type;
    if (request.method == "POST" && request.path.starts_with(kPrefix) && crossing != kUnknown) {
        type = request.path.substr(kPrefix.size());
    }
    const bool allowed = handlers.contains(type);
    if (const auto route = routes.find(allowed ? type : kUnknown); route != routes.end()) {
        exchange.report_as(route->second);
    }
    Result<json::value> result =
        fail(Code::unsupported, "The message type is not on the allow-list.", "unknown_message");
    if (allowed) result = co_await run_handler(from, type, exchange);
    // An unknown type is not repeated in the record: it is bytes from outside.
    metrics.at(from).crossings.add(Direction::received, Kind::message,
                                   telemetry::outcome_of(result));
    record("crossing_received", allowed ? std::string_view(type) : kUnknown, from, crossing,
           outcome_of(result));
    json::object reply;
    if (result) {
        reply["result"] = std::move(*result);
    } else {
        reply["error"] = describe(result.error());
    }
    const std::string body = json::serialize(reply);
    http::ResponseHead head;
    head.add("Content-Type", "application/json");
    co_return co_await exchange.respond(std::move(head), body);
}

io::Task<Result<json::value>> Border::Impl::run_handler(std::string from, std::string type,
                                                        http::Exchange& exchange) {
    CO_TRY(const std::string text, co_await exchange.read_all(options.message_bytes_max));
    CO_TRY(json::value payload, parse_json(text, {.bytes_max = options.message_bytes_max}));
    co_return co_await handlers.find(type)->second(std::move(from), std::move(payload));
}

}  // namespace domicile::border
