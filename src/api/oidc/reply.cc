#include "api/oidc/reply.h"

#include <algorithm>

#include "base/encoding.h"
#include "identity/oauth_types.h"

namespace domicile::api::oidc {
namespace {

namespace reason = identity::reason;

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

void forbid_sniffing(http::ResponseHead& head) {
    head.add("X-Content-Type-Options", "nosniff");
    head.add("Referrer-Policy", "no-referrer");
}

struct Line {
    const char* reason;
    int status;
    const char* error;
};
constexpr Line kByReason[] = {
    {reason::kUnknownClient, 401, "invalid_client"},
    {reason::kClientSecret, 401, "invalid_client"},
    {reason::kGrantInvalid, 400, "invalid_grant"},
    {reason::kRefreshInvalid, 400, "invalid_grant"},
    {reason::kRefreshRevoked, 400, "invalid_grant"},
    {reason::kRefreshReused, 400, "invalid_grant"},
    {reason::kRefreshExpired, 400, "invalid_grant"},
    {reason::kNotInRegion, 400, "invalid_grant"},
    {reason::kFlowNotEnabled, 400, "unauthorized_client"},
    {reason::kGrantNotAllowed, 400, "unauthorized_client"},
    {reason::kScopeInvalid, 400, "invalid_scope"},
    {reason::kAccessInvalid, 401, "invalid_token"},
    {reason::kAccessExpired, 401, "invalid_token"},
    {reason::kAccessRevoked, 401, "invalid_token"},
    {reason::kScopeMissing, 403, "insufficient_scope"},
};

}  // namespace

http::ResponseHead json_head(int status, std::string_view cache) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", "application/json");
    head.add("Cache-Control", std::string(cache));
    head.add("Access-Control-Allow-Origin", "*");
    head.add("X-Content-Type-Options", "nosniff");
    return head;
}

Replied reply_json(http::Exchange& exchange, int status, json::object body) {
    const std::string text = json::serialize(body);
    http::ResponseHead head = json_head(status);
    co_return co_await exchange.respond(std::move(head), text);
}

OAuthError to_oauth(const Error& error) {
    for (const Line& line : kByReason) {
        if (error.reason == line.reason) return {line.status, line.error, error.message};
    }
    switch (error.code) {
        case Code::unavailable:
        case Code::deadline_exceeded:
        case Code::cancelled:
            return {503, "temporarily_unavailable", "Please try again.", "", 5};
        case Code::resource_exhausted:
            return {429, "temporarily_unavailable", "Too many requests.", "", 1};
        case Code::invalid_argument:
        case Code::malformed:
        case Code::not_found:
            return {400, "invalid_request", error.message};
        case Code::too_large:
            return {413, "invalid_request", "The request is too large."};
        default:
            return {500, "server_error", "Something went wrong. Please try again."};
    }
}

Replied reply_error(http::Exchange& exchange, OAuthError error) {
    http::ResponseHead head = json_head(error.status);
    if (!error.challenge.empty()) head.add("WWW-Authenticate", error.challenge);
    if (error.retry_after_seconds > 0) {
        head.add("Retry-After", std::to_string(error.retry_after_seconds));
    }
    const json::object body{{"error", error.error}, {"error_description", error.description}};
    const std::string text = json::serialize(body);
    co_return co_await exchange.respond(std::move(head), text);
}

Replied reply_method(http::Exchange& exchange, std::string allowed) {
    http::ResponseHead head = json_head(405);
    head.add("Allow", std::move(allowed));
    const json::object body{{"error", "invalid_request"},
                            {"error_description", "The method is not one of this path."}};
    const std::string text = json::serialize(body);
    co_return co_await exchange.respond(std::move(head), text);
}

Replied reply_page(http::Exchange& exchange, int status, std::string html,
                   std::string_view form_targets, std::vector<std::string> cookies,
                   bool with_script, int retry_after_seconds) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", "text/html; charset=utf-8");
    head.add("Cache-Control", "no-store");
    head.add("Content-Security-Policy", content_policy(form_targets, with_script));
    head.add("Vary", "Accept-Language, Cookie");
    if (retry_after_seconds > 0) head.add("Retry-After", std::to_string(retry_after_seconds));
    forbid_sniffing(head);
    for (std::string& cookie : cookies) head.add("Set-Cookie", std::move(cookie));
    co_return co_await exchange.respond(std::move(head), html);
}

Replied reply_redirect(http::Exchange& exchange, std::string location,
                       std::vector<std::string> cookies) {
    http::ResponseHead head;
    head.status = exchange.request().method == "POST" ? 303 : 302;
    head.add("Location", std::move(location));
    head.add("Cache-Control", "no-store");
    forbid_sniffing(head);
    for (std::string& cookie : cookies) head.add("Set-Cookie", std::move(cookie));
    co_return co_await exchange.respond(std::move(head), "");
}

std::optional<std::string> find_cookie(const http::Exchange& exchange, std::string_view name) {
    for (const http::Header& header : exchange.request().headers) {
        if (!equals_ignore_case(header.name, "Cookie")) continue;
        std::string_view rest = header.value;
        while (!rest.empty()) {
            const auto end = rest.find(';');
            const std::string_view pair = trim(rest.substr(0, end));
            rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
            if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
                return std::string(pair.substr(name.size() + 1));
            }
        }
    }
    return std::nullopt;
}

std::string set_cookie(const http::Exchange& exchange, std::string_view name,
                       std::string_view value, std::int64_t seconds) {
    std::string out =
        std::string(name) + "=" + std::string(value) + "; Path=/; HttpOnly; SameSite=Lax";
    if (exchange.peer().tls) out += "; Secure";
    if (value.empty()) out += "; Max-Age=0";
    if (!value.empty() && seconds > 0) out += "; Max-Age=" + std::to_string(seconds);
    return out;
}

io::Task<Result<Form>> read_parameters(http::Exchange& exchange) {
    if (exchange.request().method != "POST") co_return Form::parse(exchange.request().query);
    const std::string_view type =
        exchange.request().headers.find("Content-Type").value_or(std::string_view());
    if (!equals_ignore_case(trim(type.substr(0, type.find(';'))), kFormType)) {
        co_return fail(Code::malformed, "The body has to be application/x-www-form-urlencoded.");
    }
    CO_TRY(const std::string body, co_await exchange.read_all(Form::kBytesMax));
    co_return Form::parse(body);
}

bool can_be_answered(const Error& error) {
    return error.code == Code::too_large || error.code == Code::malformed;
}

}  // namespace domicile::api::oidc
