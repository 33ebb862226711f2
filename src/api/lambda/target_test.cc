#include "api/lambda/target.h"

#include <gtest/gtest.h>

namespace domicile::api::lambda {
namespace {

const std::string kPath(kPathPrefix);

Result<Target> parse(std::string_view method, const std::string& rest,
                     std::string_view query = "") {
    return parse_target(method, kPath + rest, query, "eu-central-1");
}
Code code_of(const Result<Target>& target) { return target ? Code::internal : target.error().code; }

TEST(LambdaTarget, operations_are_told_apart_by_method_and_path) {
    EXPECT_EQ(parse("POST", "/f/invocations")->operation, Operation::invoke);
    EXPECT_EQ(parse("GET", "/f")->operation, Operation::get_function);
    EXPECT_EQ(parse("GET", "/f/configuration")->operation, Operation::get_configuration);
    EXPECT_EQ(parse("GET", "/")->operation, Operation::list_functions);
    EXPECT_EQ(parse("GET", "")->operation, Operation::list_functions);
    EXPECT_EQ(code_of(parse("POST", "/")), Code::unsupported) << "CreateFunction";
    EXPECT_EQ(code_of(parse("DELETE", "/f")), Code::unsupported);
    EXPECT_EQ(code_of(parse("GET", "-x/f")), Code::unsupported);
}

TEST(LambdaTarget, a_name_may_be_an_arn_of_this_region) {
    for (const char* name : {"f", "f:$LATEST", "f%3A%24LATEST", "000000000000:function:f",
                             "arn:aws:lambda:eu-central-1:000000000000:function:f",
                             "arn%3Aaws%3Alambda%3Aeu-central-1%3A000000000000%3Afunction%3Af"})
        EXPECT_EQ(parse("GET", "/" + std::string(name)).value_or(Target{}).function, "f") << name;
    EXPECT_EQ(code_of(parse("GET", "/arn:aws:lambda:us-east-2:000000000000:function:f")),
              Code::not_found);
    EXPECT_EQ(code_of(parse("GET", "/f:7")), Code::not_found);
    for (const char* name : {"a%20b", "%", "arn:aws:s3:::f", "a:b:c:d", "f%2Fg", ":"})
        EXPECT_EQ(code_of(parse("GET", "/" + std::string(name))), Code::invalid_argument) << name;
}

TEST(LambdaTarget, the_query_is_read) {
    EXPECT_TRUE(parse("GET", "/f", "Qualifier=%24LATEST"));
    EXPECT_EQ(code_of(parse("GET", "/f", "Qualifier=prod")), Code::not_found);
    const auto list = parse("GET", "/", "MaxItems=7&Marker=a%20b");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->items, 7U);
    EXPECT_EQ(list->marker, "a b");
    EXPECT_EQ(parse("GET", "/", "MaxItems=10000")->items, 50U);
    for (const char* query : {"MaxItems=0", "MaxItems=x", "MaxItems=10001", "Marker=%"})
        EXPECT_EQ(code_of(parse("GET", "/", query)), Code::invalid_argument) << query;
}

}  // namespace
}  // namespace domicile::api::lambda
