// The stores of a journey, each with its twin, opened. Internal to server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kv/store.h"
#include "server/migrate_plan.h"
#include "sql/copy.h"

namespace domicile::server {

// The calls in their order; those from check() to end() may be repeated. Errors name the store.
class StorePairs {
  public:
    // not_found where a file of the source is missing. Nothing of a store that stays where it is.
    static Result<StorePairs> open(io::Files& files, const Journey& journey);

    // Whether all may be begun; changes nothing.
    io::Task<Result<void>> check();
    io::Task<Result<void>> begin();
    io::Task<Result<void>> copy(const MigrateOptions& options);
    // Whether both sides have the same.
    io::Task<Result<bool>> compare(const MigrateOptions& options);
    // Opens the targets to use.
    io::Task<Result<void>> end();
    io::Task<void> stop();  // before it is destroyed

  private:
    struct DatabasePair {
        std::string store, where;  // where to, as an operator finds it
        sql::CopyPlan plan;
        std::unique_ptr<sql::Database> from, to;
    };
    Result<void> open_directory(io::Files& files, const Journey& journey);
    Result<void> open_region(io::Files& files, const Journey& journey, const std::string& region);
    io::Task<Result<bool>> compare_directory(const MigrateOptions& options);

    std::string id_, where_;
    std::unique_ptr<kv::Store> from_, to_;  // of the directory; null: it stays
    std::vector<DatabasePair> databases_;
};

}  // namespace domicile::server
