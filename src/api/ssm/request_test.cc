#include "api/ssm/request.h"

#include <gtest/gtest.h>

namespace domicile::api::ssm {
namespace {

constexpr const char* kRegion = "eu-central-1";

json::object object(std::string_view text) { return json::parse(text).as_object(); }
template <class T>
std::string problem(const Result<T>& result) {
    if (result) return "none";
    return result.error().reason.empty() ? std::string(to_string(result.error().code))
                                         : result.error().reason;
}

TEST(SsmRequest, a_name_may_have_its_version_or_be_an_arn) {
    const auto plain = parse_one(object(R"({"Name":"/app/a","WithDecryption":true})"), kRegion);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->name.name, "/app/a");
    EXPECT_TRUE(plain->decrypted);
    EXPECT_EQ(parse_name("/app/a:1", kRegion)->selector, ":1");
    EXPECT_EQ(parse_name("arn:aws:ssm:eu-central-1:000000000000:parameter/app/a", kRegion)->name,
              "/app/a");
    EXPECT_EQ(problem(parse_name("arn:aws:ssm:us-east-2:000000000000:parameter/app/a", kRegion)),
              reason::kNoParameter);
    EXPECT_EQ(problem(parse_name("/app/a:2", kRegion)), reason::kNoVersion);
    EXPECT_EQ(problem(parse_name("/app/a b", kRegion)), "invalid_argument");
    EXPECT_EQ(problem(parse_one(object(R"({"Name":5})"), kRegion)), "malformed");
    EXPECT_EQ(problem(parse_one(object("{}"), kRegion)), "invalid_argument");
}

TEST(SsmRequest, up_to_ten_names_keep_their_order) {
    const auto several = parse_several(object(R"({"Names":["/b","/a","/x:9"]})"), kRegion);
    ASSERT_TRUE(several);
    ASSERT_EQ(several->names.size(), 3U);
    EXPECT_EQ(several->names[0].name, "/b");
    EXPECT_EQ(several->names[1].name, "/a");
    EXPECT_EQ(several->names[2].asked, "/x:9");
    EXPECT_EQ(several->names[2].name, "") << "it cannot be there";
    EXPECT_EQ(problem(parse_several(object(R"({"Names":[]})"), kRegion)), "invalid_argument");
    EXPECT_EQ(problem(parse_several(object(R"({"Names":[1]})"), kRegion)), "malformed");
    EXPECT_EQ(problem(parse_several(
                  object(R"({"Names":["1","2","3","4","5","6","7","8","9","10","11"]})"), kRegion)),
              "invalid_argument");
}

TEST(SsmRequest, a_path_begins_with_a_slash_and_goes_on_after_its_token) {
    const auto first = parse_below(object(R"({"Path":"/app","Recursive":true,"MaxResults":3})"));
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->deep);
    EXPECT_EQ(first->most, 3U);
    json::object next = object(R"({"Path":"/app"})");
    next["NextToken"] = token_after("/app/c");
    EXPECT_EQ(parse_below(next)->after, "/app/c");
    EXPECT_EQ(problem(parse_below(object(R"({"Path":"/app","NextToken":"!"})"))),
              reason::kBadToken);
    EXPECT_EQ(problem(parse_below(object(R"({"Path":"app"})"))), "invalid_argument");
    EXPECT_EQ(problem(parse_below(object(R"({"Path":"/a","MaxResults":11})"))), "invalid_argument");
    EXPECT_EQ(problem(parse_below(object(R"({"Path":"/a","ParameterFilters":[{}]})"))),
              reason::kBadFilter);
}

}  // namespace
}  // namespace domicile::api::ssm
