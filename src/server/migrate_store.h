// Carries the stores of a stopped deployment to other engines: docs/migrate.md.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "server/engines.h"

namespace domicile::server {

struct MigrateProgress {
    std::string store, table;          // as in StoreNames; empty for the directory
    bool comparing = false;            // or copying
    std::int64_t rows = 0, total = 0;  // total 0: not known
};
struct MigrateComparison {
    std::string store, table;
    std::int64_t source_rows = 0, target_rows = 0;
    std::string source_sha256, target_sha256;  // raw
    bool same() const { return source_rows == target_rows && source_sha256 == target_sha256; }
};

struct MigrateOptions {
    std::string data;  // absolute
    // Where to: the stores that this configuration names, or the engines of `up`. One of the two.
    std::optional<std::string> config_path;
    EnginesWish engines = EnginesWish::as_before;
    std::function<void(const MigrateProgress&)> on_progress;
    std::function<void(const MigrateComparison&)> on_compared;
};
enum class Migrated : std::uint8_t {
    done,
    nothing_to_do,  // it is there already
    differs,        // the target is not as the source, and stays refused
};
// Goes on where an earlier call was interrupted. failed_precondition while anything runs in the
// data folder; already_exists when a target is not empty.
Result<Migrated> migrate_store(const MigrateOptions& options);

// The source is used again, the target stays refused. failed_precondition when nothing is under
// way, or everything is carried already.
Result<void> give_up_migration(const std::string& data);

}  // namespace domicile::server
