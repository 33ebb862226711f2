#include "sql/postgres_session.h"

#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>

namespace domicile::sql {
namespace {

constexpr std::size_t kPreparedMax = 256;
constexpr const char* kBeginWrite = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";
constexpr const char* kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

Error expectation_unmet() {
    return {Code::conflict, "The data is not as expected.", std::string(kReasonExpectation)};
}

Result<void> check_expectations(const std::vector<Statement>& batch, const BatchResult& results) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (batch[i].expect_rows < 0) continue;
        const auto rows = static_cast<std::int64_t>(results[i].rows.size());
        if ((rows > 0 ? rows : results[i].changed) != batch[i].expect_rows)
            return std::unexpected(expectation_unmet());
    }
    return {};
}

bool readable(int descriptor) {
    pollfd asked{.fd = descriptor, .events = POLLIN | POLLRDHUP, .revents = 0};
    return poll(&asked, 1, 0) != 0;
}

// Bytes that OpenSSL has decrypted and libpq has not taken; the socket says nothing of them.
bool has_decrypted(PGconn* connection) {
    auto* tls = static_cast<SSL*>(PQsslStruct(connection, "OpenSSL"));
    return tls != nullptr && SSL_pending(tls) > 0;
}

}  // namespace

bool PostgresSession::usable() {
    if (lost_ || PQstatus(connection_.get()) != CONNECTION_OK) return false;
    // Nothing is due on an idle session but the server's last words.
    if (readable(PQsocket(connection_.get()))) lost_ = true;
    return !lost_;
}

const char* PostgresSession::prepare(const Statement& statement, const BoundParameters& bound) {
    std::string key;
    for (const Oid type : bound.types) key += std::to_string(type) + ",";
    key += statement.sql;
    if (const auto found = prepared_.find(key); found != prepared_.end())
        return found->second.c_str();
    if (prepared_.size() >= kPreparedMax) return nullptr;
    const std::string name = "s" + std::to_string(++names_);
    if (PQsendPrepare(connection_.get(), name.c_str(), statement.sql.c_str(),
                      static_cast<int>(bound.types.size()), bound.types.data()) != 1)
        lost_ = true;
    sent_.push_back({Kind::prepares, key});
    return prepared_.emplace(std::move(key), name).first->second.c_str();
}

void PostgresSession::send(const Statement& statement) {
    const BoundParameters bound(statement.parameters);
    const int count = static_cast<int>(bound.data.size());
    const char* name = prepare(statement, bound);
    const int sent =
        name != nullptr
            ? PQsendQueryPrepared(connection_.get(), name, count, bound.data.data(),
                                  bound.lengths.data(), bound.formats.data(), 1)
            : PQsendQueryParams(connection_.get(), statement.sql.c_str(), count, bound.types.data(),
                                bound.data.data(), bound.lengths.data(), bound.formats.data(), 1);
    if (sent != 1) lost_ = true;
}

void PostgresSession::queue(const Statement& statement, Kind kind) {
    send(statement);
    sent_.push_back({kind, {}});
}

io::Task<void> PostgresSession::wait(io::Readiness& readiness, io::Readiness::For what,
                                     Instant deadline) {
    if (!has_decrypted(connection_.get())) {
        const bool ready = co_await readiness.wait(what, deadline);
        if (!ready) lost_ = late_ = true;
        if (!ready) co_return;
    }
    if (PQconsumeInput(connection_.get()) != 1) lost_ = true;
}

// Reads while it writes: a server that cannot send its answers takes no more requests.
io::Task<void> PostgresSession::flush(io::Readiness& readiness, Instant deadline) {
    while (!lost_) {
        const int left = PQflush(connection_.get());
        if (left == 0) co_return;
        if (left < 0) lost_ = true;
        if (left > 0) co_await wait(readiness, io::Readiness::For::either, deadline);
    }
}

// Null at the end of a command. After the connection broke, what arrived before is still told.
io::Task<PostgresSession::ResultPointer> PostgresSession::next(io::Readiness& readiness,
                                                               Instant deadline) {
    while (!lost_ && PQisBusy(connection_.get()) != 0)
        co_await wait(readiness, io::Readiness::For::reading, deadline);
    const bool would_block = PQisBusy(connection_.get()) != 0 && is_open();
    PGresult* result = would_block ? nullptr : PQgetResult(connection_.get());
    co_return ResultPointer(result, &PQclear);
}

void PostgresSession::take(Answers& answers, const PGresult* result, std::size_t index) {
    const ExecStatusType status = PQresultStatus(result);
    const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!done && index < sent_.size()) prepared_.erase(sent_[index].prepared);
    if (answers.failure) return;
    answers.failed_at = index;
    const bool known = index < sent_.size();
    if (done && known) return take_rows(answers, result, sent_[index]);
    if (done) return;
    const std::string state = sqlstate_of(result);
    if (known && sent_[index].kind == Kind::checks && state == kExpectationFailed)
        answers.failure = Failure{expectation_unmet()};
    else
        answers.failure = failure_of(state);
}

void PostgresSession::take_rows(Answers& answers, const PGresult* result, const Command& command) {
    if (command.kind == Kind::checks) answers.results.push_back({{}, command.changes});
    if (command.kind != Kind::answers) return;
    Result<StatementResult> rows = rows_of(result);
    if (rows)
        answers.results.push_back(std::move(*rows));
    else
        answers.failure = Failure{std::move(rows).error()};
}

io::Task<PostgresSession::Answers> PostgresSession::synchronise(Instant deadline) {
    Answers out;
    if (PQpipelineSync(connection_.get()) != 1) lost_ = true;
    auto readiness = io::Readiness::of(PQsocket(connection_.get()));
    if (!readiness) {
        lost_ = true;
        out.failure = Failure{readiness.error()};
        co_return out;
    }
    co_await flush(**readiness, deadline);
    std::size_t index = 0;
    for (bool ended = false; !late_;) {
        const ResultPointer result = co_await next(**readiness, deadline);
        if (result && PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) break;
        if (result) take(out, result.get(), index);
        if (!result) ++index;
        // Of a broken connection: nothing more comes.
        const bool again = std::exchange(ended, !result);
        if ((again && !result) || (!is_open() && out.failure)) break;
    }
    if (!is_open()) lost_ = true;
    if (late_)
        out.failure = Failure{{Code::deadline_exceeded, "PostgreSQL did not answer in time.", {}},
                              Next::answer,
                              false};
    else if (lost_ && !out.failure)
        out.failure = failure_of("");
    co_return out;
}

// What the server says of a command before COMMIT means that COMMIT was skipped. Anything else that
// ends the session after COMMIT was sent leaves open whether it was done.
Tried PostgresSession::failed(const Answers& answers) {
    Tried out{std::unexpected(answers.failure->error), answers.failure->next};
    if (out.next == Next::elsewhere) lost_ = true;
    if (!lost_ || sent_.back().kind != Kind::commits) return out;
    if (answers.failure->told && answers.failed_at + 1 < sent_.size()) return out;
    out.result.error().reason = kReasonOutcomeUnknown;
    out.next = Next::answer;
    return out;
}

// False when COMMIT has to wait until rows are counted.
bool PostgresSession::queue_writes(const std::vector<Statement>& batch) {
    bool complete = true;
    for (const Statement& statement : batch) {
        const auto checked = statement.expect_rows < 0 ? std::nullopt : with_expectation(statement);
        queue(checked ? Statement{*checked, statement.parameters} : statement,
              checked ? Kind::checks : Kind::answers);
        if (checked) sent_.back().changes = statement.expect_rows;
        if (!checked && statement.expect_rows >= 0) complete = false;
    }
    return complete;
}

io::Task<Tried> PostgresSession::run(const std::vector<Statement>& batch, How how,
                                     Instant deadline) {
    sent_.clear();
    const bool reading = how != How::writing;
    // One statement that reads is of one snapshot without a transaction around it, and the session
    // writes nothing unless told to: see set_up.
    const bool alone = how == How::separately || (reading && batch.size() == 1);
    if (!alone) queue({reading ? kBeginRead : kBeginWrite, {}}, Kind::frames);
    bool complete = true;
    if (reading)
        for (const Statement& statement : batch) queue(statement, Kind::answers);
    else
        complete = queue_writes(batch);
    if (complete && !alone) queue({"COMMIT", {}}, reading ? Kind::frames : Kind::commits);
    Answers answers = co_await synchronise(deadline);
    Tried out;
    if (answers.failure) {
        out = failed(answers);
    } else {
        out.result = std::move(answers.results);
        if (Result<void> met = check_expectations(batch, *out.result); !met)
            out.result = std::unexpected(met.error());
    }
    if (lost_ || PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) co_return out;
    co_return co_await end(std::move(out), deadline);
}

io::Task<Tried> PostgresSession::end(Tried tried, Instant deadline) {
    const bool good = tried.result.has_value();
    sent_.clear();
    if (good)
        queue({"COMMIT", {}}, Kind::commits);
    else
        queue({"ROLLBACK", {}}, Kind::frames);
    const Answers answers = co_await synchronise(deadline);
    if (good && answers.failure) tried = failed(answers);
    // A transaction that may still be open is not for the next user.
    if (!lost_ && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) lost_ = true;
    co_return tried;
}

io::Task<Tried> PostgresSession::write(const std::vector<Statement>& batch, Instant deadline) {
    return run(batch, How::writing, deadline);
}

io::Task<Tried> PostgresSession::read(const std::vector<Statement>& batch, Instant deadline) {
    return run(batch, How::reading, deadline);
}

io::Task<Tried> PostgresSession::read_separately(const std::vector<Statement>& batch,
                                                 Instant deadline) {
    return run(batch, How::separately, deadline);
}

}  // namespace domicile::sql
