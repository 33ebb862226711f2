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

#include "base/redacted.h"
#include "base/result.h"
#include "base/time.h"
#include "io/network.h"
#include "io/secret_file.h"
#include "io/task.h"
#include "telemetry/registry.h"

namespace domicile::io {
class BlockingPool;
}

namespace domicile::sql {

// Reasons of the errors that leave an engine.
inline constexpr std::string_view kReasonExpectation = "expectation";
inline constexpr std::string_view kReasonUnique = "unique";
inline constexpr std::string_view kReasonConstraint = "constraint";
// Of unavailable and deadline_exceeded: the batch may have been done, or may still be. Without it,
// it left nothing.
inline constexpr std::string_view kReasonOutcomeUnknown = "outcome_unknown";
// Of unavailable: the batch lost against others every time that it was tried.
inline constexpr std::string_view kReasonContention = "contention";
// Of unavailable: the server takes no further connection.
inline constexpr std::string_view kReasonNoConnections = "no_connections";

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

// The tables of one part of the program, and how they came about: see Database::migrate.
struct Component {
    std::string name;
    std::vector<std::string> steps;
};

enum class ColumnType : std::uint8_t { bigint, text, bytea };
struct Column {
    std::string name;
    ColumnType type = ColumnType::text;
    std::int64_t key = 0;  // place in the primary key, from 1; 0: no part of it
};
struct Table {
    std::string name;
    std::vector<Column> columns;  // in the order of the table
};

class Database {
  public:
    virtual ~Database() = default;

    // Atomic and serialisable; success means durable (fsync). Callable from any executor. conflict
    // (an expectation or a uniqueness constraint, reason "unique"), unavailable (engine down, disk
    // full), resource_exhausted (queue full), deadline_exceeded, invalid_argument (a text that is
    // no UTF-8 or has a zero byte in it). After unavailable and deadline_exceeded with reason
    // "outcome_unknown" it may have been done all the same.
    virtual io::Task<Result<BatchResult>> write(std::vector<Statement> batch) = 0;
    // Reads of one snapshot; sees all that was acknowledged before.
    virtual io::Task<Result<BatchResult>> read(std::vector<Statement> batch) = 0;
    // Creates and upgrades tables: step i runs once, when the stored version of `component` is i.
    // Refuses (failed_precondition) a database whose version is newer than the steps known here.
    virtual io::Task<Result<void>> migrate(std::string component,
                                           std::vector<std::string> steps) = 0;
    // All tables that there are, by name, as the engine's catalogue has them. unsupported for a
    // column of another type than those above.
    virtual io::Task<Result<std::vector<Table>>> tables() = 0;
    // Whether other processes write to it too, so that nothing that was read may be taken for true
    // later without looking again (see remembered.h).
    virtual bool shared() const { return false; }
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

struct PostgresOptions {
    // Tried in turn for one that takes writes. A host that begins with / is the folder of a Unix
    // socket.
    std::vector<io::Endpoint> servers;
    std::string database, user;
    Redacted<std::string> password;
    std::shared_ptr<io::SecretFile> password_file;  // instead: read for each connection
    bool tls = false;                        // with the server's certificate and name checked
    std::string ca_file;                     // empty: the system's; these three PEM
    std::string certificate_file, key_file;  // read by libpq for each connection
    std::size_t connections_max = 8;         // made when they are needed
    std::size_t queue_max = 4096;            // batches that wait for one
    Millis batch_max = Millis(10'000);       // for a batch with its waiting and its tries
    Millis migration_max = Seconds(600);
};
// Connects when it is first used. No batch may be under way when it is destroyed.
Result<std::unique_ptr<Database>> open_postgres(const PostgresOptions& options);

}  // namespace domicile::sql
