// A store in a SQLite file that several processes share. Every write transaction is BEGIN
// IMMEDIATE, so its compares and its writes see one state whoever else writes; reads begin a new
// snapshot after all that was committed. Both are therefore linearizable, and there is no local
// copy to be stale.
//
// docs/formats/directory.md lists the tables.
#include <tuple>
#include <utility>

#include "base/format_version.h"
#include "io/executor.h"
#include "kv/rules.h"
#include "kv/store.h"
#include "sql/sqlite_worker.h"

namespace domicile::kv {
namespace {

using sql::Blob;
using sql::SqliteConnection;
using sql::SqliteWorkers;
using Connections = std::vector<std::unique_ptr<SqliteConnection>>;

constexpr std::size_t kQueueMax = 4096;
constexpr std::size_t kGroupMax = 256;
constexpr std::int64_t kFormat = 1;

constexpr char kTables[] = R"(
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('format', 1), ('revision', 0), ('compacted', 0)
    ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS entries (
    key BLOB PRIMARY KEY, value BLOB NOT NULL,
    create_revision INTEGER NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
    revision INTEGER NOT NULL, number INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
    create_revision INTEGER NOT NULL, deleted INTEGER NOT NULL,
    PRIMARY KEY (revision, number)) WITHOUT ROWID;
)";

Result<std::int64_t> read_meta(SqliteConnection& connection, const char* name) {
    TRY(auto out,
        connection.run({"SELECT value FROM meta WHERE name = $1", {std::string(name)}, 1}));
    return out.rows[0].integer(0);
}
Result<void> write_meta(SqliteConnection& connection, const char* name, std::int64_t value) {
    TRY_VOID(connection.run(
        {"UPDATE meta SET value = $2 WHERE name = $1", {std::string(name), value}, 1}));
    return {};
}

Result<void> create_tables(SqliteConnection& connection) {
    TRY_VOID(connection.execute("BEGIN IMMEDIATE"));
    auto created = connection.script(kTables);
    if (created) created = connection.execute("COMMIT");
    // What cannot be rolled back ends with the connection.
    if (connection.in_transaction()) std::ignore = connection.execute("ROLLBACK");
    TRY_VOID(std::move(created));
    TRY(const std::int64_t format, read_meta(connection, "format"));
    return check_format(connection.path() + ", tables of the store,", format, kFormat);
}

Entry read_entry(const sql::Row& row) {
    return {row.bytes(0), row.bytes(1), row.integer(2), row.integer(3)};
}

Result<std::optional<Entry>> find(SqliteConnection& connection, const std::string& key) {
    TRY(auto out, connection.run({"SELECT key, value, create_revision, revision FROM entries "
                                  "WHERE key = $1",
                                  {Blob{key}}}));
    if (out.rows.empty()) return std::nullopt;
    return read_entry(out.rows[0]);
}

Result<void> append_log(SqliteConnection& connection, const Change& change, std::int64_t number) {
    const Entry& entry = change.entry;
    TRY_VOID(
        connection.run({"INSERT INTO log (revision, number, key, value, create_revision, deleted) "
                        "VALUES ($1, $2, $3, $4, $5, $6)",
                        {entry.revision, number, Blob{entry.key}, Blob{entry.value},
                         entry.create_revision, std::int64_t{change.deleted}}}));
    return {};
}

// True when the write changed something.
Result<bool> apply_write(SqliteConnection& connection, const Write& write, std::int64_t revision,
                         std::int64_t number) {
    if (!write.value) {
        TRY(auto out, connection.run({"DELETE FROM entries WHERE key = $1", {Blob{write.key}}}));
        if (out.changed == 0) return false;
        const Change tombstone{{write.key, "", 0, revision}, true};
        TRY_VOID(append_log(connection, tombstone, number));
        return true;
    }
    TRY(auto out, connection.run({"INSERT INTO entries (key, value, create_revision, revision) "
                                  "VALUES ($1, $2, $3, $3) ON CONFLICT (key) DO UPDATE "
                                  "SET value = excluded.value, revision = excluded.revision "
                                  "RETURNING create_revision",
                                  {Blob{write.key}, Blob{*write.value}, revision},
                                  1}));
    const Change change{{write.key, *write.value, out.rows[0].integer(0), revision}, false};
    TRY_VOID(append_log(connection, change, number));
    return true;
}

Result<void> compact(SqliteConnection& connection, std::int64_t revision, std::int64_t kept) {
    const std::int64_t last = revision - kept;
    if (last <= 0) return {};
    TRY(auto gone, connection.run({"DELETE FROM log WHERE revision <= $1", {last}}));
    if (gone.changed == 0) return {};
    return write_meta(connection, "compacted", last);
}

struct Commit {
    Transaction transaction;
    std::int64_t log_revisions_max;

    Result<TransactionResult> operator()(SqliteConnection& connection) const {
        TRY(const std::int64_t revision, read_meta(connection, "revision"));
        TransactionResult out{.applied = true, .revision = revision, .current = {}};
        for (const Compare& compare : transaction.compares) {
            TRY(auto current, find(connection, compare.key));
            out.applied = out.applied && holds(compare, current);
            out.current.push_back(std::move(current));
        }
        if (!out.applied) return out;
        out.current.clear();
        std::int64_t changed = 0;
        for (const Write& write : transaction.writes) {
            TRY(const bool did, apply_write(connection, write, revision + 1, changed));
            changed += did ? 1 : 0;
        }
        if (changed == 0) return out;
        out.revision = revision + 1;
        TRY_VOID(write_meta(connection, "revision", out.revision));
        TRY_VOID(compact(connection, out.revision, log_revisions_max));
        return out;
    }
};

struct Get {
    std::string key;
    Result<std::optional<Entry>> operator()(SqliteConnection& connection) const {
        return find(connection, key);
    }
};

struct Range {
    std::string prefix;
    std::string after;
    std::size_t limit;

    Result<std::vector<Entry>> operator()(SqliteConnection& connection) const {
        // One lower bound: of two, SQLite may search by the one and pass over all that the other
        // excludes.
        const bool from_prefix = after < prefix;
        std::vector<sql::Value> parameters = {Blob{from_prefix ? prefix : after}, bounded(limit)};
        std::string text = "SELECT key, value, create_revision, revision FROM entries WHERE key ";
        text += from_prefix ? ">= $1" : "> $1";
        if (auto end = prefix_end(prefix)) {
            text += " AND key < $3";
            parameters.emplace_back(Blob{std::move(*end)});
        }
        text += " ORDER BY key LIMIT $2";
        TRY(auto out, connection.run({std::move(text), std::move(parameters)}));
        std::vector<Entry> entries;
        entries.reserve(out.rows.size());
        for (const sql::Row& row : out.rows) entries.push_back(read_entry(row));
        return entries;
    }
    static std::int64_t bounded(std::size_t limit) {
        return static_cast<std::int64_t>(std::min<std::size_t>(limit, 1 << 30));
    }
};

struct Log {
    std::vector<Change> changes;
    std::int64_t version = 0;  // of the file, as this connection sees it
};

// The first `limit` changes and the rest of the last one's transaction. Does not look into the log
// when the file has not changed since `version`.
struct ReadLog {
    std::int64_t after;
    std::size_t limit;
    std::int64_t version;

    Result<Log> operator()(SqliteConnection& connection) const {
        Log out;
        TRY(auto current, connection.run({"PRAGMA data_version", {}, 1}));
        out.version = current.rows[0].integer(0);
        if (out.version == version) return out;
        TRY(const std::int64_t compacted_to, read_meta(connection, "compacted"));
        if (after < compacted_to) return compacted();
        TRY(auto rows,
            connection.run({"SELECT key, value, create_revision, revision, deleted FROM log "
                            "WHERE revision > $1 AND revision <= coalesce((SELECT max("
                            "revision) FROM (SELECT revision FROM log WHERE revision > $1 "
                            "ORDER BY revision, number LIMIT $2)), 0) "
                            "ORDER BY revision, number",
                            {after, Range::bounded(limit)}}));
        for (const sql::Row& row : rows.rows)
            out.changes.push_back({read_entry(row), row.integer(4) != 0});
        return out;
    }
};

class SqliteStore final : public Store {
  public:
    SqliteStore(const StoreOptions& options, Connections writer, Connections readers,
                Connections watcher)
        : options_(options),
          writer_(SqliteWorkers::Kind::writing, std::move(writer), kQueueMax, kGroupMax,
                  options.pool),
          readers_(SqliteWorkers::Kind::reading, std::move(readers), kQueueMax, 1, options.pool),
          watcher_(SqliteWorkers::Kind::reading, std::move(watcher), kQueueMax, 1, options.pool) {}

    io::Task<Result<TransactionResult>> commit(Transaction transaction) override {
        CO_TRY_VOID(check_bounds(transaction));
        Commit work{std::move(transaction), options_.log_revisions_max};
        co_return co_await sql::run_on(writer_, std::move(work));
    }
    io::Task<Result<std::optional<Entry>>> get(std::string key) override {
        return sql::run_on(readers_, Get{std::move(key)});
    }
    io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                               std::size_t limit) override {
        return sql::run_on(readers_, Range{std::move(prefix), std::move(after), limit});
    }
    io::Task<Result<std::vector<Change>>> changes(std::int64_t after_revision,
                                                  std::size_t limit) override {
        const Instant give_up = io::deadline_in(options_.watch_wait);
        std::int64_t version = -1;
        while (true) {
            const ReadLog work{after_revision, limit, version};
            CO_TRY(Log log, co_await sql::run_on(watcher_, work));
            const bool last = io::deadline_in(Millis(0)) >= give_up;
            if (!log.changes.empty() || last) co_return std::move(log.changes);
            version = log.version;
            co_await io::sleep_for(options_.watch_poll);
        }
    }

    void report_to(telemetry::Registry& registry, const std::string& name) override {
        writer_.report_to(registry, name);
        readers_.report_to(registry, name);
    }

  private:
    StoreOptions options_;
    SqliteWorkers writer_;
    SqliteWorkers readers_;
    SqliteWorkers watcher_;  // one connection: data_version is only comparable with its own
};

Result<Connections> connect(const sql::ConnectionOptions& options) {
    Connections out;
    TRY(auto connection, SqliteConnection::open(options));
    out.push_back(std::move(connection));
    return out;
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path,
                                                 const StoreOptions& options) {
    sql::ConnectionOptions connection{.path = path, .busy = options.busy, .vfs = options.vfs};
    TRY(Connections writer, connect(connection));
    TRY_VOID(create_tables(*writer[0]));
    connection.read_only = true;
    TRY(Connections readers, connect(connection));
    TRY(Connections watcher, connect(connection));
    return std::make_unique<SqliteStore>(options, std::move(writer), std::move(readers),
                                         std::move(watcher));
}

}  // namespace domicile::kv
