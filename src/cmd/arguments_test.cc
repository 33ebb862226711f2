#include "cmd/arguments.h"

#include <gtest/gtest.h>

namespace domicile::cmd {
namespace {

Result<Arguments> parse(const std::vector<std::string>& words) {
    return Arguments::parse(words, {"data", "region"}, {"quiet"});
}

TEST(Arguments, options_take_the_next_word_and_flags_none) {
    const auto parsed = parse({"create", "--data", "/d", "--quiet", "ID"});
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->words(), (std::vector<std::string>{"create", "ID"}));
    EXPECT_EQ(parsed->option("data"), "/d");
    EXPECT_TRUE(parsed->flag("quiet"));
    EXPECT_FALSE(parsed->option("region"));
    EXPECT_EQ(parsed->option_or("region", "none"), "none");
}

TEST(Arguments, what_cannot_be_meant_is_refused_with_its_name) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"--dta", "/d"}, {"--data"}, {"--data", "a", "--data", "b"}}) {
        const auto parsed = parse(words);
        ASSERT_FALSE(parsed) << words[0];
        EXPECT_EQ(parsed.error().code, Code::invalid_argument);
        EXPECT_NE(parsed.error().message.find(words[0]), std::string::npos)
            << parsed.error().message;
    }
}

}  // namespace
}  // namespace domicile::cmd
