#include "documents/national_id.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

namespace domicile::documents {
namespace {

int digit(char c) { return c - '0'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'A' && c <= 'Z'; }

// 'd' a digit, 'L' a letter, anything else itself.
bool has_form(std::string_view text, std::string_view form) {
    if (text.size() != form.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool fits = form[i] == 'd'   ? is_digit(text[i])
                          : form[i] == 'L' ? is_letter(text[i])
                                           : text[i] == form[i];
        if (!fits) return false;
    }
    return true;
}

bool grouped(const Written& written, char separator, std::initializer_list<std::size_t> groups) {
    return written.separator == separator && std::ranges::equal(written.groups, groups);
}

int number(std::string_view digits) {
    int out = 0;
    for (const char c : digits) out = out * 10 + digit(c);
    return out;
}

bool is_month_and_day(std::string_view four) {
    const int month = number(four.substr(0, 2)), day = number(four.substr(2));
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

int weighted(std::string_view digits, std::initializer_list<int> weights) {
    int sum = 0;
    std::size_t i = 0;
    for (const int weight : weights) sum += weight * digit(digits[i++]);
    return sum;
}

std::uint64_t mod97(std::string_view digits) {
    std::uint64_t rest = 0;
    for (const char c : digits) rest = (rest * 10 + static_cast<std::uint64_t>(digit(c))) % 97;
    return rest;
}

// Social Security number: 3-2-4, areas 000, 666 and 9xx were never given out.
bool united_states(const Written& w) {
    if (!grouped(w, '-', {3, 2, 4}) || !all_digits(w.compact)) return false;
    const std::string_view area = w.compact.substr(0, 3);
    return area != "000" && area != "666" && area[0] != '9' && w.compact.substr(3, 2) != "00" &&
           w.compact.substr(5) != "0000";
}

// National Insurance number: two letters of a set, six digits, A to D.
bool united_kingdom(const Written& w) {
    if (!has_form(w.compact, "LLddddddL")) return false;
    constexpr std::string_view kNotFirst = "DFIQUV", kNotSecond = "DFIOQUV";
    return kNotFirst.find(w.compact[0]) == std::string_view::npos &&
           kNotSecond.find(w.compact[1]) == std::string_view::npos && w.compact[8] <= 'D';
}

// DNI and NIE: the letter is the number modulo 23.
bool spain(const Written& w) {
    constexpr std::string_view kLetters = "TRWAGMYFPDXBNJZSQVHLCKE";
    const std::string_view text = w.compact;
    int value = 0;
    if (has_form(text, "ddddddddL")) {
        value = number(text.substr(0, 8));
    } else if (has_form(text, "LdddddddL") && text[0] >= 'X') {
        value = (text[0] - 'X') * 10'000'000 + number(text.substr(1, 7));
    } else {
        return false;
    }
    return kLetters[static_cast<std::size_t>(value % 23)] == text.back();
}

// Codice fiscale (D.M. 23 December 1976): the last letter from sums over odd and even places.
bool italy(const Written& w) {
    if (!has_form(w.compact, "LLLLLLddLddLdddL")) return false;
    constexpr std::array<int, 26> kOdd = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                          20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    int sum = 0;
    for (std::size_t i = 0; i < 15; ++i) {
        const char c = w.compact[i];
        const int place = is_digit(c) ? digit(c) : c - 'A';
        sum += i % 2 == 0 ? kOdd[static_cast<std::size_t>(place)] : place;
    }
    return w.compact[15] == 'A' + sum % 26;
}

// NIR: thirteen digits and 97 less their rest; A and B stand for Corsica's departments.
bool france(const Written& w) {
    std::array<char, 15> digits{};
    if (w.compact.size() != digits.size()) return false;
    std::ranges::copy(w.compact, digits.begin());
    std::uint64_t offset = 0;
    if (digits[5] == '2' && (digits[6] == 'A' || digits[6] == 'B')) {
        offset = digits[6] == 'A' ? 1'000'000 : 2'000'000;
        digits[6] = '0';
    }
    const std::string_view text(digits.data(), digits.size());
    if (!all_digits(text) || (text[0] != '1' && text[0] != '2')) return false;
    const int month = number(text.substr(3, 2));
    if (month < 1 || (month > 12 && month < 20)) return false;
    const std::uint64_t rest = (mod97(text.substr(0, 13)) + 97 - offset % 97) % 97;
    return 97 - rest == static_cast<std::uint64_t>(number(text.substr(13)));
}

// CPF, as it is written: 3.3.3-2, two check digits.
bool brazil(const Written& w) {
    if (!std::ranges::equal(w.groups, std::initializer_list<std::size_t>{3, 3, 3, 2}) ||
        !all_digits(w.compact))
        return false;
    if (w.compact.find_first_not_of(w.compact[0]) == std::string_view::npos) return false;
    const auto check = [](int sum) { return sum * 10 % 11 % 10; };
    return check(weighted(w.compact, {10, 9, 8, 7, 6, 5, 4, 3, 2})) == digit(w.compact[9]) &&
           check(weighted(w.compact, {11, 10, 9, 8, 7, 6, 5, 4, 3, 2})) == digit(w.compact[10]);
}

// PESEL: a date, whose month also says the century, and a check digit.
bool poland(const Written& w) {
    if (!has_form(w.compact, "ddddddddddd")) return false;
    const int month = number(w.compact.substr(2, 2)) % 20, day = number(w.compact.substr(4, 2));
    if (month < 1 || month > 12 || day < 1 || day > 31) return false;
    return weighted(w.compact, {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1}) % 10 == 0;
}

// IdNr: exactly one digit is there twice or three times among ten; ISO/IEC 7064 mod 11,10.
bool germany(const Written& w) {
    if (!has_form(w.compact, "ddddddddddd") || w.compact[0] == '0') return false;
    std::array<int, 10> seen{};
    for (std::size_t i = 0; i < 10; ++i) ++seen[static_cast<std::size_t>(digit(w.compact[i]))];
    if (std::ranges::count_if(seen, [](int n) { return n > 1; }) != 1 ||
        *std::ranges::max_element(seen) > 3)
        return false;
    int product = 10;
    for (std::size_t i = 0; i < 10; ++i) {
        const int sum = (digit(w.compact[i]) + product) % 10;
        product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return (11 - product) % 10 == digit(w.compact[10]);
}

// Personnummer, as it is written: a date, - or +, four digits.
bool sweden(const Written& w) {
    if (!grouped(w, '-', {6, 4}) && !grouped(w, '-', {8, 4})) return false;
    if (!all_digits(w.compact)) return false;
    const std::string_view ten = w.compact.substr(w.compact.size() - 10);
    return is_month_and_day(ten.substr(2, 4)) && luhn(ten);
}

// Aadhaar, as it is written: 4 4 4, the last by Verhoeff's scheme.
bool india(const Written& w) {
    if (w.separator == 0 ||
        !std::ranges::equal(w.groups, std::initializer_list<std::size_t>{4, 4, 4}))
        return false;
    if (!all_digits(w.compact) || w.compact[0] < '2') return false;
    // The dihedral group of ten: rotations below 5, reflections from 5.
    const auto product = [](int a, int b) {
        const int low = a < 5 ? (a + b) % 5 : (a - 5 + 5 - b % 5) % 5;
        return (a < 5) == (b < 5) ? low : low + 5;
    };
    constexpr std::array<int, 10> kPermutation = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
    int sum = 0;
    for (std::size_t i = 0; i < 12; ++i) {
        int value = digit(w.compact[11 - i]);
        for (std::size_t n = 0; n < i % 8; ++n)
            value = kPermutation[static_cast<std::size_t>(value)];
        sum = product(sum, value);
    }
    return sum == 0;
}

// GB 11643-1999: place, date, order, and a check of X or a digit.
bool china(const Written& w) {
    if (w.compact.size() != 18 || !all_digits(w.compact.substr(0, 17))) return false;
    const std::string_view century = w.compact.substr(6, 2);
    if ((century != "19" && century != "20") || !is_month_and_day(w.compact.substr(10, 4)))
        return false;
    const int sum = weighted(w.compact, {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2});
    return "10X98765432"[sum % 11] == w.compact[17];
}

}  // namespace

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
}

bool luhn(std::string_view digits) {
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        int value = digit(digits[digits.size() - 1 - i]);
        if (i % 2 == 1) value = value < 5 ? value * 2 : value * 2 - 9;
        sum += value;
    }
    return sum % 10 == 0;
}

bool is_national_id(const Written& written) {
    return united_states(written) || united_kingdom(written) || spain(written) || italy(written) ||
           france(written) || brazil(written) || poland(written) || germany(written) ||
           sweden(written) || india(written) || china(written);
}

bool is_long_national_id(std::string_view digits) {
    const Written written{digits, {}, 0};
    return all_digits(digits) && (france(written) || china(written));
}

}  // namespace domicile::documents
