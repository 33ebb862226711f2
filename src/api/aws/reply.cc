#include "api/aws/reply.h"

#include "base/encoding.h"

namespace domicile::api::aws {

http::ResponseHead json_head(const http::Exchange& exchange, int status,
                             std::string_view content_type) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", std::string(content_type));
    head.add("x-amzn-RequestId", exchange.request_id());
    head.add("Cache-Control", "no-store");
    return head;
}

io::Task<Result<void>> send_with_crc32(http::Exchange& exchange, http::ResponseHead head,
                                       std::string body) {
    head.add("x-amz-crc32", std::to_string(crc32(body)));
    co_return co_await exchange.respond(std::move(head), body);
}

std::string error_body(std::string_view type, std::string_view message) {
    json::object body;
    body["__type"] = type;
    body["message"] = message;
    return json::serialize(body);
}

std::optional<std::string> operation_of(const http::RequestHead& request, std::string_view prefix) {
    const auto target = request.headers.find("x-amz-target");
    if (!target || !target->starts_with(prefix)) return std::nullopt;
    const std::string_view rest = target->substr(prefix.size());
    if (rest.size() < 2 || rest[0] != '.') return std::nullopt;
    return std::string(rest.substr(1));
}

void add_cors(const http::RequestHead& request, http::ResponseHead& head) {
    if (!request.headers.contains("origin")) return;
    head.add("Access-Control-Allow-Origin", "*");
    head.add("Access-Control-Expose-Headers",
             "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,x-amz-crc32,Date");
}

bool is_preflight(const http::RequestHead& request) {
    return request.method == "OPTIONS" && request.headers.contains("origin") &&
           request.headers.contains("access-control-request-method");
}

io::Task<Result<void>> answer_preflight(http::Exchange& exchange) {
    http::ResponseHead head;
    head.status = 200;
    add_cors(exchange.request(), head);
    head.add("Access-Control-Allow-Methods", "POST,GET,OPTIONS");
    const auto wanted = exchange.request().headers.find("access-control-request-headers");
    // Echoed as asked for: with credentials off, a list would protect nothing.
    head.add("Access-Control-Allow-Headers", std::string(wanted.value_or("*")));
    head.add("Access-Control-Max-Age", "172800");
    co_return co_await exchange.respond(std::move(head), "");
}

}  // namespace domicile::api::aws
