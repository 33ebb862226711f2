// Which bytes may stand where (RFC 9110, 5.5 and 5.6.2; RFC 3986, 3.3 and 3.4): allow-lists as
// tables, so that a byte nobody thought of is refused.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace domicile::http {

enum CharacterClass : std::uint8_t {
    kToken = 1,   // method and field names
    kPath = 2,    // path of an origin-form target
    kQuery = 4,   // its query; wider, as browsers leave some characters unescaped there
    kHost = 8,    // registered name or IPv4 address
    kDigit = 16,  // decimal
};

constexpr std::array<std::uint8_t, 256> make_character_table() {
    std::array<std::uint8_t, 256> table{};
    auto allow = [&table](std::string_view characters, unsigned classes) {
        for (const char c : characters) table[static_cast<unsigned char>(c)] |= classes;
    };
    allow("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", kToken | kPath | kQuery | kHost);
    allow("0123456789", kToken | kPath | kQuery | kHost | kDigit);
    allow("!#$%&'*+-.^_`|~", kToken);
    allow("-._~!$&'()*+,;=:@%/", kPath | kQuery);
    allow("[]|", kPath | kQuery);
    allow("?{}^`\\", kQuery);
    allow("-._~", kHost);
    return table;
}
inline constexpr std::array<std::uint8_t, 256> kCharacters = make_character_table();

// Looks at all of it even if the first is wrong: texts are short, nearly always right, and a loop
// without a way out is the quicker one.
constexpr bool is_all(std::string_view text, CharacterClass wanted) {
    unsigned common = wanted;
    for (const char c : text) common &= kCharacters[static_cast<unsigned char>(c)];
    return common != 0;
}

// True when `text` is a token (not empty).
bool is_token(std::string_view text);

// True when a field value holds no control character but the tab.
bool is_field_value(std::string_view text);

}  // namespace domicile::http
