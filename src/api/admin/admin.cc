#include "api/admin/admin.h"

#include "api/aws/auth.h"
#include "api/aws/reply.h"

namespace domicile::api::admin {
namespace {

constexpr std::string_view kKeyPath = "/keys/";
constexpr std::string_view kRotate = "/rotate";

int status_of(const Error& error) {
    switch (error.code) {
        case Code::invalid_argument:
        case Code::malformed:
            return 400;
        case Code::unauthenticated:
            return 401;
        case Code::permission_denied:
            return 403;
        case Code::not_found:
        case Code::unsupported:
            return 404;
        case Code::already_exists:
        case Code::conflict:
        case Code::failed_precondition:
            return 409;
        case Code::too_large:
            return 413;
        case Code::misdirected:
            return 421;
        case Code::resource_exhausted:
            return 429;
        case Code::deadline_exceeded:
        case Code::cancelled:
        case Code::unavailable:
            return 503;
        case Code::internal:
            return 500;
    }
    return 500;
}

std::string problem_body(const Error& error, int status) {
    json::object body;
    body["type"] = "about:blank";
    body["title"] = http::reason_phrase(status);
    body["status"] = status;
    body["detail"] = error.message;
    body["code"] = to_string(error.code);
    if (!error.reason.empty()) body["reason"] = error.reason;
    return json::serialize(body);
}

json::object print(const access::Credentials& credentials) {
    json::object out;
    out["access_key_id"] = credentials.access_key_id;
    out["secret_access_key"] = credentials.secret_access_key.expose();
    return out;
}

json::object print(const access::KeyDescription& key) {
    json::object out;
    out["access_key_id"] = key.access_key_id;
    out["description"] = key.description;
    out["created"] = to_rfc3339(key.created);
    out["created_ms"] = key.created.ms;
    out["active"] = key.active;
    out["policy"] = to_json(key.policy);
    return out;
}

bool is_key_id(std::string_view id) {
    if (id.empty() || id.size() > 32) return false;
    for (const char c : id)
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) return false;
    return true;
}

// The id in "/keys/{id}<suffix>".
std::optional<std::string> id_in(std::string_view path, std::string_view suffix) {
    if (!path.starts_with(kKeyPath) || !path.ends_with(suffix)) return std::nullopt;
    path.remove_prefix(kKeyPath.size());
    if (path.size() < suffix.size()) return std::nullopt;
    path.remove_suffix(suffix.size());
    if (!is_key_id(path)) return std::nullopt;
    return std::string(path);
}

}  // namespace

Admin::Admin(Parts parts) : parts_(std::move(parts)) {
    const std::array<std::string_view, 9> names = {"/healthz",  "/readyz",  "/metrics",
                                                   "CreateKey", "ListKeys", "RotateKey",
                                                   "RevokeKey", "Drain",    "Reload"};
    operations_.report_to(parts_.metrics, "admin", names);
}

// What a probe or a collector on the machine asks, without keys.
io::Task<Result<void>> Admin::answer_unsigned(http::Exchange& exchange) {
    const std::string_view path = exchange.request().path;
    exchange.report_as(operations_.find(path));
    if (path == "/readyz") co_return co_await answer_ready(exchange);
    const bool metrics = path == "/metrics";
    auto head = aws::json_head(
        exchange, 200, metrics ? telemetry::Registry::kContentType : "text/plain; charset=utf-8");
    const std::string body = metrics ? parts_.metrics.expose() : "ok\n";
    co_return co_await exchange.respond(std::move(head), body);
}

io::Task<Result<void>> Admin::answer_ready(http::Exchange& exchange) {
    bool ready = true, whole = true;
    json::object list;
    const std::vector<Check> checks = co_await parts_.checks();
    for (const Check& check : checks) {
        list[check.name] = {{"good", check.good}, {"required", check.required}};
        whole = whole && check.good;
        ready = ready && (check.good || !check.required);
    }
    const char* good = whole ? "ready" : "degraded";
    const json::object document{{"status", ready ? good : "not ready"},
                                {"region", parts_.region},
                                {"checks", std::move(list)}};
    auto head = aws::json_head(exchange, ready ? 200 : 503, "application/json");
    if (!ready) head.add("Retry-After", "1");
    const std::string body = json::serialize(document) + '\n';
    co_return co_await exchange.respond(std::move(head), body);
}

io::Task<Result<void>> Admin::handle(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    const bool get = request.method == "GET" || request.method == "HEAD";
    const std::string_view path = request.path;
    if (get && (path == "/healthz" || path == "/readyz" || path == "/metrics")) {
        co_return co_await answer_unsigned(exchange);
    }
    auto answered = co_await answer(exchange);
    if (answered) {
        const std::string body = json::serialize(*answered);
        auto head = aws::json_head(exchange, 200, "application/json");
        co_return co_await exchange.respond(std::move(head), body);
    }
    const int status = status_of(answered.error());
    const std::string body = problem_body(answered.error(), status);
    auto head = aws::json_head(exchange, status, "application/problem+json");
    if (status == 401) head.add("WWW-Authenticate", "AWS4-HMAC-SHA256");
    co_return co_await exchange.respond(std::move(head), body);
}

io::Task<Result<json::object>> Admin::answer(http::Exchange& exchange) {
    exchange.report_as(operations_.find(""));
    CO_TRY(std::string body, co_await exchange.read_all(kBodyBytesMax));
    aws::Scope scope{kService, parts_.region};
    CO_TRY(auto who, co_await aws::authenticate(exchange, body, parts_.access, std::move(scope),
                                                parts_.clock));
    const std::string_view method = exchange.request().method;
    const std::string_view path = exchange.request().path;
    const auto as = [&](std::string_view name) { exchange.report_as(operations_.find(name)); };
    if (path == "/keys" && method == "POST") {
        as("CreateKey");
        co_return co_await create(std::move(who), std::move(body));
    }
    if (path == "/keys" && method == "GET") {
        as("ListKeys");
        co_return co_await list(std::move(who));
    }
    if (method == "POST") {
        if (auto id = id_in(path, kRotate)) {
            as("RotateKey");
            co_return co_await rotate(std::move(who), std::move(*id));
        }
    }
    if (path == "/drain" && method == "POST") {
        as("Drain");
        co_return co_await drain(std::move(who));
    }
    if (path == "/reload" && method == "POST") {
        as("Reload");
        co_return co_await reload(std::move(who));
    }
    if (method == "DELETE") {
        if (auto id = id_in(path, "")) {
            as("RevokeKey");
            co_return co_await revoke(std::move(who), std::move(*id));
        }
    }
    co_return fail(Code::not_found, "There is no such operation.");
}

io::Task<Result<void>> Admin::record(std::string operation, std::string by, std::string id) {
    audit::Event event;
    event.kind = "access_key";
    event.details["operation"] = operation;
    event.details["by"] = by;
    if (!id.empty()) event.details["key"] = id;
    co_return co_await parts_.audit.record(std::move(event));
}

io::Task<Result<json::object>> Admin::drain(access::Principal who) {
    CO_TRY_VOID(access::authorize(who, "admin:Drain", "region"));
    if (!parts_.drain) co_return fail(Code::unsupported, "This node cannot be drained.");
    parts_.drain();
    co_return json::object{{"state", "draining"}};
}

io::Task<Result<json::object>> Admin::reload(access::Principal who) {
    CO_TRY_VOID(access::authorize(who, "admin:Reload", "region"));
    if (!parts_.reload) co_return fail(Code::unsupported, "This node cannot reload.");
    co_return co_await parts_.reload();
}

io::Task<Result<json::object>> Admin::create(access::Principal who, std::string body) {
    CO_TRY_VOID(access::authorize(who, "admin:CreateKey", "keys"));
    CO_TRY(const json::object request, parse_json_object(body));
    for (const auto& member : request)
        if (member.key() != "description" && member.key() != "policy")
            co_return fail(Code::invalid_argument,
                           "A key has 'description' and 'policy' and nothing else.");
    CO_TRY(auto description, optional_string(request, "description"));
    CO_TRY(const json::object* policy_text, optional_object(request, "policy"));
    if (policy_text == nullptr) co_return fail(Code::invalid_argument, "A key needs a 'policy'.");
    CO_TRY(access::Policy policy, access::policy_from_json(*policy_text));
    CO_TRY_VOID(co_await record("CreateKey", who.access_key_id, ""));
    CO_TRY(auto credentials,
           co_await parts_.access.create_key(description.value_or(""), std::move(policy)));
    co_return print(credentials);
}

io::Task<Result<json::object>> Admin::list(access::Principal who) {
    CO_TRY_VOID(access::authorize(who, "admin:ListKeys", "keys"));
    CO_TRY(auto keys, co_await parts_.access.list_keys());
    json::array list;
    for (const auto& key : keys) list.push_back(print(key));
    json::object out;
    out["keys"] = std::move(list);
    co_return out;
}

io::Task<Result<json::object>> Admin::rotate(access::Principal who, std::string id) {
    CO_TRY_VOID(access::authorize(who, "admin:RotateKey", "keys/" + id));
    CO_TRY_VOID(co_await record("RotateKey", who.access_key_id, id));
    CO_TRY(auto credentials, co_await parts_.access.rotate_key(std::move(id)));
    co_return print(credentials);
}

io::Task<Result<json::object>> Admin::revoke(access::Principal who, std::string id) {
    CO_TRY_VOID(access::authorize(who, "admin:RevokeKey", "keys/" + id));
    CO_TRY_VOID(co_await record("RevokeKey", who.access_key_id, id));
    CO_TRY_VOID(co_await parts_.access.revoke_key(std::move(id)));
    co_return json::object{};
}

}  // namespace domicile::api::admin
