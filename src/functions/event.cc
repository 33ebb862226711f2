#include "functions/event.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/encoding.h"

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

Pairs texts_of(const Pairs& headers) {
    Pairs out;
    for (const auto& [name, value] : headers) out.emplace_back(name, text_of(value));
    return out;
}

// As it was sent when it cannot be decoded, also when that gives no text.
std::string decoded(std::string_view part) {
    auto text = percent_decode(part, true);
    return text && is_utf8(*text) ? std::move(*text) : std::string(part);
}

json::value joined_by_comma(const Pairs& pairs, bool lower) {
    std::map<std::string, std::string> merged;
    for (const auto& [name, value] : pairs) {
        auto [entry, fresh] = merged.emplace(lower ? to_lower(name) : name, value);
        if (!fresh) entry->second += ',' + value;
    }
    json::object out;
    for (const auto& [name, value] : merged) out[name] = value;
    return out;
}

json::value last_wins(const Pairs& pairs) {
    if (pairs.empty()) return nullptr;
    json::object out;
    for (const auto& [name, value] : pairs) out[name] = value;
    return out;
}

json::value multi(const Pairs& pairs) {
    if (pairs.empty()) return nullptr;
    json::object out;
    for (const auto& [name, value] : pairs) {
        json::value& list = out[name];
        if (!list.is_array()) list = json::array();
        list.get_array().push_back(json::value(value));
    }
    return out;
}

json::object strings(const std::map<std::string, std::string>& map) {
    json::object out;
    for (const auto& [name, value] : map) out[name] = value;
    return out;
}

// API Gateway hands claims to functions as strings.
json::object claims_as_strings(const json::object& claims) {
    json::object out;
    for (const auto& claim : claims) {
        out[claim.key()] = claim.value().is_string() ? std::string(claim.value().get_string())
                                                     : json::serialize(claim.value());
    }
    return out;
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

void put_body(json::object& event, const HttpCall& call, bool null_when_empty) {
    const bool text = is_utf8(call.body);
    if (!call.body.empty()) {
        event["body"] = text ? call.body : to_base64(call.body);
    } else if (null_when_empty) {
        event["body"] = nullptr;
    }
    event["isBase64Encoded"] = !text;
}

// Each cookie of the Cookie headers by itself ("a=1").
json::array cookies_of(const Pairs& headers) {
    json::array out;
    for (const auto& [name, value] : headers) {
        if (!equals_ignore_case(name, "cookie")) continue;
        for (std::string_view rest = value; !rest.empty();) {
            const auto end = std::min(rest.find(';'), rest.size());
            const std::string_view cookie = trim(rest.substr(0, end));
            if (!cookie.empty()) out.push_back(json::value(cookie));
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

json::object http_event_v2(const HttpCall& call) {
    const Pairs headers = texts_of(call.headers);
    json::object context{{"accountId", "domicile"},
                         {"apiId", "domicile"},
                         {"domainName", call.host},
                         {"domainPrefix", domain_prefix(call.host)},
                         {"http",
                          {{"method", call.method},
                           {"path", call.path},
                           {"protocol", "HTTP/1.1"},
                           {"sourceIp", call.source_ip},
                           {"userAgent", text_of(call.user_agent)}}},
                         {"requestId", call.request_id},
                         {"routeKey", call.method + ' ' + call.route},
                         {"stage", "$default"},
                         {"time", common_log_time(call.time)},
                         {"timeEpoch", call.time.ms},
                         {"domicile", call.domicile}};
    if (call.claims != nullptr) {
        context["authorizer"] = {
            {"jwt", {{"claims", claims_as_strings(*call.claims)}, {"scopes", nullptr}}}};
    }
    if (call.authorizer != nullptr) context["authorizer"] = {{"lambda", *call.authorizer}};
    json::object event{{"version", "2.0"},
                       {"routeKey", call.method + ' ' + call.route},
                       {"rawPath", call.path},
                       {"rawQueryString", call.query},
                       {"headers", joined_by_comma(headers, true)},
                       {"requestContext", std::move(context)}};
    const Pairs query = query_pairs(call.query);
    if (!query.empty()) event["queryStringParameters"] = joined_by_comma(query, false);
    if (!call.path_parameters.empty()) event["pathParameters"] = strings(call.path_parameters);
    json::array cookies = cookies_of(headers);
    if (!cookies.empty()) {
        event["cookies"] = std::move(cookies);
        event["headers"].as_object().erase("cookie");
    }
    put_body(event, call, false);
    return event;
}

json::object rest_event_v1(const HttpCall& call) {
    const Pairs headers = texts_of(call.headers);
    json::object identity{{"accessKey", nullptr},
                          {"accountId", nullptr},
                          {"caller", nullptr},
                          {"cognitoAuthenticationProvider", nullptr},
                          {"cognitoAuthenticationType", nullptr},
                          {"cognitoIdentityId", nullptr},
                          {"cognitoIdentityPoolId", nullptr},
                          {"principalOrgId", nullptr},
                          {"sourceIp", call.source_ip},
                          {"user", nullptr},
                          {"userAgent", text_of(call.user_agent)},
                          {"userArn", nullptr}};
    json::object context{{"accountId", "domicile"},
                         {"apiId", "domicile"},
                         {"domainName", call.host},
                         {"domainPrefix", domain_prefix(call.host)},
                         {"extendedRequestId", call.request_id},
                         {"httpMethod", call.method},
                         {"identity", std::move(identity)},
                         {"path", call.path},
                         {"protocol", "HTTP/1.1"},
                         {"requestId", call.request_id},
                         {"requestTime", common_log_time(call.time)},
                         {"requestTimeEpoch", call.time.ms},
                         {"resourceId", call.route},
                         {"resourcePath", call.route},
                         {"stage", "prod"},
                         {"domicile", call.domicile}};
    if (call.claims != nullptr)
        context["authorizer"] = {{"claims", claims_as_strings(*call.claims)}};
    if (call.authorizer != nullptr) {
        json::object told = claims_as_strings(*call.authorizer);
        if (!call.principal.empty()) told["principalId"] = call.principal;
        context["authorizer"] = std::move(told);
    }
    const Pairs query = query_pairs(call.query);
    json::object event{{"version", "1.0"},
                       {"resource", call.route},
                       {"path", call.path},
                       {"httpMethod", call.method},
                       {"headers", last_wins(headers)},
                       {"multiValueHeaders", multi(headers)},
                       {"queryStringParameters", last_wins(query)},
                       {"multiValueQueryStringParameters", multi(query)},
                       {"stageVariables", nullptr},
                       {"requestContext", std::move(context)}};
    event["pathParameters"] = nullptr;
    if (!call.path_parameters.empty()) event["pathParameters"] = strings(call.path_parameters);
    put_body(event, call, true);
    return event;
}

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
