// DynamoDB's numbers: up to 38 significant decimal digits. Kept as text, never as floating point.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile::documents {

// 0.digits * 10^exponent; no leading or trailing zero among the digits, which are empty for zero.
struct Decimal {
    bool negative = false;
    int exponent = 0;
    std::string digits;
};

Result<Decimal> parse_decimal(std::string_view text);
std::string print_decimal(const Decimal& value);

// Bytes that compare (memcmp, the shorter first) as the numbers do.
std::string ordered_bytes(const Decimal& value);

}  // namespace domicile::documents
