// The SQL engine behind identity, access, documents and keyring. There are no interactive
// transactions: a batch of statements, each with an optional expectation, runs atomically. That
// fits SQLite's group commit (one fsync for many batches) and PostgreSQL's pipelining (one round
// trip for a batch) alike; a read-modify-write compares a version in its UPDATE and retries on
// conflict.
//
// The SQL is the common part of SQLite, PostgreSQL, CockroachDB and YugabyteDB, with parameters as
// $1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "io/task.h"
#include "telemetry/registry.h"

namespace domicile::io {
class BlockingPool;
}

namespace domicile::sql {

struct Blob {
    std::string bytes;
    bool operator==(const Blob&) const = default;
};
using Value =
    std::variant<std::monostate, std::int64_t, std::string, Blob>;  // NULL, BIGINT, TEXT, BYTEA

class Row {
  public:
    std::vector<Value> values;

    bool is_null(std::size_t column) const {
        return std::holds_alternative<std::monostate>(values[column]);
    }
    std::int64_t integer(std::size_t column) const {
        return std::get<std::int64_t>(values[column]);
    }
    const std::string& text(std::size_t column) const {
        return std::get<std::string>(values[column]);
    }
    const std::string& bytes(std::size_t column) const {
        return std::get<Blob>(values[column]).bytes;
    }
};

struct Statement {
    std::string sql;  // one statement; prepared once per connection by its text
    std::vector<Value> parameters;
    // When >= 0: the number of rows that must come back (SELECT, RETURNING) or be changed; anything
    // else rolls the batch back with Code::conflict and `reason` "expectation".
    std::int64_t expect_rows = -1;
};

struct StatementResult {
    std::vector<Row> rows;
    std::int64_t changed = 0;  // rows inserted, updated or deleted
};
using BatchResult = std::vector<StatementResult>;  // one per statement

class Database {
  public:
    virtual ~Database() = default;

    // Atomic and serialisable; success means durable (fsync). Callable from any executor. conflict
    // (an expectation or a uniqueness constraint, reason "unique"), unavailable (engine down, disk
    // full), resource_exhausted (queue full).
    virtual io::Task<Result<BatchResult>> write(std::vector<Statement> batch) = 0;
    // Reads of one snapshot; sees all that was acknowledged before.
    virtual io::Task<Result<BatchResult>> read(std::vector<Statement> batch) = 0;
    // Creates and upgrades tables: step i runs once, when the stored version of `component` is i.
    // Refuses (failed_precondition) a database whose version is newer than the steps known here.
    virtual io::Task<Result<void>> migrate(std::string component,
                                           std::vector<std::string> steps) = 0;
    // Adds its metrics, if it has any, under this name. Once, at start.
    virtual void report_to(telemetry::Registry& registry, const std::string& name) {
        (void)registry, (void)name;
    }
};

struct SqliteOptions {
    std::string path;              // created with mode 0600
    std::size_t readers = 2;       // reading connections
    std::size_t queue_max = 4096;  // waiting write batches
    std::size_t group_max = 256;   // batches in one commit
    // For simulation. The name of a registered SQLite VFS, and what runs the work instead of
    // threads of the database's own; it must take all that it is given and outlive the database.
    std::string vfs = {};
    io::BlockingPool* pool = nullptr;
};
// WAL, synchronous=FULL. One writing thread that commits all waiting batches together.
Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options);

}  // namespace domicile::sql
