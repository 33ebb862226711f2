#include "directory/claims_testing.h"

namespace domicile::directory {
namespace {

using testing::ClaimsTest;
INSTANTIATE_TEST_SUITE_P(Keepers, ClaimsTest, ::testing::Values(Keeper::directory, Keeper::region));

TEST_P(ClaimsTest, a_person_signs_up_confirms_and_goes) {
    EXPECT_EQ(situation(), "nobody");
    ASSERT_TRUE(sign_up());
    EXPECT_EQ(situation(), "pending");
    ASSERT_TRUE(confirm());
    EXPECT_EQ(situation(), "active");
    ASSERT_TRUE(remove());
    EXPECT_EQ(situation(), "nobody");
}

TEST_P(ClaimsTest, a_crash_at_any_step_leaves_no_key_without_a_person_and_no_person_without_a_key) {
    using enum ClaimStep;
    const std::vector<std::pair<ClaimStep, std::string>> cases = {
        {intent_written, "nobody"}, {keys_claimed, "nobody"},   {activation_marked, "active"},
        {keys_activated, "active"}, {release_marked, "nobody"}, {keys_released, "nobody"},
    };
    for (const auto& [step, expected] : cases) {
        SCOPED_TRACE(static_cast<int>(step));
        bool stopped = false;
        restart(
            [&, step = step](ClaimStep reached) { return reached == step && (stopped = true); });
        auto done = sign_up();
        if (done) done = confirm();
        if (done) done = remove();
        ASSERT_TRUE(stopped);
        EXPECT_EQ(done.error().code, Code::cancelled);
        restart();
        replay();
        EXPECT_EQ(situation(), expected);
        if (expected == "active") {
            EXPECT_TRUE(remove());
        }
        EXPECT_EQ(situation(), "nobody");
    }
}

TEST_P(ClaimsTest, a_crash_between_sign_up_and_confirmation_changes_nothing) {
    ASSERT_TRUE(sign_up());
    restart();
    replay();
    EXPECT_EQ(situation(), "pending");
    EXPECT_TRUE(confirm());
    EXPECT_EQ(situation(), "active");
}

TEST_P(ClaimsTest, replay_leaves_sign_ups_of_this_run_alone) {
    auto handle = begin();
    ASSERT_TRUE(handle);
    replay();
    EXPECT_TRUE(write_person(*handle));
    EXPECT_EQ(situation(), "pending");
}

TEST_P(ClaimsTest, a_claim_that_was_given_up_takes_no_person) {
    auto handle = begin();
    ASSERT_TRUE(handle);
    EXPECT_TRUE(wait([&] { return claims_->abandon(handle->claim_id); }));
    EXPECT_EQ(write_person(*handle).error().code, Code::conflict);
    EXPECT_EQ(situation(), "nobody");
}

TEST_P(ClaimsTest, a_claim_that_was_given_up_does_not_take_its_keys_late) {
    const auto handle = begin();
    ASSERT_TRUE(handle);
    EXPECT_TRUE(wait([&] { return claims_->abandon(handle->claim_id); }));
    KeyKeeper* keeper = directory_.get();
    if (GetParam() == Keeper::region) keeper = region_keys_.get();
    const auto late = wait([&] {
        ClaimRequest request{keys_, handle->claim_id, 0};
        return keeper->claim(std::move(request));
    });
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().reason, "claim_lost");
    EXPECT_EQ(situation(), "nobody");
}

TEST_P(ClaimsTest, a_person_that_was_written_is_not_abandoned) {
    ASSERT_TRUE(sign_up());
    auto refused = wait([&] { return claims_->abandon(claim_id_); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "claim_state");
    EXPECT_EQ(situation(), "pending");
}

TEST_P(ClaimsTest, a_released_claim_stays_fenced_for_as_long_as_it_could_arrive) {
    const auto fences = [&] {
        return io::run_task<Result<std::vector<kv::Entry>>>(
                   [&] { return store_->range("f/", "", 10); })
            .value()
            .size();
    };
    const auto expire = [&] {
        return io::run_task<Result<std::size_t>>([&] { return claims_->expire(); }).value();
    };
    ASSERT_TRUE(sign_up());
    ASSERT_TRUE(remove());
    EXPECT_EQ(expire(), 0u);
    // Beside a region's keys lies the claim itself, which says that it is over.
    EXPECT_EQ(fences(), GetParam() == Keeper::directory ? 1u : 0u);
    clock_.pass(Millis(3'600'000));
    EXPECT_EQ(expire(), 0u);
    EXPECT_EQ(fences(), 0u);
    EXPECT_EQ(number("SELECT count(*) FROM claim_intents"), 0);
}

TEST_P(ClaimsTest, keys_of_somebody_else_leave_no_intent) {
    ASSERT_TRUE(sign_up());
    auto second = begin();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::already_exists);
    EXPECT_EQ(number("SELECT count(*) FROM claim_intents"), 1);
    EXPECT_EQ(situation(), "pending");
}

TEST_P(ClaimsTest, of_many_claims_at_once_one_gets_the_keys) {
    const auto claimed = io::run_task<std::vector<Result<ClaimHandle>>>([&] {
        std::vector<io::Task<Result<ClaimHandle>>> tasks;
        tasks.reserve(20);
        for (int i = 0; i < 20; ++i) tasks.push_back(claims_->begin(keys_, "Ab1", GetParam()));
        return sql::testing::gather(std::move(tasks));
    });
    int won = 0;
    for (const auto& handle : claimed) {
        won += handle ? 1 : 0;
        if (!handle) {
            EXPECT_EQ(handle.error().code, Code::already_exists) << handle.error().message;
        }
    }
    EXPECT_EQ(won, 1);
    EXPECT_EQ(number("SELECT count(*) FROM claim_intents"), 1);
}

TEST_P(ClaimsTest, a_key_is_theirs_only_who_claimed_it) {
    const auto handle = begin();
    ASSERT_TRUE(handle);
    EXPECT_EQ(begin({keys_[1]}).error().reason, "claimed");
    EXPECT_TRUE(begin({{std::string(16, 'c')}}));
    EXPECT_EQ(record(keys_[0])->claim_id, handle->claim_id);
    EXPECT_EQ(record(keys_[0])->state, State::pending);
}

TEST(RegionKeys, are_no_keys_of_the_directory) {
    sql::testing::TemporaryFolder folder;
    const auto database = sql::testing::open_database(folder.file("keys.db"));
    testing::StillClock clock;
    const RegionKeys here(*database, clock, {"a1", {1, std::string(32, 'a')}});
    const RegionKeys there(*database, clock, {"b1", {1, std::string(32, 'b')}});
    const auto key = here.key("pool", IdentifierKind::email, "Ann@example.org ");
    EXPECT_EQ(key, here.key("pool", IdentifierKind::email, "ann@example.org"));
    EXPECT_NE(key, there.key("pool", IdentifierKind::email, "ann@example.org"));
    EXPECT_NE(key, here.key("other", IdentifierKind::email, "ann@example.org"));
}

TEST_P(ClaimsTest, a_pending_person_expires_with_their_keys) {
    ASSERT_TRUE(sign_up());
    const auto expire = [&] {
        return io::run_task<Result<std::size_t>>([&] { return claims_->expire(); }).value();
    };
    EXPECT_EQ(expire(), 0u);
    clock_.pass(Millis(3'600'000));
    EXPECT_EQ(expire(), 1u);
    EXPECT_EQ(situation(), "nobody");
}

TEST_P(ClaimsTest, a_renewed_claim_lives_on) {
    ASSERT_TRUE(sign_up());
    clock_.pass(Millis(3'000'000));
    EXPECT_TRUE(wait([&] { return claims_->renew(claim_id_); }));
    clock_.pass(Millis(3'000'000));
    EXPECT_EQ(io::run_task<Result<std::size_t>>([&] { return claims_->expire(); }).value(), 0u);
    EXPECT_EQ(situation(), "pending");
}

TEST_P(ClaimsTest, a_person_whose_key_was_taken_over_is_removed_when_they_confirm) {
    ASSERT_TRUE(sign_up());
    clock_.pass(Millis(3'600'000));
    const auto others = take(keys_[0]);
    ASSERT_TRUE(others);
    auto lost = confirm();
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().reason, "claim_lost");
    EXPECT_EQ(number("SELECT count(*) FROM people"), 0);
    EXPECT_EQ(record(keys_[0])->claim_id, *others);
    EXPECT_FALSE(record(keys_[1]));
}

TEST_P(ClaimsTest, only_a_claim_that_is_there_is_confirmed) {
    claim_id_ = testing::claim_id('x');
    EXPECT_EQ(confirm().error().reason, "claim_state");
    ASSERT_TRUE(sign_up());
    ASSERT_TRUE(confirm());
    EXPECT_EQ(confirm().error().reason, "claim_state");
    EXPECT_EQ(situation(), "active");
}

}  // namespace
}  // namespace domicile::directory
