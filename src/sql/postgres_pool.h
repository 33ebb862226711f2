// The connections of one PostgreSQL database, made when they are needed, at most so many. Who finds
// none waits in a bounded queue, first come first served. Callable from any executor.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "sql/postgres_session.h"
#include "telemetry/instruments.h"

namespace domicile::sql {

class PostgresPool {
  public:
    using Session = std::unique_ptr<PostgresSession>;

    explicit PostgresPool(const PostgresOptions& options) : options_(options) {}

    // resource_exhausted (the queue is full), deadline_exceeded (none became free), unavailable.
    io::Task<Result<Session>> take(Instant deadline);
    // Of every session that was taken, once. An unusable one is closed.
    void give_back(Session session);

    std::size_t waiting() const;
    std::size_t open() const;
    const telemetry::Counter& connected() const { return connected_; }

  private:
    using Leased = Result<Session>;
    // Settled once, by whoever takes it out of the queue: with a session, with leave to connect
    // (null), or by its deadline.
    struct Waiting {
        io::Completion<Leased> done;
    };
    class Limit;

    // Of a connection that the server had no room for: the others go on waiting for those that
    // there are. False when there are none.
    bool release_place();
    void give_up(const std::shared_ptr<Waiting>& waiting);
    Leased try_take(const std::shared_ptr<Waiting>& waiting, bool& waits, bool may_connect);
    io::Task<Leased> take_or_wait(bool may_connect, Instant deadline);

    const PostgresOptions options_;
    const telemetry::Counter connected_;
    mutable std::mutex mutex_;
    std::vector<Session> idle_;                     // the last used at the end
    std::deque<std::shared_ptr<Waiting>> waiting_;  // none while a session is idle
    std::size_t places_ = 0;  // taken: by sessions, idle ones too, and by whoever connects
};

}  // namespace domicile::sql
