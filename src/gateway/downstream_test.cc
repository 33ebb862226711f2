#include "gateway/downstream.h"

#include <gtest/gtest.h>

namespace domicile::gateway {
namespace {

TEST(downstream, claims_are_one_line_of_visible_ascii_that_can_be_decoded) {
    const json::object claims{{"email", "ann@example.com"},
                              {"name", "J\xC3\xBCrgen X"},
                              {"evil", "a\r\nDomicile-Subject: b"},
                              {"percent", "100%"},
                              {"groups", json::array{"a", "b c"}},
                              {"age", 7},
                              {"nothing", nullptr}};
    EXPECT_EQ(claim_text(claims, "email"), "ann@example.com");
    EXPECT_EQ(claim_text(claims, "name"), "J%C3%BCrgen%20X");
    EXPECT_EQ(claim_text(claims, "evil"), "a%0D%0ADomicile-Subject:%20b");
    EXPECT_EQ(claim_text(claims, "percent"), "100%25");
    EXPECT_EQ(claim_text(claims, "groups"), "[\"a\",\"b%20c\"]");
    EXPECT_EQ(claim_text(claims, "age"), "7");
    EXPECT_EQ(claim_text(claims, "nothing"), std::nullopt);
    EXPECT_EQ(claim_text(claims, "other"), std::nullopt);
    EXPECT_EQ(claim_header("custom:plan"), "Domicile-Claim-custom-plan");
}

}  // namespace
}  // namespace domicile::gateway
