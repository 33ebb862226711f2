#include "directory/region_keys.h"

#include <algorithm>

#include "directory/record.h"

namespace domicile::directory {
namespace {

using Subjects = std::vector<SubjectKey>;

Subjects each_once(Subjects keys) {
    std::ranges::sort(keys);
    const auto repeated = std::ranges::unique(keys);
    keys.erase(repeated.begin(), repeated.end());
    return keys;
}

sql::Statement still_claims(const std::string& claim_id) {
    return {
        "SELECT claim_id FROM claim_intents WHERE claim_id = $1 AND state IN ('intent', 'held')",
        {sql::Blob{claim_id}},
        1};
}

std::unexpected<Error> given_up() {
    return fail(Code::failed_precondition, "The claim no longer holds all its keys.",
                std::string(kReasonClaimLost));
}

}  // namespace

std::string RegionKeys::table() {
    return "CREATE TABLE region_keys (subject_key BYTEA PRIMARY KEY, claim_id BYTEA NOT NULL, "
           "active BIGINT NOT NULL, pending_until BIGINT NOT NULL)";
}

SubjectKey RegionKeys::key(std::string_view pool_scope, IdentifierKind kind,
                           std::string_view identifier) const {
    return subject_key(options_.secret, pool_scope, kind, identifier);
}

io::Task<Result<void>> RegionKeys::write(Statements batch) {
    auto done = co_await database_.write(std::move(batch));
    if (done) co_return Result<void>();
    if (done.error().code == Code::conflict) co_return given_up();
    co_return std::unexpected(done.error());
}

io::Task<Result<void>> RegionKeys::claim(ClaimRequest request) {
    const Timestamp now = clock_.now();
    const Timestamp until = now + options_.pending_ttl;
    Statements batch;
    for (const SubjectKey& key : each_once(std::move(request.keys))) {
        batch.push_back(
            {"DELETE FROM region_keys WHERE subject_key = $1 AND claim_id <> $2 AND active = 0 "
             "AND pending_until <= $3",
             {sql::Blob{key.bytes}, sql::Blob{request.claim_id}, now.ms}});
        batch.push_back(
            {"INSERT INTO region_keys (subject_key, claim_id, active, pending_until) "
             "VALUES ($1, $2, 0, $3) ON CONFLICT (subject_key) DO UPDATE "
             "SET pending_until = excluded.pending_until "
             "WHERE region_keys.claim_id = excluded.claim_id RETURNING subject_key",
             {sql::Blob{key.bytes}, sql::Blob{request.claim_id}, until.ms},
             1});
    }
    batch.push_back(still_claims(request.claim_id));
    auto done = co_await database_.write(std::move(batch));
    if (done) co_return Result<void>();
    if (done.error().code != Code::conflict) co_return std::unexpected(done.error());
    // Which of the two it was.
    Statements look;
    look.push_back(still_claims(request.claim_id));
    look.back().expect_rows = -1;
    CO_TRY(const auto found, co_await database_.read(std::move(look)));
    if (found[0].rows.empty()) co_return given_up();
    co_return fail(Code::already_exists, "Another claim holds a key.", std::string(kReasonClaimed));
}

io::Task<Result<void>> RegionKeys::activate(std::vector<SubjectKey> keys, std::string claim_id) {
    Statements batch;
    for (const SubjectKey& key : each_once(std::move(keys))) {
        batch.push_back(
            {"UPDATE region_keys SET active = 1 WHERE subject_key = $1 AND claim_id = $2",
             {sql::Blob{key.bytes}, sql::Blob{claim_id}},
             1});
    }
    return write(std::move(batch));
}

io::Task<Result<void>> RegionKeys::release(std::vector<SubjectKey> keys, std::string claim_id) {
    return drop(std::move(keys), std::move(claim_id));
}

io::Task<Result<void>> RegionKeys::adopt(std::vector<SubjectKey> keys, std::string from,
                                         std::string to) {
    Statements batch;
    for (const SubjectKey& key : each_once(std::move(keys))) {
        batch.push_back(
            {"UPDATE region_keys SET claim_id = $3, active = 1 WHERE subject_key = $1 "
             "AND (claim_id = $2 OR claim_id = $3)",
             {sql::Blob{key.bytes}, sql::Blob{from}, sql::Blob{to}},
             1});
    }
    return write(std::move(batch));
}

io::Task<Result<void>> RegionKeys::drop(std::vector<SubjectKey> keys, std::string claim_id) {
    Statements batch;
    for (const SubjectKey& key : each_once(std::move(keys))) {
        batch.push_back({"DELETE FROM region_keys WHERE subject_key = $1 AND claim_id = $2",
                         {sql::Blob{key.bytes}, sql::Blob{claim_id}}});
    }
    return write(std::move(batch));
}

io::Task<Result<void>> RegionKeys::drop_fence(std::string) { co_return Result<void>(); }

io::Task<Result<std::optional<Record>>> RegionKeys::record(SubjectKey key) {
    Statements batch;
    batch.push_back(
        {"SELECT claim_id, active, pending_until FROM region_keys WHERE subject_key = $1",
         {sql::Blob{std::move(key.bytes)}}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return std::optional<Record>();
    const sql::Row& row = found[0].rows[0];
    Record out;
    out.home = options_.region;
    out.state = row.integer(1) != 0 ? State::active : State::pending;
    out.claim_id = row.bytes(0);
    out.pending_until = Timestamp{row.integer(2)};
    co_return std::optional<Record>(std::move(out));
}

}  // namespace domicile::directory
