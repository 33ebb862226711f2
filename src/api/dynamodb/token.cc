#include "api/dynamodb/token.h"

#include "base/encoding.h"

namespace domicile::api::dynamodb {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word_char(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string take_word(std::string_view& rest) {
    std::size_t size = 0;
    while (size < rest.size() && is_word_char(rest[size])) ++size;
    std::string word(rest.substr(0, size));
    rest.remove_prefix(size);
    return word;
}

Result<Token> take_sign(std::string_view& rest) {
    for (const std::string_view two : {"<=", ">=", "<>"}) {
        if (!rest.starts_with(two)) continue;
        rest.remove_prefix(2);
        return Token{Token::Kind::sign, std::string(two)};
    }
    if (std::string_view("(),=<>.[]+-").find(rest[0]) == std::string_view::npos)
        return fail(Code::invalid_argument, "Syntax error: a character has no place there");
    Token token{Token::Kind::sign, std::string(1, rest[0])};
    rest.remove_prefix(1);
    return token;
}

Result<Token> take_token(std::string_view& rest) {
    const char first = rest[0];
    if (is_letter(first)) return Token{Token::Kind::name, take_word(rest)};
    if (first == '#' || first == ':') {
        rest.remove_prefix(1);
        std::string word = take_word(rest);
        if (word.empty())
            return fail(Code::invalid_argument, "Syntax error: a '#' or ':' without a name");
        return Token{first == '#' ? Token::Kind::placeholder : Token::Kind::value, first + word};
    }
    if (first >= '0' && first <= '9') return Token{Token::Kind::sign, take_word(rest)};
    return take_sign(rest);
}

}  // namespace

bool Token::is_word(std::string_view word) const {
    return kind == Kind::name && equals_ignore_case(text, word);
}

Result<std::vector<Token>> tokenize(std::string_view expression) {
    if (expression.size() > kExpressionBytesMax)
        return fail(Code::invalid_argument,
                    "Expression size has exceeded the maximum allowed size");
    std::vector<Token> out;
    for (std::string_view rest = expression;;) {
        while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
        if (rest.empty()) break;
        if (out.size() >= kTokensMax)
            return fail(Code::invalid_argument, "The expression has too many parts");
        TRY(Token token, take_token(rest));
        out.push_back(std::move(token));
    }
    if (out.empty()) return fail(Code::invalid_argument, "The expression can not be empty;");
    out.push_back({});
    return out;
}

}  // namespace domicile::api::dynamodb
