#include "directory/claims.h"

#include <gtest/gtest.h>

#include "directory/testing.h"
#include "sql/engine_testing.h"

namespace domicile::directory {
namespace {

using Statements = std::vector<sql::Statement>;

// The least that identity has: one row per person, which knows its claim.
class People final : public ClaimOwner {
  public:
    Statements confirmed(const std::string& claim_id) override {
        return one("UPDATE people SET confirmed = 1 WHERE claim_id = $1", claim_id);
    }
    Statements removed(const std::string& claim_id) override {
        return one("DELETE FROM people WHERE claim_id = $1", claim_id);
    }
    static Statements insertion(const std::string& claim_id) {
        return one("INSERT INTO people (claim_id, confirmed) VALUES ($1, 0)", claim_id);
    }

  private:
    static Statements one(std::string text, const std::string& claim_id) {
        Statements out;
        out.push_back({std::move(text), {sql::Blob{claim_id}}});
        return out;
    }
};

class ClaimsTest : public ::testing::Test {
  protected:
    static constexpr const char* kRegion = "eu-central-1";

    ClaimsTest() { restart(); }

    // What a crash leaves: the files. Everything else is new.
    void restart(std::function<bool(ClaimStep)> stop_after = {}) {
        claims_.reset();
        directory_.reset();
        database_.reset();
        store_.reset();
        store_ = std::move(*kv::open_sqlite_store(folder_.file("directory.kv")));
        database_ = sql::testing::open_database(folder_.file("identity.db"));
        directory_ = std::make_unique<Directory>(*store_, clock_, testing::options_of(kRegion));
        ClaimsOptions options;
        options.stop_after = std::move(stop_after);
        claims_ = std::make_unique<Claims>(*directory_, *database_, clock_, io::system_random(),
                                           people_, std::move(options));
        EXPECT_TRUE(wait([&] { return claims_->open(); }));
        EXPECT_TRUE(wait([&] {
            return database_->migrate("people", {"CREATE TABLE people (claim_id BYTEA PRIMARY KEY, "
                                                 "confirmed BIGINT NOT NULL)"});
        }));
    }
    static Result<void> wait(std::function<io::Task<Result<void>>()> make) {
        return io::run_task<Result<void>>(std::move(make));
    }
    Result<ClaimHandle> begin() {
        return io::run_task<Result<ClaimHandle>>([&] { return claims_->begin(keys_, "Ab1"); });
    }
    Result<void> write_person(const ClaimHandle& handle) {
        Statements batch = People::insertion(handle.claim_id);
        batch.push_back(Claims::held(handle.claim_id));
        auto out = io::run_task<Result<sql::BatchResult>>([&] { return database_->write(batch); });
        if (!out) return std::unexpected(out.error());
        return {};
    }
    Result<void> sign_up() {
        TRY(ClaimHandle handle, begin());
        claim_id_ = handle.claim_id;
        return write_person(handle);
    }
    Result<void> confirm() {
        return wait([&] { return claims_->activate(claim_id_); });
    }
    Result<void> remove() {
        return wait([&] { return claims_->release(claim_id_); });
    }
    ReplayReport replay() {
        return io::run_task<Result<ReplayReport>>([&] { return claims_->replay(); }).value();
    }
    std::int64_t number(const std::string& query) {
        Statements batch;
        batch.push_back({query, {}});
        auto out = io::run_task<Result<sql::BatchResult>>([&] { return database_->read(batch); });
        return (*out)[0].rows[0].integer(0);
    }
    // "nobody", "pending" or "active" when database and directory agree on it for every key.
    std::string situation() {
        const auto people = number("SELECT count(*) FROM people");
        const auto confirmed = number("SELECT count(*) FROM people WHERE confirmed = 1");
        std::size_t held = 0;
        std::size_t active = 0;
        for (const SubjectKey& key : keys_) {
            auto record = testing::record(*directory_, key);
            if (record && record->home == kRegion) ++held;
            if (record && record->home == kRegion && record->state == State::active) ++active;
        }
        if (people == 0 && held == 0)
            return number("SELECT count(*) FROM claim_intents WHERE state <> 'fenced'") == 0
                       ? "nobody"
                       : "intent left";
        if (people == 1 && held == keys_.size() && active == 0 && confirmed == 0) return "pending";
        if (people == 1 && active == keys_.size() && confirmed == 1) return "active";
        return "broken: people " + std::to_string(people) + " keys " + std::to_string(held);
    }

    sql::testing::TemporaryFolder folder_;
    testing::StillClock clock_;
    People people_;
    std::unique_ptr<kv::Store> store_;
    std::unique_ptr<sql::Database> database_;
    std::unique_ptr<Directory> directory_;
    std::unique_ptr<Claims> claims_;
    std::vector<SubjectKey> keys_ = {{std::string(16, 'a')}, {std::string(16, 'b')}};
    std::string claim_id_;
};

TEST_F(ClaimsTest, a_person_signs_up_confirms_and_goes) {
    EXPECT_EQ(situation(), "nobody");
    ASSERT_TRUE(sign_up());
    EXPECT_EQ(situation(), "pending");
    ASSERT_TRUE(confirm());
    EXPECT_EQ(situation(), "active");
    ASSERT_TRUE(remove());
    EXPECT_EQ(situation(), "nobody");
}

TEST_F(ClaimsTest, a_crash_at_any_step_leaves_no_key_without_a_person_and_no_person_without_a_key) {
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

TEST_F(ClaimsTest, a_crash_between_sign_up_and_confirmation_changes_nothing) {
    ASSERT_TRUE(sign_up());
    restart();
    replay();
    EXPECT_EQ(situation(), "pending");
    EXPECT_TRUE(confirm());
    EXPECT_EQ(situation(), "active");
}

TEST_F(ClaimsTest, replay_leaves_sign_ups_of_this_run_alone) {
    auto handle = begin();
    ASSERT_TRUE(handle);
    replay();
    EXPECT_TRUE(write_person(*handle));
    EXPECT_EQ(situation(), "pending");
}

TEST_F(ClaimsTest, a_claim_that_was_given_up_takes_no_person) {
    auto handle = begin();
    ASSERT_TRUE(handle);
    EXPECT_TRUE(wait([&] { return claims_->abandon(handle->claim_id); }));
    EXPECT_EQ(write_person(*handle).error().code, Code::conflict);
    EXPECT_EQ(situation(), "nobody");
}

TEST_F(ClaimsTest, a_person_that_was_written_is_not_abandoned) {
    ASSERT_TRUE(sign_up());
    auto refused = wait([&] { return claims_->abandon(claim_id_); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "claim_state");
    EXPECT_EQ(situation(), "pending");
}

TEST_F(ClaimsTest, a_released_claim_stays_fenced_for_as_long_as_it_could_arrive) {
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
    EXPECT_EQ(fences(), 1u);
    clock_.pass(Millis(3'600'000));
    EXPECT_EQ(expire(), 0u);
    EXPECT_EQ(fences(), 0u);
    EXPECT_EQ(number("SELECT count(*) FROM claim_intents"), 0);
}

TEST_F(ClaimsTest, keys_of_somebody_else_leave_no_intent) {
    ASSERT_TRUE(sign_up());
    auto second = begin();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::already_exists);
    EXPECT_EQ(number("SELECT count(*) FROM claim_intents"), 1);
    EXPECT_EQ(situation(), "pending");
}

TEST_F(ClaimsTest, a_pending_person_expires_with_their_keys) {
    ASSERT_TRUE(sign_up());
    const auto expire = [&] {
        return io::run_task<Result<std::size_t>>([&] { return claims_->expire(); }).value();
    };
    EXPECT_EQ(expire(), 0u);
    clock_.pass(Millis(3'600'000));
    EXPECT_EQ(expire(), 1u);
    EXPECT_EQ(situation(), "nobody");
}

TEST_F(ClaimsTest, a_renewed_claim_lives_on) {
    ASSERT_TRUE(sign_up());
    clock_.pass(Millis(3'000'000));
    EXPECT_TRUE(wait([&] { return claims_->renew(claim_id_); }));
    clock_.pass(Millis(3'000'000));
    EXPECT_EQ(io::run_task<Result<std::size_t>>([&] { return claims_->expire(); }).value(), 0u);
    EXPECT_EQ(situation(), "pending");
}

TEST_F(ClaimsTest, a_person_whose_key_was_taken_over_is_removed_when_they_confirm) {
    ASSERT_TRUE(sign_up());
    clock_.pass(Millis(3'600'000));
    Directory other(*store_, clock_, testing::options_of("us-east-2"));
    ASSERT_TRUE(testing::claim(other, {{keys_[0]}, testing::claim_id('u'), 0}));
    auto lost = confirm();
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().reason, "claim_lost");
    EXPECT_EQ(situation(), "nobody");
    EXPECT_EQ(testing::record(*directory_, keys_[0])->home, "us-east-2");
}

TEST_F(ClaimsTest, only_a_claim_that_is_there_is_confirmed) {
    claim_id_ = testing::claim_id('x');
    EXPECT_EQ(confirm().error().reason, "claim_state");
    ASSERT_TRUE(sign_up());
    ASSERT_TRUE(confirm());
    EXPECT_EQ(confirm().error().reason, "claim_state");
    EXPECT_EQ(situation(), "active");
}

}  // namespace
}  // namespace domicile::directory
