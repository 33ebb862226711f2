#include "io/line_reader.h"

#include <gtest/gtest.h>

#include "io/testing.h"

namespace domicile::io {
namespace {

using End = Line::End;

std::vector<std::pair<std::string, End>> lines_of(const std::string& text, std::size_t max) {
    const testing::TemporaryFolder folder;
    const std::string path = folder.file("lines");
    EXPECT_TRUE(system_files().write_atomic(path, text));
    const auto file = system_files().open_read(path).value();
    LineReader reader(*file, max);
    std::vector<std::pair<std::string, End>> out;
    while (auto line = reader.next().value()) out.emplace_back(line->text, line->end);
    return out;
}

TEST(LineReader, hands_out_lines_and_says_how_the_last_one_ends) {
    using Lines = std::vector<std::pair<std::string, End>>;
    EXPECT_EQ(lines_of("", 10), Lines());
    EXPECT_EQ(lines_of("\n", 10), (Lines{{"", End::newline}}));
    EXPECT_EQ(lines_of("a\n\nb\n", 10),
              (Lines{{"a", End::newline}, {"", End::newline}, {"b", End::newline}}));
    EXPECT_EQ(lines_of("a\ntorn", 10), (Lines{{"a", End::newline}, {"torn", End::file}}));
}

TEST(LineReader, reads_lines_that_cross_its_chunks) {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += std::to_string(i) + std::string(i % 50, '.') + '\n';
    const auto lines = lines_of(text, 100);
    std::string again;
    for (const auto& [line, end] : lines) {
        EXPECT_EQ(end, End::newline);
        again += line + '\n';
    }
    EXPECT_EQ(again, text);
}

TEST(LineReader, holds_no_more_of_a_line_than_it_may) {
    const std::string long_line(100'000, 'x');
    const auto lines = lines_of("short\n" + long_line + "\n", 20'000);
    ASSERT_GT(lines.size(), 2u);
    EXPECT_EQ(lines[0].second, End::newline);
    EXPECT_EQ(lines[1].second, End::too_long);
    EXPECT_LT(lines[1].first.size(), 40'000u);
}

}  // namespace
}  // namespace domicile::io
