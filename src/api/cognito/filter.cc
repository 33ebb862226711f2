#include "api/cognito/filter.h"

#include <algorithm>
#include <array>

namespace domicile::api::cognito {
namespace {

using identity::UserFilter;

constexpr std::size_t kFilterBytesMax = 256;
constexpr std::array<std::string_view, 10> kAttributes = {
    "username",   "email",       "phone_number",       "name",
    "given_name", "family_name", "preferred_username", "cognito:user_status",
    "status",     "sub"};

std::unexpected<DialectError> wrong(const char* what) {
    return std::unexpected(invalid_parameter(std::string("Error while parsing filter: ") + what));
}

std::string_view trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(' ');
    if (from == text.npos) return {};
    return text.substr(from, text.find_last_not_of(' ') - from + 1);
}

// What stands between the quotation marks, which are the first and the last character.
Outcome<std::string> unquoted(std::string_view text) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
        return wrong("the value stands in quotation marks.");
    }
    text = text.substr(1, text.size() - 2);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') return wrong("a quotation mark in the value needs a backslash.");
        if (text[i] == '\\') ++i;
        if (i == text.size()) return wrong("the value ends in a backslash.");
        out += text[i];
    }
    return out;
}

}  // namespace

Outcome<UserFilter> parse_filter(std::string_view text) {
    UserFilter out;
    text = trimmed(text);
    if (text.empty()) return out;
    if (text.size() > kFilterBytesMax) return wrong("it has more than 256 characters.");
    const auto sign = text.find('=');
    if (sign == text.npos || sign == 0) return wrong("there is no = or ^=.");
    const bool is_prefix = text[sign - 1] == '^';
    out.match = is_prefix ? UserFilter::Match::prefix : UserFilter::Match::equal;
    out.attribute = trimmed(text.substr(0, is_prefix ? sign - 1 : sign));
    // Some clients put the attribute in quotation marks too.
    if (auto plain = unquoted(out.attribute)) out.attribute = std::move(*plain);
    if (std::ranges::find(kAttributes, out.attribute) == kAttributes.end()) {
        return wrong("users are not searched by this attribute.");
    }
    auto value = unquoted(trimmed(text.substr(sign + 1)));
    if (!value) return std::unexpected(std::move(value.error()));
    out.value = std::move(*value);
    return out;
}

}  // namespace domicile::api::cognito
