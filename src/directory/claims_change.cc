// Other keys for somebody who stays, as after a new e-mail address (ADR 0022). The person keeps
// their claim; the new keys come in under a claim of their own, and are handed over in one
// transaction.
#include <algorithm>
#include <iterator>

#include "directory/claim_rows.h"

namespace domicile::directory {
namespace {

constexpr int kAttemptsMax = 8;

// Keeps the row of the person's claim for the batch, so that nothing else ends it meanwhile.
sql::Statement still_active(const std::string& claim_id) {
    return transition(claim_id, "'active'", "active");
}

std::unexpected<Error> lost() {
    return fail(Code::failed_precondition, "The claim no longer holds all its keys.",
                std::string(kReasonClaimLost));
}

std::vector<SubjectKey> without(std::vector<SubjectKey> keys,
                                const std::vector<SubjectKey>& dropped) {
    std::erase_if(keys, [&](const SubjectKey& key) {
        return std::ranges::find(dropped, key) != dropped.end();
    });
    return keys;
}

}  // namespace

std::vector<sql::Statement> Claims::settled(const std::string& claim_id) {
    Statements out;
    out.push_back(still_active(claim_id));
    out.push_back(no_change_under_way(claim_id));
    return out;
}

std::vector<sql::Statement> Claims::offered(const std::string& change_id,
                                            const std::string& claim_id,
                                            const std::vector<std::string>& instead_of) {
    Statements out = settled(claim_id);
    for (const std::string& before : instead_of) out.push_back(no_offer(before, claim_id));
    out.push_back(held(change_id));
    out.push_back({"INSERT INTO claim_changes (change_id, claim_id, dropped) VALUES ($1, $2, $3)",
                   {sql::Blob{change_id}, sql::Blob{claim_id}, sql::Blob{std::string()}}});
    return out;
}

io::Task<Result<Claims::Change>> Claims::load_change(std::string change_id) {
    Statements batch;
    batch.push_back({"SELECT claim_id, dropped FROM claim_changes WHERE change_id = $1",
                     {sql::Blob{std::move(change_id)}}});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return wrong_state();
    const sql::Row& row = found[0].rows[0];
    co_return Change{row.bytes(0), split(row.bytes(1))};
}

io::Task<Result<void>> Claims::change(std::string change_id, std::string claim_id,
                                      std::vector<SubjectKey> dropped, Statements with) {
    CO_TRY_VOID(co_await finish_changes(claim_id));
    CO_TRY(Row row, co_await load(change_id));
    Statements batch = std::move(with);
    std::ranges::move(settled(claim_id), std::back_inserter(batch));
    batch.push_back({"UPDATE claim_changes SET dropped = $3 WHERE change_id = $1 AND claim_id = $2",
                     {sql::Blob{change_id}, sql::Blob{claim_id}, sql::Blob{joined(dropped)}},
                     1});
    batch.push_back(transition(change_id, "'held'", "changing"));
    CO_TRY_VOID(co_await move(std::move(batch)));
    CO_TRY_VOID(stop(ClaimStep::change_marked));
    co_return co_await finish_change(std::move(row));
}

// A claim that ends or changes again must not overtake what is on record.
io::Task<Result<void>> Claims::finish_changes(std::string claim_id) {
    std::vector<sql::Value> parameters;
    parameters.emplace_back(sql::Blob{std::move(claim_id)});
    CO_TRY(auto rows, co_await select("state = 'changing' AND claim_id IN (SELECT change_id FROM "
                                      "claim_changes WHERE claim_id = $1)",
                                      std::move(parameters)));
    for (Row& row : rows) {
        auto done = co_await finish_change(std::move(row));
        const bool finished = done || done.error().reason == kReasonClaimLost;
        if (!finished) co_return done;
    }
    co_return Result<void>();
}

io::Task<Result<void>> Claims::finish_change(Row row) {
    CO_TRY(Change change, co_await load_change(row.claim_id));
    auto adopted = co_await keeper_of(row).adopt(row.keys, row.claim_id, change.claim_id);
    if (!adopted && adopted.error().reason == kReasonClaimLost) {
        co_return co_await lose_change(std::move(row));
    }
    if (!adopted) co_return adopted;
    CO_TRY_VOID(stop(ClaimStep::keys_adopted));
    CO_TRY_VOID(co_await make_change(row, std::move(change)));
    CO_TRY_VOID(stop(ClaimStep::person_changed));
    co_return co_await finish_drop(std::move(row));
}

// The person and what their claim knows of its keys, in one commit. What others did with the person
// meanwhile is kept: it is read anew.
io::Task<Result<void>> Claims::make_change(Row row, Change change) {
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
        CO_TRY(Row person, co_await load(change.claim_id));
        CO_TRY(Statements batch, co_await owner_.changed(change.claim_id, row.claim_id));
        std::vector<SubjectKey> keys = without(person.keys, change.dropped);
        for (SubjectKey& added : row.keys) {
            const bool stays = std::ranges::find(change.dropped, added) == change.dropped.end();
            if (stays && std::ranges::find(keys, added) == keys.end()) keys.push_back(added);
        }
        batch.push_back(
            {"UPDATE claim_intents SET keys = $2 WHERE claim_id = $1 AND keys = $3",
             {sql::Blob{person.claim_id}, sql::Blob{joined(keys)}, sql::Blob{joined(person.keys)}},
             1});
        batch.push_back(transition(row.claim_id, "'changing'", "dropping"));
        auto done = co_await database_.write(std::move(batch));
        if (done) co_return Result<void>();
        if (done.error().code != Code::conflict) co_return std::unexpected(done.error());
        const auto now = co_await load(row.claim_id);
        // Somebody else finished it.
        if (!now || now->state != "changing") co_return Result<void>();
    }
    co_return fail(Code::unavailable, "Others keep changing this person; try again.");
}

io::Task<Result<void>> Claims::lose_change(Row row) {
    Statements batch;
    batch.push_back(transition(row.claim_id, "'changing'", "releasing"));
    CO_TRY_VOID(co_await move(std::move(batch)));
    CO_TRY_VOID(co_await finish_release(std::move(row)));
    co_return lost();
}

io::Task<Result<void>> Claims::finish_drop(Row row) {
    CO_TRY(Change change, co_await load_change(row.claim_id));
    if (!change.dropped.empty()) {
        CO_TRY_VOID(co_await keeper_of(row).drop(change.dropped, change.claim_id));
    }
    CO_TRY_VOID(stop(ClaimStep::keys_dropped));
    Statements batch;
    batch.push_back(
        {"UPDATE claim_intents SET state = 'fenced', expires = $2 "
         "WHERE claim_id = $1 AND state = 'dropping'",
         {sql::Blob{std::move(row.claim_id)}, (clock_.now() + options_.pending_ttl).ms}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

}  // namespace domicile::directory
