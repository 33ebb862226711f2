#include <algorithm>
#include <utility>

#include "io/clock.h"
#include "sql/database.h"
#include "sql/postgres_pool.h"
#include "sql/reads_together.h"
#include "sql/tables.h"
#include "sql/text.h"
#include "telemetry/registry.h"
#include "telemetry/span.h"

namespace domicile::sql {
namespace {

using Session = PostgresPool::Session;

// Losing this often against others, each time after a longer pause, is no bad luck any more.
constexpr int kLostMax = 40;
// A session that turns out to be of no use is replaced this often.
constexpr int kReplacedMax = 2;
constexpr std::size_t kTogetherMax = 16;  // reads in one pipeline
constexpr int kLostAtOnce = 2;            // lost without a pause
constexpr std::uint64_t kPauseMs = 4, kPauseMsMax = 256;

// The pause before the next try: none, then up to twice as much each time, so that those who
// collided do not meet again.
Millis pause_after(int lost) {
    if (lost <= kLostAtOnce) return Millis(0);
    const int doubled = std::min(lost - kLostAtOnce, 8);
    const std::uint64_t most = std::min(kPauseMs << doubled, kPauseMsMax);
    return Millis(static_cast<std::int64_t>(io::Executor::current().random().number() % most));
}

// Before anything is sent, so that a pipeline never has half a batch in it.
Result<BatchResult> check(const std::vector<Statement>& batch) {
    for (const Statement& statement : batch) {
        if (statement.sql.empty()) return fail(Code::internal, "Not exactly one SQL statement.");
        if (parameters_in(statement.sql) != statement.parameters.size())
            return fail(Code::internal,
                        "The number of SQL parameters differs from the statement's.");
        TRY_VOID(check_text(statement.parameters));
    }
    return BatchResult();
}

// Of the standard's catalogue, which the other engines have too.
constexpr const char* kCatalogue =
    "SELECT CAST(c.table_name AS TEXT), CAST(c.column_name AS TEXT), CAST(c.data_type AS TEXT), "
    "CAST(COALESCE(k.place, 0) AS BIGINT) FROM information_schema.columns c "
    "JOIN information_schema.tables t ON t.table_schema = c.table_schema "
    "AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE' "
    "LEFT JOIN (SELECT u.table_schema, u.table_name, u.column_name, u.ordinal_position AS place "
    "FROM information_schema.key_column_usage u JOIN information_schema.table_constraints p "
    "ON p.constraint_schema = u.constraint_schema AND p.constraint_name = u.constraint_name "
    "AND p.table_name = u.table_name AND p.constraint_type = 'PRIMARY KEY') k "
    "ON k.table_schema = c.table_schema AND k.table_name = c.table_name "
    "AND k.column_name = c.column_name WHERE c.table_schema = current_schema() "
    "ORDER BY CAST(c.table_name AS TEXT), c.ordinal_position";

// separately: reads that need not be of one snapshot.
enum class Kind : std::uint8_t { writing, reading, separately };

struct Metrics {
    const telemetry::CounterBy<telemetry::Outcome> batches;
    const telemetry::Counter refused;
    const telemetry::TimeHistogram time;
};

class PostgresDatabase final : public Database {
  public:
    explicit PostgresDatabase(const PostgresOptions& options)
        : options_(options),
          pool_(options),
          together_(
              [this](std::vector<Statement> statements) {
                  return run(std::move(statements), Kind::separately);
              },
              {.pipelines_max = std::max<std::size_t>(1, options.connections_max / 2),
               .together_max = kTogetherMax,
               .waiting_max = options.queue_max}) {}

    io::Task<Result<BatchResult>> write(std::vector<Statement> batch) override {
        return measured(std::move(batch), Kind::writing);
    }
    io::Task<Result<BatchResult>> read(std::vector<Statement> batch) override {
        return measured(std::move(batch), Kind::reading);
    }
    io::Task<Result<void>> migrate(std::string component, std::vector<std::string> steps) override;
    io::Task<Result<std::vector<Table>>> tables() override {
        std::vector<Statement> batch;
        batch.push_back({kCatalogue, {}});
        CO_TRY(const BatchResult out, co_await read(std::move(batch)));
        co_return tables_of(out[0].rows);
    }
    bool shared() const override { return true; }
    void report_to(telemetry::Registry& registry, const std::string& name) override;

  private:
    io::Task<Result<BatchResult>> measured(std::vector<Statement> batch, Kind kind);
    io::Task<Result<BatchResult>> run(std::vector<Statement> batch, Kind kind);
    io::Task<Result<Tried>> try_once(const std::vector<Statement>& batch, Kind kind,
                                     Instant deadline);
    void report(telemetry::Registry& registry, const Metrics& metrics, const std::string& name,
                Kind kind) const;

    const PostgresOptions options_;
    PostgresPool pool_;
    ReadsTogether together_;
    Metrics writes_, reads_;
    const telemetry::Counter lost_, replaced_;
    std::string name_;  // set before there is work
};

io::Task<Result<BatchResult>> PostgresDatabase::measured(std::vector<Statement> batch, Kind kind) {
    const bool writing = kind == Kind::writing;
    const Metrics& metrics = writing ? writes_ : reads_;
    std::optional<telemetry::ChildSpan> span;
    if (writing && !name_.empty()) span.emplace(telemetry::SpanKind::commit, name_);
    const io::Clock& clock = io::Executor::current().clock();
    const std::int64_t start = clock.monotonic_ns();
    // One statement is of one snapshot by itself.
    const bool lone = !writing && batch.size() == 1 && batch[0].expect_rows < 0;
    Result<BatchResult> out = check(batch);
    if (out && !batch.empty()) {
        if (lone)
            out = co_await together_.read(std::move(batch[0]));
        else
            out = co_await run(std::move(batch), kind);
    }
    metrics.time.observe(telemetry::Nanos(clock.monotonic_ns() - start));
    metrics.batches.add(telemetry::outcome_of(out));
    if (!out && out.error().code == Code::resource_exhausted) metrics.refused.add();
    if (span) span->end(telemetry::outcome_of(out));
    co_return out;
}

io::Task<Result<void>> PostgresDatabase::migrate(std::string component,
                                                 std::vector<std::string> steps) {
    const Instant deadline = io::deadline_in(options_.migration_max);
    for (int lost = 0;;) {
        CO_TRY(Session session, co_await pool_.take(deadline));
        Result<void> out = co_await session->migrate(component, steps, deadline);
        const bool again = !out && session->lost_migration() && ++lost <= kLostMax;
        pool_.give_back(std::move(session));
        if (!again) co_return out;
        co_await io::sleep_for(pause_after(lost));
    }
}

io::Task<Result<Tried>> PostgresDatabase::try_once(const std::vector<Statement>& batch, Kind kind,
                                                   Instant deadline) {
    CO_TRY(Session session, co_await pool_.take(deadline));
    Tried out;
    if (kind == Kind::writing)
        out = co_await session->write(batch, deadline);
    else if (kind == Kind::reading)
        out = co_await session->read(batch, deadline);
    else
        out = co_await session->read_separately(batch, deadline);
    pool_.give_back(std::move(session));
    co_return out;
}

io::Task<Result<BatchResult>> PostgresDatabase::run(std::vector<Statement> batch, Kind kind) {
    const Instant deadline = io::deadline_in(options_.batch_max);
    for (int lost = 0, replaced = 0;;) {
        CO_TRY(Tried tried, co_await try_once(batch, kind, deadline));
        if (tried.next == Next::answer) co_return tried.result;
        if (tried.next == Next::elsewhere) {
            replaced_.add();
            if (++replaced > kReplacedMax) co_return tried.result;
            continue;
        }
        lost_.add();
        const Millis pause = pause_after(++lost);
        if (lost > kLostMax || io::deadline_in(pause) >= deadline)
            co_return fail(Code::unavailable, "Too many concurrent changes of the same rows.",
                           std::string(kReasonContention));
        if (pause > Millis(0)) co_await io::sleep_for(pause);
    }
}

void PostgresDatabase::report(telemetry::Registry& registry, const Metrics& metrics,
                              const std::string& name, Kind kind) const {
    const bool writing = kind == Kind::writing;
    const telemetry::Labels labels{{"database", name}, {"kind", writing ? "write" : "read"}};
    registry.add("domicile_sql_batches_total",
                 "Batches of statements; refused: an expectation or a unique key did not hold.",
                 metrics.batches, {"outcome"}, labels);
    registry.add("domicile_sql_refused_total", "Batches turned away because the queue was full.",
                 metrics.refused, labels);
    registry.add(
        writing ? "domicile_sql_commit_duration_seconds" : "domicile_sql_read_duration_seconds",
        writing ? "From the begin of a write transaction to its bytes being on the disk."
                : "Read transactions.",
        metrics.time, {{"database", name}});
}

void PostgresDatabase::report_to(telemetry::Registry& registry, const std::string& name) {
    name_ = name;
    const telemetry::Labels labels{{"database", name}};
    report(registry, writes_, name, Kind::writing);
    report(registry, reads_, name, Kind::reading);
    registry.add_gauge(
        "domicile_sql_waiting", "Batches that wait for a connection.",
        [this] { return static_cast<double>(pool_.waiting()); }, labels);
    registry.add_gauge(
        "domicile_sql_connections", "Connections to PostgreSQL.",
        [this] { return static_cast<double>(pool_.open()); }, labels);
    registry.add("domicile_sql_connected_total", "Connections made to PostgreSQL.",
                 pool_.connected(), labels);
    registry.add("domicile_sql_read_pipelines_total",
                 "Round trips that carried reads of one statement, several at a time.",
                 together_.pipelines(), labels);
    registry.add("domicile_sql_read_pipeline_statements_total", "Statements in them.",
                 together_.statements(), labels);
    registry.add("domicile_sql_lost_total",
                 "Tries of batches that lost against a concurrent one and were tried again.", lost_,
                 labels);
    registry.add("domicile_sql_replaced_total",
                 "Tries of batches that were made again since their connection had ended.",
                 replaced_, labels);
}

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const PostgresOptions& options) {
    if (options.servers.empty() || options.connections_max == 0 || options.queue_max == 0 ||
        options.batch_max <= Millis(0))
        return fail(Code::invalid_argument,
                    "PostgreSQL needs servers, connections, a queue and time.");
    return std::make_unique<PostgresDatabase>(options);
}

}  // namespace domicile::sql
