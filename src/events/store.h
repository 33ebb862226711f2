// The table of events. A row is free, or held by the run of the node that works on it; every change
// of a held row asks for its holder, so that a run that was taken for dead changes nothing any
// more. Internal to events.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/task.h"
#include "sql/database.h"

namespace domicile::events {

struct Stored {
    std::string id, function;
    std::optional<std::string> subject;  // nullopt: about nobody
    std::string sealed;                  // the payload
    Timestamp created, expires;
    std::int64_t attempts = 0;  // that failed
};

struct Count {
    std::string function;
    std::int64_t events = 0, bytes = 0;
};

class Store {
  public:
    // `run` is that of this node.
    Store(sql::Database& database, std::string run) : database_(database), run_(std::move(run)) {}

    static sql::Component schema();
    io::Task<Result<void>> open();

    // What all functions have, held ones as well.
    io::Task<Result<std::vector<Count>>> count();
    // Ids of free events that are due, the oldest first.
    struct Wish {
        std::string function;
        std::size_t events = 0;
    };
    io::Task<Result<std::vector<std::string>>> due(std::vector<Wish> wishes, Timestamp now);
    io::Task<Result<std::vector<std::string>>> expired(Timestamp now, std::size_t events);
    // Takes those that are still free.
    io::Task<Result<std::vector<Stored>>> take(std::vector<std::string> ids);
    io::Task<Result<std::vector<std::string>>> holders();

    // To be written; those of one event ask for its holder.
    sql::Statement insertion(const Stored& event, bool held, Timestamp due) const;
    sql::Statement removal(const std::string& id) const;
    sql::Statement putting_back(const std::string& id, std::int64_t attempts, Timestamp due) const;
    sql::Statement freeing(const std::string& id) const;
    static sql::Statement freeing_all_of(const std::string& holder);
    const std::string& run() const { return run_; }

  private:
    sql::Database& database_;
    const std::string run_;
};

}  // namespace domicile::events
