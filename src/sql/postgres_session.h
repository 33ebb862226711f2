// One connection to PostgreSQL: libpq in pipeline mode, non-blocking, on the reactor of whoever
// uses it at the moment. Between batches it belongs to no reactor.
//
// A batch is one round trip: BEGIN, its statements and COMMIT are sent together, and the server
// skips what comes after a failure. An expectation is made part of its statement, so that one that
// is not met is such a failure. Only a batch that expects a number of rows to come back takes two
// round trips: COMMIT waits until they are counted.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/readiness.h"
#include "sql/database.h"
#include "sql/postgres_values.h"

namespace domicile::sql {

// What one try of a batch came to.
struct Tried {
    Result<BatchResult> result;
    Next next = Next::answer;
};

class PostgresSession {
  public:
    // unavailable; reason kReasonNoConnections when the server has none left.
    static io::Task<Result<std::unique_ptr<PostgresSession>>> connect(
        const PostgresOptions& options, Instant deadline);

    // The batch's values are checked by the caller: check_text, and below.
    io::Task<Tried> write(const std::vector<Statement>& batch, Instant deadline);
    io::Task<Tried> read(const std::vector<Statement>& batch, Instant deadline);
    // Each of a snapshot of its own, and one that fails fails all.
    io::Task<Tried> read_separately(const std::vector<Statement>& batch, Instant deadline);
    io::Task<Result<void>> migrate(const std::string& component,
                                   const std::vector<std::string>& steps, Instant deadline);
    // After a migration that failed: another node may have made the same tables at once.
    bool lost_migration() const;
    // False when it was closed, here or, as far as can be told without asking, by the server. For a
    // session that nobody uses.
    bool usable();

  private:
    enum class Kind : std::uint8_t {
        frames,  // BEGIN, ROLLBACK, and the COMMIT of a read
        prepares,
        answers,  // a statement of the batch
        checks,   // one with its expectation in it
        commits,  // of a write
    };
    enum class How : std::uint8_t { writing, reading, separately };
    struct Command {
        Kind kind;
        std::string prepared;      // the key in prepared_, taken back when the preparation fails
        std::int64_t changes = 0;  // rows, when the check is passed
    };
    // The answers to what was sent up to a sync.
    struct Answers {
        std::vector<StatementResult> results;
        std::optional<Failure> failure;  // the first; what follows it was skipped
        std::size_t failed_at = 0;       // the command that it is of
    };
    using ResultPointer = std::unique_ptr<PGresult, decltype(&PQclear)>;

    explicit PostgresSession(PGconn* connection) : connection_(connection, &PQfinish) {}

    io::Task<Result<void>> handshake(Instant deadline);
    io::Task<Result<void>> set_up(const PostgresOptions& options, Instant deadline);

    io::Task<Tried> run(const std::vector<Statement>& batch, How how, Instant deadline);
    bool queue_writes(const std::vector<Statement>& batch);
    void take_rows(Answers& answers, const PGresult* result, const Command& command);
    io::Task<Tried> end(Tried tried, Instant deadline);
    void queue(const Statement& statement, Kind kind);
    // Its name; null when there are too many already.
    const char* prepare(const Statement& statement, const BoundParameters& bound);
    void send(const Statement& statement);
    bool is_open() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
    bool is_started() const { return PQstatus(connection_.get()) != CONNECTION_BAD; }
    io::Task<Answers> synchronise(Instant deadline);
    void take(Answers& answers, const PGresult* result, std::size_t index);
    Tried failed(const Answers& answers);

    // Any number of statements, outside of the pipeline. Gives the first column of the first row,
    // empty without rows.
    io::Task<Result<std::string>> script(std::string sql, Instant deadline);
    io::Task<Result<void>> begin_migration(Instant deadline);
    io::Task<Result<void>> run_steps(const std::string& component,
                                     const std::vector<std::string>& steps, Instant deadline);
    std::string literal(const std::string& text) const;

    // They set lost_ when the connection breaks, and late_ too at the deadline.
    io::Task<void> flush(io::Readiness& readiness, Instant deadline);
    io::Task<ResultPointer> next(io::Readiness& readiness, Instant deadline);
    io::Task<void> wait(io::Readiness& readiness, io::Readiness::For what, Instant deadline);

    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
    bool lost_ = false;  // broken, or not to be used again
    bool late_ = false;
    std::unordered_map<std::string, std::string> prepared_;  // types and text -> name
    std::vector<Command> sent_;                              // since the last sync
    std::uint64_t names_ = 0;
    std::string refused_with_;  // SQLSTATE of the last script that was refused
};

}  // namespace domicile::sql
