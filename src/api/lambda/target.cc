#include "api/lambda/target.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/encoding.h"

namespace domicile::api::lambda {
namespace {

constexpr std::size_t kNameBytesMax = 170;  // of an ARN, as in Lambda's model
constexpr std::size_t kPageMax = 50, kItemsMax = 10'000;
constexpr std::string_view kLatest = "$LATEST";

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

std::unexpected<Error> bad_name() {
    return fail(Code::invalid_argument, "The function name is neither a name nor an ARN.");
}
std::unexpected<Error> no_version() {
    return fail(Code::not_found,
                "There is no other version than $LATEST, and there are no "
                "aliases.");
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t colon = std::min(text.find(':', at), text.size());
        out.push_back(text.substr(at, colon - at));
        at = colon + 1;
    }
    return out;
}

// name, name:version, account:function:name[:version], arn:aws:lambda:region:account:function:...
Result<std::string> name_from(std::string_view text, std::string_view region) {
    if (text.size() > kNameBytesMax) return bad_name();
    std::vector<std::string_view> parts = split(text);
    if (parts[0] == "arn") {
        if (parts.size() < 7 || parts[2] != "lambda") return bad_name();
        if (parts[3] != region) return fail(Code::not_found, "The function is of another region.");
        parts.erase(parts.begin(), parts.begin() + 4);
    }
    if (parts.size() >= 3) {
        if (parts[1] != "function") return bad_name();
        parts.erase(parts.begin(), parts.begin() + 2);
    }
    if (parts.size() > 2 || !is_name(parts[0])) return bad_name();
    if (parts.size() == 2 && parts[1] != kLatest) return no_version();
    return std::string(parts[0]);
}

Result<void> read_items(const std::string& text, std::size_t& out) {
    std::size_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < 1 ||
        value > kItemsMax)
        return fail(Code::invalid_argument, "MaxItems must be 1 to 10000.");
    out = std::min(value, kPageMax);
    return {};
}

Result<void> read_query(std::string_view query, Target& out) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!value) return fail(Code::invalid_argument, "The query is not percent-encoded.");
        const std::string_view name = pair.substr(0, equals);
        if (name == "Qualifier" && *value != kLatest) return no_version();
        if (name == "Marker") out.marker = *value;
        if (name == "MaxItems") TRY_VOID(read_items(*value, out.items));
    }
    return {};
}

Result<Operation> stream_operation_of(std::string_view method, std::string_view rest) {
    if (method == "POST" && rest == "/response-streaming-invocations")
        return Operation::invoke_stream;
    return fail(Code::unsupported, "This operation is not supported here.");
}

Result<Operation> operation_of(std::string_view method, std::string_view rest) {
    if (method == "POST" && rest == "/invocations") return Operation::invoke;
    if (method == "GET" && rest.empty()) return Operation::get_function;
    if (method == "GET" && rest == "/configuration") return Operation::get_configuration;
    return fail(Code::unsupported, "This operation is not supported here.");
}

}  // namespace

std::string_view name_of(Operation operation) {
    switch (operation) {
        case Operation::invoke:
            return "Invoke";
        case Operation::invoke_stream:
            return "InvokeWithResponseStream";
        case Operation::get_function:
            return "GetFunction";
        case Operation::get_configuration:
            return "GetFunctionConfiguration";
        case Operation::list_functions:
            return "ListFunctions";
    }
    return "";
}

Result<Target> parse_target(std::string_view method, std::string_view path, std::string_view query,
                            std::string_view region) {
    Target out;
    const bool streams = path.starts_with(kStreamPathPrefix);
    if (!streams && !path.starts_with(kPathPrefix))
        return fail(Code::unsupported, "This operation is not supported here.");
    static_assert(kPathPrefix.size() == kStreamPathPrefix.size());
    path.remove_prefix(kPathPrefix.size());
    if (!streams && (path.empty() || path == "/")) {
        if (method != "GET")
            return fail(Code::unsupported, "Functions come from the configuration file.");
        out.operation = Operation::list_functions;
    } else {
        if (!path.starts_with('/'))
            return fail(Code::unsupported, "This operation is not supported here.");
        path.remove_prefix(1);
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string_view rest = path.substr(slash);
        TRY(out.operation,
            streams ? stream_operation_of(method, rest) : operation_of(method, rest));
        const auto decoded = percent_decode(path.substr(0, slash));
        if (!decoded) return bad_name();
        TRY(out.function, name_from(*decoded, region));
    }
    TRY_VOID(read_query(query, out));
    return out;
}

}  // namespace domicile::api::lambda
