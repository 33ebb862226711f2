// What functions are given and what they answer. Any HTTP call makes an event that is valid JSON,
// with the body, the query and the headers in it; any result of a function is an HTTP reply that
// can be sent, or is refused.
//
// The input is a request head with its body, and is taken as a function's result too.
#include <string>

#include "base/encoding.h"
#include "functions/authorizer.h"
#include "functions/event.h"
#include "fuzz.h"
#include "http/outbound.h"
#include "http/parser.h"

namespace domicile::fuzz {
namespace {

std::string body_of(const json::object& event) {
    const json::value* body = event.if_contains("body");
    if (body == nullptr || body->is_null()) return {};
    const std::string text(body->get_string());
    if (!event.at("isBase64Encoded").get_bool()) return text;
    const auto bytes = from_base64(text);
    DOMICILE_CHECK(bytes.has_value());
    return *bytes;
}

// As the function's runtime reads it.
json::object received(const json::object& event) {
    const std::string text = json::serialize(event);
    auto parsed = parse_json_object(text, {.depth_max = 64, .bytes_max = 8 << 20});
    DOMICILE_CHECK(parsed.has_value());
    return std::move(*parsed);
}

std::size_t values_in(const json::value& many) {
    std::size_t out = 0;
    if (many.is_object())
        for (const auto& member : many.get_object()) out += member.value().as_array().size();
    return out;
}

void check_events(const functions::HttpCall& call) {
    const json::object v2 = received(functions::http_event_v2(call));
    DOMICILE_CHECK(body_of(v2) == call.body);
    DOMICILE_CHECK(v2.at("rawPath").as_string() == call.path);
    DOMICILE_CHECK(v2.at("rawQueryString").as_string() == call.query);
    const json::object v1 = received(functions::rest_event_v1(call));
    DOMICILE_CHECK(body_of(v1) == call.body);
    DOMICILE_CHECK(v1.at("path").as_string() == call.path);
    DOMICILE_CHECK(v1.at("httpMethod").as_string() == call.method);
    DOMICILE_CHECK(values_in(v1.at("multiValueHeaders")) == call.headers.size());
    const auto query = functions::query_pairs(call.query);
    DOMICILE_CHECK(values_in(v1.at("multiValueQueryStringParameters")) == query.size());
    for (const auto& [name, value] : query) {
        const json::string& joined = v2.at("queryStringParameters").at(name).as_string();
        DOMICILE_CHECK(std::string_view(joined).contains(value));
    }
    if (!query.empty())
        DOMICILE_CHECK(v1.at("queryStringParameters").at(query.back().first).as_string() ==
                       query.back().second);
}

void check_authorizer_events(const functions::HttpCall& call) {
    const functions::IdentitySources sources{call.user_agent, call.body};
    const std::string arn = functions::method_arn("r1", call, true);
    // One spelling: what is made of it is itself.
    functions::HttpCall again;
    again.method = call.method;
    const std::string_view before = "arn:aws:execute-api:r1:000000000000:domicile/$default/";
    DOMICILE_CHECK(arn.starts_with(std::string(before) + call.method));
    again.path = arn.substr(before.size() + call.method.size());
    DOMICILE_CHECK(functions::method_arn("r1", again, true) == arn);
    const json::object v2 = received(functions::authorizer_event_v2(call, arn, sources));
    DOMICILE_CHECK(v2.at("routeArn").as_string() == arn);
    DOMICILE_CHECK(v2.at("identitySource").as_array().size() == 2);
    DOMICILE_CHECK(!v2.contains("body"));
    const json::object v1 = received(functions::authorizer_event_v1(call, arn, sources));
    DOMICILE_CHECK(v1.at("methodArn").as_string() == arn);
    DOMICILE_CHECK(!v1.contains("body"));
    const json::object token = received(functions::authorizer_token_event(call.body, arn));
    DOMICILE_CHECK(token.size() == 3);
}

void check_answer(std::string_view text, bool v2) {
    const auto answer = functions::parse_authorizer_answer(text, v2);
    if (!answer) {
        DOMICILE_CHECK(answer.error().reason == "bad_answer");
        return;
    }
    DOMICILE_CHECK(text.size() <= functions::kAuthorizerAnswerMax);
    DOMICILE_CHECK(v2 || (!answer->simple && !answer->principal.empty()));
    for (const auto& statement : answer->statements)
        for (const std::string& resource : statement.resources) {
            // Every pattern matches what it is with its stars and marks read as themselves.
            DOMICILE_CHECK(functions::is_like(resource, resource));
            if (!statement.allow && !answer->simple) DOMICILE_CHECK(!answer->allows(resource));
        }
}

void check_call(std::string_view input) {
    http::HeadScanner scanner;
    const auto size = scanner.scan(input, {});
    if (!size || !*size) return;
    http::RequestHead head;
    if (!http::parse_request(input.substr(0, **size), {}, head)) return;
    functions::HttpCall call;
    call.method = head.method;
    call.path = head.path;
    call.query = head.query;
    call.route = "/{rest+}";
    call.host = head.host;
    call.source_ip = "192.0.2.7";
    call.user_agent = head.headers.find("User-Agent").value_or("");
    call.request_id = "00000000-0000-4000-8000-000000000000";
    for (const http::Header& header : head.headers) {
        call.headers.emplace_back(header.name, header.value);
    }
    call.body = input.substr(**size);
    call.time = Timestamp{1'795'378'613'000};
    const auto rest = percent_decode(head.path);
    if (rest && is_utf8(*rest)) call.path_parameters["rest"] = *rest;
    // A token's claims are JSON that somebody else made.
    const auto claims = parse_json_object(call.body);
    if (claims) call.claims = &*claims;
    check_events(call);
    call.claims = nullptr;
    if (claims) call.authorizer = &*claims;
    check_events(call);
    check_authorizer_events(call);
}

void check_reply(std::string_view result, bool v2) {
    const auto reply = functions::parse_reply(result, v2);
    if (!reply) {
        DOMICILE_CHECK(reply.error().reason == "bad_reply");
        return;
    }
    DOMICILE_CHECK(reply->status >= 200 && reply->status <= 599);
    http::ResponseHead head;
    head.status = reply->status;
    head.headers = reply->headers;
    std::string text;
    DOMICILE_CHECK(
        http::print_response(head, {.length = reply->body.size()}, "date", text).has_value());
    http::HeadScanner scanner;
    const http::HeadLimits limits{.bytes_max = 1 << 20, .headers_max = 1 << 16};
    const auto size = scanner.scan(text, limits);
    DOMICILE_CHECK(size && *size && **size == text.size());
    http::ReceivedResponse response;
    DOMICILE_CHECK(http::parse_response(text, limits, false, response).has_value());
    DOMICILE_CHECK(response.status == reply->status);
    DOMICILE_CHECK(response.headers.contains("Content-Type"));
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(lambda) {
    using namespace domicile::fuzz;
    check_call(input);
    check_reply(input, true);
    check_reply(input, false);
    check_answer(input, true);
    check_answer(input, false);
}
