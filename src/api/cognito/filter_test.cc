#include "api/cognito/filter.h"

#include <gtest/gtest.h>

namespace domicile::api::cognito {
namespace {

using Match = identity::UserFilter::Match;

TEST(filter, it_names_an_attribute_a_relation_and_a_value) {
    const auto equal = parse_filter(R"(email = "anna@example.de")");
    ASSERT_TRUE(equal);
    EXPECT_EQ(equal->match, Match::equal);
    EXPECT_EQ(equal->attribute, "email");
    EXPECT_EQ(equal->value, "anna@example.de");
    const auto prefix = parse_filter(R"(given_name^="An")");
    ASSERT_TRUE(prefix);
    EXPECT_EQ(prefix->match, Match::prefix);
    EXPECT_EQ(prefix->attribute, "given_name");
    EXPECT_EQ(prefix->value, "An");
    EXPECT_EQ(parse_filter("  ")->match, Match::all);
    EXPECT_EQ(parse_filter(R"(name = "a \"b\" \\ = c")")->value, R"(a "b" \ = c)");
    EXPECT_EQ(parse_filter(R"("cognito:user_status" = "CONFIRMED")")->attribute,
              "cognito:user_status");
}

TEST(filter, anything_else_is_refused_with_a_reason) {
    for (const std::string text :
         {"email", "email = x", "= \"x\"", "email = \"x", "email = \"x\\\"", "email = \"a\"b\"",
          "custom:country = \"DE\"", "email > \"x\"", "^= \"x\"", "email = \""}) {
        const auto parsed = parse_filter(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().type, "InvalidParameterException") << text;
    }
    EXPECT_FALSE(parse_filter("email = \"" + std::string(300, 'x') + "\""));
}

}  // namespace
}  // namespace domicile::api::cognito
