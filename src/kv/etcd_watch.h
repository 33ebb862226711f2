// A watch of all keys of a store, on one executor: a task reads the stream and keeps what it told
// until somebody takes it.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "io/executor.h"
#include "kv/etcd_client.h"

namespace domicile::kv::etcd {

class Watch final : public std::enable_shared_from_this<Watch> {
  public:
    // Changes after this revision; the client outlives the task, see stop().
    static std::shared_ptr<Watch> start(Client& client, std::int64_t after);

    // Changes in order, at most `limit` or what keeps a transaction whole; none when there is none
    // within `wait`. failed_precondition "compacted", or unavailable: then this watch is over.
    io::Task<Result<std::vector<Change>>> next(std::size_t limit, Millis wait);
    // Whether the next changes are those after this revision.
    bool continues(std::int64_t after) const { return position_ == after; }
    io::Executor& executor() const { return executor_; }
    // Ends the task; on the watch's executor.
    void stop();
    bool running() const { return running_; }
    io::Task<void> stopped();

  private:
    Watch(Client& client, std::int64_t after);
    io::Task<void> run(std::shared_ptr<Watch> self);  // which keeps itself
    io::Task<Result<void>> read(std::string& line);
    Result<void> take(std::string_view line);
    std::vector<Change> pop(std::size_t limit);

    Client& client_;
    io::Executor& executor_ = io::Executor::current();
    std::int64_t position_;     // of what next() gave out
    std::int64_t seen_;         // of what the stream told
    std::int64_t target_ = -1;  // the store's revision when the stream began; -1: it has not yet
    std::deque<Change> pending_;
    std::optional<Error> error_;
    std::unique_ptr<http::ClientResponse> stream_;
    bool running_ = true;
    bool stopping_ = false;
    io::Event news_;   // for next() and stopped()
    io::Event taken_;  // for the task, when too much is pending
};

}  // namespace domicile::kv::etcd
