// The home's side of the claim protocol. What the directory says (keys) and what the region's own
// database says (people) lie in two stores, so every change that spans both is first written down
// here, in the region's database, and finished from there after a crash. Neither a key without a
// person nor a person without a key survives replay().
//
//   sign-up   1. begin(): intent durable    2. begin(): keys claimed
//             3. the caller's batch: the person's row and held() together
//   confirm   1. activate(): 'activating' durable   2. keys active   3. person confirmed, 'active'
//   removal   1. release(): person's row gone and 'releasing'   2. keys released   3. intent gone
//
// Somebody who stays and gets other keys (claims_change.cc, ADR 0022) has a second claim meanwhile,
// which is begun like the first one and tied to it:
//
//   asked     1. begin() the new keys   2. the caller's batch: offered()
//   proven    1. change(): 'changing' durable   2. new keys handed to the person's claim
//             3. person changed and 'dropping'   4. old keys dropped, 'fenced'
//
// Between 2 and 4 both lead to the person, and the row says which one is theirs.
//
// States of an intent: intent -> held -> activating -> active; from each of them, when it is given
// up, lost or removed -> releasing -> fenced -> no row. Fenced: the keys are released, and the
// directory refuses a claim of them that was sent before and has not arrived yet; that ends when
// such a claim could only arrive past its time.
//
// The row of an active claim stays as long as the person: it knows their keys for the release.
//
// Of a pool whose people are each region's own (ADR 0033) the region keeps the keys itself
// (region_keys.h), by the same steps.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "directory/directory.h"
#include "io/clock.h"
#include "io/task.h"
#include "sql/database.h"

namespace domicile::directory {

// The claim is no longer in the state that the operation starts from (somebody else confirmed,
// released or expired it), or an expectation of the caller's own statements is unmet.
inline constexpr std::string_view kReasonClaimState = "claim_state";

// What a crash can come after; for fault injection.
enum class ClaimStep : std::uint8_t {
    intent_written,
    keys_claimed,
    activation_marked,
    keys_activated,
    release_marked,
    keys_released,
    change_marked,
    keys_adopted,
    person_changed,
    keys_dropped,
};

// The tables of people that claims stand for. Both go into the batch that changes the claim's
// state; both must do nothing when there is no such person.
class ClaimOwner {
  public:
    virtual ~ClaimOwner() = default;
    // Marks the person of this claim confirmed.
    virtual std::vector<sql::Statement> confirmed(const std::string& claim_id) = 0;
    // Deletes the person of this claim and all that hangs on them.
    virtual std::vector<sql::Statement> removed(const std::string& claim_id) = 0;
    // Makes the change that was offered to the person of this claim: read anew, and a conflict when
    // the person is changed meanwhile.
    virtual io::Task<Result<std::vector<sql::Statement>>> changed(std::string claim_id,
                                                                  std::string change_id) = 0;
};

struct ClaimHandle {
    std::string claim_id;  // 16 bytes; goes into the person's row
    std::vector<SubjectKey> keys;
};

struct ClaimsOptions {
    Millis pending_ttl{3'600'000};  // the directory's
    // Of several processes on one database: this one's start, and whether another's is still at
    // work. Empty: this is the only one.
    std::string run = {};
    std::function<bool(std::string_view run)> lives = {};
    // Tests only: true stops the operation after this step, as a crash would, with Code::cancelled.
    std::function<bool(ClaimStep)> stop_after = {};
};

struct ReplayReport {
    std::size_t activated = 0;
    std::size_t changed = 0;
    std::size_t released = 0;
    std::size_t left = 0;  // could not be finished now (directory unavailable); replay again later
};

// Who keeps the keys of a claim; in `claim_intents` as a number.
enum class Keeper : std::uint8_t { directory, region };

class Claims {
  public:
    // `region` keeps the keys of claims that are no other region's business.
    Claims(KeyKeeper& directory, KeyKeeper& region, sql::Database& database, io::Clock& clock,
           io::Random& random, ClaimOwner& owner, ClaimsOptions options = {});
    ~Claims();

    static sql::Component schema();
    io::Task<Result<void>> open();  // creates the table; component "claims"

    // Claims the keys under a new claim id; `pool` is kept for operators. already_exists (reason
    // "claimed") and every other failure leave nothing behind that replay() does not clear. On
    // success the caller writes the person and held() in one batch, or calls abandon(). `keeper` is
    // who made the keys, and stays the claim's for as long as it lives.
    io::Task<Result<ClaimHandle>> begin(std::vector<SubjectKey> keys, std::string pool,
                                        Keeper keeper = Keeper::directory);
    // For the batch that inserts the person: fails it (conflict) when the claim was given up
    // meanwhile.
    static sql::Statement held(const std::string& claim_id);
    // Gives up a claim whose person was not written. failed_precondition (reason "claim_state")
    // when they were after all: the batch's outcome was unknown, and it did commit.
    io::Task<Result<void>> abandon(std::string claim_id);

    // Extends a pending claim: the same sign-up again. already_exists when it had run out and
    // others took a key; the person is removed then.
    io::Task<Result<void>> renew(std::string claim_id);
    // Confirms a person; `with` goes into the first batch (e.g. using up a code). When the
    // directory is unavailable the activation is on record and replay() finishes it.
    // failed_precondition with reason "claim_lost" (others took a key; the person is removed) or
    // "claim_state".
    io::Task<Result<void>> activate(
        std::string claim_id, std::vector<sql::Statement> with = std::vector<sql::Statement>());
    // Removes a person, pending or active; `with` goes into the batch that deletes the row. Once it
    // is on record the removal has happened; replay() finishes the release of the keys.
    io::Task<Result<void>> release(
        std::string claim_id, std::vector<sql::Statement> with = std::vector<sql::Statement>());

    // For the batch that writes down what the keys begun under `change_id` are for: they are
    // offered to the person of an active claim, in place of those that were offered under
    // `instead_of`. A conflict when there is no such claim, or a change of it is being made. Their
    // time ends as that of a sign-up does; renew() and release() work.
    static std::vector<sql::Statement> offered(const std::string& change_id,
                                               const std::string& claim_id,
                                               const std::vector<std::string>& instead_of);
    // For a batch that forgets what was offered: a conflict while a change is being made.
    static std::vector<sql::Statement> settled(const std::string& claim_id);
    // Makes an offered change: its keys become the person's, those of `dropped` go, also where they
    // came with it. `with` goes into the first batch, and may be what offers it. When the directory
    // is unavailable the change is on record and replay() finishes it. failed_precondition with
    // reason "claim_lost" (others took a key after its time; the person stays as they are) or
    // "claim_state".
    io::Task<Result<void>> change(std::string change_id, std::string claim_id,
                                  std::vector<SubjectKey> dropped,
                                  std::vector<sql::Statement> with = std::vector<sql::Statement>());

    // Finishes what a crash or an outage left: at start before anything is served, and from time to
    // time. Intents of this run, and of others that live, are left alone: their callers are still
    // at work. Every step compares the state that it starts from, so that two may replay at once.
    io::Task<Result<ReplayReport>> replay();
    // Removes people (and intents) whose pending time is over, at most `limit`; how many. Ends
    // fences whose time is over.
    io::Task<Result<std::size_t>> expire(std::size_t limit = 100);

  private:
    struct Row {
        std::string claim_id;
        std::string state;
        std::vector<SubjectKey> keys;
        Timestamp expires;
        std::string run;
        Keeper keeper = Keeper::directory;
    };
    struct Change {
        std::string claim_id;  // the person's
        std::vector<SubjectKey> dropped;
    };
    using Statements = std::vector<sql::Statement>;

    KeyKeeper& keeper_of(const Row& row) {
        return row.keeper == Keeper::region ? region_ : directory_;
    }
    io::Task<Result<Row>> load(std::string claim_id);
    io::Task<Result<std::vector<Row>>> select(std::string condition,
                                              std::vector<sql::Value> parameters);
    io::Task<Result<void>> move(Statements batch);
    io::Task<Result<void>> finish_activation(Row row);
    io::Task<Result<void>> lose(Row row);
    io::Task<Result<void>> remove(Row row, Statements batch);
    io::Task<Result<void>> expire_person(Row row, Timestamp now);
    io::Task<Result<void>> finish_release(Row row);
    io::Task<Result<Change>> load_change(std::string change_id);
    io::Task<Result<void>> finish_changes(std::string claim_id);
    io::Task<Result<void>> finish_change(Row row);
    io::Task<Result<void>> make_change(Row row, Change change);
    io::Task<Result<void>> lose_change(Row row);
    io::Task<Result<void>> finish_drop(Row row);
    io::Task<Result<void>> forget(std::string claim_id, std::string state);
    io::Task<Result<void>> drop_fence(Row row);
    io::Task<Result<void>> replay_row(Row row);
    Result<void> stop(ClaimStep step) const;

    KeyKeeper& directory_;
    KeyKeeper& region_;
    sql::Database& database_;
    io::Clock& clock_;
    io::Random& random_;
    ClaimOwner& owner_;
    ClaimsOptions options_;
    std::string run_;  // this process's start; tells its intents from those that a crash left
};

}  // namespace domicile::directory
