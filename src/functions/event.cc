#include "functions/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/encoding.h"
#include "functions/json_text.h"

namespace domicile::functions {

// A JSON text is UTF-8, the bytes of a header value are anything. What is not UTF-8 is read as
// ISO 8859-1, which it was meant to be when HTTP was young (RFC 9110, 5.5), and which loses
// nothing.
std::string text_of(std::string_view bytes) {
    if (is_utf8(bytes)) return std::string(bytes);
    std::string out;
    for (const char c : bytes) {
        const auto point = static_cast<unsigned char>(c);
        if (point < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xc0 | point >> 6);
            out += static_cast<char>(0x80 | (point & 0x3f));
        }
    }
    return out;
}

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// As it was sent when it cannot be decoded, also when that gives no text.
std::string decoded(std::string_view part) {
    auto text = percent_decode(part, true);
    return text && is_utf8(*text) ? std::move(*text) : text_of(part);
}

// Pairs with the same name beside each other, in the order of their names; values of a name in the
// order that they came in.
struct Pair {
    std::string name;
    std::string_view value;
};
using Sorted = std::vector<Pair>;

Sorted sorted(const Pairs& pairs, bool lower) {
    Sorted out;
    out.reserve(pairs.size());
    for (const auto& [name, value] : pairs) out.push_back({lower ? to_lower(name) : name, value});
    std::ranges::stable_sort(out, {}, &Pair::name);
    return out;
}

// Behind the last with the name of the one at `at`.
Sorted::const_iterator end_of(const Sorted& pairs, Sorted::const_iterator at) {
    return std::find_if(at, pairs.end(), [&](const Pair& one) { return one.name != at->name; });
}

void put_joined(JsonText& out, const Pairs& pairs, bool lower,
                std::optional<std::string_view> without = std::nullopt) {
    const Sorted all = sorted(pairs, lower);
    std::string joined;
    out.object();
    for (auto at = all.begin(); at != all.end();) {
        const auto end = end_of(all, at);
        joined.clear();
        for (auto one = at; one != end; ++one) {
            if (one != at) joined += ',';
            joined += is_utf8(one->value) ? std::string(one->value) : text_of(one->value);
        }
        if (at->name != without) out.member(at->name, joined);
        at = end;
    }
    out.end_object();
}

void put_last(JsonText& out, const Pairs& pairs) {
    if (pairs.empty()) return (void)out.null();
    const Sorted all = sorted(pairs, false);
    out.object();
    for (auto at = all.begin(); at != all.end();) {
        const auto end = end_of(all, at);
        out.member(at->name, std::prev(end)->value);
        at = end;
    }
    out.end_object();
}

void put_lists(JsonText& out, const Pairs& pairs) {
    if (pairs.empty()) return (void)out.null();
    const Sorted all = sorted(pairs, false);
    out.object();
    for (auto at = all.begin(); at != all.end();) {
        const auto end = end_of(all, at);
        out.key(at->name).array();
        for (; at != end; ++at) out.string(at->value);
        out.end_array();
    }
    out.end_object();
}

void put_strings(JsonText& out, const std::map<std::string, std::string>& map) {
    out.object();
    for (const auto& [name, value] : map) out.member(name, value);
    out.end_object();
}

// API Gateway hands claims to functions as strings. The object stays open.
void put_as_strings(JsonText& out, const json::object& claims) {
    out.object();
    for (const auto& claim : claims) {
        out.key(claim.key());
        if (claim.value().is_string())
            out.string(claim.value().get_string());
        else
            out.string(json::serialize(claim.value()));
    }
}

// "22/Nov/2026:20:16:53 +0000".
std::string common_log_time(Timestamp time) {
    constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::string text = to_rfc3339(time);
    const int month = (text[5] - '0') * 10 + (text[6] - '0');
    return fmt::format("{}/{}/{}:{} +0000", text.substr(8, 2),
                       kMonths[static_cast<std::size_t>(month - 1)], text.substr(0, 4),
                       text.substr(11, 8));
}

void put_body(JsonText& out, const HttpCall& call, bool null_when_empty) {
    const bool text = is_utf8(call.body);
    if (!call.body.empty()) {
        out.member("body", text ? call.body : to_base64(call.body));
    } else if (null_when_empty) {
        out.key("body").null();
    }
    out.key("isBase64Encoded").boolean(!text);
}

// requestContext.domicile.
void put_own(JsonText& out, const HttpCall& call) {
    out.key("domicile").object();
    for (const auto& member : call.domicile) out.key(member.key()).value(member.value());
    if (!call.credentials.empty()) out.key("credentials").raw(call.credentials);
    out.end_object();
}

// Each cookie of the Cookie headers by itself ("a=1").
std::vector<std::string_view> cookies_of(const Pairs& headers) {
    std::vector<std::string_view> out;
    for (const auto& [name, value] : headers) {
        if (!equals_ignore_case(name, "cookie")) continue;
        for (std::string_view rest = value; !rest.empty();) {
            const auto end = std::min(rest.find(';'), rest.size());
            const std::string_view cookie = trim(rest.substr(0, end));
            if (!cookie.empty()) out.push_back(cookie);
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return out;
}

std::string domain_prefix(const std::string& host) { return host.substr(0, host.find('.')); }

}  // namespace

Pairs query_pairs(std::string_view query) {
    Pairs out;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (part.empty()) continue;
        const auto equals = std::min(part.find('='), part.size());
        const std::string_view value = part.substr(std::min(equals + 1, part.size()));
        out.emplace_back(decoded(part.substr(0, equals)), decoded(value));
    }
    return out;
}

namespace {

void put_context_v2(JsonText& out, const HttpCall& call, std::string_view route_key) {
    out.key("requestContext").object();
    out.member("accountId", "domicile").member("apiId", "domicile");
    out.member("domainName", call.host).member("domainPrefix", domain_prefix(call.host));
    out.key("http").object();
    out.member("method", call.method).member("path", call.path).member("protocol", "HTTP/1.1");
    out.member("sourceIp", call.source_ip).member("userAgent", call.user_agent);
    out.end_object();
    out.member("requestId", call.request_id).member("routeKey", route_key);
    out.member("stage", "$default").member("time", common_log_time(call.time));
    out.key("timeEpoch").number(call.time.ms);
    if (call.authorizer != nullptr) {
        out.key("authorizer").object().key("lambda").value(*call.authorizer).end_object();
    } else if (call.claims != nullptr) {
        out.key("authorizer").object().key("jwt").object().key("claims");
        put_as_strings(out, *call.claims);
        out.end_object().key("scopes").null().end_object().end_object();
    }
    put_own(out, call);
    out.end_object();
}

void put_authorizer_v1(JsonText& out, const HttpCall& call) {
    if (call.authorizer != nullptr) {
        out.key("authorizer");
        json::object told = *call.authorizer;
        if (!call.principal.empty()) told["principalId"] = call.principal;
        put_as_strings(out, told);
        out.end_object();
    } else if (call.claims != nullptr) {
        out.key("authorizer").object().key("claims");
        put_as_strings(out, *call.claims);
        out.end_object().end_object();
    }
}

void put_context_v1(JsonText& out, const HttpCall& call) {
    out.key("requestContext").object();
    out.member("accountId", "domicile").member("apiId", "domicile");
    out.member("domainName", call.host).member("domainPrefix", domain_prefix(call.host));
    out.member("extendedRequestId", call.request_id).member("httpMethod", call.method);
    out.key("identity").object();
    for (const char* absent : {"accessKey", "accountId", "caller", "cognitoAuthenticationProvider",
                               "cognitoAuthenticationType", "cognitoIdentityId",
                               "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"})
        out.key(absent).null();
    out.member("sourceIp", call.source_ip).member("userAgent", call.user_agent);
    out.end_object();
    out.member("path", call.path).member("protocol", "HTTP/1.1");
    out.member("requestId", call.request_id).member("requestTime", common_log_time(call.time));
    out.key("requestTimeEpoch").number(call.time.ms);
    out.member("resourceId", call.route).member("resourcePath", call.route);
    out.member("stage", "prod");
    put_authorizer_v1(out, call);
    put_own(out, call);
    out.end_object();
}

// What we wrote can be read.
json::object parsed(const std::string& text) {
    return parse_json_object(text, {.depth_max = 128, .bytes_max = SIZE_MAX}).value();
}

}  // namespace

std::string http_event_v2_text(const HttpCall& call) {
    const std::string route_key = call.method + ' ' + call.route;
    const std::vector<std::string_view> cookies = cookies_of(call.headers);
    JsonText out;
    out.object().member("version", "2.0").member("routeKey", route_key);
    out.member("rawPath", call.path).member("rawQueryString", call.query);
    if (!cookies.empty()) {
        out.key("cookies").array();
        for (const std::string_view cookie : cookies) out.string(cookie);
        out.end_array();
    }
    out.key("headers");
    const auto elsewhere =
        cookies.empty() ? std::nullopt : std::optional<std::string_view>("cookie");
    put_joined(out, call.headers, true, elsewhere);
    const Pairs query = query_pairs(call.query);
    if (!query.empty()) {
        out.key("queryStringParameters");
        put_joined(out, query, false);
    }
    put_context_v2(out, call, route_key);
    if (!call.path_parameters.empty()) {
        out.key("pathParameters");
        put_strings(out, call.path_parameters);
    }
    put_body(out, call, false);
    return out.end_object().take();
}

std::string rest_event_v1_text(const HttpCall& call) {
    const Pairs query = query_pairs(call.query);
    JsonText out;
    out.object().member("version", "1.0").member("resource", call.route);
    out.member("path", call.path).member("httpMethod", call.method);
    put_last(out.key("headers"), call.headers);
    put_lists(out.key("multiValueHeaders"), call.headers);
    put_last(out.key("queryStringParameters"), query);
    put_lists(out.key("multiValueQueryStringParameters"), query);
    out.key("pathParameters");
    if (call.path_parameters.empty())
        out.null();
    else
        put_strings(out, call.path_parameters);
    out.key("stageVariables").null();
    put_context_v1(out, call);
    put_body(out, call, true);
    return out.end_object().take();
}

json::object http_event_v2(const HttpCall& call) { return parsed(http_event_v2_text(call)); }
json::object rest_event_v1(const HttpCall& call) { return parsed(rest_event_v1_text(call)); }

namespace {

std::unexpected<Error> bad_reply() {
    return fail(Code::internal, "The function's result is not an HTTP reply.", "bad_reply");
}

bool is_safe_header(std::string_view name, std::string_view value) {
    if (name.empty() || name.size() > 256 || value.size() > 16 * 1024) return false;
    for (unsigned char c : name) {
        const bool token = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!token) return false;
    }
    for (unsigned char c : value) {
        if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
    }
    return true;
}

Result<void> add_header(HttpReply& reply, std::string_view name, const json::value& value) {
    if (value.is_structured() || value.is_null()) return bad_reply();
    std::string text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
    if (!is_safe_header(name, text)) return bad_reply();
    // Framing and connection are ours.
    for (std::string_view own : {"content-length", "transfer-encoding", "connection", "date"}) {
        if (equals_ignore_case(name, own)) return {};
    }
    reply.headers.emplace_back(name, std::move(text));
    return {};
}

// A number, or its text, from 200 to 599; nothing else is a status.
std::optional<int> status_of(const json::value& value) {
    std::int64_t status = 0;
    if (value.is_int64()) {
        status = value.get_int64();
    } else if (value.is_string()) {
        const std::string_view text = value.get_string();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    }
    if (status < 200 || status > 599) return std::nullopt;
    return static_cast<int>(status);
}

Result<void> read_headers(const json::object& object, HttpReply& reply, bool v2) {
    TRY(const json::object* headers, optional_object(object, "headers"));
    TRY(const json::object* many, optional_object(object, "multiValueHeaders"));
    if (v2) many = nullptr;  // not of payload 2.0
    if (headers != nullptr) {
        for (const auto& header : *headers) {
            if (many != nullptr && many->contains(header.key())) continue;
            TRY_VOID(add_header(reply, header.key(), header.value()));
        }
    }
    if (many != nullptr) {
        for (const auto& header : *many) {
            if (!header.value().is_array()) return bad_reply();
            for (const auto& value : header.value().get_array()) {
                TRY_VOID(add_header(reply, header.key(), value));
            }
        }
    }
    TRY(const json::array* cookies, optional_array(object, "cookies"));
    if (cookies != nullptr && v2) {
        for (const auto& cookie : *cookies) TRY_VOID(add_header(reply, "Set-Cookie", cookie));
    }
    return {};
}

}  // namespace

Result<HttpReply> parse_reply(std::string_view result, bool v2) {
    const Result<json::value> parsed = parse_json(result, {.depth_max = 64, .bytes_max = 8 << 20});
    if (!parsed) return bad_reply();
    HttpReply reply;
    const json::object* object = parsed->if_object();
    if (object == nullptr || !object->contains("statusCode")) {
        if (!v2) return bad_reply();
        reply.headers.emplace_back("Content-Type", "application/json");
        reply.body = result;
        return reply;
    }
    const json::value& status = object->at("statusCode");
    const std::optional<int> code = status_of(status);
    if (!code) return bad_reply();
    reply.status = *code;
    const auto headers = read_headers(*object, reply, v2);
    const auto body = optional_string(*object, "body");
    const auto encoded = optional_bool(*object, "isBase64Encoded");
    if (!headers || !body || !encoded) return bad_reply();
    reply.body = body->value_or("");
    if (encoded->value_or(false)) {
        auto bytes = from_base64(reply.body);
        if (!bytes) return bad_reply();
        reply.body = std::move(*bytes);
    }
    bool typed = false;
    for (const auto& header : reply.headers)
        typed |= equals_ignore_case(header.first, "content-type");
    if (!typed) reply.headers.emplace_back("Content-Type", "application/json");
    return reply;
}

Result<HttpReply> parse_prelude(std::string_view text) {
    TRY(json::object prelude, parse_json_object(text));
    if (!prelude.contains("statusCode")) prelude["statusCode"] = 200;
    prelude.erase("body");
    return parse_reply(json::serialize(prelude), true);
}

}  // namespace domicile::functions
