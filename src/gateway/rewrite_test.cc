#include "gateway/rewrite.h"

#include <gtest/gtest.h>

namespace domicile::gateway {
namespace {

std::string rendered(std::string_view text, const std::vector<PathParameter>& parameters,
                     std::string_view query = "") {
    const Result<std::string> out = Rewrite(text).render(parameters, query);
    return out ? *out : "refused";
}

TEST(rewrite, parameters_stand_in_the_path_as_they_were_sent) {
    EXPECT_EQ(rendered("/v2/{id}/x", {{"id", "a%20b+c"}}), "/v2/a%20b+c/x");
    EXPECT_EQ(rendered("/{b}/{a}", {{"a", "1"}, {"b", "2"}}), "/2/1");
    EXPECT_EQ(rendered("/all/{rest}", {{"rest", "a//b/"}}), "/all/a//b/");
    EXPECT_EQ(rendered("/fixed", {}), "/fixed");
    EXPECT_EQ(rendered("/pre{id}post", {{"id", "-"}}), "/pre-post");
}

TEST(rewrite, the_client_s_query_stays_unless_the_template_has_its_own) {
    EXPECT_EQ(rendered("/v2/{id}", {{"id", "1"}}, "a=b&c"), "/v2/1?a=b&c");
    EXPECT_EQ(rendered("/v2?only=this", {}, "a=b"), "/v2?only=this");
    EXPECT_EQ(rendered("/v2?also=this&{query}", {}, "a=b"), "/v2?also=this&a=b");
    EXPECT_EQ(rendered("/v2?{query}", {}, ""), "/v2?");
}

TEST(rewrite, a_parameter_in_the_query_cannot_become_two) {
    EXPECT_EQ(rendered("/v2?id={id}&role=user", {{"id", "1&role=admin"}}),
              "/v2?id=1%26role%3Dadmin&role=user");
    EXPECT_EQ(rendered("/v2?id={id}", {{"id", "a%20b+%26"}}), "/v2?id=a%20b%2B%26");
}

TEST(rewrite, nothing_leads_out_of_where_the_template_points) {
    for (const char* raw : {".", "..", "%2e%2E", ".%2e", "..%2fadmin", "a%2f..%2fadmin",
                            "..%5cadmin", "a\\..", "..;x", "x/../y", "x/.", "./x"}) {
        EXPECT_EQ(rendered("/inner/{id}", {{"id", raw}}), "refused") << raw;
    }
    for (const char* raw : {"...", "..a", "a..", ".hidden", "a.b", "%252e%252e", "a/b/", ""}) {
        EXPECT_EQ(rendered("/inner/{id}", {{"id", raw}}), std::string("/inner/") + raw);
    }
    EXPECT_EQ(rendered("/inner?id={id}", {{"id", ".."}}), "/inner?id=..") << "no path there";
}

}  // namespace
}  // namespace domicile::gateway
