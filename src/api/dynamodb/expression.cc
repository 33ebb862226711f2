#include "api/dynamodb/expression.h"

#include <algorithm>

#include "api/dynamodb/token.h"
#include "api/dynamodb/value.h"

namespace domicile::api::dynamodb {
namespace {

using documents::Attribute;
using documents::SortRange;

std::unexpected<Error> syntax(const Token& at) {
    return fail(Code::invalid_argument, at.kind == Token::Kind::end
                                            ? "Syntax error: the expression ends too early"
                                            : "Syntax error; token: \"" + at.text + "\"");
}
std::unexpected<Error> unsupported(const std::string& what) {
    return fail(Code::invalid_argument, what + " is not supported here");
}

// Walks the tokens of one expression. Errors carry tokens of the expression, which is the program's
// text: values stand in ExpressionAttributeValues and never come into it.
class Parser {
  public:
    Parser(std::vector<Token> tokens, Bindings& bindings)
        : tokens_(std::move(tokens)), bindings_(bindings) {}

    const Token& peek() const { return tokens_[at_]; }
    bool at_end() const { return peek().kind == Token::Kind::end; }
    void skip() { at_ += at_end() ? 0 : 1; }
    bool take(std::string_view sign) {
        const bool found = peek().is(sign);
        if (found) skip();
        return found;
    }
    bool take_word(std::string_view word) {
        const bool found = peek().is_word(word);
        if (found) skip();
        return found;
    }
    Result<void> expect(std::string_view sign) {
        if (!take(sign)) return syntax(peek());
        return {};
    }
    Result<void> expect_end() const {
        if (!at_end()) return syntax(peek());
        return {};
    }
    // A top-level attribute.
    Result<std::string> path() {
        const Token token = peek();
        std::string name = token.text;
        if (token.kind == Token::Kind::placeholder) {
            TRY(name, bindings_.name(token.text));
        } else if (token.kind != Token::Kind::name) {
            return syntax(token);
        }
        skip();
        if (peek().is(".") || peek().is("[")) return unsupported("A path into a map or list");
        return name;
    }
    Result<Attribute> value() {
        const Token token = peek();
        if (token.kind != Token::Kind::value) return syntax(token);
        skip();
        return bindings_.value(token.text);
    }
    // The word before an opening bracket, lower-level than path(): functions are case-sensitive.
    std::optional<std::string> function() {
        if (peek().kind != Token::Kind::name || !tokens_[at_ + 1].is("(")) return std::nullopt;
        std::string name = peek().text;
        at_ += 2;
        return name;
    }

  private:
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    Bindings& bindings_;
};

Result<Parser> parser_of(std::string_view expression, Bindings& bindings) {
    TRY(auto tokens, tokenize(expression));
    return Parser(std::move(tokens), bindings);
}

Result<void> parse_set(Parser& parser, Update& update) {
    do {
        TRY(std::string name, parser.path());
        TRY_VOID(parser.expect("="));
        if (auto function = parser.function()) return unsupported("The function " + *function);
        if (parser.peek().kind == Token::Kind::name ||
            parser.peek().kind == Token::Kind::placeholder)
            return unsupported("SET with another attribute as its value");
        TRY(Attribute value, parser.value());
        if (parser.peek().is("+") || parser.peek().is("-")) return unsupported("Arithmetic in SET");
        if (!update.set.emplace(std::move(name), std::move(value)).second)
            return fail(Code::invalid_argument,
                        "Two document paths overlap with each other; must remove or rewrite one of "
                        "these paths");
    } while (parser.take(","));
    return {};
}

Result<void> parse_remove(Parser& parser, Update& update) {
    do {
        TRY(std::string name, parser.path());
        update.remove.push_back(std::move(name));
    } while (parser.take(","));
    return {};
}

Result<void> check_no_overlap(const Update& update) {
    std::set<std::string> seen;
    for (const auto& name : update.remove)
        if (update.set.contains(name) || !seen.insert(name).second)
            return fail(Code::invalid_argument,
                        "Two document paths overlap with each other; must remove or rewrite one of "
                        "these paths");
    return {};
}

}  // namespace

Result<Update> parse_update(std::string_view expression, Bindings& bindings) {
    TRY(Parser parser, parser_of(expression, bindings));
    Update out;
    bool had_set = false, had_remove = false;
    while (!parser.at_end()) {
        const Token token = parser.peek();
        const bool is_set = parser.take_word("SET");
        const bool is_remove = !is_set && parser.take_word("REMOVE");
        if (!is_set && !is_remove) {
            if (token.is_word("ADD") || token.is_word("DELETE"))
                return unsupported("The " + token.text + " clause");
            return syntax(token);
        }
        if (std::exchange(is_set ? had_set : had_remove, true))
            return fail(Code::invalid_argument, "The \"" + std::string(is_set ? "SET" : "REMOVE") +
                                                    "\" section can only be used once in an update "
                                                    "expression;");
        TRY_VOID(is_set ? parse_set(parser, out) : parse_remove(parser, out));
    }
    TRY_VOID(check_no_overlap(out));
    return out;
}

namespace {

struct Comparison {
    std::string name;
    SortRange range;
};

Result<SortRange::Kind> comparator(const Token& token) {
    using enum SortRange::Kind;
    if (token.is("=")) return equal;
    if (token.is("<")) return less;
    if (token.is("<=")) return less_equal;
    if (token.is(">")) return greater;
    if (token.is(">=")) return greater_equal;
    if (token.is("<>"))
        return fail(Code::invalid_argument, "Unsupported operator on KeyCondition: operator: <>");
    return syntax(token);
}

Result<Comparison> parse_begins_with(Parser& parser) {
    Comparison out;
    TRY(out.name, parser.path());
    TRY_VOID(parser.expect(","));
    TRY(out.range.low, parser.value());
    TRY_VOID(parser.expect(")"));
    out.range.kind = SortRange::Kind::begins_with;
    return out;
}

Result<Comparison> parse_comparison(Parser& parser) {
    if (auto function = parser.function()) {
        if (*function != "begins_with")
            return fail(Code::invalid_argument,
                        "Invalid operator used in KeyConditionExpression: " + *function);
        return parse_begins_with(parser);
    }
    if (parser.take("(")) {
        TRY(Comparison inner, parse_comparison(parser));
        TRY_VOID(parser.expect(")"));
        return inner;
    }
    Comparison out;
    TRY(out.name, parser.path());
    if (parser.take_word("BETWEEN")) {
        out.range.kind = SortRange::Kind::between;
        TRY(out.range.low, parser.value());
        if (!parser.take_word("AND")) return syntax(parser.peek());
        TRY(out.range.high, parser.value());
        return out;
    }
    TRY(out.range.kind, comparator(parser.peek()));
    parser.skip();
    TRY(out.range.low, parser.value());
    return out;
}

}  // namespace

Result<KeyCondition> parse_key_condition(std::string_view expression, const config::Table& table,
                                         Bindings& bindings) {
    TRY(Parser parser, parser_of(expression, bindings));
    TRY(Comparison first, parse_comparison(parser));
    std::optional<Comparison> second;
    if (parser.take_word("AND")) {
        TRY(second, parse_comparison(parser));
    }
    TRY_VOID(parser.expect_end());
    if (second && second->name == table.partition_key.name) std::swap(first, *second);
    if (first.name != table.partition_key.name)
        return fail(Code::invalid_argument,
                    "Query condition missed key schema element: " + table.partition_key.name);
    if (first.range.kind != SortRange::Kind::equal)
        return fail(Code::invalid_argument, "Query key condition not supported");
    KeyCondition out;
    out.partition = std::move(*first.range.low);
    if (second) {
        if (!table.sort_key || second->name != table.sort_key->name)
            return fail(Code::invalid_argument,
                        "Query condition names an attribute that is not the "
                        "table's sort key");
        out.sort = std::move(second->range);
    }
    return out;
}

Result<bool> parse_existence(std::string_view expression, const config::Table& table,
                             Bindings& bindings) {
    TRY(Parser parser, parser_of(expression, bindings));
    std::optional<bool> wanted;
    do {
        const Token start = parser.peek();
        const auto function = parser.function();
        if (!function || (*function != "attribute_exists" && *function != "attribute_not_exists"))
            return unsupported(
                "A condition other than attribute_exists or attribute_not_exists of the key");
        const bool exists = *function == "attribute_exists";
        TRY(const std::string name, parser.path());
        TRY_VOID(parser.expect(")"));
        const bool is_key =
            name == table.partition_key.name || (table.sort_key && name == table.sort_key->name);
        if (!is_key) return unsupported("A condition on an attribute that is not part of the key");
        if (wanted && *wanted != exists) return unsupported("A condition that contradicts itself");
        wanted = exists;
    } while (parser.take_word("AND"));
    if (parser.peek().is_word("OR")) return unsupported("OR in a condition");
    TRY_VOID(parser.expect_end());
    return *wanted;
}

Result<std::vector<std::string>> parse_projection(std::string_view expression, Bindings& bindings) {
    TRY(Parser parser, parser_of(expression, bindings));
    std::vector<std::string> out;
    do {
        TRY(std::string name, parser.path());
        if (std::ranges::find(out, name) != out.end())
            return fail(Code::invalid_argument,
                        "Invalid ProjectionExpression: Two document paths overlap with each other");
        out.push_back(std::move(name));
    } while (parser.take(","));
    TRY_VOID(parser.expect_end());
    return out;
}

Result<Bindings> Bindings::parse(const json::object& request) {
    Bindings out;
    if (const json::value* names = request.if_contains("ExpressionAttributeNames");
        names != nullptr && !names->is_null()) {
        const json::object* object = names->if_object();
        if (object == nullptr)
            return fail(Code::malformed, "ExpressionAttributeNames must be an object.");
        for (const auto& member : *object) {
            const json::string* text = member.value().if_string();
            if (text == nullptr)
                return fail(Code::malformed, "ExpressionAttributeNames must hold strings.");
            if (!member.key().starts_with('#'))
                return fail(Code::invalid_argument,
                            "ExpressionAttributeNames contains invalid key: Syntax error");
            out.names_.emplace(member.key(), *text);
        }
    }
    if (const json::value* values = request.if_contains("ExpressionAttributeValues");
        values != nullptr && !values->is_null()) {
        const json::object* object = values->if_object();
        if (object == nullptr)
            return fail(Code::malformed, "ExpressionAttributeValues must be an object.");
        for (const auto& member : *object)
            if (!member.key().starts_with(':'))
                return fail(Code::invalid_argument,
                            "ExpressionAttributeValues contains invalid key: Syntax error");
        TRY(out.values_, parse_item(*object));
    }
    return out;
}

Result<std::string> Bindings::name(const std::string& placeholder) {
    const auto found = names_.find(placeholder);
    if (found == names_.end())
        return fail(Code::invalid_argument,
                    "An expression attribute name used in the document path is not defined; "
                    "attribute name: " +
                        placeholder);
    used_.insert(placeholder);
    return found->second;
}

Result<Attribute> Bindings::value(const std::string& placeholder) {
    const auto found = values_.find(placeholder);
    if (found == values_.end())
        return fail(Code::invalid_argument,
                    "An expression attribute value used in expression is not defined; attribute "
                    "value: " +
                        placeholder);
    used_.insert(placeholder);
    return found->second;
}

Result<void> Bindings::check_all_used(bool any_expression) const {
    if (!any_expression && !(names_.empty() && values_.empty()))
        return fail(
            Code::invalid_argument,
            std::string(names_.empty() ? "ExpressionAttributeValues" : "ExpressionAttributeNames") +
                " can only be specified when using expressions");
    for (const auto& [name, text] : names_)
        if (!used_.contains(name))
            return fail(
                Code::invalid_argument,
                "Value provided in ExpressionAttributeNames unused in expressions: keys: {" + name +
                    "}");
    for (const auto& [name, value] : values_)
        if (!used_.contains(name))
            return fail(
                Code::invalid_argument,
                "Value provided in ExpressionAttributeValues unused in expressions: keys: {" +
                    name + "}");
    return {};
}

}  // namespace domicile::api::dynamodb
