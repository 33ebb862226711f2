// Words of DynamoDB's expression language: names, #placeholders, :values and signs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace domicile::api::dynamodb {

struct Token {
    enum class Kind : std::uint8_t { name, placeholder, value, sign, end } kind = Kind::end;
    std::string text;  // with its # or :

    bool is(std::string_view sign_text) const { return kind == Kind::sign && text == sign_text; }
    // Keywords and functions; keywords compare without case.
    bool is_word(std::string_view word) const;
};

inline constexpr std::size_t kExpressionBytesMax = 4096;  // DynamoDB's limit
inline constexpr std::size_t kTokensMax = 1200;

// Ends with one token of kind end. invalid_argument for a character that has no place, or a bound.
Result<std::vector<Token>> tokenize(std::string_view expression);

}  // namespace domicile::api::dynamodb
