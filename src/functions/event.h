// HTTP events as API Gateway writes them and replies as it reads them: REST proxy (payload 1.0) and
// HTTP API (payload 2.0). Source: "Working with AWS Lambda proxy integrations for HTTP APIs".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace domicile::functions {

struct HttpCall {
    std::string method, path, query, route;  // route: "/entries/{id}"
    std::string host, source_ip, user_agent, request_id;
    std::vector<std::pair<std::string, std::string>> headers;  // original case, in order
    std::map<std::string, std::string> path_parameters;        // decoded
    std::string body;
    Timestamp time;
    const json::object* claims = nullptr;  // of the verified token; null without an authorizer
    // What an authorizer that is a function said of the caller; null without one.
    const json::object* authorizer = nullptr;
    std::string principal;    // who it is, by its word; may be empty
    json::object domicile;    // requestContext.domicile: home, jurisdiction
    std::string credentials;  // a JSON object, a member of the former; may be empty
};

// The bytes as text: what is not UTF-8 is read as ISO 8859-1.
std::string text_of(std::string_view bytes);
// The parameters of a query, decoded, in order; one that is no text stays as it was sent.
std::vector<std::pair<std::string, std::string>> query_pairs(std::string_view query);

std::string http_event_v2_text(const HttpCall& call);
std::string rest_event_v1_text(const HttpCall& call);
// The same, to be changed.
json::object http_event_v2(const HttpCall& call);
json::object rest_event_v1(const HttpCall& call);

struct HttpReply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;  // decoded
};
// internal (reason "bad_reply") when the function's result is not one. With `v2`, a result without
// statusCode is a 200 of application/json.
Result<HttpReply> parse_reply(std::string_view result, bool v2);

// What a streamed answer of this type begins with: status, headers and cookies as JSON, and eight
// zero bytes behind them.
inline constexpr std::string_view kHttpIntegration =
    "application/vnd.awslambda.http-integration-response";
inline constexpr std::string_view kPreludeEnd{"\0\0\0\0\0\0\0\0", 8};
Result<HttpReply> parse_prelude(std::string_view json);

}  // namespace domicile::functions
