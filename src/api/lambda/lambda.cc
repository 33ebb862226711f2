#include "api/lambda/lambda.h"

#include <algorithm>

#include "api/aws/auth.h"
#include "api/aws/reply.h"
#include "api/lambda/error.h"
#include "base/encoding.h"

namespace domicile::api::lambda {
namespace {

constexpr std::string_view kPreflight = "preflight";
constexpr const char* kJson = "application/json";

std::string header_of(const http::RequestHead& request, std::string_view name,
                      std::string_view otherwise = "") {
    return std::string(request.headers.find(name).value_or(otherwise));
}

json::object configuration(const config::Function& function, const std::string& region) {
    json::object out;
    out["FunctionName"] = function.name;
    out["FunctionArn"] = functions::arn_of(region, function.name);
    out["Runtime"] = "provided.al2023";
    out["Role"] = "arn:aws:iam::000000000000:role/" + function.name;
    out["Handler"] = function.command.back();
    out["Description"] = "";
    out["Timeout"] = function.timeout_seconds;
    out["MemorySize"] = function.memory_megabytes.value_or(256);
    out["CodeSize"] = 0;
    out["Version"] = "$LATEST";
    out["PackageType"] = "Zip";
    out["State"] = "Active";
    out["LastUpdateStatus"] = "Successful";
    return out;
}

}  // namespace

void Lambda::report_to(telemetry::Registry& registry) {
    const std::array<std::string_view, 6> names = {
        name_of(Operation::invoke),         name_of(Operation::invoke_stream),
        name_of(Operation::get_function),   name_of(Operation::get_configuration),
        name_of(Operation::list_functions), kPreflight};
    operations_.report_to(registry, "lambda", names);
}

io::Task<Result<void>> Lambda::handle(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    exchange.report_as(operations_.find(aws::is_preflight(request) ? kPreflight : ""));
    if (aws::is_preflight(request)) co_return co_await aws::answer_preflight(exchange);
    Result<Reply> reply = co_await answer(exchange);
    if (!reply) {
        WireError error = to_wire(reply.error());
        // Lambda's own errors differ in the case of the first letter.
        reply = Reply{error.status, json::serialize(json::object{{"Type", error.blame},
                                                                 {"message", error.message},
                                                                 {"Message", error.message}})};
        reply->headers.emplace_back("x-amzn-ErrorType", error.type);
        if (error.status == 429) reply->headers.emplace_back("Retry-After", "1");
    }
    if (reply->sent) co_return *reply->sent;
    http::ResponseHead head = aws::json_head(exchange, reply->status, kJson);
    for (auto& [name, value] : reply->headers) head.add(std::move(name), std::move(value));
    aws::add_cors(request, head);
    co_return co_await exchange.respond(std::move(head), reply->body);
}

io::Task<Result<Lambda::Reply>> Lambda::answer(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    Result<Target> target =
        parse_target(request.method, request.path, request.query, parts_.region);
    if (target) exchange.report_as(operations_.find(name_of(target->operation)));
    CO_TRY(std::string body, co_await exchange.read_all(kPayloadBytesMax));
    aws::Scope scope{"lambda", parts_.region};
    CO_TRY(const access::Principal who, co_await aws::authenticate(exchange, body, parts_.access,
                                                                   std::move(scope), parts_.clock));
    if (!target) co_return std::unexpected(target.error());
    const bool lists = target->operation == Operation::list_functions;
    const bool invokes =
        target->operation == Operation::invoke || target->operation == Operation::invoke_stream;
    const std::string verb = invokes ? "InvokeFunction" : std::string(name_of(target->operation));
    const std::string resource = lists ? "*" : "function/" + target->function;
    CO_TRY_VOID(access::authorize(who, "lambda:" + verb, resource));
    if (lists) {
        CO_TRY(const json::object all, list(*target));
        co_return Reply{200, json::serialize(all)};
    }
    if (!invokes) {
        CO_TRY(const json::object one, describe(*target));
        co_return Reply{200, json::serialize(one)};
    }
    co_return co_await invoke(exchange, std::move(*target), std::move(body), who.subject);
}

Result<json::object> Lambda::describe(const Target& target) const {
    const config::Function* function = parts_.configured.find(target.function);
    if (function == nullptr) return fail(Code::not_found, "Function not found: " + target.function);
    json::object own = configuration(*function, parts_.region);
    if (target.operation == Operation::get_configuration) return own;
    json::object out;
    out["Configuration"] = std::move(own);
    out["Code"] = json::object();
    out["Concurrency"] =
        json::object{{"ReservedConcurrentExecutions", function->concurrency.maximum}};
    return out;
}

// In the order of names; a marker is the last name of the page before.
Result<json::object> Lambda::list(const Target& target) const {
    std::vector<const config::Function*> all;
    for (const config::Function& function : parts_.configured)
        if (function.name > target.marker) all.push_back(&function);
    std::ranges::sort(all, {}, [](const config::Function* one) { return one->name; });
    json::array page;
    for (std::size_t i = 0; i < std::min(all.size(), target.items); ++i)
        page.push_back(configuration(*all[i], parts_.region));
    json::object out;
    out["Functions"] = std::move(page);
    if (all.size() > target.items) out["NextMarker"] = all[target.items - 1]->name;
    return out;
}

io::Task<Result<Lambda::Reply>> Lambda::invoke(http::Exchange& exchange, Target target,
                                               std::string payload,
                                               std::optional<std::string> subject) {
    const http::RequestHead& request = exchange.request();
    const config::Function* function = parts_.configured.find(target.function);
    if (function == nullptr)
        co_return fail(Code::not_found, "Function not found: " + target.function);
    const std::string type = header_of(request, "X-Amz-Invocation-Type", "RequestResponse");
    if (type == "DryRun") co_return Reply{204, ""};
    const bool streams = target.operation == Operation::invoke_stream;
    if (type != "RequestResponse" && (type != "Event" || streams))
        co_return fail(Code::invalid_argument,
                       "X-Amz-Invocation-Type must be RequestResponse, Event or DryRun.");
    const std::string log_type = header_of(request, "X-Amz-Log-Type", "None");
    if (log_type != "None" && log_type != "Tail")
        co_return fail(Code::invalid_argument, "X-Amz-Log-Type must be None or Tail.");
    if (payload.empty()) payload = "{}";
    const JsonLimits limits{.depth_max = 256, .bytes_max = kPayloadBytesMax};
    if (!parse_json(payload, limits))
        co_return fail(Code::malformed, "Could not parse request body into json.");
    if (type == "Event") {
        events::Event event{exchange.request_id(), std::move(payload), std::move(subject)};
        CO_TRY_VOID(co_await parts_.events.accept(*function, std::move(event)));
        co_return Reply{202, ""};
    }
    functions::Call call;
    call.event = std::move(payload);
    call.request_id = exchange.request_id();
    call.client_context = header_of(request, "X-Amz-Client-Context");
    if (log_type == "Tail") call.tail = std::make_shared<std::string>();
    if (streams) co_return co_await stream(exchange, *function, std::move(call));
    const std::shared_ptr<std::string> tail = call.tail;
    std::string name = function->name;
    Result<functions::Answer> result =
        co_await parts_.functions.call(std::move(name), std::move(call));
    Reply reply;
    reply.headers.emplace_back("X-Amz-Executed-Version", "$LATEST");
    if (tail) reply.headers.emplace_back("X-Amz-Log-Result", to_base64(*tail));
    if (!result) {
        auto document = functions::document_of(result.error(), exchange.request_id(),
                                               function->timeout_seconds);
        if (!document) co_return std::unexpected(result.error());
        result = functions::Answer{std::move(*document), true};
    }
    if (result->raised) reply.headers.emplace_back("X-Amz-Function-Error", "Unhandled");
    reply.body = std::move(result->payload);
    co_return reply;
}

}  // namespace domicile::api::lambda
