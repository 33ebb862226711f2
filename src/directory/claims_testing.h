// For tests of claims: people of one table, a directory and a database on disk, and crashes. Each
// runs over both that keep keys.
#pragma once

#include <gtest/gtest.h>

#include "directory/claims.h"
#include "directory/region_keys.h"
#include "directory/testing.h"
#include "sql/engine_testing.h"

namespace domicile::directory::testing {

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

    // A change of theirs is noted, as what it makes of them.
    io::Task<Result<Statements>> changed(std::string claim_id, std::string change_id) override {
        Statements out;
        out.push_back({"UPDATE people SET change = $2 WHERE claim_id = $1",
                       {sql::Blob{std::move(claim_id)}, sql::Blob{std::move(change_id)}}});
        co_return out;
    }

  private:
    static Statements one(std::string text, const std::string& claim_id) {
        Statements out;
        out.push_back({std::move(text), {sql::Blob{claim_id}}});
        return out;
    }
};

class ClaimsTest : public ::testing::TestWithParam<Keeper> {
  protected:
    static constexpr const char* kRegion = "eu-central-1";

    ClaimsTest() { restart(); }

    // What a crash leaves: the files. Everything else is new.
    void restart(std::function<bool(ClaimStep)> stop_after = {}) {
        claims_.reset();
        directory_.reset();
        region_keys_.reset();
        database_.reset();
        store_.reset();
        store_ = std::move(*kv::open_sqlite_store(folder_.file("directory.kv")));
        database_ = sql::testing::open_database(folder_.file("identity.db"));
        directory_ = std::make_unique<Directory>(*store_, clock_, options_of(kRegion));
        RegionKeys::Options own;
        own.region = kRegion;
        own.secret.key = std::string(32, 's');
        region_keys_ = std::make_unique<RegionKeys>(*database_, clock_, std::move(own));
        ClaimsOptions options;
        options.stop_after = std::move(stop_after);
        claims_ = std::make_unique<Claims>(*directory_, *region_keys_, *database_, clock_,
                                           io::system_random(), people_, std::move(options));
        EXPECT_TRUE(wait([&] { return claims_->open(); }));
        EXPECT_TRUE(wait([&] {
            return database_->migrate("people", {"CREATE TABLE people (claim_id BYTEA PRIMARY KEY, "
                                                 "confirmed BIGINT NOT NULL, change BYTEA)"});
        }));
    }
    static Result<void> wait(std::function<io::Task<Result<void>>()> make) {
        return io::run_task<Result<void>>(std::move(make));
    }
    Result<ClaimHandle> begin() { return begin(keys_); }
    Result<ClaimHandle> begin(std::vector<SubjectKey> keys) {
        return io::run_task<Result<ClaimHandle>>(
            [&] { return claims_->begin(keys, "Ab1", GetParam()); });
    }
    std::optional<Record> record(const SubjectKey& key) {
        KeyKeeper* keeper = directory_.get();
        if (GetParam() == Keeper::region) keeper = region_keys_.get();
        return run<Result<std::optional<Record>>>([&] { return keeper->record(key); }).value();
    }
    // Somebody else's claim, of another region where that can be: its id.
    Result<std::string> take(const SubjectKey& key) {
        if (GetParam() == Keeper::region) {
            TRY(ClaimHandle handle, begin({key}));
            return handle.claim_id;
        }
        Directory other(*store_, clock_, options_of("us-east-2"));
        TRY_VOID(testing::claim(other, {{key}, testing::claim_id('u'), 0}));
        return testing::claim_id('u');
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
            const auto found = record(key);
            const bool own = found && found->home == kRegion;
            if (own) ++held;
            if (own && found->state == State::active) ++active;
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
    StillClock clock_;
    People people_;
    std::unique_ptr<kv::Store> store_;
    std::unique_ptr<sql::Database> database_;
    std::unique_ptr<Directory> directory_;
    std::unique_ptr<RegionKeys> region_keys_;
    std::unique_ptr<Claims> claims_;
    std::vector<SubjectKey> keys_ = {{std::string(16, 'a')}, {std::string(16, 'b')}};
    std::string claim_id_;
};

}  // namespace domicile::directory::testing
