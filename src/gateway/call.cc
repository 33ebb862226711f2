#include "gateway/call.h"

#include <algorithm>

#include "base/encoding.h"
#include "telemetry/trace.h"

namespace domicile::gateway {
namespace {

constexpr std::string_view kExposed = "Domicile-Served-By, Domicile-Via, Retry-After, X-Request-Id";

std::string joined(const std::vector<std::string>& items) {
    std::string out;
    for (const std::string& item : items) out += (out.empty() ? "" : ", ") + item;
    return out;
}

// Beside what an upstream says its answer varies by. The home of a forwarded call has said it
// already.
void vary_by_origin(http::ResponseHead& head) {
    const std::string* present = head.find("Vary");
    if (present == nullptr) return head.set("Vary", "Origin");
    const bool said = *present == "*" || *present == "Origin" || present->ends_with(", Origin");
    if (!said) head.set("Vary", *present + ", Origin");
}

bool is_ours(std::string_view name) { return equals_ignore_case(name.substr(0, 9), "domicile-"); }

}  // namespace

void add_cors(http::ResponseHead& head, const Call& call) {
    if (call.match.route == nullptr || !call.route().cors) return;
    const config::Cors& cors = *call.route().cors;
    const auto origin = call.exchange.request().headers.find("Origin");
    if (!origin) return;
    const auto listed = [&](const std::vector<std::string>& origins, std::string_view wanted) {
        return std::find(origins.begin(), origins.end(), wanted) != origins.end();
    };
    const bool any = listed(cors.origins, "*");
    if (!any && !listed(cors.origins, *origin) && !listed(*call.own_origins, *origin)) return;
    head.set("Access-Control-Allow-Origin", any ? "*" : std::string(*origin));
    if (!any) vary_by_origin(head);
    head.set("Access-Control-Expose-Headers", std::string(kExposed));
    if (call.exchange.request().method != "OPTIONS") return;
    head.set("Access-Control-Allow-Methods", cors.methods.empty() ? "*" : joined(cors.methods));
    const std::string wanted(
        call.exchange.request().headers.find("Access-Control-Request-Headers").value_or(""));
    head.set("Access-Control-Allow-Headers", cors.headers.empty() ? wanted : joined(cors.headers));
    head.set("Access-Control-Max-Age", "7200");
}

// Asked for every header of every message, hence by length first: hardly any is compared.
bool is_hop_header(std::string_view name) {
    const auto is = [name](std::string_view other) { return equals_ignore_case(name, other); };
    if (name.size() >= 9 && name[8] == '-' && is_ours(name)) return true;
    switch (name.size()) {
        case 2:
            return is("te");
        case 4:
            return is("host") || is("date");
        case 6:
            return is("expect");
        case 7:
            return is("upgrade") || is("trailer");
        case 9:
            return is("forwarded");
        case 10:
            return is("connection") || is("keep-alive") || is("tracestate");
        case 11:
            return is("traceparent");
        case 12:
            return is("x-request-id");
        case 14:
            return is("content-length") || is("http2-settings");
        case 15:
            return is("x-forwarded-for");
        case 16:
            return is("proxy-connection");
        case 17:
            return is("transfer-encoding");
        case 18:
            return is("proxy-authenticate");
        case 19:
            return is("proxy-authorization");
        default:
            return false;
    }
}

void add_trace(const http::Exchange& exchange, telemetry::TraceParentText& text,
               http::Headers& to) {
    text = telemetry::traceparent_text(RequestContext::current());
    to.add("traceparent", {text.data(), text.size()});
    const http::Headers& headers = exchange.request().headers;
    const auto state = headers.find("tracestate");
    // Several fields are a list in parts; a list that long is not passed on.
    if (!state || headers.count("tracestate") != 1) return;
    // Without a good traceparent a tracestate means nothing.
    const bool good =
        headers.count("traceparent") == 1 &&
        telemetry::parse_traceparent(headers.find("traceparent").value_or("")).has_value();
    if (good && telemetry::is_tracestate(*state)) to.add("tracestate", *state);
}

io::Task<Result<void>> reply_problem(Call& call, Problem problem, std::string served_by) {
    http::ResponseHead head;
    head.status = problem.status;
    head.add("Content-Type", "application/problem+json");
    head.add("Domicile-Served-By", std::move(served_by));
    head.add("X-Request-Id", std::string(call.request_id));
    if (problem.retry_after_seconds > 0)
        head.add("Retry-After", std::to_string(problem.retry_after_seconds));
    add_cors(head, call);
    const std::string type = "https://domicile.dev/problems/" + std::string(problem.name);
    const std::string body =
        http::problem_json(problem.status, type, problem.title, problem.detail);
    co_return co_await call.exchange.respond(std::move(head), body);
}

io::Task<Result<void>> reply_message(Call& call, int status, std::string message,
                                     std::string served_by) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", "application/json");
    head.add("Domicile-Served-By", std::move(served_by));
    head.add("X-Request-Id", std::string(call.request_id));
    if (status == 401) head.add("WWW-Authenticate", "Bearer");
    if (status == 503 || status == 429) head.add("Retry-After", "5");
    add_cors(head, call);
    const std::string body = json::serialize(json::object{{"message", message}});
    co_return co_await call.exchange.respond(std::move(head), body);
}

}  // namespace domicile::gateway
