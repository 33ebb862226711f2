#include "api/cognito/cognito.h"

#include "api/aws/auth.h"
#include "api/cognito/error.h"
#include "api/cognito/limited.h"
#include "api/cognito/operations.h"

namespace domicile::api::cognito {
namespace {

constexpr std::string_view kJwksPath = "/.well-known/jwks.json";
// What the documents are counted under.
constexpr std::string_view kJwks = "jwks", kPreflight = "preflight";

http::ResponseHead json_head(const http::Exchange& exchange, int status) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", "application/x-amz-json-1.1");
    head.add("x-amzn-RequestId", exchange.request_id());
    head.add("Access-Control-Allow-Origin", "*");
    head.add("Access-Control-Expose-Headers",
             "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date");
    head.add("Cache-Control", "no-store");
    return head;
}

// Error texts are ours, but a client id that was sent may stand in one: nothing else than printable
// ASCII may get into a header.
std::string header_text(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c < ' ' || c > '~') c = '?';
    }
    return out;
}

io::Task<Result<void>> reply(http::Exchange& exchange, json::object body) {
    const std::string text = json::serialize(body);
    http::ResponseHead head = json_head(exchange, 200);
    co_return co_await exchange.respond(std::move(head), text);
}

io::Task<Result<void>> reply_error(http::Exchange& exchange, DialectError error) {
    http::ResponseHead head = json_head(exchange, error.status);
    head.add("x-amzn-ErrorType", error.type + ":");
    head.add("x-amzn-ErrorMessage", header_text(error.message));
    if (error.retry_after_seconds > 0) {
        head.add("Retry-After", std::to_string(error.retry_after_seconds));
    }
    const json::object body{{"__type", error.type}, {"message", error.message}};
    const std::string text = json::serialize(body);
    co_return co_await exchange.respond(std::move(head), text);
}

io::Task<Result<void>> reply_preflight(http::Exchange& exchange) {
    const auto asked = exchange.request().headers.find("Access-Control-Request-Headers");
    http::ResponseHead head;
    head.add("Access-Control-Allow-Origin", "*");
    head.add("Access-Control-Allow-Methods", "POST");
    head.add("Access-Control-Allow-Headers", asked ? std::string(*asked) : "*");
    head.add("Access-Control-Max-Age", "172800");
    co_return co_await exchange.respond(std::move(head), "");
}

io::Task<Result<void>> reply_document(http::Exchange& exchange, std::string text) {
    http::ResponseHead head;
    head.add("Content-Type", "application/json");
    head.add("Access-Control-Allow-Origin", "*");
    head.add("Cache-Control", "public, max-age=60");
    co_return co_await exchange.respond(std::move(head), text);
}

DialectError not_found() {
    return {404, "ResourceNotFoundException", "There is nothing at this path."};
}

}  // namespace

void Cognito::report_to(telemetry::Registry& registry) {
    auto names = operation_names();
    for (const std::string_view name : {kJwks, kPreflight}) names.emplace_back(name);
    operations_.report_to(registry, "identity", names);
}

io::Task<Result<void>> Cognito::handle(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    exchange.report_as(operations_.find(request.method == "OPTIONS" ? kPreflight : ""));
    if (request.method == "OPTIONS") co_return co_await reply_preflight(exchange);
    if (request.method == "GET" || request.method == "HEAD") co_return co_await document(exchange);
    if (request.method == "POST" && request.path == "/") co_return co_await call(exchange);
    DialectError error = not_found();
    co_return co_await reply_error(exchange, std::move(error));
}

io::Task<Result<void>> Cognito::call(http::Exchange& exchange) {
    const auto target = exchange.request().headers.find("X-Amz-Target");
    if (!target || !target->starts_with(kTargetPrefix) ||
        !is_operation(target->substr(kTargetPrefix.size()))) {
        DialectError unknown{400, "UnknownOperationException", "The operation is not known."};
        co_return co_await reply_error(exchange, std::move(unknown));
    }
    std::string name(target->substr(kTargetPrefix.size()));
    exchange.report_as(operations_.find(name));
    auto body = co_await exchange.read_all(kBodyBytesMax);
    if (!body && body.error().code != Code::too_large && body.error().code != Code::malformed) {
        co_return std::unexpected(body.error());  // the client went away
    }
    if (!body) {
        DialectError error = to_dialect(body.error());
        co_return co_await reply_error(exchange, std::move(error));
    }
    auto answer = co_await run(exchange, std::move(name), std::move(*body));
    if (!answer) co_return co_await reply_error(exchange, std::move(answer.error()));
    co_return co_await reply(exchange, std::move(*answer));
}

io::Task<Outcome<json::object>> Cognito::run(http::Exchange& exchange, std::string name,
                                             std::string body) {
    access::Principal who;
    const bool is_signed = is_admin_operation(name);
    if (is_signed) {
        aws::Scope scope{"cognito-idp", region_};
        auto known = co_await aws::authenticate(exchange, body, access_, std::move(scope), clock_);
        if (!known) co_return std::unexpected(to_dialect(known.error()));
        who = std::move(*known);
    }
    auto request = parse_json_object(body);
    if (!request) co_return std::unexpected(serialization(request.error().message));
    if (!is_signed) {
        co_return co_await run_limited(exchange, std::move(name), std::move(*request));
    }
    co_return co_await run_admin_operation(identity_, std::move(who), std::move(name),
                                           std::move(*request));
}

io::Task<Outcome<json::object>> Cognito::run_limited(http::Exchange& exchange, std::string name,
                                                     json::object request) {
    const auto kind = limited_as(name, request);
    if (!kind || limiter_ == nullptr) {
        co_return co_await run_operation(identity_, std::move(name), std::move(request));
    }
    std::string address = exchange.peer().remote.host;
    std::string client = client_of(request);
    auto admission = co_await limiter_->begin(*kind, std::move(address), std::move(client));
    if (!admission) co_return std::unexpected(to_dialect(admission.error()));
    if (admission->refusal) co_return std::unexpected(to_dialect(*admission->refusal));
    auto answer = co_await run_operation(identity_, std::move(name), std::move(request));
    if (!counts(*kind, answer)) admission->permit.spare();
    co_return answer;
}

io::Task<Result<void>> Cognito::document(http::Exchange& exchange) {
    const std::string_view path = exchange.request().path;
    if (path.ends_with(kJwksPath)) exchange.report_as(operations_.find(kJwks));
    if (path == kJwksPath) {
        std::string keys = identity_.combined_jwks();
        co_return co_await reply_document(exchange, std::move(keys));
    }
    const auto slash = path.find('/', 1);
    const std::string_view rest = slash == path.npos ? "" : path.substr(slash);
    const auto issuer =
        slash == path.npos ? std::nullopt : identity_.issuer_of(path.substr(1, slash - 1));
    if (!issuer || rest != kJwksPath) {
        DialectError error = not_found();
        co_return co_await reply_error(exchange, std::move(error));
    }
    std::string text = identity_.jwks();
    co_return co_await reply_document(exchange, std::move(text));
}

}  // namespace domicile::api::cognito
