#include "access/access.h"

namespace domicile::access {
namespace {

constexpr std::size_t kStatementsMax = 64;
constexpr std::size_t kPatternsMax = 64;
constexpr std::size_t kPatternBytesMax = 256;

bool matches(std::string_view pattern, std::string_view text) {
    if (pattern.ends_with('*')) return text.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == text;
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
    for (const auto& pattern : patterns)
        if (matches(pattern, text)) return true;
    return false;
}

json::array to_array(const std::vector<std::string>& texts) {
    json::array out;
    for (const auto& text : texts) out.emplace_back(text);
    return out;
}

std::unexpected<Error> bad(std::string message) {
    return fail(Code::invalid_argument, std::move(message), "policy");
}

Result<std::vector<std::string>> patterns(const json::object& statement, std::string_view name) {
    TRY(const json::array* list, optional_array(statement, name));
    if (list == nullptr || list->empty() || list->size() > kPatternsMax)
        return bad("A statement needs 1 to 64 " + std::string(name) + ".");
    std::vector<std::string> out;
    for (const json::value& value : *list) {
        const json::string* text = value.if_string();
        if (text == nullptr || text->empty() || text->size() > kPatternBytesMax)
            return bad("Each of " + std::string(name) + " must be text of 1 to 256 bytes.");
        // A star elsewhere would look like a pattern and never match.
        if (auto star = text->find('*'); star != json::string::npos && star + 1 != text->size())
            return bad("A '*' may only stand at the end of a pattern.");
        out.emplace_back(*text);
    }
    return out;
}

Result<Statement> statement_from_json(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) return bad("A statement must be an object.");
    for (const auto& member : *object)
        if (member.key() != "operations" && member.key() != "resources")
            return bad("A statement has 'operations' and 'resources' and nothing else.");
    Statement out;
    TRY(out.operations, patterns(*object, "operations"));
    TRY(out.resources, patterns(*object, "resources"));
    return out;
}

}  // namespace

json::object to_json(const Policy& policy) {
    json::array statements;
    for (const Statement& statement : policy.statements) {
        statements.push_back(json::object{{"operations", to_array(statement.operations)},
                                          {"resources", to_array(statement.resources)}});
    }
    return {{"statements", std::move(statements)}};
}

Result<Policy> policy_from_json(const json::object& object) {
    for (const auto& member : object)
        if (member.key() != "statements") return bad("A policy has 'statements' and nothing else.");
    TRY(const json::array* statements, optional_array(object, "statements"));
    if (statements == nullptr) return bad("A policy needs 'statements'.");
    if (statements->size() > kStatementsMax) return bad("A policy has at most 64 statements.");
    Policy out;
    for (const json::value& value : *statements) {
        TRY(Statement statement, statement_from_json(value));
        out.statements.push_back(std::move(statement));
    }
    return out;
}

Result<void> authorize(const Principal& principal, std::string_view operation,
                       std::string_view resource) {
    for (const Statement& statement : principal.policy.statements)
        if (matches_any(statement.operations, operation) &&
            matches_any(statement.resources, resource))
            return {};
    return fail(Code::permission_denied, "The access key's policy does not allow " +
                                             std::string(operation) + " on " +
                                             std::string(resource) + ".");
}

}  // namespace domicile::access
