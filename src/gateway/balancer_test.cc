#include "gateway/balancer.h"

#include <gtest/gtest.h>

#include <map>

namespace domicile::gateway {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

config::Upstream servers(std::size_t count) {
    config::Upstream out;
    out.name = "u";
    for (std::size_t i = 0; i < count; ++i) out.url.push_back({"127.0.0.1", 80});
    return out;
}

std::map<std::size_t, int> picked(Balancer& balancer, std::int64_t now, int calls) {
    std::map<std::size_t, int> out;
    for (int i = 0; i < calls; ++i) ++out[balancer.pick(now)];
    return out;
}
using Counts = std::map<std::size_t, int>;

void fail_times(Balancer& balancer, std::size_t server, std::int64_t now, int times) {
    for (int i = 0; i < times; ++i) balancer.failed(server, now);
}

TEST(balancer, servers_take_turns) {
    const config::Upstream upstream = servers(3);
    Balancer balancer(upstream);
    EXPECT_EQ(picked(balancer, kSecond, 30), (Counts{{0, 10}, {1, 10}, {2, 10}}));
}

TEST(balancer, a_canary_gets_its_share_and_never_in_a_row) {
    config::Upstream upstream = servers(2);
    upstream.weights = {90, 10};
    Balancer balancer(upstream);
    EXPECT_EQ(picked(balancer, kSecond, 1000), (Counts{{0, 900}, {1, 100}}));
    for (int i = 0; i < 1000; ++i) {
        const std::size_t first = balancer.pick(kSecond), second = balancer.pick(kSecond);
        EXPECT_FALSE(first == 1 && second == 1);
    }
    upstream.weights = {1, 0};
    Balancer none(upstream);
    EXPECT_EQ(picked(none, kSecond, 100), (Counts{{0, 100}}));
}

TEST(balancer, one_that_fails_in_a_row_is_left_out_for_a_while_and_longer_each_time) {
    config::Upstream upstream = servers(2);
    upstream.ejection = {.failures = 3, .seconds = 10};
    Balancer balancer(upstream);
    fail_times(balancer, 0, kSecond, 2);
    balancer.succeeded(0);
    fail_times(balancer, 0, kSecond, 2);
    EXPECT_EQ(picked(balancer, kSecond, 10), (Counts{{0, 5}, {1, 5}})) << "not in a row";
    balancer.failed(0, kSecond);
    EXPECT_EQ(picked(balancer, kSecond, 10), (Counts{{1, 10}}));
    EXPECT_EQ(picked(balancer, 11 * kSecond - 1, 10), (Counts{{1, 10}}));
    EXPECT_EQ(picked(balancer, 11 * kSecond, 10), (Counts{{0, 5}, {1, 5}}));
    fail_times(balancer, 0, 11 * kSecond, 3);
    EXPECT_EQ(picked(balancer, 30 * kSecond, 10), (Counts{{1, 10}}));
    EXPECT_EQ(picked(balancer, 31 * kSecond, 10), (Counts{{0, 5}, {1, 5}}));
    fail_times(balancer, 0, 1000 * kSecond, 3);
    EXPECT_EQ(picked(balancer, 1010 * kSecond, 2), (Counts{{0, 1}, {1, 1}})) << "long ago";
    EXPECT_EQ(balancer.ejections().value(), 3u);
}

TEST(balancer, never_more_than_half_are_left_out) {
    config::Upstream upstream = servers(4);
    Balancer balancer(upstream);
    for (std::size_t i = 0; i < 4; ++i) fail_times(balancer, i, kSecond, 100);
    EXPECT_EQ(balancer.usable(kSecond), 2u);
    const config::Upstream one = servers(1);
    Balancer alone(one);
    fail_times(alone, 0, kSecond, 100);
    EXPECT_EQ(alone.usable(kSecond), 1u);
}

TEST(balancer, one_that_is_down_gets_nothing_unless_all_are) {
    const config::Upstream upstream = servers(2);
    Balancer balancer(upstream);
    balancer.set_healthy(0, false, kSecond);
    EXPECT_EQ(picked(balancer, kSecond, 10), (Counts{{1, 10}}));
    balancer.set_healthy(1, false, kSecond);
    EXPECT_EQ(picked(balancer, kSecond, 10), (Counts{{0, 5}, {1, 5}}));
}

TEST(balancer, one_that_is_back_starts_slowly) {
    config::Upstream upstream = servers(2);
    upstream.slow_start_seconds = 100;
    Balancer balancer(upstream);
    EXPECT_EQ(picked(balancer, kSecond, 100)[0], 50) << "not at the start of the program";
    balancer.set_healthy(0, false, kSecond);
    balancer.set_healthy(0, true, 1000 * kSecond);
    int before = 0;
    for (const std::int64_t passed : {0, 30, 60, 90}) {
        const int share = picked(balancer, (1000 + passed) * kSecond, 10'000)[0];
        EXPECT_GT(share, before) << passed;
        EXPECT_LT(share, 5000) << passed;
        before = share;
    }
    EXPECT_LT(picked(balancer, 1001 * kSecond, 10'000)[0], 1000);
    EXPECT_EQ(picked(balancer, 1100 * kSecond, 10'000)[0], 5000);
}

TEST(balancer, what_a_call_has_tried_comes_last) {
    const config::Upstream upstream = servers(3);
    Balancer balancer(upstream);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(balancer.pick(kSecond, 0b101), 1u);
    balancer.set_healthy(1, false, kSecond);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(balancer.pick(kSecond, 0b101), 1u) << "rather than again";
    EXPECT_EQ(picked(balancer, kSecond, 9).size(), 2u);
    Counts all;
    for (int i = 0; i < 9; ++i) ++all[balancer.pick(kSecond, 0b111)];
    EXPECT_EQ(all.size(), 3u) << "starts over";
}

TEST(balancer, retries_are_a_share_of_the_calls) {
    config::Upstream upstream = servers(1);
    upstream.retries = {.attempts = 3, .budget_percent = 20};
    Balancer balancer(upstream);
    int retries = 0;
    while (balancer.take_retry()) ++retries;
    EXPECT_EQ(retries, 10) << "after a quiet time";
    for (int i = 0; i < 100; ++i) {
        balancer.note_call();
        retries += balancer.take_retry() ? 1 : 0;
    }
    EXPECT_EQ(retries, 30);
}

}  // namespace
}  // namespace domicile::gateway
