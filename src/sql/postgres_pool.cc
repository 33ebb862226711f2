#include "sql/postgres_pool.h"

namespace domicile::sql {
namespace {

constexpr Millis kConnectMax = Seconds(5);

}  // namespace

// Ends the waiting at its deadline.
class PostgresPool::Limit final : public io::Timer {
  public:
    Limit(PostgresPool& pool, std::shared_ptr<Waiting> waiting)
        : pool_(pool), waiting_(std::move(waiting)) {}
    void expired() override { pool_.give_up(waiting_); }

  private:
    PostgresPool& pool_;
    std::shared_ptr<Waiting> waiting_;
};

void PostgresPool::give_up(const std::shared_ptr<Waiting>& waiting) {
    {
        const std::lock_guard lock(mutex_);
        if (std::erase(waiting_, waiting) == 0) return;  // settled already
    }
    waiting->done.set(fail(Code::deadline_exceeded, "No connection to PostgreSQL became free."));
}

// A session, leave to connect (null), or a place in the queue.
PostgresPool::Leased PostgresPool::try_take(const std::shared_ptr<Waiting>& waiting, bool& waits,
                                            bool may_connect) {
    std::vector<Session> closed;  // outside of the lock
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
        Session out = std::move(idle_.back());
        idle_.pop_back();
        if (out->usable()) return out;
        closed.push_back(std::move(out));
        --places_;
    }
    if (may_connect && places_ < options_.connections_max) {
        ++places_;
        return nullptr;
    }
    if (waiting_.size() >= options_.queue_max)
        return fail(Code::resource_exhausted, "The queue of the database is full.");
    waiting_.push_back(waiting);
    waits = true;
    return nullptr;
}

io::Task<PostgresPool::Leased> PostgresPool::take_or_wait(bool may_connect, Instant deadline) {
    auto waiting = std::make_shared<Waiting>();
    bool waits = false;
    Leased out = try_take(waiting, waits, may_connect);
    if (!waits) co_return out;
    Limit limit(*this, waiting);
    io::Executor::current().arm(limit, deadline);
    co_return co_await waiting->done;
}

io::Task<PostgresPool::Leased> PostgresPool::take(Instant deadline) {
    bool may_connect = true;
    for (;;) {
        Leased out = co_await take_or_wait(may_connect, deadline);
        if (!out || *out) co_return out;
        const Instant limit = std::min(deadline, io::deadline_in(kConnectMax));
        Leased made = co_await PostgresSession::connect(options_, limit);
        if (made) connected_.add();
        if (made) co_return made;
        const bool full = made.error().reason == kReasonNoConnections;
        may_connect = false;
        if (full && release_place()) continue;
        give_back(nullptr);
        co_return made;
    }
}

bool PostgresPool::release_place() {
    const std::lock_guard lock(mutex_);
    if (places_ <= 1) return false;
    --places_;
    return true;
}

void PostgresPool::give_back(Session session) {
    if (session && !session->usable()) session = nullptr;
    std::shared_ptr<Waiting> next;
    {
        const std::lock_guard lock(mutex_);
        if (!waiting_.empty()) {
            next = std::move(waiting_.front());
            waiting_.pop_front();
        } else if (session) {
            idle_.push_back(std::move(session));
        } else {
            --places_;
        }
    }
    if (next) next->done.set(std::move(session));
}

std::size_t PostgresPool::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

std::size_t PostgresPool::open() const {
    const std::lock_guard lock(mutex_);
    return places_;
}

}  // namespace domicile::sql
