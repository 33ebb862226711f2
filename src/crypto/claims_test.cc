#include "crypto/claims.h"

#include <gtest/gtest.h>

namespace domicile::crypto {
namespace {

TEST(claims, a_text_is_one_or_nothing) {
    const json::object claims{{"iss", "a"}, {"aud", json::array{"a"}}, {"sub", nullptr}};
    EXPECT_EQ(text_claim(claims, "iss"), "a");
    for (const char* name : {"aud", "sub", "none"}) EXPECT_EQ(text_claim(claims, name), "") << name;
}

TEST(claims, a_time_is_in_seconds_and_may_have_a_fraction) {
    const json::object claims{{"int", 1'700'000'000}, {"part", 1'700'000'000.9},
                              {"text", "1700000000"}, {"before", -1},
                              {"never", 1e300},       {"most", 1'000'000'000'000}};
    EXPECT_EQ(time_claim(claims, "int"), Timestamp{1'700'000'000'000});
    EXPECT_EQ(time_claim(claims, "part"), Timestamp{1'700'000'000'000});
    EXPECT_EQ(time_claim(claims, "most"), Timestamp{1'000'000'000'000'000});
    for (const char* name : {"text", "before", "never", "none"})
        EXPECT_FALSE(time_claim(claims, name)) << name;
}

}  // namespace
}  // namespace domicile::crypto
