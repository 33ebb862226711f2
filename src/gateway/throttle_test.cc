#include "gateway/throttle.h"

#include <gtest/gtest.h>

namespace domicile::gateway {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// How many of 100 calls at this moment are let through.
int taken(const Rate& rate, std::int64_t& full_at, std::int64_t now) {
    int count = 0;
    for (int i = 0; i < 100; ++i) count += rate.take(full_at, now) == 0 ? 1 : 0;
    return count;
}

TEST(throttle, a_bucket_gives_its_burst_at_once_and_then_its_rate) {
    const Rate rate(2, 5);
    std::int64_t full_at = 0;
    EXPECT_EQ(taken(rate, full_at, 10 * kSecond), 5);
    EXPECT_EQ(rate.take(full_at, 10 * kSecond), kSecond / 2) << "says when there is one";
    EXPECT_EQ(taken(rate, full_at, 10 * kSecond + kSecond / 2 - 1), 0);
    EXPECT_EQ(taken(rate, full_at, 10 * kSecond + kSecond / 2), 1);
    EXPECT_EQ(taken(rate, full_at, 12 * kSecond), 3);
    EXPECT_EQ(taken(rate, full_at, 1000 * kSecond), 5) << "never more than the burst";
}

TEST(throttle, without_a_burst_it_is_what_comes_in_a_second) {
    std::int64_t full_at = 0;
    EXPECT_EQ(taken(Rate(7, 0), full_at, kSecond), 7);
    full_at = 0;
    EXPECT_EQ(taken(Rate(0.1, 0), full_at, kSecond), 1) << "at least one";
}

TEST(throttle, callers_have_buckets_of_their_own) {
    Buckets buckets(Rate(1, 1));
    EXPECT_EQ(buckets.take("ann", kSecond), 0);
    EXPECT_EQ(buckets.take("ben", kSecond), 0);
    EXPECT_EQ(buckets.take("ann", kSecond), kSecond);
}

TEST(throttle, a_flood_of_callers_is_bounded_and_spares_who_is_known) {
    Buckets buckets(Rate(1, 2));
    constexpr std::size_t kMost = Buckets::kShards * Buckets::kPerShardMax;
    EXPECT_EQ(buckets.take("ann", kSecond), 0);
    for (std::size_t i = 0; i < 2 * kMost; ++i) buckets.take(std::to_string(i), kSecond);
    EXPECT_LE(buckets.size(), kMost);
    EXPECT_EQ(buckets.take("ann", kSecond), 0);
    int refused = 0;
    for (int i = 0; i < 1000; ++i) refused += buckets.take("new" + std::to_string(i), kSecond) > 0;
    EXPECT_GT(refused, 900) << "newcomers share a bucket";
    for (int i = 0; i < 1000; ++i) buckets.take("later" + std::to_string(i), 9 * kSecond);
    EXPECT_LT(buckets.size(), 2000u) << "full buckets are forgotten";
    EXPECT_EQ(buckets.take("newer", 9 * kSecond), 0);
}

config::Throttle by(config::ThrottleBy what, double per_second) {
    config::Throttle out;
    out.by = what;
    out.per_second = per_second;
    return out;
}

TEST(throttle, what_is_known_early_is_counted_early) {
    using config::ThrottleBy;
    Throttles throttles({by(ThrottleBy::subject, 1), by(ThrottleBy::address, 0.1)});
    const Callers ann{"ann", "192.0.2.1"};
    EXPECT_FALSE(throttles.take(ann, false, kSecond));
    const auto refused = throttles.take(ann, false, kSecond);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->by, ThrottleBy::address);
    EXPECT_EQ(refused->retry_after_seconds, 10);
    EXPECT_FALSE(throttles.take(ann, true, kSecond)) << "nothing of the subject's was taken";
    EXPECT_EQ(throttles.take(ann, true, kSecond)->by, ThrottleBy::subject);
    EXPECT_FALSE(throttles.take({}, true, kSecond)) << "nobody to count";
}

TEST(throttle, keys_have_buckets_of_their_own_and_are_known_late) {
    using config::ThrottleBy;
    Throttles throttles({by(ThrottleBy::key, 0.1)});
    const Callers acme{"", "192.0.2.1", "acme"};
    EXPECT_FALSE(throttles.take(acme, false, kSecond));
    EXPECT_FALSE(throttles.take(acme, false, kSecond)) << "nothing is taken early";
    EXPECT_FALSE(throttles.take(acme, true, kSecond));
    EXPECT_EQ(throttles.take(acme, true, kSecond)->by, ThrottleBy::key);
    EXPECT_FALSE(throttles.take({"", "192.0.2.1", "other"}, true, kSecond));
}

TEST(throttle, an_ipv6_address_counts_as_its_64) {
    std::array<char, 48> room;
    EXPECT_EQ(counted_address("192.0.2.1", room), "192.0.2.1");
    EXPECT_EQ(counted_address("2001:db8:1:2:3:4:5:6", room), "2001:db8:1:2::");
    EXPECT_EQ(counted_address("2001:db8:1:2::9", room), "2001:db8:1:2::");
    EXPECT_EQ(counted_address("::ffff:192.0.2.1", room), "::ffff:192.0.2.1");
}

TEST(throttle, a_gauge_lets_so_many_in_at_once) {
    Gauge gauge(2);
    {
        const auto a = gauge.enter();
        const auto b = gauge.enter();
        EXPECT_TRUE(a && b);
        EXPECT_FALSE(gauge.enter());
        EXPECT_EQ(gauge.inside(), 2);
    }
    EXPECT_TRUE(gauge.enter());
    EXPECT_EQ(gauge.inside(), 0);
    Gauge open(0);
    EXPECT_TRUE(open.enter());
}

}  // namespace
}  // namespace domicile::gateway
