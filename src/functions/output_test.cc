#include "functions/output.h"

#include <gtest/gtest.h>

#include <vector>

namespace domicile::functions {
namespace {

struct Lines {
    std::vector<std::string> lines;
    int cut = 0;
    Output::Line keep = [this](std::string_view line, bool was_cut) {
        lines.emplace_back(line);
        cut += was_cut ? 1 : 0;
    };
};

TEST(output, lines_come_whole_however_they_are_cut) {
    Lines seen;
    Output output;
    for (const char* piece : {"on", "e\r\ntwo\n\nth", "ree"})
        output.take(piece, Instant{1}, seen.keep);
    output.finish(Instant{1}, seen.keep);
    EXPECT_EQ(seen.lines, (std::vector<std::string>{"one", "two", "three"}));
    EXPECT_EQ(seen.cut, 0);
}

TEST(output, the_rest_of_a_long_line_is_left_out_with_the_word_that_was_cut) {
    Lines seen;
    Output output({.line_bytes = 20});
    output.take("a line with anna@exa", Instant{1}, seen.keep);
    output.take("mple.com and more\nshort\n", Instant{1}, seen.keep);
    EXPECT_EQ(seen.lines, (std::vector<std::string>{"a line with ", "short"}));
    EXPECT_EQ(seen.cut, 1);
}

TEST(output, a_flood_is_dropped_and_counted_until_the_next_second) {
    Lines seen;
    Output output({.lines = 2, .bytes = 8});
    output.take("1\n2\n3\n4\n", Instant{5000}, seen.keep);
    EXPECT_EQ(seen.lines, (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(output.take_dropped(), 2U);
    EXPECT_EQ(output.take_dropped(), 0U);
    output.take("123456789\n", Instant{6000}, seen.keep);
    EXPECT_EQ(output.take_dropped(), 1U) << "more than a second's bytes";
    output.take("5\n", Instant{6000}, seen.keep);
    EXPECT_EQ(seen.lines.back(), "5");
}

}  // namespace
}  // namespace domicile::functions
