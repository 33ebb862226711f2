#include "documents/number.h"

#include <algorithm>

#include "documents/documents.h"

namespace domicile::documents {
namespace {

constexpr int kExponentMax = 126;   // 9.99E+125 is 0.999E+126
constexpr int kExponentMin = -129;  // 1E-130 is 0.1E-129
constexpr std::size_t kDigitsMax = 38;
constexpr long kExponentTextMax = 1'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::unexpected<Error> not_a_number() {
    return fail(
        Code::invalid_argument,
        "The parameter cannot be converted to a numeric value");  // the value stays out (I2)
}

// What stands before the exponent: all digits, and how many of them precede the point.
struct Mantissa {
    std::string digits;
    long whole = 0;
    bool any = false;
};

Mantissa take_mantissa(std::string_view& rest) {
    Mantissa out;
    bool point = false;
    while (!rest.empty() && (is_digit(rest[0]) || (rest[0] == '.' && !point))) {
        if (rest[0] == '.') {
            point = true;
        } else {
            out.any = true;
            out.digits += rest[0];
            if (!point) ++out.whole;
        }
        rest.remove_prefix(1);
    }
    return out;
}

bool take_sign(std::string_view& rest) {
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    return negative;
}

// nullopt when there is no whole exponent; capped, since only its being too large matters then.
std::optional<long> take_exponent(std::string_view rest) {
    if (rest.empty()) return 0;
    if (rest[0] != 'e' && rest[0] != 'E') return std::nullopt;
    rest.remove_prefix(1);
    const bool negative = take_sign(rest);
    if (rest.empty() || !std::ranges::all_of(rest, is_digit)) return std::nullopt;
    long value = 0;
    for (const char c : rest) value = std::min(value * 10 + (c - '0'), kExponentTextMax);
    return negative ? -value : value;
}

}  // namespace

Result<Decimal> parse_decimal(std::string_view text) {
    std::string_view rest = text;
    Decimal out;
    out.negative = take_sign(rest);
    Mantissa mantissa = take_mantissa(rest);
    const auto exponent = take_exponent(rest);
    if (!mantissa.any || !exponent) return not_a_number();
    const std::size_t first = mantissa.digits.find_first_not_of('0');
    if (first == std::string::npos) return Decimal{};
    const std::size_t last = mantissa.digits.find_last_not_of('0');
    out.digits = mantissa.digits.substr(first, last - first + 1);
    if (out.digits.size() > kDigitsMax)
        return fail(Code::invalid_argument,
                    "Attempting to store more than 38 significant digits in a Number");
    const long scale = mantissa.whole - static_cast<long>(first) + *exponent;
    if (scale > kExponentMax)
        return fail(Code::invalid_argument,
                    "Number overflow. Attempting to store a number with magnitude larger than "
                    "supported range");
    if (scale < kExponentMin)
        return fail(Code::invalid_argument,
                    "Number underflow. Attempting to store a number with magnitude smaller than "
                    "supported range");
    out.exponent = static_cast<int>(scale);
    return out;
}

std::string print_decimal(const Decimal& value) {
    if (value.digits.empty()) return "0";
    std::string out = value.negative ? "-" : "";
    const int size = static_cast<int>(value.digits.size());
    if (value.exponent <= 0) {
        out += "0." + std::string(static_cast<std::size_t>(-value.exponent), '0') + value.digits;
    } else if (value.exponent >= size) {
        out += value.digits + std::string(static_cast<std::size_t>(value.exponent - size), '0');
    } else {
        const auto whole = static_cast<std::size_t>(value.exponent);
        out += value.digits.substr(0, whole) + "." + value.digits.substr(whole);
    }
    return out;
}

// A sign byte, the biased exponent, the digits. For a negative number everything after the sign is
// inverted and ended by 0xff, so that the larger magnitude sorts first also where one is the
// other's beginning.
std::string ordered_bytes(const Decimal& value) {
    if (value.digits.empty()) return "\x02";
    std::string body;
    body += static_cast<char>(value.exponent - kExponentMin);  // 0 to 255
    body += value.digits;
    if (!value.negative) return "\x03" + body;
    for (char& c : body) c = static_cast<char>(~c);
    return "\x01" + body + "\xff";
}

Result<Number> make_number(std::string_view text) {
    TRY(const Decimal value, parse_decimal(text));
    return Number{print_decimal(value)};
}

}  // namespace domicile::documents
