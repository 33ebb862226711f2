#include "api/dynamodb/dynamodb.h"

#include "api/aws/auth.h"
#include "api/aws/reply.h"
#include "api/dynamodb/error.h"
#include "api/dynamodb/members.h"

namespace domicile::api::dynamodb {
namespace {
constexpr std::string_view kPreflight = "preflight", kProbe = "probe";
}

void DynamoDb::report_to(telemetry::Registry& registry) {
    const std::array<std::string_view, 9> names = {"PutItem",    "GetItem",  "DeleteItem",
                                                   "UpdateItem", "Query",    "DescribeTable",
                                                   "ListTables", kPreflight, kProbe};
    operations_.report_to(registry, "documents", names);
}

io::Task<Result<void>> DynamoDb::handle(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    exchange.report_as(operations_.find(aws::is_preflight(request) ? kPreflight : ""));
    if (aws::is_preflight(request)) co_return co_await aws::answer_preflight(exchange);
    if (request.method == "GET" && request.path == "/") {
        exchange.report_as(operations_.find(kProbe));
        // What the SDKs' and load balancers' probes of DynamoDB get.
        http::ResponseHead head = aws::json_head(exchange, 200, "text/plain");
        std::string body = "healthy: dynamodb." + region_;
        co_return co_await aws::send_with_crc32(exchange, std::move(head), std::move(body));
    }
    auto answered = co_await answer(exchange);
    int status = 200;
    std::string body;
    if (answered) {
        body = json::serialize(*answered);
    } else {
        WireError error = to_wire(answered.error());
        status = error.status;
        body = aws::error_body(error.type, error.message);
    }
    http::ResponseHead head = aws::json_head(exchange, status, aws::kJson10);
    aws::add_cors(exchange.request(), head);
    co_return co_await aws::send_with_crc32(exchange, std::move(head), std::move(body));
}

io::Task<Result<json::object>> DynamoDb::answer(http::Exchange& exchange) {
    auto operation = aws::operation_of(exchange.request(), "DynamoDB_20120810");
    if (exchange.request().method != "POST" || !operation)
        co_return fail(Code::unsupported,
                       "The operation is not known: POST with X-Amz-Target "
                       "DynamoDB_20120810.<Operation> is expected.");
    exchange.report_as(operations_.find(*operation));
    CO_TRY(std::string body, co_await exchange.read_all(kBodyBytesMax));
    aws::Scope scope{"dynamodb", region_};
    CO_TRY(auto who, co_await aws::authenticate(exchange, body, access_, std::move(scope), clock_));
    // Each of DynamoDB's 32 levels of nesting takes two of JSON's.
    const JsonLimits limits{.depth_max = 80, .bytes_max = kBodyBytesMax};
    CO_TRY(json::object request, parse_json_object(body, limits));
    co_return co_await dispatch(std::move(who), std::move(*operation), std::move(request));
}

io::Task<Result<json::object>> DynamoDb::dispatch(access::Principal who, std::string operation,
                                                  json::object request) {
    if (operation == "PutItem") co_return co_await put_item(std::move(who), std::move(request));
    if (operation == "GetItem") co_return co_await get_item(std::move(who), std::move(request));
    if (operation == "DeleteItem")
        co_return co_await delete_item(std::move(who), std::move(request));
    if (operation == "UpdateItem")
        co_return co_await update_item(std::move(who), std::move(request));
    if (operation == "Query") co_return co_await query(std::move(who), std::move(request));
    if (operation == "DescribeTable") co_return describe_table(who, request);
    if (operation == "ListTables") co_return list_tables(who, request);
    co_return fail(Code::unsupported, "This operation is not supported here.");
}

}  // namespace domicile::api::dynamodb
