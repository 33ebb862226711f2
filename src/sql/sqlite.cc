#include <algorithm>
#include <utility>

#include "base/format_version.h"
#include "sql/database.h"
#include "sql/sqlite_worker.h"
#include "sql/tables.h"

namespace domicile::sql {
namespace {

// Reads in one snapshot: enough to save most of the cost of taking it, few enough that the first
// does not wait long for the last.
constexpr std::size_t kReadGroupMax = 16;

constexpr const char* kCatalogue =
    "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c "
    "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, c.cid";

Result<BatchResult> run_batch(SqliteConnection& connection, const std::vector<Statement>& batch) {
    BatchResult out;
    out.reserve(batch.size());
    for (const Statement& statement : batch) {
        TRY(StatementResult result, connection.run(statement));
        out.push_back(std::move(result));
    }
    return out;
}

// Atomic, as all that runs in one job: a step that fails leaves the old version and the old tables.
Result<std::monostate> run_migration(SqliteConnection& connection, const std::string& component,
                                     const std::vector<std::string>& steps) {
    TRY_VOID(
        connection.execute("CREATE TABLE IF NOT EXISTS schema_versions ("
                           "component TEXT PRIMARY KEY, version BIGINT NOT NULL)"));
    const Statement select{"SELECT version FROM schema_versions WHERE component = $1", {component}};
    TRY(const StatementResult stored, connection.run(select));
    const std::int64_t version = stored.rows.empty() ? 0 : stored.rows[0].integer(0);
    const auto known = static_cast<std::int64_t>(steps.size());
    if (version > known)
        TRY_VOID(check_format(connection.path() + ", part " + component + ",", version, known));
    for (std::int64_t step = version; step < known; ++step)
        TRY_VOID(connection.script(steps[static_cast<std::size_t>(step)]));
    TRY_VOID(
        connection.run({"INSERT INTO schema_versions (component, version) VALUES ($1, $2) "
                        "ON CONFLICT (component) DO UPDATE SET version = excluded.version",
                        {component, known}}));
    return std::monostate{};
}

class SqliteDatabase final : public Database {
  public:
    SqliteDatabase(const SqliteOptions& options,
                   std::vector<std::unique_ptr<SqliteConnection>> writer,
                   std::vector<std::unique_ptr<SqliteConnection>> readers)
        : writer_(SqliteWorkers::Kind::writing, std::move(writer), options.queue_max,
                  options.group_max, options.pool),
          readers_(SqliteWorkers::Kind::reading, std::move(readers), options.queue_max,
                   std::min(options.group_max, kReadGroupMax), options.pool) {}

    io::Task<Result<BatchResult>> write(std::vector<Statement> batch) override {
        return run_on(writer_, Batch{std::move(batch)});
    }
    io::Task<Result<BatchResult>> read(std::vector<Statement> batch) override {
        return run_on(readers_, Batch{std::move(batch)});
    }
    io::Task<Result<void>> migrate(std::string component, std::vector<std::string> steps) override {
        Migration migration{std::move(component), std::move(steps)};
        CO_TRY_VOID(co_await run_on(writer_, std::move(migration)));
        co_return Result<void>();
    }

    io::Task<Result<std::vector<Table>>> tables() override {
        std::vector<Statement> batch;
        batch.push_back({kCatalogue, {}});
        CO_TRY(const BatchResult out, co_await read(std::move(batch)));
        co_return tables_of(out[0].rows);
    }

    void report_to(telemetry::Registry& registry, const std::string& name) override {
        writer_.report_to(registry, name);
        readers_.report_to(registry, name);
    }

  private:
    struct Batch {
        std::vector<Statement> statements;
        Result<BatchResult> operator()(SqliteConnection& connection) const {
            return run_batch(connection, statements);
        }
        bool all_or_nothing() const {
            return statements.size() == 1 && statements[0].expect_rows < 0;
        }
    };
    struct Migration {
        std::string component;
        std::vector<std::string> steps;
        Result<std::monostate> operator()(SqliteConnection& connection) const {
            return run_migration(connection, component, steps);
        }
    };

    SqliteWorkers writer_;
    SqliteWorkers readers_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options) {
    if (options.readers == 0 || options.queue_max == 0 || options.group_max == 0)
        return fail(Code::invalid_argument, "A database needs readers, a queue and a group size.");
    std::vector<std::unique_ptr<SqliteConnection>> writer;
    std::vector<std::unique_ptr<SqliteConnection>> readers;
    ConnectionOptions connection{.path = options.path, .vfs = options.vfs};
    TRY(auto first, SqliteConnection::open(connection));
    writer.push_back(std::move(first));
    connection.read_only = true;
    for (std::size_t i = 0; i < options.readers; ++i) {
        TRY(auto reader, SqliteConnection::open(connection));
        readers.push_back(std::move(reader));
    }
    return std::make_unique<SqliteDatabase>(options, std::move(writer), std::move(readers));
}

}  // namespace domicile::sql
