#include "functions/authorizer.h"

#include <algorithm>

#include "base/encoding.h"

namespace domicile::functions {
namespace {

constexpr std::size_t kPatternMax = 2048;

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

std::string normal_path(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const auto escape = path.substr(0, 3);
        const auto byte = path[0] == '%' ? percent_decode(escape) : std::nullopt;
        if (byte && byte->size() == 1) {
            out += is_unreserved(byte->front()) ? *byte : percent_encode(*byte);
            path.remove_prefix(escape.size());
        } else {
            out += path[0];
            path.remove_prefix(1);
        }
    }
    return out;
}

std::string joined(const IdentitySources& sources) {
    std::string out;
    for (const std::string& source : sources) out += (out.empty() ? "" : ",") + text_of(source);
    return out;
}

json::array list_of(const IdentitySources& sources) {
    json::array out;
    for (const std::string& source : sources) out.emplace_back(text_of(source));
    return out;
}

std::unexpected<Error> bad_answer() {
    return fail(Code::internal, "The authorizer's answer is not one.", "bad_answer");
}

// A text, or a list of texts.
Result<std::vector<std::string>> texts_of(const json::object& object, std::string_view name) {
    std::vector<std::string> out;
    const json::value* value = object.if_contains(name);
    if (value == nullptr) return bad_answer();
    if (value->is_string()) {
        out.emplace_back(value->get_string());
    } else if (value->is_array()) {
        for (const json::value& one : value->get_array()) {
            if (!one.is_string()) return bad_answer();
            out.emplace_back(one.get_string());
        }
    }
    const bool fits = std::ranges::all_of(
        out, [](const std::string& text) { return text.size() <= kPatternMax; });
    if (out.empty() || !fits) return bad_answer();
    return out;
}

Result<void> read_statement(const json::value& from, AuthorizerAnswer& to) {
    const json::object* object = from.if_object();
    if (object == nullptr) return bad_answer();
    for (const auto& member : *object) {
        const std::string_view key = member.key();
        if (key != "Sid" && key != "Effect" && key != "Action" && key != "Resource")
            return bad_answer();
    }
    const json::value* effect = object->if_contains("Effect");
    if (effect == nullptr || (*effect != "Allow" && *effect != "Deny")) return bad_answer();
    TRY(const std::vector<std::string> actions, texts_of(*object, "Action"));
    AuthorizerAnswer::Statement statement;
    statement.allow = *effect == "Allow";
    TRY(statement.resources, texts_of(*object, "Resource"));
    // Of a policy, what is about other services says nothing here.
    const bool ours = std::ranges::any_of(actions, [](const std::string& action) {
        return is_like("execute-api:invoke", to_lower(action));
    });
    if (ours) to.statements.push_back(std::move(statement));
    return {};
}

Result<void> read_policy(const json::object& policy, AuthorizerAnswer& to) {
    for (const auto& member : policy) {
        const std::string_view key = member.key();
        if (key != "Version" && key != "Id" && key != "Statement") return bad_answer();
    }
    const json::value* statement = policy.if_contains("Statement");
    if (statement == nullptr) return bad_answer();
    if (!statement->is_array()) return read_statement(*statement, to);
    for (const json::value& one : statement->get_array()) TRY_VOID(read_statement(one, to));
    return {};
}

Result<json::object> read_context(const json::object& answer, bool v2) {
    const json::value* context = answer.if_contains("context");
    if (context == nullptr || context->is_null()) return json::object();
    if (!context->is_object()) return bad_answer();
    for (const auto& member : context->get_object())
        if (!v2 && (member.value().is_structured() || member.value().is_null()))
            return bad_answer();
    return context->get_object();
}

}  // namespace

std::string method_arn(std::string_view region, const HttpCall& call, bool v2) {
    std::string out = "arn:aws:execute-api:" + std::string(region) + ":000000000000:domicile/";
    out += v2 ? "$default/" : "prod/";
    out += call.method;
    return out + normal_path(call.path);
}

json::object authorizer_event_v2(const HttpCall& call, std::string_view arn,
                                 const IdentitySources& sources) {
    json::object event = http_event_v2(call);
    event.erase("body");
    event.erase("isBase64Encoded");
    event["type"] = "REQUEST";
    event["routeArn"] = arn;
    event["identitySource"] = list_of(sources);
    return event;
}

json::object authorizer_event_v1(const HttpCall& call, std::string_view arn,
                                 const IdentitySources& sources) {
    json::object event = rest_event_v1(call);
    event.erase("body");
    event.erase("isBase64Encoded");
    event["type"] = "REQUEST";
    event["methodArn"] = arn;
    // HTTP APIs have these in format 1.0, REST APIs do not.
    event["identitySource"] = joined(sources);
    event["authorizationToken"] = joined(sources);
    return event;
}

json::object authorizer_token_event(std::string_view token, std::string_view arn) {
    return {{"type", "TOKEN"}, {"authorizationToken", text_of(token)}, {"methodArn", arn}};
}

// Greedy, going back to the last star only.
bool is_like(std::string_view text, std::string_view pattern) {
    std::size_t at = 0, in = 0, star = std::string_view::npos, from = 0;
    while (at < text.size()) {
        if (in < pattern.size() && pattern[in] == '*') {
            star = in++;
            from = at;
        } else if (in < pattern.size() && (pattern[in] == '?' || pattern[in] == text[at])) {
            ++in;
            ++at;
        } else if (star != std::string_view::npos) {
            in = star + 1;
            at = ++from;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', in) == std::string_view::npos;
}

bool AuthorizerAnswer::allows(std::string_view arn) const {
    if (simple) return allowed;
    bool out = false;
    for (const Statement& statement : statements) {
        const bool about = std::ranges::any_of(
            statement.resources,
            [&](const std::string& resource) { return is_like(arn, resource); });
        if (about && !statement.allow) return false;
        out |= about;
    }
    return out;
}

Result<AuthorizerAnswer> parse_authorizer_answer(std::string_view text, bool v2) {
    const auto object = parse_json_object(text, {.bytes_max = kAuthorizerAnswerMax});
    if (!object) return bad_answer();
    AuthorizerAnswer out;
    const json::value* simple = object->if_contains("isAuthorized");
    const auto policy = optional_object(*object, "policyDocument");
    const auto principal = optional_string(*object, "principalId");
    const auto usage = optional_string(*object, "usageIdentifierKey");
    if (!policy || !principal || !usage) return bad_answer();
    out.principal = principal->value_or("");
    out.usage_key = usage->value_or("");
    // One of the two, so that none contradicts the other.
    if ((simple != nullptr) == (*policy != nullptr)) return bad_answer();
    if (simple != nullptr) {
        if (!v2 || !simple->is_bool()) return bad_answer();
        out.simple = true;
        out.allowed = simple->get_bool();
    } else {
        if (!v2 && out.principal.empty()) return bad_answer();
        TRY_VOID(read_policy(**policy, out));
    }
    TRY(out.context, read_context(*object, v2));
    return out;
}

bool is_unauthorized(std::string_view error_document) {
    const auto object = parse_json_object(error_document, {.bytes_max = kAuthorizerAnswerMax});
    if (!object) return false;
    const json::value* message = object->if_contains("errorMessage");
    return message != nullptr && *message == "Unauthorized";
}

}  // namespace domicile::functions
