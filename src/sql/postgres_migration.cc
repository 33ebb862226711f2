#include <charconv>

#include "base/format_version.h"
#include "sql/postgres_session.h"

namespace domicile::sql {
namespace {

constexpr const char* kBegin =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = 0";
// "Domi": one lock for all components of a database, so that nodes that start together take turns.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(1148152169)";
constexpr const char* kVersions =
    "CREATE TABLE IF NOT EXISTS schema_versions ("
    "component TEXT PRIMARY KEY, version BIGINT NOT NULL)";
// Our queries order and compare text by bytes, as SQLite does.
constexpr const char* kOrder = "SELECT CASE WHEN 'B' < 'a' AND 'a b' < 'aa' THEN 1 ELSE 0 END";

}  // namespace

std::string PostgresSession::literal(const std::string& text) const {
    char* escaped = PQescapeLiteral(connection_.get(), text.data(), text.size());
    std::string out = escaped == nullptr ? "''" : escaped;
    PQfreemem(escaped);
    return out;
}

io::Task<Result<std::string>> PostgresSession::script(std::string sql, Instant deadline) {
    if (PQsendQuery(connection_.get(), sql.c_str()) != 1) lost_ = true;
    CO_TRY(auto readiness, io::Readiness::of(PQsocket(connection_.get())));
    co_await flush(*readiness, deadline);
    Result<std::string> out = std::string();
    while (!late_) {
        const ResultPointer result = co_await next(*readiness, deadline);
        if (!result) break;
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_FATAL_ERROR && out) {
            refused_with_ = sqlstate_of(result.get());
            out = std::unexpected(failure_of(refused_with_).error);
        }
        if (status == PGRES_TUPLES_OK && out && out->empty() && PQntuples(result.get()) > 0)
            out = PQgetvalue(result.get(), 0, 0);
        if (!is_open()) break;
    }
    if (late_) co_return fail(Code::deadline_exceeded, "PostgreSQL did not answer in time.");
    if (out && !is_open()) co_return std::unexpected(failure_of("").error);
    co_return out;
}

// Older CockroachDB does not know the lock, and older YugabyteDB refuses it. There the nodes' steps
// collide, and all but one of them are tried again.
io::Task<Result<void>> PostgresSession::begin_migration(Instant deadline) {
    refused_with_.clear();
    CO_TRY_VOID(co_await script(kBegin, deadline));
    const auto locked = co_await script(kLock, deadline);
    if (locked) co_return Result<void>();
    const bool unknown = refused_with_ == "42883" || refused_with_ == "0A000";
    if (!unknown) co_return std::unexpected(locked.error());
    CO_TRY_VOID(co_await script("ROLLBACK", deadline));
    CO_TRY_VOID(co_await script(kBegin, deadline));
    co_return Result<void>();
}

bool PostgresSession::lost_migration() const {
    // What two that make the same table at once may meet: duplicates of its name, of its row in the
    // catalogue, of the version's row; and what serialisable engines say.
    for (const char* state : {"42P07", "42710", "23505", "40001", "40P01"})
        if (refused_with_ == state) return true;
    return false;
}

io::Task<Result<void>> PostgresSession::run_steps(const std::string& component,
                                                  const std::vector<std::string>& steps,
                                                  Instant deadline) {
    CO_TRY_VOID(co_await begin_migration(deadline));
    CO_TRY(const std::string ordered, co_await script(kOrder, deadline));
    if (ordered != "1")
        co_return fail(Code::failed_precondition,
                       "The PostgreSQL database does not order text by bytes. Create it with "
                       "`createdb -T template0 --locale=C -E UTF8`.");
    CO_TRY_VOID(co_await script(kVersions, deadline));
    const std::string select =
        "SELECT version FROM schema_versions WHERE component = " + literal(component);
    CO_TRY(const std::string stored, co_await script(select, deadline));
    std::int64_t version = 0;
    std::from_chars(stored.data(), stored.data() + stored.size(), version);
    const auto known = static_cast<std::int64_t>(steps.size());
    if (version > known)
        CO_TRY_VOID(
            check_format("The PostgreSQL database, part " + component + ",", version, known));
    for (std::int64_t step = version; step < known; ++step)
        CO_TRY_VOID(co_await script(steps[static_cast<std::size_t>(step)], deadline));
    const std::string store = "INSERT INTO schema_versions (component, version) VALUES (" +
                              literal(component) + ", " + std::to_string(known) +
                              ") ON CONFLICT (component) DO UPDATE SET version = excluded.version";
    if (version < known) CO_TRY_VOID(co_await script(store, deadline));
    CO_TRY_VOID(co_await script("COMMIT", deadline));
    co_return Result<void>();
}

io::Task<Result<void>> PostgresSession::migrate(const std::string& component,
                                                const std::vector<std::string>& steps,
                                                Instant deadline) {
    if (PQexitPipelineMode(connection_.get()) != 1) lost_ = true;
    Result<void> out = co_await run_steps(component, steps, deadline);
    // Its transaction is open: closing the session undoes it.
    if (!out || PQenterPipelineMode(connection_.get()) != 1) lost_ = true;
    co_return out;
}

}  // namespace domicile::sql
