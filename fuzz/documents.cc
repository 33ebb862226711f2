// The form of items on disk, and numbers. Bytes that decode are encoded to bytes that decode to the
// same item; what looks personal does so between blanks too; numbers are in normal form, keep their
// value, and their key bytes compare as they do.
#include <cmath>
#include <cstdlib>
#include <string>

#include "documents/codec.h"
#include "documents/number.h"
#include "documents/personal.h"
#include "fuzz.h"

namespace domicile::fuzz {
namespace {

void check_codec(std::string_view input) {
    const auto item = documents::decode_item(input);
    if (!item) return;
    DOMICILE_CHECK(documents::check_depth(*item).has_value());
    const std::string bytes = documents::encode_item(*item);
    // One form for each item: a second one would be another ciphertext for the same content.
    DOMICILE_CHECK(bytes == input);
    DOMICILE_CHECK(documents::item_bytes(*item) < 8 * input.size() + 8);
}

int sign_of(const documents::Decimal& value) {
    if (value.digits.empty()) return 0;
    return value.negative ? -1 : 1;
}

// Compared without the code under test: sign, then magnitude by exponent and digits.
int compare(const documents::Decimal& a, const documents::Decimal& b) {
    if (sign_of(a) != sign_of(b)) return sign_of(a) < sign_of(b) ? -1 : 1;
    int magnitude = 0;
    if (a.exponent != b.exponent && sign_of(a) != 0) {
        magnitude = a.exponent < b.exponent ? -1 : 1;
    } else {
        const int digits = a.digits.compare(b.digits);
        magnitude = digits < 0 ? -1 : digits > 0 ? 1 : 0;
    }
    return sign_of(a) < 0 ? -magnitude : magnitude;
}

void check_number(std::string_view text) {
    const auto number = documents::make_number(text);
    const auto value = documents::parse_decimal(text);
    DOMICILE_CHECK(number.has_value() == value.has_value());
    if (!number) return;
    DOMICILE_CHECK(value->digits.size() <= 38);
    const auto again = documents::make_number(number->text);
    DOMICILE_CHECK(again.has_value() && again->text == number->text);
    const double is = std::strtod(number->text.c_str(), nullptr);
    const double was = std::strtod(std::string(text).c_str(), nullptr);
    DOMICILE_CHECK(std::abs(is - was) <= 1e-12 * std::abs(was));
}

void check_order(std::string_view first, std::string_view second) {
    const auto a = documents::parse_decimal(first);
    const auto b = documents::parse_decimal(second);
    if (!a || !b) return;
    const std::string x = documents::ordered_bytes(*a), y = documents::ordered_bytes(*b);
    const int by_bytes = x < y ? -1 : x > y ? 1 : 0;
    DOMICILE_CHECK(by_bytes == compare(*a, *b));
}

// What is found in a text is found where nothing touches it.
void check_personal(std::string_view text) {
    if (!documents::looks_personal(text)) return;
    DOMICILE_CHECK(documents::looks_personal("; " + std::string(text) + " ;").has_value());
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(documents) {
    using namespace domicile::fuzz;
    check_codec(input);
    check_number(input);
    check_personal(input);
    const auto blank = input.find(' ');
    if (blank != input.npos) check_order(input.substr(0, blank), input.substr(blank + 1));
}
