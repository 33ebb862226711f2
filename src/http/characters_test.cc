#include "http/characters.h"

#include <gtest/gtest.h>

#include <string>

namespace domicile::http {
namespace {

constexpr std::size_t kSizeMax = 40;  // more than two blocks of what is looked at together

// Each byte at each place of texts of each size that are otherwise good.
template <class F>
void at_each_place(F check) {
    for (std::size_t size = 1; size <= kSizeMax; ++size) {
        std::string text(size, 'x');
        for (std::size_t at = 0; at < size; ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                text[at] = static_cast<char>(byte);
                check(text, byte);
            }
            text[at] = 'x';
        }
    }
}

TEST(characters, a_field_value_has_no_control_character_but_the_tab) {
    EXPECT_TRUE(is_field_value(""));
    at_each_place([](const std::string& text, int byte) {
        const bool good = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
        ASSERT_EQ(is_field_value(text), good) << byte << " in " << text.size();
    });
}

TEST(characters, a_token_has_what_rfc_9110_lists) {
    const std::string_view marks = "!#$%&'*+-.^_`|~";
    EXPECT_FALSE(is_token(""));
    at_each_place([&](const std::string& text, int byte) {
        const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        const bool digit = byte >= '0' && byte <= '9';
        const bool mark = marks.find(static_cast<char>(byte)) != std::string_view::npos;
        ASSERT_EQ(is_token(text), letter || digit || mark) << byte << " in " << text.size();
    });
}

}  // namespace
}  // namespace domicile::http
