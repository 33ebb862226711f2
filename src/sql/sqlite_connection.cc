#include "sql/sqlite_connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <thread>

#include "base/format_version.h"
#include "base/mutant.h"
#include "sql/text.h"

namespace domicile::sql {
namespace {

// Messages come from the code alone, never from sqlite3_errmsg: that one may quote values. Only a
// statement that does not compile is quoted, since its text holds no values.
Error error_of(int code) {
    const int primary = code & 0xff;
    std::string message = std::string("SQLite: ") + sqlite3_errstr(code) + ".";
    switch (primary) {
        case SQLITE_CONSTRAINT:
            if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                code == SQLITE_CONSTRAINT_ROWID)
                return {Code::conflict, "A row with this key exists.", std::string(kReasonUnique)};
            return {Code::failed_precondition, std::move(message), std::string(kReasonConstraint)};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_NOMEM:
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_PROTOCOL:
            return {Code::unavailable, std::move(message), {}};
        case SQLITE_TOOBIG:
            return {Code::too_large, std::move(message), {}};
        default:
            return {Code::internal, std::move(message), {}};
    }
}

std::unexpected<Error> failed(int code) { return std::unexpected(error_of(code)); }

// mknod rather than open and close: closing any descriptor of the file would drop the POSIX locks
// that other connections of this process hold on it.
Result<void> create_private_file(const std::string& path) {
    if (mknod(path.c_str(), S_IFREG | 0600, 0) != 0) {
        if (errno == EEXIST) return {};
        return fail(Code::unavailable, "The database file cannot be created; check its folder.");
    }
    // The path of a file in the current folder has no parent; "./" then stands for it.
    const std::filesystem::path folder =
        std::filesystem::path("./" / std::filesystem::path(path)).parent_path();
    const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail(Code::unavailable, "The database folder cannot be opened.");
    const bool synced = fsync(descriptor) == 0;
    close(descriptor);
    if (!synced) return fail(Code::unavailable, "The database folder cannot be synced.");
    return {};
}

int bind_value(sqlite3_stmt* handle, int slot, const Value& value) {
    // SQLITE_STATIC: the parameters outlive the step, and the bindings are cleared after it.
    if (const auto* number = std::get_if<std::int64_t>(&value))
        return sqlite3_bind_int64(handle, slot, *number);
    if (const auto* text = std::get_if<std::string>(&value))
        return sqlite3_bind_text64(handle, slot, text->data(), text->size(), SQLITE_STATIC,
                                   SQLITE_UTF8);
    if (const auto* blob = std::get_if<Blob>(&value))
        return sqlite3_bind_blob64(handle, slot, blob->bytes.data(), blob->bytes.size(),
                                   SQLITE_STATIC);
    return sqlite3_bind_null(handle, slot);
}

}  // namespace

SqliteConnection::SqliteConnection(sqlite3* handle, const ConnectionOptions& options)
    : handle_(handle), options_(options) {}

SqliteConnection::~SqliteConnection() {
    for (Prepared& prepared : prepared_) sqlite3_finalize(prepared.handle);
    sqlite3_close(handle_);
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const ConnectionOptions& options) {
    const bool real = options.vfs.empty();
    if (real && !options.read_only) TRY_VOID(create_private_file(options.path));
    sqlite3* handle = nullptr;
    // Read-only connections open for writing too: reading a WAL needs the shared-memory file.
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (real ? 0 : SQLITE_OPEN_CREATE);
    const int code =
        sqlite3_open_v2(options.path.c_str(), &handle, flags, real ? nullptr : options.vfs.c_str());
    std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle, options));
    const Result<void> configured = code == SQLITE_OK ? connection->configure() : failed(code);
    if (configured) return connection;
    const int primary = sqlite3_errcode(handle) & 0xff;
    if (primary == SQLITE_NOTADB || primary == SQLITE_CORRUPT)
        return fail(Code::malformed,
                    options.path + " is damaged: SQLite cannot read it. Restore it from your copy.",
                    kReasonDamaged);
    Error error = configured.error();
    if (!error.message.starts_with(options.path)) error.message.insert(0, options.path + ": ");
    return std::unexpected(std::move(error));
}

Result<std::int64_t> SqliteConnection::pragma(const char* name) {
    TRY(const StatementResult out, run({std::string("PRAGMA ") + name, {}, 1}));
    return out.rows[0].integer(0);
}

// Reads only, so that a file of a newer program stays as it is.
Result<void> SqliteConnection::check_file_format() {
    TRY(const std::int64_t application, pragma("application_id"));
    if (application != 0 && application != kApplicationId)
        return fail(Code::failed_precondition, options_.path + " belongs to another program.",
                    kReasonForeign);
    TRY(const std::int64_t version, pragma("user_version"));
    return check_format(options_.path, std::max<std::int64_t>(version, 1), kFileFormat);
}

Result<void> SqliteConnection::mark_file_format() {
    TRY(const std::int64_t application, pragma("application_id"));
    if (application != 0) return {};
    return script("BEGIN IMMEDIATE; PRAGMA application_id=" + std::to_string(kApplicationId) +
                  "; PRAGMA user_version=" + std::to_string(kFileFormat) + "; COMMIT;");
}

Result<void> SqliteConnection::configure() {
    sqlite3_busy_timeout(handle_, static_cast<int>(options_.busy.count()));
    TRY_VOID(check_file_format());
    if (!options_.read_only) {
        TRY_VOID(enter_wal_mode());
        TRY_VOID(mark_file_format());
    }
    TRY_VOID(
        script("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
               "PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY;"));
    if (DOMICILE_IS_MUTANT("acknowledge_before_sync")) TRY_VOID(script("PRAGMA synchronous=OFF;"));
    if (options_.read_only) TRY_VOID(script("PRAGMA query_only=ON;"));
    return {};
}

// SQLite answers "busy" at once, without its busy handler, when two processes switch a new file to
// WAL at the same time.
Result<void> SqliteConnection::enter_wal_mode() {
    const auto give_up = std::chrono::steady_clock::now() + options_.busy;
    while (true) {
        auto mode = run({.sql = "PRAGMA journal_mode=WAL", .parameters = {}});
        if (mode && mode->rows.size() == 1 && mode->rows[0].text(0) == "wal") return {};
        if (mode)
            return fail(Code::unavailable, "The file system does not allow SQLite's WAL mode.");
        const bool busy = (sqlite3_errcode(handle_) & 0xff) == SQLITE_BUSY;
        if (!busy || std::chrono::steady_clock::now() > give_up)
            return std::unexpected(mode.error());
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

Result<void> SqliteConnection::execute(std::string_view sql) {
    TRY_VOID(run({.sql = std::string(sql), .parameters = {}}));
    return {};
}

Result<void> SqliteConnection::script(const std::string& sql) {
    const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    if ((code & 0xff) == SQLITE_ERROR)
        return fail(Code::internal, std::string("SQLite: ") + sqlite3_errmsg(handle_));
    if (code != SQLITE_OK) return failed(code);
    return {};
}

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Result<StatementResult> SqliteConnection::run(const Statement& statement) {
    TRY(Prepared * prepared, prepare(statement.sql));
    sqlite3_stmt* handle = prepared->handle;
    if (options_.read_only && sqlite3_stmt_readonly(handle) == 0)
        return fail(Code::internal, "A statement that writes was given to a reading connection.");
    auto bound = bind(*prepared, statement.parameters);
    auto out =
        bound ? step_to_end(*prepared) : Result<StatementResult>(std::unexpected(bound.error()));
    sqlite3_reset(handle);
    sqlite3_clear_bindings(handle);
    if (!out || statement.expect_rows < 0) return out;
    const bool gives_rows = sqlite3_column_count(handle) > 0;
    const std::int64_t count =
        gives_rows ? static_cast<std::int64_t>(out->rows.size()) : out->changed;
    if (count != statement.expect_rows)
        return fail(Code::conflict, "The data is not as expected.",
                    std::string(kReasonExpectation));
    return out;
}

Result<SqliteConnection::Prepared*> SqliteConnection::prepare(const std::string& sql) {
    if (const auto known = by_sql_.find(sql); known != by_sql_.end()) {
        prepared_.splice(prepared_.begin(), prepared_, known->second);
        return &prepared_.front();
    }
    Prepared prepared{.sql = sql, .handle = nullptr, .parameter_of_slot = {}};
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &prepared.handle, &rest);
    if ((code & 0xff) == SQLITE_ERROR)
        return fail(Code::internal, std::string("SQLite: ") + sqlite3_errmsg(handle_));
    if (code != SQLITE_OK) return failed(code);
    const bool one = prepared.handle != nullptr &&
                     std::string_view(rest).find_first_not_of(" \t\r\n;") == std::string_view::npos;
    auto mapped = one ? map_parameters(prepared)
                      : Result<void>(fail(Code::internal, "Not exactly one SQL statement."));
    if (!mapped) {
        sqlite3_finalize(prepared.handle);
        return std::unexpected(mapped.error());
    }
    if (prepared_.size() >= options_.cached_statements_max) {
        by_sql_.erase(prepared_.back().sql);
        sqlite3_finalize(prepared_.back().handle);
        prepared_.pop_back();
    }
    prepared_.push_front(std::move(prepared));
    by_sql_.emplace(prepared_.front().sql, prepared_.begin());
    return &prepared_.front();
}

// To SQLite `$1` is a name like any other, with slots numbered by first appearance; to PostgreSQL
// it is a position. The number decides here.
Result<void> SqliteConnection::map_parameters(Prepared& prepared) const {
    const int slots = sqlite3_bind_parameter_count(prepared.handle);
    for (int slot = 1; slot <= slots; ++slot) {
        const char* name = sqlite3_bind_parameter_name(prepared.handle, slot);
        const std::string_view text = name == nullptr ? "" : name;
        std::size_t number = 0;
        const char* end = text.data() + text.size();
        if (text.size() < 2 || text[0] != '$' ||
            std::from_chars(text.data() + 1, end, number).ptr != end || number == 0)
            return fail(Code::internal, "SQL parameters are written $1, $2, ...");
        prepared.parameter_of_slot.push_back(number - 1);
    }
    return {};
}

Result<void> SqliteConnection::bind(const Prepared& prepared,
                                    const std::vector<Value>& parameters) {
    // Slots are distinct names: as many as parameters, none beyond, means that all are there.
    if (prepared.parameter_of_slot.size() != parameters.size())
        return fail(Code::internal, "The number of SQL parameters differs from the statement's.");
    TRY_VOID(check_text(parameters));
    int slot = 0;
    for (const std::size_t index : prepared.parameter_of_slot) {
        if (index >= parameters.size()) return fail(Code::internal, "An SQL parameter is missing.");
        const int code = bind_value(prepared.handle, ++slot, parameters[index]);
        if (code != SQLITE_OK) return failed(code);
    }
    return {};
}

Result<StatementResult> SqliteConnection::step_to_end(const Prepared& prepared) {
    StatementResult out;
    const auto before = sqlite3_total_changes64(handle_);
    int code = 0;
    while ((code = sqlite3_step(prepared.handle)) == SQLITE_ROW) {
        TRY(Row row, read_row(prepared.handle));
        out.rows.push_back(std::move(row));
    }
    if (code != SQLITE_DONE) return failed(code);
    // sqlite3_changes keeps the count of an earlier statement after SELECT and DDL.
    if (sqlite3_total_changes64(handle_) != before) out.changed = sqlite3_changes64(handle_);
    return out;
}

Result<Row> SqliteConnection::read_row(sqlite3_stmt* handle) const {
    Row row;
    const int columns = sqlite3_column_count(handle);
    row.values.reserve(static_cast<std::size_t>(columns));
    for (int i = 0; i < columns; ++i) {
        switch (sqlite3_column_type(handle, i)) {
            case SQLITE_NULL:
                row.values.emplace_back(std::monostate{});
                break;
            case SQLITE_INTEGER:
                row.values.emplace_back(std::int64_t{sqlite3_column_int64(handle, i)});
                break;
            case SQLITE_TEXT: {
                const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle, i));
                const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle, i));
                row.values.emplace_back(size == 0 ? std::string() : std::string(text, size));
                break;
            }
            case SQLITE_BLOB: {
                const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle, i));
                const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle, i));
                row.values.emplace_back(Blob{size == 0 ? std::string() : std::string(bytes, size)});
                break;
            }
            default:
                return fail(Code::internal, "SQL columns are BIGINT, TEXT or BYTEA.");
        }
    }
    return row;
}

}  // namespace domicile::sql
