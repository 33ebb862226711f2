#include "events/store.h"

namespace domicile::events {
namespace {

sql::Value free_mark() { return sql::Blob{}; }

Stored stored_from(const sql::Row& row) {
    Stored out;
    out.id = row.text(0);
    out.function = row.text(1);
    if (!row.is_null(2)) out.subject = row.text(2);
    out.sealed = row.bytes(3);
    out.created = Timestamp{row.integer(4)};
    out.expires = Timestamp{row.integer(5)};
    out.attempts = row.integer(6);
    return out;
}

std::vector<std::string> first_column(const sql::BatchResult& results) {
    std::vector<std::string> out;
    for (const sql::StatementResult& result : results)
        for (const sql::Row& row : result.rows) out.push_back(row.text(0));
    return out;
}

}  // namespace

sql::Component Store::schema() {
    std::vector<std::string> steps;
    steps.emplace_back(
        "CREATE TABLE function_events (id TEXT PRIMARY KEY, function TEXT NOT NULL, "
        "subject TEXT, sealed BYTEA NOT NULL, bytes BIGINT NOT NULL, created BIGINT NOT NULL, "
        "expires BIGINT NOT NULL, due BIGINT NOT NULL, attempts BIGINT NOT NULL, "
        "holder BYTEA NOT NULL)");
    steps.emplace_back(
        "CREATE INDEX function_events_due ON function_events (function, holder, due, bytes)");
    steps.emplace_back("CREATE INDEX function_events_expires ON function_events (holder, expires)");
    return {"events", std::move(steps)};
}

io::Task<Result<void>> Store::open() {
    sql::Component own = schema();
    return database_.migrate(std::move(own.name), std::move(own.steps));
}

io::Task<Result<std::vector<Count>>> Store::count() {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT function, COUNT(*), CAST(SUM(bytes) AS BIGINT) FROM function_events "
         "GROUP BY function",
         {}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    std::vector<Count> out;
    for (const sql::Row& row : found[0].rows)
        out.push_back({row.text(0), row.integer(1), row.integer(2)});
    co_return out;
}

io::Task<Result<std::vector<std::string>>> Store::due(std::vector<Wish> wishes, Timestamp now) {
    std::vector<sql::Statement> batch;
    batch.reserve(wishes.size());
    for (const Wish& wish : wishes)
        batch.push_back(
            {"SELECT id FROM function_events WHERE function = $1 AND holder = $2 AND due <= $3 "
             "ORDER BY due LIMIT $4",
             {wish.function, free_mark(), now.ms, static_cast<std::int64_t>(wish.events)}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    co_return first_column(found);
}

io::Task<Result<std::vector<std::string>>> Store::expired(Timestamp now, std::size_t events) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT id FROM function_events WHERE holder = $1 AND expires <= $2 ORDER BY expires "
         "LIMIT $3",
         {free_mark(), now.ms, static_cast<std::int64_t>(events)}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    co_return first_column(found);
}

io::Task<Result<std::vector<Stored>>> Store::take(std::vector<std::string> ids) {
    std::vector<sql::Statement> batch;
    batch.reserve(ids.size());
    for (const std::string& id : ids)
        batch.push_back(
            {"UPDATE function_events SET holder = $2 WHERE id = $1 AND holder = $3 "
             "RETURNING id, function, subject, sealed, created, expires, attempts",
             {id, sql::Blob{run_}, free_mark()}});
    CO_TRY(const auto taken, co_await database_.write(std::move(batch)));
    std::vector<Stored> out;
    for (const sql::StatementResult& one : taken)
        for (const sql::Row& row : one.rows) out.push_back(stored_from(row));
    co_return out;
}

io::Task<Result<std::vector<std::string>>> Store::holders() {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT DISTINCT holder FROM function_events WHERE holder > $1", {free_mark()}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    std::vector<std::string> out;
    for (const sql::Row& row : found[0].rows) out.push_back(row.bytes(0));
    co_return out;
}

sql::Statement Store::insertion(const Stored& event, bool held, Timestamp due) const {
    sql::Statement out;
    out.sql =
        "INSERT INTO function_events (id, function, subject, sealed, bytes, created, expires, due, "
        "attempts, holder) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    out.parameters = {event.id,
                      event.function,
                      event.subject ? sql::Value(*event.subject) : sql::Value(),
                      sql::Blob{event.sealed},
                      static_cast<std::int64_t>(event.sealed.size()),
                      event.created.ms,
                      event.expires.ms,
                      due.ms,
                      event.attempts,
                      held ? sql::Value(sql::Blob{run_}) : free_mark()};
    return out;
}

sql::Statement Store::removal(const std::string& id) const {
    return {"DELETE FROM function_events WHERE id = $1 AND holder = $2", {id, sql::Blob{run_}}, 1};
}

sql::Statement Store::putting_back(const std::string& id, std::int64_t attempts,
                                   Timestamp due) const {
    return {
        "UPDATE function_events SET holder = $3, attempts = $4, due = $5 "
        "WHERE id = $1 AND holder = $2",
        {id, sql::Blob{run_}, free_mark(), attempts, due.ms}};
}

sql::Statement Store::freeing(const std::string& id) const {
    return {"UPDATE function_events SET holder = $3 WHERE id = $1 AND holder = $2",
            {id, sql::Blob{run_}, free_mark()}};
}

sql::Statement Store::freeing_all_of(const std::string& holder) {
    return {"UPDATE function_events SET holder = $2 WHERE holder = $1",
            {sql::Blob{holder}, free_mark()}};
}

}  // namespace domicile::events
