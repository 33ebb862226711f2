// Slows down guessing, over all nodes of a region: counted in memory while this process is the only
// one of its region, in the region's database (by keyed hash, with nothing else about anybody) as
// soon as others share it. Unknown identifiers are counted like known ones, with the same
// statements (I8).
#pragma once

#include <string>

#include "identity/attempt_limiter.h"
#include "io/clock.h"
#include "io/task.h"
#include "sql/database.h"

namespace domicile::identity {

class Attempts {
  public:
    // `kind` keeps the counters of several uses apart.
    Attempts(sql::Database& database, io::Clock& clock, std::string kind,
             AttemptLimiter::Options options = AttemptLimiter::Options());

    struct Attempt {
        std::string key;
        bool has_failures = true;  // false: there is nothing to forget
    };
    // resource_exhausted with reason too_many_attempts while the delay runs. `key` is a keyed hash.
    io::Task<Result<Attempt>> begin(std::string key);
    io::Task<Result<void>> failed(Attempt attempt);
    io::Task<Result<void>> succeeded(Attempt attempt);
    // Whether failed() is a durable write.
    bool durable() const { return shared_; }

    // For the sweeper: drops what is to be forgotten, of all kinds.
    static sql::Statement sweep(Timestamp now);

  private:
    sql::Blob id(const std::string& key) const;

    sql::Database& database_;
    io::Clock& clock_;
    const std::string kind_;
    const AttemptLimiter::Options options_;
    const bool shared_;
    AttemptLimiter memory_;
};

}  // namespace domicile::identity
