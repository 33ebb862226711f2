#include "limits/limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "io/runtime.h"
#include "io/testing.h"

namespace domicile::limits {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SetClock final : public io::Clock {
  public:
    Timestamp now() const override { return {1'000 + monotonic_.ms}; }
    Instant monotonic() const override { return monotonic_; }
    void pass(Millis time) { monotonic_ = monotonic_ + time; }

  private:
    Instant monotonic_{1'000'000};
};

class LimiterTest : public ::testing::Test {
  protected:
    LimiterTest() {
        config_.limits.addresses.guesses = {3, 60, 1, 900};
        config_.limits.addresses.requests = {2, 60, 1, 900};
        config::Client client;
        client.id = "client1";
        config::Pool pool;
        pool.clients.push_back(client);
        config_.pools.push_back(pool);
        audit_ = std::move(*audit::Log::open(io::system_files(), folder_.file("audit.log"),
                                             "eu-central-1", io::system_clock()));
        limiter_ = std::make_unique<Limiter>(
            Limiter::Parts{config_, *audit_, clock_, io::system_random()});
    }

    Admission begin(Kind kind, const std::string& address, const std::string& client = "client1") {
        auto out =
            io::run_task<Result<Admission>>([&] { return limiter_->begin(kind, address, client); });
        EXPECT_TRUE(out) << out.error().message;
        return out ? std::move(*out) : Admission{};
    }
    // How many of ten are let through.
    int passed(Kind kind, const std::string& address, const std::string& client = "client1") {
        int out = 0;
        for (int i = 0; i < 10; ++i) out += begin(kind, address, client).refusal ? 0 : 1;
        return out;
    }
    std::string record() const { return io::testing::read_file(folder_.file("audit.log")); }

    io::testing::TemporaryFolder folder_;
    SetClock clock_;
    config::Config config_;
    std::unique_ptr<audit::Log> audit_;
    std::unique_ptr<Limiter> limiter_;
};

TEST_F(LimiterTest, an_address_has_a_budget_of_its_own_for_each_kind) {
    EXPECT_EQ(passed(Kind::guess, "192.0.2.1"), 3);
    EXPECT_EQ(passed(Kind::request, "192.0.2.1"), 2);
    EXPECT_EQ(passed(Kind::guess, "192.0.2.2"), 3) << "and so has its neighbour";
    EXPECT_EQ(passed(Kind::guess, "::ffff:192.0.2.1"), 0) << "the same in another form";
}

TEST_F(LimiterTest, whoever_is_refused_hears_for_how_long) {
    passed(Kind::guess, "192.0.2.1");
    EXPECT_EQ(begin(Kind::guess, "192.0.2.1").refusal->retry_after_seconds, 1);
    clock_.pass(Millis(1'000));
    EXPECT_FALSE(begin(Kind::guess, "192.0.2.1").refusal);
    const Admission refused = begin(Kind::guess, "192.0.2.1");
    ASSERT_TRUE(refused.refusal);
    EXPECT_EQ(refused.refusal->retry_after_seconds, 2);
    EXPECT_EQ(refused.refusal->by, By::address);
}

TEST_F(LimiterTest, what_was_right_does_not_count) {
    for (int i = 0; i < 100; ++i) {
        Admission admission = begin(Kind::guess, "192.0.2.1");
        ASSERT_FALSE(admission.refusal);
        admission.permit.spare();
    }
    EXPECT_EQ(passed(Kind::guess, "192.0.2.1"), 3);
}

TEST_F(LimiterTest, a_permit_that_is_moved_counts_once) {
    {
        Admission admission = begin(Kind::guess, "192.0.2.1");
        Permit permit = std::move(admission.permit);
        Permit other;
        other = std::move(permit);
    }
    EXPECT_EQ(passed(Kind::guess, "192.0.2.1"), 2);
}

TEST_F(LimiterTest, a_64_of_ipv6_is_one_subscriber_and_a_48_is_sixteen) {
    EXPECT_EQ(passed(Kind::guess, "2001:db8:1:1::1"), 3);
    EXPECT_EQ(passed(Kind::guess, "2001:db8:1:1:ffff::2"), 0) << "the same /64";
    int all = 3;
    for (int i = 2; i < 100; ++i)
        all += passed(Kind::guess, "2001:db8:1:" + std::to_string(i) + "::1");
    EXPECT_EQ(all, 16 * 3) << "the same /48";
    EXPECT_EQ(passed(Kind::guess, "2001:db8:2:1::1"), 3) << "another one";
}

TEST_F(LimiterTest, exempt_networks_do_not_count) {
    EXPECT_EQ(passed(Kind::guess, "127.0.0.1"), 10) << "what stands for others on this machine";
    EXPECT_EQ(passed(Kind::guess, "::1"), 10);
    config_.limits.addresses.exempt = {"198.51.100.0/24"};
    EXPECT_EQ(passed(Kind::guess, "127.0.0.1"), 3);
    EXPECT_EQ(passed(Kind::guess, "198.51.100.7"), 10);
    EXPECT_EQ(passed(Kind::guess, "not an address"), 10) << "nobody to count";
}

TEST_F(LimiterTest, a_client_has_a_budget_over_all_addresses_where_it_is_given_one) {
    EXPECT_EQ(passed(Kind::guess, "127.0.0.1"), 10);
    config_.pools.front().clients.front().limits = config::ClientLimits{{{5, 60, 1, 900}}, {}};
    EXPECT_EQ(passed(Kind::guess, "192.0.2.1"), 3);
    EXPECT_EQ(passed(Kind::guess, "127.0.0.1"), 2) << "what is left of five";
    EXPECT_EQ(begin(Kind::guess, "192.0.2.9").refusal->by, By::client);
    EXPECT_EQ(passed(Kind::request, "127.0.0.1"), 10) << "the other kind has none";
    EXPECT_EQ(passed(Kind::guess, "192.0.2.9", "another"), 3)
        << "nor has a client that is not ours";
}

TEST_F(LimiterTest, who_is_refused_for_the_client_is_not_counted_for_the_address) {
    config_.pools.front().clients.front().limits = config::ClientLimits{{{1, 60, 1, 900}}, {}};
    EXPECT_EQ(passed(Kind::guess, "127.0.0.1"), 1);
    EXPECT_EQ(passed(Kind::guess, "192.0.2.1"), 0);
    EXPECT_EQ(passed(Kind::guess, "192.0.2.1", "another"), 3);
}

TEST_F(LimiterTest, that_somebody_begins_to_be_refused_is_on_record_without_who) {
    passed(Kind::guess, "203.0.113.77");
    passed(Kind::guess, "203.0.113.77");
    const std::string text = record();
    const auto first = text.find(R"("kind":"limit_reached")");
    ASSERT_NE(first, text.npos) << text;
    EXPECT_EQ(text.find(R"("kind":"limit_reached")", first + 1), text.npos) << "once";
    EXPECT_THAT(text, HasSubstr(R"({"by":"address","kind":"guess"})"));
    EXPECT_THAT(text, Not(HasSubstr("203.0")));
}

TEST_F(LimiterTest, what_is_counted_and_refused_is_told_by_kind) {
    telemetry::Registry registry;
    limiter_->report_to(registry);
    passed(Kind::guess, "192.0.2.1");
    begin(Kind::request, "192.0.2.1");
    const std::string text = registry.expose();
    EXPECT_THAT(text, HasSubstr("domicile_limits_counted_total{kind=\"guess\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("domicile_limits_counted_total{kind=\"request\"} 1\n"));
    EXPECT_THAT(text,
                HasSubstr("domicile_limits_refused_total{by=\"address\",kind=\"guess\"} 7\n"));
}

}  // namespace
}  // namespace domicile::limits
