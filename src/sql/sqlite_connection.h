// One connection to a SQLite file, used by one thread at a time: what the SQL engine and the
// key-value store on SQLite share. It knows statements and their errors, and nothing of threads.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/time.h"
#include "sql/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace domicile::sql {

// What the file says of itself (PRAGMA application_id and user_version), besides the versions of
// the tables in it. A newer format is refused before anything is changed.
inline constexpr std::int64_t kApplicationId = 0x446f6d69;  // "Domi"
inline constexpr std::int64_t kFileFormat = 1;

struct ConnectionOptions {
    std::string path;
    bool read_only = false;  // refuses statements that write; the file must exist
    Millis busy{5000};       // how long to wait for another connection's lock, then unavailable
    std::size_t cached_statements_max = 256;
    std::string vfs = {};  // a registered VFS; empty: the operating system's files
};

class SqliteConnection {
  public:
    // Creates the file with mode 0600 if need be (SQLite gives -wal and -shm the same mode) and
    // sets WAL, synchronous=FULL and foreign_keys. unavailable when the file cannot be opened;
    // failed_precondition (newer_format, foreign_file) when it is not for this program, malformed
    // (damaged) when it is no database.
    static Result<std::unique_ptr<SqliteConnection>> open(const ConnectionOptions& options);
    ~SqliteConnection();
    SqliteConnection(const SqliteConnection&) = delete;
    SqliteConnection& operator=(const SqliteConnection&) = delete;

    // Runs one statement to its end and checks expect_rows. The parameters $1, $2, ... may appear
    // in any order and repeatedly; their number must be that of `parameters`.
    Result<StatementResult> run(const Statement& statement);
    // The same for a constant text without parameters or results, e.g. "COMMIT".
    Result<void> execute(std::string_view sql);
    // Any number of statements without parameters; stops at the first error.
    Result<void> script(const std::string& sql);

    // False also when SQLite has rolled back by itself (disk full, I/O error).
    bool in_transaction() const;
    const std::string& path() const { return options_.path; }

  private:
    struct Prepared {
        std::string sql;
        sqlite3_stmt* handle = nullptr;
        std::vector<std::size_t> parameter_of_slot;  // index into `parameters` of each SQLite slot
    };
    SqliteConnection(sqlite3* handle, const ConnectionOptions& options);

    Result<void> configure();
    Result<std::int64_t> pragma(const char* name);
    Result<void> check_file_format();
    Result<void> mark_file_format();
    Result<void> enter_wal_mode();
    Result<Prepared*> prepare(const std::string& sql);
    Result<void> map_parameters(Prepared& prepared) const;
    Result<void> bind(const Prepared& prepared, const std::vector<Value>& parameters);
    Result<StatementResult> step_to_end(const Prepared& prepared);
    Result<Row> read_row(sqlite3_stmt* handle) const;

    sqlite3* handle_;
    ConnectionOptions options_;
    std::list<Prepared> prepared_;  // most recently used first
    std::unordered_map<std::string_view, std::list<Prepared>::iterator> by_sql_;
};

}  // namespace domicile::sql
