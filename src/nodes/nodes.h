// The nodes of one region see each other in the region's database. Each start of a process is a
// run, with a row whose beat it counts up once a second. Others live as long as their beat changes
// within a time that the observer measures by its own clock: no two clocks are compared.
//
// One run holds the lease of the sweeper, which does what one node has to do for all. The lease has
// a term; whoever takes it raises the term, and the batches of the old holder, which carry fence(),
// change nothing any more.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/executor.h"
#include "sql/database.h"
#include "telemetry/registry.h"

namespace domicile::nodes {

class Nodes {
  public:
    struct Options {
        Millis beat_interval{1'000};
        Millis silent_max{10'000};        // then a run counts as dead
        Millis forgotten_after{600'000};  // then its row goes
    };
    Nodes(sql::Database& database, io::Clock& clock, io::Random& random)
        : Nodes(database, clock, random, Options()) {}
    Nodes(sql::Database& database, io::Clock& clock, io::Random& random, Options options);
    ~Nodes();  // after stop()

    // Makes the tables and says that this run lives. On the executor that start() and stop() are
    // called on.
    io::Task<Result<void>> open();
    void start();  // beats from now on
    // Ends that and, where the database answers, gives up row and lease, so that nobody has to wait
    // for the silence.
    io::Task<void> stop();
    // One beat: says that this run lives, looks at the others, takes the lease of a holder that
    // does not live.
    io::Task<Result<void>> beat();
    // Adds its metrics. Once, at start.
    void report_to(telemetry::Registry& registry);

    // The rest from any thread.

    const std::string& run() const { return run_; }  // 16 bytes
    // A run that was seen for the first time lives. False for one that has no row (any more).
    bool lives(std::string_view run) const;
    std::size_t living() const;
    // Only while this run's own beats get through, well before others would take it for dead.
    bool sweeps() const;
    // Fails a batch (conflict) when this run does not hold the lease. Empty where it is alone.
    std::vector<sql::Statement> fence() const;
    // The largest difference between the own clock and that of a living run, at most a beat too
    // large.
    Millis clock_difference() const;

  private:
    struct Seen {
        std::int64_t beat = 0;
        Instant changed;
        Millis clock_difference{0};
    };
    struct Lease {
        std::string holder;
        std::int64_t term = 0;
    };
    io::Task<void> beat_on();
    io::Task<Result<void>> say();
    io::Task<Result<void>> look();
    void note(const std::vector<sql::Row>& runs, Instant now);
    bool may_take(const Lease& lease) const;
    io::Task<Result<void>> take(std::int64_t term);
    io::Task<Result<void>> forget_dead();
    bool lives_locked(std::string_view run) const;

    sql::Database& database_;
    io::Clock& clock_;
    const Options options_;
    const std::string run_;
    const bool alone_;
    bool opened_ = false;
    bool stopping_ = false;
    io::Event wake_;
    io::TaskGroup tasks_;

    mutable std::mutex mutex_;  // for what follows
    std::map<std::string, Seen, std::less<>> seen_;
    Lease lease_;
    Instant beaten_;  // when the last beat that got through began
    bool has_beaten_ = false;
};

}  // namespace domicile::nodes
