// Numbers that states give to people, by form and check digits. Internal to documents.
#pragma once

#include <span>
#include <string_view>

namespace domicile::documents {

// One to a few words of letters and digits, as they stood in a text: `compact` without separators,
// in upper case; `groups` the words' lengths; `separator` what stood between all of them: ' ', '-',
// '.', '/', or 0 for a single word, '*' when they differ.
struct Written {
    std::string_view compact;
    std::span<const std::size_t> groups;
    char separator = 0;
};

bool all_digits(std::string_view text);
// The last digit makes the sum a multiple of ten (ISO/IEC 7812-1, annex B).
bool luhn(std::string_view digits);

bool is_national_id(const Written& written);
// By digits alone; at least 15 of them, so that chance seldom makes one.
bool is_long_national_id(std::string_view digits);

}  // namespace domicile::documents
