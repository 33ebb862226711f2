#include "identity/attempt_limiter.h"

#include <gtest/gtest.h>

#include "identity/types.h"

namespace domicile::identity {
namespace {

TEST(AttemptLimiter, five_failures_make_the_next_attempt_wait) {
    AttemptLimiter limiter;
    const Instant now{1'000};
    for (int i = 0; i < 4; ++i) limiter.failed("k", now);
    EXPECT_TRUE(limiter.check("k", now));
    limiter.failed("k", now);
    const auto refused = limiter.check("k", now);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, reason::kTooManyAttempts);
    EXPECT_TRUE(limiter.check("other", now));
    EXPECT_TRUE(limiter.check("k", now + Millis(1'000)));
}

TEST(AttemptLimiter, each_further_failure_doubles_the_delay_up_to_the_bound) {
    AttemptLimiter limiter;
    const Instant now{0};
    for (int i = 0; i < 7; ++i) limiter.failed("k", now);
    EXPECT_FALSE(limiter.check("k", now + Millis(3'999)));
    EXPECT_TRUE(limiter.check("k", now + Millis(4'000)));
    for (int i = 0; i < 60; ++i) limiter.failed("k", now);
    EXPECT_FALSE(limiter.check("k", now + Millis(15 * 60'000 - 1)));
    EXPECT_TRUE(limiter.check("k", now + Millis(15 * 60'000)));
}

TEST(AttemptLimiter, a_success_and_a_quiet_hour_both_forget) {
    AttemptLimiter limiter;
    for (int i = 0; i < 6; ++i) limiter.failed("k", Instant{0});
    limiter.succeeded("k");
    EXPECT_TRUE(limiter.check("k", Instant{0}));
    for (int i = 0; i < 6; ++i) limiter.failed("k", Instant{0});
    limiter.failed("k", Instant{60 * 60'000 + 1});
    EXPECT_TRUE(limiter.check("k", Instant{60 * 60'000 + 1}));
}

TEST(AttemptLimiter, the_entry_idle_longest_goes_at_the_bound) {
    AttemptLimiter limiter({.free_failures = 1, .entries_max = 2});
    limiter.failed("a", Instant{0});
    limiter.failed("b", Instant{0});
    limiter.failed("a", Instant{0});
    limiter.failed("c", Instant{0});
    EXPECT_TRUE(limiter.check("b", Instant{0}));
    EXPECT_FALSE(limiter.check("a", Instant{0}));
    EXPECT_FALSE(limiter.check("c", Instant{0}));
}

TEST(AttemptLimiter, delays_begin_after_the_free_failures_and_end_at_the_bound) {
    const AttemptLimiter::Options usual;
    const std::pair<int, std::int64_t> wanted[] = {{0, 0},        {4, 0},          {5, 1'000},
                                                   {6, 2'000},    {14, 512'000},   {15, 900'000},
                                                   {26, 900'000}, {1'000, 900'000}};
    for (const auto& [failures, ms] : wanted) {
        EXPECT_EQ(delay_after(usual, failures), Millis(ms)) << failures;
    }
    const AttemptLimiter::Options slow{
        .free_failures = 1, .first_delay = Millis(3'600'000), .delay_max = Millis(24 * 3'600'000)};
    EXPECT_EQ(delay_after(slow, 0), Millis(0));
    EXPECT_EQ(delay_after(slow, 1), Millis(3'600'000));
    EXPECT_EQ(delay_after(slow, 1'000), Millis(24 * 3'600'000));
}

TEST(AttemptLimiter, whoever_waits_is_still_told_to_wait_longer_after_the_next_failure) {
    AttemptLimiter limiter;
    for (int i = 0; i < 5; ++i) limiter.failed("k", Instant{0});
    EXPECT_FALSE(limiter.check("k", Instant{999}));
    limiter.failed("k", Instant{1'000});
    EXPECT_FALSE(limiter.check("k", Instant{2'999}));
    EXPECT_TRUE(limiter.check("k", Instant{3'000}));
}

}  // namespace
}  // namespace domicile::identity
