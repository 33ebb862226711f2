// A text is cut into words of letters and digits. From each word on, the words that follow at a
// small separator are joined, one by one, and each such piece is held against the forms.
#include "documents/personal.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "documents/national_id.h"

namespace domicile::documents {
namespace {

constexpr std::size_t kWordsMax = 9;  // an IBAN of 34 characters in groups of four
constexpr std::size_t kCompactMax = 34;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_digit(c) || is_alpha(c); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
// Parts of addresses beyond ASCII are bytes from 128.
bool is_local(char c) {
    return is_word(c) || (static_cast<unsigned char>(c) & 0x80) != 0 ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.\"").find(c) != std::string_view::npos;
}
bool is_domain(char c) {
    return is_word(c) || c == '-' || c == '.' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

// Something before the @, and behind it labels of which the last has two letters or more.
bool is_email_at(std::string_view text, std::size_t at) {
    if (at == 0 || !is_local(text[at - 1])) return false;
    std::size_t end = at + 1;
    while (end < text.size() && is_domain(text[end])) ++end;
    std::string_view domain = text.substr(at + 1, end - at - 1);
    while (domain.ends_with('.') || domain.ends_with('-')) domain.remove_suffix(1);
    const std::size_t dot = domain.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return false;
    const std::string_view last = domain.substr(dot + 1);
    return last.size() >= 2 && !all_digits(last);
}

bool has_email(std::string_view text) {
    for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1))
        if (is_email_at(text, at)) return true;
    return false;
}

// +49 (0)170 123-4567: a plus that begins something, then 8 to 15 digits (ITU-T E.164).
bool is_international_at(std::string_view text, std::size_t plus) {
    if (plus > 0 && is_word(text[plus - 1])) return false;
    std::size_t digits = 0, gap = 0;
    for (const char c : text.substr(plus + 1)) {
        if (is_digit(c)) {
            if (digits == 0 && c == '0') return false;
            ++digits, gap = 0;
            continue;
        }
        if (is_alpha(c) && gap == 0) return false;
        const bool between = std::string_view(" ()-./").find(c) != std::string_view::npos;
        if (digits == 0 || !between || ++gap > 2) break;
    }
    return digits >= 8 && digits <= 15;
}

bool has_international_phone(std::string_view text) {
    for (std::size_t at = text.find('+'); at != std::string_view::npos; at = text.find('+', at + 1))
        if (is_international_at(text, at)) return true;
    return false;
}

// As they are written at home: 212-555-0123, 020 7946 0958, 0170 1234567, 01 23 45 67 89.
bool is_national_phone(const Written& w) {
    if (w.separator == 0 || !all_digits(w.compact)) return false;
    const auto& groups = w.groups;
    const std::size_t digits = w.compact.size();
    const auto between = [](std::size_t n, std::size_t low, std::size_t high) {
        return n >= low && n <= high;
    };
    if (groups.size() == 3 && groups[0] == 3 && groups[1] == 3 && groups[2] == 4 &&
        w.compact[0] >= '2' && w.compact[3] >= '2')
        return true;
    if (w.compact[0] != '0') return false;
    if (groups.size() == 2) return between(groups[0], 2, 5) && between(groups[1], 6, 8);
    if (groups.size() == 3)
        return between(groups[0], 3, 5) && between(groups[1], 3, 4) && between(groups[2], 3, 4) &&
               between(digits, 10, 11);
    if (groups.size() != 5 || w.separator == '*') return false;
    for (const std::size_t group : groups)
        if (group != 2) return false;
    return true;
}

// Issuers' ranges and lengths; cards of 13 digits are gone, and would be met among EANs.
bool is_card(std::string_view digits) {
    if (digits.size() < 14 || digits.size() > 19 || !all_digits(digits)) return false;
    const auto first = [&](std::size_t n) {
        int out = 0;
        for (const char c : digits.substr(0, n)) out = out * 10 + (c - '0');
        return out;
    };
    const int two = first(2), three = first(3), four = first(4);
    bool known = false;
    if (digits.size() == 14) known = two == 36 || two == 38 || (three >= 300 && three <= 305);
    if (digits.size() == 15) known = two == 34 || two == 37;
    if (digits.size() == 16)
        known = digits[0] == '4' || (two >= 51 && two <= 55) || (four >= 2221 && four <= 2720) ||
                four == 6011 || two == 65 || (three >= 644 && three <= 649) || two == 35;
    if (digits.size() >= 16) known = known || two == 62;
    if (digits.size() == 19) known = known || digits[0] == '4';
    return known && luhn(digits);
}

// The registry of ISO 13616: a country and how long its numbers are. Without it, one of some two
// thousand hexadecimal digests would be one.
bool has_iban_length(std::string_view text) {
    constexpr std::string_view kLengths =
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18"
        "FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20"
        "LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24"
        "SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20";
    for (std::size_t i = 0; i < kLengths.size(); i += 4)
        if (kLengths.substr(i, 2) == text.substr(0, 2))
            return text.size() ==
                   static_cast<std::size_t>((kLengths[i + 2] - '0') * 10 + (kLengths[i + 3] - '0'));
    return false;
}

bool is_iban(std::string_view text) {
    if (text.size() < 15 || !is_digit(text[2]) || !is_digit(text[3]) || !has_iban_length(text))
        return false;
    std::uint32_t rest = 0;
    const auto feed = [&](char c) {
        rest = is_digit(c) ? (rest * 10 + static_cast<std::uint32_t>(c - '0')) % 97
                           : (rest * 100 + static_cast<std::uint32_t>(c - 'A' + 10)) % 97;
    };
    for (const char c : text.substr(4)) feed(c);
    for (const char c : text.substr(0, 4)) feed(c);
    return rest == 1;
}

std::optional<Personal> kind_of(const Written& w) {
    if (w.separator != '*' && is_card(w.compact)) return Personal::card;
    if (w.separator != '*' && is_iban(w.compact)) return Personal::iban;
    if (is_national_id(w)) return Personal::national_id;
    if (is_national_phone(w)) return Personal::phone;
    return std::nullopt;
}

struct Word {
    std::size_t begin, end;
};

std::vector<Word> words_in(std::string_view text) {
    std::vector<Word> out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_word(text[i])) continue;
        const std::size_t begin = i;
        while (i < text.size() && is_word(text[i])) ++i;
        out.push_back({begin, i});
    }
    return out;
}

// What may stand inside of a number: one sign, also with a bracket beside it. 0: something else.
char separator_of(std::string_view between) {
    char out = 0;
    if (between.empty() || between.size() > 2) return 0;
    for (const char c : between) {
        if (c == '(' || c == ')') continue;
        if (out != 0 || std::string_view(" -./+").find(c) == std::string_view::npos) return 0;
        out = c == '+' ? '-' : c;
    }
    return out == 0 ? ' ' : out;
}

std::optional<Personal> begins_at(std::string_view text, std::span<const Word> words) {
    std::string compact;
    std::array<std::size_t, kWordsMax> groups{};
    char separator = 0;
    for (std::size_t n = 0; n < words.size() && n < kWordsMax; ++n) {
        if (n > 0) {
            const std::size_t gap = words[n - 1].end;
            const char here = separator_of(text.substr(gap, words[n].begin - gap));
            if (here == 0) break;
            separator = n == 1 || separator == here ? here : '*';
        }
        const std::string_view word = text.substr(words[n].begin, words[n].end - words[n].begin);
        if (compact.size() + word.size() > kCompactMax) break;
        for (const char c : word) compact += upper(c);
        groups[n] = word.size();
        if (const auto kind = kind_of({compact, std::span(groups).first(n + 1), separator}))
            return kind;
    }
    return std::nullopt;
}

}  // namespace

std::string_view words_for(Personal kind) {
    switch (kind) {
        case Personal::email:
            return "an e-mail address";
        case Personal::phone:
            return "a phone number";
        case Personal::card:
            return "a card number";
        case Personal::iban:
            return "a bank account number";
        case Personal::national_id:
            return "a national identity number";
    }
    return "personal data";
}

std::optional<Personal> looks_personal(std::string_view text) {
    if (has_email(text)) return Personal::email;
    if (has_international_phone(text)) return Personal::phone;
    const std::vector<Word> words = words_in(text);
    for (std::size_t i = 0; i < words.size(); ++i)
        if (const auto kind = begins_at(text, std::span(words).subspan(i))) return kind;
    return std::nullopt;
}

std::optional<Personal> number_looks_personal(std::string_view digits) {
    if (is_card(digits)) return Personal::card;
    if (is_long_national_id(digits)) return Personal::national_id;
    return std::nullopt;
}

}  // namespace domicile::documents
