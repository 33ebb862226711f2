// Reads of one statement that wait at the same time go to the server as one pipeline, and equal
// ones as one statement. Where nothing may be remembered, since other nodes write too, every
// request begins with the same few small reads: this makes one round trip of many.
//
// A read is sent after it was asked for, never answered from one that was sent before. So it sees
// all that was acknowledged before it was asked for, as any other.
//
// Nothing runs beside the callers: whoever comes first carries what waits at that moment, and hands
// what has come meanwhile on to one of those who wait for it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "io/executor.h"
#include "sql/database.h"
#include "telemetry/instruments.h"

namespace domicile::sql {

class ReadsTogether {
  public:
    struct Options {
        std::size_t pipelines_max = 2;    // under way at once, for each executor
        std::size_t together_max = 16;    // statements in one
        std::size_t waiting_max = 4'096;  // statements that wait for one, for each executor
    };
    // Answers one statement each, in their order; or says why none of them.
    using Carry = std::function<io::Task<Result<BatchResult>>(std::vector<Statement>)>;

    ReadsTogether(Carry carry, Options options) : carry_(std::move(carry)), options_(options) {}

    // What carry says of this statement alone; resource_exhausted when too many wait. From any
    // executor.
    io::Task<Result<BatchResult>> read(Statement statement);

    const telemetry::Counter& pipelines() const { return pipelines_; }
    const telemetry::Counter& statements() const { return statements_; }  // that were in them

  private:
    struct Asked;
    using Batch = std::vector<std::shared_ptr<Asked>>;
    // An answer, or what to carry; then the one who is told is the first asker of its first.
    using Turn = std::variant<Result<BatchResult>, Batch>;
    struct Asked {
        Statement statement;
        std::vector<io::Completion<Turn>> askers;
    };
    // Used on its executor only. While statements wait, somebody gathers or all pipelines are under
    // way.
    struct Queue {
        std::deque<std::shared_ptr<Asked>> waiting;
        std::size_t pipelines = 0;
        bool gathering = false;
    };

    Queue& queue_here();
    Result<io::Completion<Turn>> join(Queue& queue, Statement statement);
    Batch take(Queue& queue);
    void hand_on(Queue& queue);
    io::Task<Batch> gather(Queue& queue);
    io::Task<Result<BatchResult>> carry(Batch batch);
    io::Task<Result<BatchResult>> carry_one_by_one(Batch batch);
    io::Task<Result<BatchResult>> try_carry(std::vector<Statement> statements);

    const Carry carry_;
    const Options options_;
    const telemetry::Counter pipelines_, statements_;
    std::mutex mutex_;  // for the map, not for what is in it
    std::map<io::Executor*, std::unique_ptr<Queue>> queues_;
};

}  // namespace domicile::sql
