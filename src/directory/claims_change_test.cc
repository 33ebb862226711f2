// Other keys for somebody who stays.
#include "directory/claims_testing.h"

namespace domicile::directory {
namespace {

class ClaimsChangeTest : public testing::ClaimsTest {
  protected:
    // keys_[1] stays, keys_[0] makes room for new_.
    const SubjectKey new_{std::string(16, 'n')};
    std::string change_id_;
    std::string others_;

    Result<void> offer() { return offer({new_}); }
    Result<void> offer(std::vector<SubjectKey> keys) {
        TRY(ClaimHandle handle, begin(std::move(keys)));
        std::vector<std::string> before;
        if (!change_id_.empty()) before.push_back(change_id_);
        auto batch = Claims::offered(handle.claim_id, claim_id_, before);
        auto out = io::run_task<Result<sql::BatchResult>>([&] { return database_->write(batch); });
        if (!out) return std::unexpected(out.error());
        change_id_ = handle.claim_id;
        return {};
    }
    Result<void> change() {
        return wait([&] { return claims_->change(change_id_, claim_id_, {keys_[0]}); });
    }
    Result<void> settle() {
        TRY_VOID(sign_up());
        return confirm();
    }
    Result<void> expire() {
        const auto done = io::run_task<Result<std::size_t>>([&] { return claims_->expire(); });
        if (!done) return std::unexpected(done.error());
        return {};
    }
    // Who holds a key: "person", "offer", "nobody" or "others".
    std::string holder(const SubjectKey& key) {
        const auto held = record(key);
        if (!held) return "nobody";
        const bool active = held->state == State::active;
        if (held->claim_id == claim_id_) return active ? "person" : "pending person";
        if (held->claim_id == others_) return "others";
        return active ? "active offer" : "offer";
    }
    std::string holders() {
        return holder(keys_[0]) + ", " + holder(keys_[1]) + ", " + holder(new_);
    }
    bool changed() { return number("SELECT count(*) FROM people WHERE change IS NOT NULL") == 1; }
    std::int64_t left() {
        return number("SELECT count(*) FROM claim_intents WHERE state NOT IN ('active', 'fenced')");
    }
};

INSTANTIATE_TEST_SUITE_P(Keepers, ClaimsChangeTest,
                         ::testing::Values(Keeper::directory, Keeper::region));

TEST_P(ClaimsChangeTest, the_old_key_stays_in_force_until_the_change_is_made) {
    ASSERT_TRUE(settle());
    ASSERT_TRUE(offer());
    EXPECT_EQ(holders(), "person, person, offer");
    EXPECT_FALSE(changed());
    ASSERT_TRUE(change());
    EXPECT_EQ(holders(), "nobody, person, person");
    EXPECT_TRUE(changed());
    EXPECT_EQ(left(), 0);
    ASSERT_TRUE(remove());
    EXPECT_EQ(holders(), "nobody, nobody, nobody");
}

TEST_P(ClaimsChangeTest,
       a_crash_at_any_step_leaves_the_change_undone_or_made_and_never_a_lost_person) {
    using enum ClaimStep;
    const std::vector<std::pair<ClaimStep, std::string>> cases = {
        {change_marked, "person, person, offer"},
        {keys_adopted, "person, person, person"},
        {person_changed, "person, person, person"},
        {keys_dropped, "nobody, person, person"},
    };
    for (const auto& [step, crashed] : cases) {
        SCOPED_TRACE(static_cast<int>(step));
        restart([step = step](ClaimStep reached) { return reached == step; });
        ASSERT_TRUE(settle());
        ASSERT_TRUE(offer());
        EXPECT_EQ(change().error().code, Code::cancelled);
        EXPECT_EQ(holders(), crashed);
        restart();
        EXPECT_EQ(replay().changed, 1u);
        EXPECT_EQ(holders(), "nobody, person, person");
        EXPECT_TRUE(changed());
        EXPECT_EQ(left(), 0);
        EXPECT_TRUE(remove());
        EXPECT_EQ(holders(), "nobody, nobody, nobody");
    }
}

TEST_P(ClaimsChangeTest, a_crash_before_the_offer_is_written_frees_the_new_key) {
    ASSERT_TRUE(settle());
    restart([](ClaimStep reached) { return reached == ClaimStep::keys_claimed; });
    EXPECT_FALSE(offer());
    EXPECT_EQ(holders(), "person, person, offer");
    restart();
    replay();
    EXPECT_EQ(holders(), "person, person, nobody");
}

TEST_P(ClaimsChangeTest, an_offer_that_nobody_proves_ends_and_leaves_the_person_alone) {
    ASSERT_TRUE(settle());
    ASSERT_TRUE(offer());
    EXPECT_TRUE(expire());
    EXPECT_EQ(holders(), "person, person, offer");
    clock_.pass(Millis(3'600'000));
    EXPECT_TRUE(expire());
    EXPECT_EQ(holders(), "person, person, nobody");
    EXPECT_EQ(change().error().reason, kReasonClaimState);
    EXPECT_FALSE(changed());
    clock_.pass(Millis(3'600'000));
    EXPECT_TRUE(expire());
    EXPECT_EQ(number("SELECT count(*) FROM claim_changes"), 0);
}

TEST_P(ClaimsChangeTest, a_key_that_others_took_after_its_time_is_theirs) {
    ASSERT_TRUE(settle());
    ASSERT_TRUE(offer());
    clock_.pass(Millis(3'600'000));
    const auto others = take(new_);
    ASSERT_TRUE(others);
    others_ = *others;
    EXPECT_EQ(change().error().reason, kReasonClaimLost);
    EXPECT_EQ(holders(), "person, person, others");
    EXPECT_FALSE(changed());
    // The claim of the others themselves, where it is this region's.
    EXPECT_EQ(left(), GetParam() == Keeper::region ? 1 : 0);
}

TEST_P(ClaimsChangeTest, a_later_offer_replaces_the_one_before) {
    ASSERT_TRUE(settle());
    ASSERT_TRUE(offer({{std::string(16, 'm')}}));
    const std::string first = change_id_;
    ASSERT_TRUE(offer());
    const std::string second = std::exchange(change_id_, first);
    EXPECT_EQ(change().error().reason, kReasonClaimState);
    replay();
    EXPECT_EQ(holder({std::string(16, 'm')}), "nobody");
    change_id_ = second;
    EXPECT_TRUE(change());
    EXPECT_EQ(holders(), "nobody, person, person");
}

TEST_P(ClaimsChangeTest, offers_of_several_keys_are_taken_one_by_one) {
    const SubjectKey other{std::string(16, 'm')};
    ASSERT_TRUE(settle());
    ASSERT_TRUE(offer());
    const std::string first = std::exchange(change_id_, "");
    ASSERT_TRUE(offer({other}));
    EXPECT_EQ(holder(other), "offer");
    EXPECT_TRUE(wait([&] { return claims_->change(change_id_, claim_id_, {}); }));
    EXPECT_EQ(holders(), "person, person, offer");
    EXPECT_EQ(holder(other), "person");
    change_id_ = first;
    EXPECT_TRUE(change());
    EXPECT_EQ(holders(), "nobody, person, person");
    EXPECT_TRUE(remove());
    EXPECT_EQ(holders() + ", " + holder(other), "nobody, nobody, nobody, nobody");
}

// What an administrator says is offered and made at once; where a key only goes, one of nobody's
// comes and goes with it.
TEST_P(ClaimsChangeTest, a_change_may_be_offered_by_the_batch_that_marks_it) {
    using enum ClaimStep;
    for (const ClaimStep step : {change_marked, keys_adopted, person_changed, keys_dropped}) {
        SCOPED_TRACE(static_cast<int>(step));
        restart([step](ClaimStep reached) { return reached == step; });
        ASSERT_TRUE(settle());
        const auto handle = begin({new_});
        ASSERT_TRUE(handle);
        change_id_ = handle->claim_id;
        const auto made = wait([&] {
            auto with = Claims::offered(change_id_, claim_id_, {});
            return claims_->change(change_id_, claim_id_, {keys_[0], new_}, std::move(with));
        });
        EXPECT_EQ(made.error().code, Code::cancelled);
        restart();
        EXPECT_EQ(replay().changed, 1u);
        EXPECT_EQ(holders(), "nobody, person, nobody");
        EXPECT_TRUE(changed());
        EXPECT_EQ(left(), 0);
        EXPECT_TRUE(remove());
        EXPECT_EQ(holders(), "nobody, nobody, nobody");
    }
}

TEST_P(ClaimsChangeTest, nothing_is_offered_to_somebody_who_is_not_confirmed) {
    ASSERT_TRUE(sign_up());
    EXPECT_EQ(offer().error().code, Code::conflict);
}

TEST_P(ClaimsChangeTest, who_goes_takes_what_was_offered_along) {
    ASSERT_TRUE(settle());
    ASSERT_TRUE(offer());
    ASSERT_TRUE(remove());
    replay();
    EXPECT_EQ(holders(), "nobody, nobody, nobody");
    EXPECT_EQ(change().error().reason, kReasonClaimState);
    EXPECT_EQ(holders(), "nobody, nobody, nobody");
}

TEST_P(ClaimsChangeTest, who_goes_amid_a_change_leaves_no_key) {
    using enum ClaimStep;
    for (const ClaimStep step : {change_marked, keys_adopted, person_changed}) {
        SCOPED_TRACE(static_cast<int>(step));
        restart([step](ClaimStep reached) { return reached == step; });
        ASSERT_TRUE(settle());
        ASSERT_TRUE(offer());
        EXPECT_FALSE(change());
        restart();
        EXPECT_TRUE(remove());
        replay();
        EXPECT_EQ(holders(), "nobody, nobody, nobody");
        EXPECT_EQ(left(), 0);
    }
}

}  // namespace
}  // namespace domicile::directory
