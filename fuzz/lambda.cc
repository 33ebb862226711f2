// What functions are given and what they answer. Any HTTP call makes an event that is valid JSON,
// with the body, the query and the headers in it; any result of a function is an HTTP reply that
// can be sent, or is refused.
//
// The input is a request head with its body, and is taken as a function's result too.
#include <string>

#include "base/encoding.h"
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

void check_events(const functions::HttpCall& call) {
    const json::object v2 = received(functions::http_event_v2(call));
    DOMICILE_CHECK(body_of(v2) == call.body);
    DOMICILE_CHECK(v2.at("rawPath").as_string() == call.path);
    DOMICILE_CHECK(v2.at("rawQueryString").as_string() == call.query);
    const json::object v1 = received(functions::rest_event_v1(call));
    DOMICILE_CHECK(body_of(v1) == call.body);
    DOMICILE_CHECK(v1.at("path").as_string() == call.path);
    DOMICILE_CHECK(v1.at("httpMethod").as_string() == call.method);
    const json::object* many = v1.at("multiValueHeaders").if_object();
    std::size_t headers = 0;
    if (many != nullptr) {
        for (const auto& header : *many) headers += header.value().get_array().size();
    }
    DOMICILE_CHECK(headers == call.headers.size());
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
}
