#include "api/ssm/ssm.h"

#include "api/aws/auth.h"
#include "api/aws/reply.h"
#include "api/ssm/error.h"

namespace domicile::api::ssm {
namespace {

constexpr std::string_view kPreflight = "preflight";
// Stands for a secret where decryption was not asked for. Parameter Store gives ciphertext then,
// which nobody but its key service can use.
constexpr std::string_view kSealed = "(encrypted)";

// "parameter/app/theme", as in the ARN.
std::string resource_of(std::string_view name) {
    return "parameter" + std::string(name.starts_with('/') ? "" : "/") + std::string(name);
}

}  // namespace

void Ssm::report_to(telemetry::Registry& registry) {
    const std::array<std::string_view, 4> names = {"GetParameter", "GetParameters",
                                                   "GetParametersByPath", kPreflight};
    operations_.report_to(registry, "parameters", names);
}

io::Task<Result<void>> Ssm::handle(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    exchange.report_as(operations_.find(aws::is_preflight(request) ? kPreflight : ""));
    if (aws::is_preflight(request)) co_return co_await aws::answer_preflight(exchange);
    const Result<json::object> answered = co_await answer(exchange);
    int status = 200;
    std::string body;
    if (answered) {
        body = json::serialize(*answered);
    } else {
        const WireError error = to_wire(answered.error());
        status = error.status;
        body = aws::error_body(error.type, error.message);
    }
    http::ResponseHead head = aws::json_head(exchange, status, aws::kJson11);
    aws::add_cors(request, head);
    co_return co_await exchange.respond(std::move(head), body);
}

io::Task<Result<json::object>> Ssm::answer(http::Exchange& exchange) {
    const auto operation = aws::operation_of(exchange.request(), kTargetPrefix);
    if (exchange.request().method != "POST" || !operation)
        co_return fail(Code::unsupported,
                       "The operation is not known: POST with X-Amz-Target AmazonSSM.<Operation> "
                       "is expected.");
    exchange.report_as(operations_.find(*operation));
    CO_TRY(const std::string body, co_await exchange.read_all(kBodyBytesMax));
    aws::Scope scope{"ssm", region_};
    CO_TRY(auto who, co_await aws::authenticate(exchange, body, access_, std::move(scope), clock_));
    CO_TRY(json::object request, parse_json_object(body));
    if (*operation == "GetParameter")
        co_return co_await get_parameter(std::move(who), std::move(request));
    if (*operation == "GetParameters")
        co_return co_await get_parameters(std::move(who), std::move(request));
    if (*operation == "GetParametersByPath")
        co_return co_await get_parameters_by_path(std::move(who), std::move(request));
    co_return fail(Code::unsupported, "This operation is not supported here.");
}

io::Task<Result<json::object>> Ssm::describe(const parameters::Entry& entry, bool decrypted) const {
    std::string value(kSealed);
    if (decrypted || !entry.secret()) {
        CO_TRY(const Redacted<std::string> read, co_await parameters_.value_of(entry));
        value = read.expose();
    }
    json::object out;
    out["Name"] = entry.name;
    out["Type"] = entry.secret() ? "SecureString" : entry.list ? "StringList" : "String";
    out["Value"] = value;
    out["Version"] = 1;
    out["ARN"] = "arn:aws:ssm:" + region_ + ":000000000000:" + resource_of(entry.name);
    out["DataType"] = "text";
    co_return out;
}

// Whether somebody may read it is asked before whether it is there.
io::Task<Result<json::object>> Ssm::get_parameter(access::Principal who, json::object request) {
    CO_TRY(const One one, parse_one(request, region_));
    CO_TRY_VOID(access::authorize(who, "ssm:GetParameter", resource_of(one.name.name)));
    const parameters::Entry* entry = parameters_.find(one.name.name);
    if (entry == nullptr) co_return fail(Code::not_found, "", reason::kNoParameter);
    CO_TRY(json::object parameter, co_await describe(*entry, one.decrypted));
    if (!one.name.selector.empty()) parameter["Selector"] = one.name.selector;
    json::object out;
    out["Parameter"] = std::move(parameter);
    co_return out;
}

io::Task<Result<json::object>> Ssm::get_parameters(access::Principal who, json::object request) {
    CO_TRY(const Several several, parse_several(request, region_));
    for (const Name& name : several.names) {
        const std::string& asked = name.name.empty() ? name.asked : name.name;
        CO_TRY_VOID(access::authorize(who, "ssm:GetParameters", resource_of(asked)));
    }
    json::array found, invalid;
    for (const Name& name : several.names) {
        const parameters::Entry* entry = parameters_.find(name.name);
        if (entry == nullptr) {
            invalid.emplace_back(name.asked);
            continue;
        }
        CO_TRY(json::object parameter, co_await describe(*entry, several.decrypted));
        if (!name.selector.empty()) parameter["Selector"] = name.selector;
        found.push_back(std::move(parameter));
    }
    json::object out;
    out["Parameters"] = std::move(found);
    out["InvalidParameters"] = std::move(invalid);
    co_return out;
}

// Allowed is a path as a whole: "parameter/app/*".
io::Task<Result<json::object>> Ssm::get_parameters_by_path(access::Principal who,
                                                           json::object request) {
    CO_TRY(const Below below, parse_below(request));
    std::string resource = resource_of(below.path);
    if (!resource.ends_with('/')) resource += '/';
    CO_TRY_VOID(access::authorize(who, "ssm:GetParametersByPath", resource));
    const std::vector<const parameters::Entry*> entries =
        parameters_.below(below.path, below.deep, below.after, below.most);
    json::array found;
    for (std::size_t i = 0; i < std::min(entries.size(), below.most); ++i) {
        CO_TRY(json::object parameter, co_await describe(*entries[i], below.decrypted));
        found.push_back(std::move(parameter));
    }
    json::object out;
    out["Parameters"] = std::move(found);
    if (entries.size() > below.most) out["NextToken"] = token_after(entries[below.most - 1]->name);
    co_return out;
}

}  // namespace domicile::api::ssm
