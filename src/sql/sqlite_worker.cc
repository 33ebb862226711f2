#include "sql/sqlite_worker.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "base/check.h"
#include "io/clock.h"

namespace domicile::sql {
namespace {

constexpr std::int64_t kGatherMaxNs = 2'000'000;

Result<void> apply(SqliteJob& job, SqliteConnection& connection) {
    try {
        return job.apply(connection);
    } catch (const std::exception&) {
        return fail(Code::internal, "Work on the database threw an exception.");
    }
}

// The job's own outcome. When SQLite has ended the whole transaction, the caller sees it in
// in_transaction().
Result<void> apply_in_savepoint(SqliteJob& job, SqliteConnection& connection) {
    if (job.all_or_nothing) return apply(job, connection);
    TRY_VOID(connection.execute("SAVEPOINT batch"));
    auto outcome = apply(job, connection);
    if (!connection.in_transaction()) return outcome;
    if (!outcome) TRY_VOID(connection.execute("ROLLBACK TO batch"));
    TRY_VOID(connection.execute("RELEASE batch"));
    return outcome;
}

Result<void> unavailable(const Error& cause) {
    return fail(Code::unavailable, "The commit failed. " + cause.message);
}

// Fails as a whole, or gives each job its outcome. A job that met a conflict may have met it with
// an earlier job of the same group, so its answer too waits for the commit.
Result<void> commit_group(SqliteConnection& connection, std::vector<SqliteJob>& group,
                          std::vector<Result<void>>& outcomes) {
    if (auto begun = connection.execute("BEGIN IMMEDIATE"); !begun)
        return unavailable(begun.error());
    for (SqliteJob& job : group) {
        outcomes.push_back(apply_in_savepoint(job, connection));
        if (connection.in_transaction()) continue;
        const Error lost{Code::unavailable, "The transaction was lost.", {}};
        return unavailable(outcomes.back() ? lost : outcomes.back().error());
    }
    auto committed = connection.execute("COMMIT");
    if (committed) return {};
    if (connection.in_transaction()) (void)connection.execute("ROLLBACK");
    return unavailable(committed.error());
}

// SQLite does its own I/O and is replaced as a whole where time is simulated; so is its clock.
telemetry::Nanos since(std::int64_t start_ns) {
    return telemetry::Nanos(io::system_clock().monotonic_ns() - start_ns);
}

Result<void> unavailable_snapshot(const Result<void>& begun) {
    if (!begun) return begun;
    return fail(Code::unavailable, "The database gives no snapshot.");
}

}  // namespace

void SqliteWorkers::write_group(SqliteConnection& connection, std::vector<SqliteJob>& group) {
    const std::int64_t start = io::system_clock().monotonic_ns();
    std::vector<Result<void>> outcomes;
    outcomes.reserve(group.size());
    const auto committed = commit_group(connection, group, outcomes);
    metrics_.transaction.observe(since(start));
    metrics_.group.observe(group.size());
    last_group_ = group.size();
    last_end_ns_ = io::system_clock().monotonic_ns();
    last_took_ns_ = last_end_ns_ - start;
    for (std::size_t i = 0; i < group.size(); ++i) {
        auto outcome = committed ? std::move(outcomes[i]) : committed;
        metrics_.batches.add(telemetry::outcome_of(outcome));
        group[i].done(std::move(outcome));
    }
}

// In one snapshot, which is younger than every job of the group.
void SqliteWorkers::read_group(SqliteConnection& connection, std::vector<SqliteJob>& group) {
    const std::int64_t start = io::system_clock().monotonic_ns();
    const auto begun = connection.execute("BEGIN DEFERRED");
    std::vector<Result<void>> outcomes;
    outcomes.reserve(group.size());
    for (SqliteJob& job : group) {
        // A job that ended the transaction has failed; the next ones need a new one.
        const bool ready = begun && (connection.in_transaction() ||
                                     connection.execute("BEGIN DEFERRED").has_value());
        outcomes.push_back(ready ? apply(job, connection) : unavailable_snapshot(begun));
    }
    if (connection.in_transaction()) (void)connection.execute("ROLLBACK");
    metrics_.transaction.observe(since(start));
    for (std::size_t i = 0; i < group.size(); ++i) {
        metrics_.batches.add(telemetry::outcome_of(outcomes[i]));
        group[i].done(std::move(outcomes[i]));
    }
}

void SqliteWorkers::report_to(telemetry::Registry& registry, const std::string& database) {
    const bool writing = kind_ == Kind::writing;
    if (writing) name_ = database;
    const telemetry::Labels labels{{"database", database}, {"kind", writing ? "write" : "read"}};
    registry.add("domicile_sql_batches_total",
                 "Batches of statements; refused: an expectation or a unique key did not hold.",
                 metrics_.batches, {"outcome"}, labels);
    registry.add("domicile_sql_refused_total", "Batches turned away because the queue was full.",
                 metrics_.refused, labels);
    registry.add_gauge(
        "domicile_sql_queue_length", "Batches that wait.",
        [this] {
            const std::lock_guard lock(mutex_);
            return static_cast<double>(queue_.size());
        },
        labels);
    registry.add(
        writing ? "domicile_sql_commit_duration_seconds" : "domicile_sql_read_duration_seconds",
        writing ? "From the begin of a write transaction to its bytes being on the disk."
                : "Read transactions.",
        metrics_.transaction, {{"database", database}});
    if (!writing) return;
    registry.add("domicile_sql_commit_batches", "Batches that share one commit.", metrics_.group,
                 {{"database", database}});
}

SqliteWorkers::SqliteWorkers(Kind kind, std::vector<std::unique_ptr<SqliteConnection>> connections,
                             std::size_t queue_max, std::size_t group_max, io::BlockingPool* pool)
    : kind_(kind),
      queue_max_(queue_max),
      group_max_(group_max),
      pool_(pool),
      connections_(std::move(connections)) {
    DOMICILE_CHECK(kind == Kind::reading || connections_.size() == 1);
    DOMICILE_CHECK(group_max > 0);
    for (auto& connection : connections_) {
        if (pool_ == nullptr)
            threads_.emplace_back([this, &connection] { serve(*connection); });
        else
            idle_.push_back(connection.get());
    }
}

SqliteWorkers::~SqliteWorkers() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_.notify_all();
    threads_.clear();  // joins; before the connections go
    if (pool_ != nullptr) serve(*connections_.front());
}

bool SqliteWorkers::submit(SqliteJob job) {
    SqliteConnection* idle = nullptr;
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.size() >= queue_max_) {
            metrics_.refused.add();
            return false;
        }
        queue_.push_back(std::move(job));
        if (!idle_.empty()) {
            idle = idle_.back();
            idle_.pop_back();
        }
        // Who is awake looks at the queue before it sleeps.
        wake = sleeping_ > 0;
        if (wake) --sleeping_;
        if (gathering_ > 0 && queue_.size() >= gathering_) wake = true;
    }
    if (idle != nullptr)
        DOMICILE_CHECK(pool_->submit([this, idle] { serve_on_pool(*idle); }));
    else if (wake)
        work_.notify_one();
    return true;
}

void SqliteWorkers::take_waiting(std::vector<SqliteJob>& group) {
    std::size_t most = group_max_;
    if (kind_ == Kind::reading) {
        // A fair share, so that no reader idles while another has a heap to do.
        const std::size_t share = (queue_.size() + connections_.size() - 1) / connections_.size();
        most = std::min(group_max_, share);
    }
    while (!queue_.empty() && group.size() < most) {
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
}

bool SqliteWorkers::take(std::vector<SqliteJob>& group) {
    std::unique_lock lock(mutex_);
    while (!stopping_ && queue_.empty()) {
        ++sleeping_;
        work_.wait(lock);
        // A wake-up that nobody sent leaves the count one too high: a superfluous notification.
    }
    if (kind_ == Kind::writing) gather(lock);
    take_waiting(group);
    return !group.empty();
}

// At most a quarter of what the last commit took after its end, so that it costs little where they
// do not come back, and a lone writer, whose last group was of one, never waits.
void SqliteWorkers::gather(std::unique_lock<std::mutex>& lock) {
    const std::int64_t until = last_end_ns_ + std::min(last_took_ns_ / 4, kGatherMaxNs);
    gathering_ = std::min(last_group_, group_max_);
    while (!stopping_ && queue_.size() < gathering_) {
        const std::int64_t left = until - io::system_clock().monotonic_ns();
        if (left <= 0) break;
        work_.wait_for(lock, std::chrono::nanoseconds(left));
    }
    gathering_ = 0;
}

void SqliteWorkers::run(SqliteConnection& connection, std::vector<SqliteJob>& group) {
    if (kind_ == Kind::writing)
        write_group(connection, group);
    else
        read_group(connection, group);
    group.clear();
}

void SqliteWorkers::serve(SqliteConnection& connection) {
    std::vector<SqliteJob> group;
    while (take(group)) run(connection, group);
}

void SqliteWorkers::serve_on_pool(SqliteConnection& connection) {
    std::vector<SqliteJob> group;
    {
        const std::lock_guard lock(mutex_);
        take_waiting(group);
    }
    if (!group.empty()) run(connection, group);
    {
        const std::lock_guard lock(mutex_);
        if (queue_.empty()) {
            idle_.push_back(&connection);
            return;
        }
    }
    DOMICILE_CHECK(pool_->submit([this, &connection] { serve_on_pool(connection); }));
}

}  // namespace domicile::sql
