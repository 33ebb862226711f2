#include "identity/attempts.h"

#include "identity/types.h"

namespace domicile::identity {

Attempts::Attempts(sql::Database& database, io::Clock& clock, std::string kind,
                   AttemptLimiter::Options options)
    : database_(database),
      clock_(clock),
      kind_(std::move(kind)),
      options_(options),
      shared_(database.shared()),
      memory_(options) {}

sql::Blob Attempts::id(const std::string& key) const { return {kind_ + ':' + key}; }

io::Task<Result<Attempts::Attempt>> Attempts::begin(std::string key) {
    Attempt out{std::move(key), true};
    if (!shared_) {
        CO_TRY_VOID(memory_.check(out.key, clock_.monotonic()));
        co_return out;
    }
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT failures, last_ms FROM identity_attempts WHERE id = $1", {id(out.key)}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    out.has_failures = !found[0].rows.empty();
    if (!out.has_failures) co_return out;
    const sql::Row& row = found[0].rows[0];
    const auto failures = static_cast<int>(std::min<std::int64_t>(row.integer(0), 1'000));
    const Timestamp not_before = Timestamp{row.integer(1)} + delay_after(options_, failures);
    if (clock_.now() < not_before) co_return too_many_attempts();
    co_return out;
}

io::Task<Result<void>> Attempts::failed(Attempt attempt) {
    if (!shared_) {
        memory_.failed(attempt.key, clock_.monotonic());
        co_return Result<void>();
    }
    const Timestamp now = clock_.now();
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"INSERT INTO identity_attempts (id, failures, last_ms, ends_ms) VALUES ($1, 1, $2, $3) "
         "ON CONFLICT (id) DO UPDATE SET failures = CASE WHEN identity_attempts.ends_ms < $2 "
         "THEN 1 ELSE identity_attempts.failures + 1 END, last_ms = excluded.last_ms, "
         "ends_ms = excluded.ends_ms",
         {id(attempt.key), now.ms, (now + options_.forget_after).ms}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<void>> Attempts::succeeded(Attempt attempt) {
    if (!shared_) memory_.succeeded(attempt.key);
    if (!shared_ || !attempt.has_failures) co_return Result<void>();
    std::vector<sql::Statement> batch;
    batch.push_back({"DELETE FROM identity_attempts WHERE id = $1", {id(attempt.key)}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

sql::Statement Attempts::sweep(Timestamp now) {
    return {"DELETE FROM identity_attempts WHERE ends_ms < $1", {now.ms}};
}

}  // namespace domicile::identity
