// Threads that own SQLite connections, with one bounded queue. A writing pool has one thread and
// commits all waiting jobs together (group commit): one fsync for many batches. Each job runs
// inside a savepoint, so that a job that fails is rolled back alone, and none is told of success
// before the commit is on disk. After a commit of many the writer waits a little for as many again:
// they were answered together and come back together, but would else meet a commit of the first few
// of them. A reading pool gives each of its threads a share of the waiting
// jobs, which it runs in one snapshot.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "io/executor.h"
#include "io/task.h"
#include "sql/sqlite_connection.h"
#include "telemetry/registry.h"
#include "telemetry/span.h"

namespace domicile::sql {

struct SqliteJob {
    // On the pool's thread, inside the transaction, once; an error undoes what it did.
    std::move_only_function<Result<void>(SqliteConnection&)> apply;
    // On the pool's thread, after the transaction's end: what apply returned, or the commit's
    // failure.
    std::move_only_function<void(Result<void>)> done;
    // It changes nothing when it fails, so that it needs no savepoint: one statement, which SQLite
    // undoes by itself.
    bool all_or_nothing = false;
};

class SqliteWorkers {
  public:
    enum class Kind : std::uint8_t { writing, reading };

    // A thread for each connection; writing pools have exactly one. With `pool`, no thread: its
    // work does what theirs would, one piece at a time for each connection.
    SqliteWorkers(Kind kind, std::vector<std::unique_ptr<SqliteConnection>> connections,
                  std::size_t queue_max, std::size_t group_max, io::BlockingPool* pool = nullptr);
    ~SqliteWorkers();  // finishes what is queued

    // From any thread. False, with the job untaken, when the queue is at its bound.
    bool submit(SqliteJob job);
    // What the commits of a writing pool are called in traces. Empty: they are not.
    const std::string& name() const { return name_; }
    // Names its metrics after `database`; it outlives the registry's use.
    void report_to(telemetry::Registry& registry, const std::string& database);

  private:
    void serve(SqliteConnection& connection);
    void serve_on_pool(SqliteConnection& connection);
    void run(SqliteConnection& connection, std::vector<SqliteJob>& group);
    bool take(std::vector<SqliteJob>& group);
    void gather(std::unique_lock<std::mutex>& lock);
    void take_waiting(std::vector<SqliteJob>& group);  // under the mutex
    void write_group(SqliteConnection& connection, std::vector<SqliteJob>& group);
    void read_group(SqliteConnection& connection, std::vector<SqliteJob>& group);

    struct Metrics {
        const telemetry::CounterBy<telemetry::Outcome> batches;
        const telemetry::Counter refused;
        const telemetry::TimeHistogram transaction;
        const telemetry::BatchHistogram group;
    };

    Metrics metrics_;
    std::string name_;  // set before there is work for it
    Kind kind_;
    std::size_t queue_max_;
    std::size_t group_max_;
    io::BlockingPool* pool_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<SqliteJob> queue_;
    // Threads that wait and were not woken; at times too high, never too low.
    std::size_t sleeping_ = 0;
    std::size_t gathering_ = 0;  // how many jobs the writer waits for; 0: it does not
    // Of the last commit; the writing thread's own.
    std::size_t last_group_ = 1;
    std::int64_t last_end_ns_ = 0, last_took_ns_ = 0;
    bool stopping_ = false;
    std::vector<SqliteConnection*> idle_;  // with a pool only
    std::vector<std::unique_ptr<SqliteConnection>> connections_;
    std::vector<std::jthread> threads_;
};

// A job that runs `work` and sets `done` with what it returned, or with the commit's failure. Not
// part of run_on: g++ 12 miscompiles init-captures of a lambda in a coroutine.
template <class F, class R>
SqliteJob make_job(F work, io::Completion<R> done) {
    SqliteJob job;
    if constexpr (requires { work.all_or_nothing(); }) job.all_or_nothing = work.all_or_nothing();
    auto out = std::make_shared<R>(fail(Code::internal, "The work did not run."));
    job.apply = [work = std::move(work),
                 out](SqliteConnection& connection) mutable -> Result<void> {
        *out = work(connection);
        if (!*out) return std::unexpected(out->error());
        return {};
    };
    job.done = [done, out](Result<void> committed) {
        if (committed)
            done.set(std::move(*out));
        else
            done.set(R(std::unexpected(std::move(committed).error())));
    };
    return job;
}

// Runs `work(connection)`, which returns Result<X>, on the pool and comes back with what it
// returned. The pool must outlive the task.
template <class F>
io::Task<std::invoke_result_t<F&, SqliteConnection&>> run_on(SqliteWorkers& workers, F work) {
    using R = std::invoke_result_t<F&, SqliteConnection&>;
    io::Completion<R> done;
    SqliteJob job = make_job<F, R>(std::move(work), done);
    std::optional<telemetry::ChildSpan> span;
    if (!workers.name().empty()) span.emplace(telemetry::SpanKind::commit, workers.name());
    const bool taken = workers.submit(std::move(job));
    if (!taken) co_return fail(Code::resource_exhausted, "The queue of the database is full.");
    R outcome = co_await done;
    if (span) span->end(telemetry::outcome_of(outcome));
    co_return outcome;
}

}  // namespace domicile::sql
