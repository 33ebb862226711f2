#include "gateway/api_keys.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::gateway {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(api_keys, a_key_is_known_by_its_hash) {
    config::Config config;
    config.usage_plans.push_back({.name = "small", .per_second = 1, .burst = 2, .per_day = 0});
    config.api_keys.push_back({"partner", to_hex(crypto::sha256("secret")), "small"});
    config.api_keys.push_back({"own", to_hex(crypto::sha256("other")), std::nullopt});
    const ApiKeys keys(config);
    ASSERT_NE(keys.find("secret"), nullptr);
    EXPECT_EQ(keys.find("secret")->name, "partner");
    EXPECT_NE(keys.find("secret")->plan, nullptr);
    EXPECT_EQ(keys.find("other")->plan, nullptr);
    for (const std::string_view wrong : {"", "Secret", "secret ", "partner"})
        EXPECT_EQ(keys.find(wrong), nullptr) << wrong;
    EXPECT_EQ(keys.find(to_hex(crypto::sha256("secret"))), nullptr) << "the hash is no key";
}

TEST(api_keys, a_plan_has_a_rate_for_each_key) {
    UsagePlan plan({.name = "p", .per_second = 2, .burst = 1, .per_day = 0});
    EXPECT_EQ(plan.take("a", kSecond, {}), 0);
    EXPECT_EQ(plan.take("a", kSecond, {}), 1);
    EXPECT_EQ(plan.take("b", kSecond, {}), 0);
    EXPECT_EQ(plan.take("a", 2 * kSecond, {}), 0);
}

TEST(api_keys, a_plan_has_a_number_for_each_day) {
    UsagePlan plan({.name = "p", .per_second = {}, .burst = {}, .per_day = 2});
    const Timestamp noon{(10 * 86'400 + 43'200) * 1000LL};
    EXPECT_EQ(plan.take("a", 0, noon), 0);
    EXPECT_EQ(plan.take("a", 0, noon), 0);
    EXPECT_EQ(plan.take("a", 0, noon), 43'200) << "until midnight";
    EXPECT_EQ(plan.take("b", 0, noon), 0);
    EXPECT_EQ(plan.take("a", 0, noon + Seconds(43'200)), 0);
    EXPECT_EQ(plan.take("a", 0, noon), 0);
    EXPECT_GT(plan.take("a", 0, noon), 0) << "a clock that jumps back gives nothing anew";
}

}  // namespace
}  // namespace domicile::gateway
