// A linearizable map of small values with revisions: what the directory and global tables stand on.
// One contract suite (contract.h) runs over every implementation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/task.h"
#include "telemetry/registry.h"

namespace domicile::io {
class BlockingPool;
}

namespace domicile::kv {

inline constexpr std::size_t kKeyBytesMax = 512;
inline constexpr std::size_t kValueBytesMax = 64 << 10;
inline constexpr std::size_t kTransactionItemsMax = 64;

// Of the keys that keep_present() takes.
inline constexpr std::string_view kPresencePrefix = "p/";

// Of the items of global tables (documents): like all but kPresencePrefix, part of every export.
inline constexpr std::string_view kTablesPrefix = "t/";

// Why changes() cannot go on from where it was asked to: read everything again.
inline constexpr std::string_view kReasonCompacted = "compacted";

struct Entry {
    std::string key;    // 1 to kKeyBytesMax bytes
    std::string value;  // at most kValueBytesMax bytes
    std::int64_t create_revision = 0;
    std::int64_t revision = 0;  // of the last change
    bool operator==(const Entry&) const = default;
};

// What must hold of a key for a transaction to apply.
struct Compare {
    enum class Kind : std::uint8_t { absent, present, value_is, revision_is } kind;
    std::string key;
    std::string value;          // for value_is
    std::int64_t revision = 0;  // for revision_is
};

struct Write {
    std::string key;
    std::optional<std::string> value;  // nullopt deletes; deleting an absent key is no error
};

// All writes of a transaction share one revision. One that changes nothing (no writes, or deletions
// of absent keys only) takes none: an empty transaction asks for the store's revision.
struct Transaction {
    std::vector<Compare> compares;  // at most kTransactionItemsMax
    std::vector<Write> writes;      // at most kTransactionItemsMax, distinct keys
    // The store may carry it out twice when the answer to the first try got lost, instead of saying
    // that the outcome is unknown. The answer may then be "not applied" because the first try was
    // applied: the caller looks at the current entries, and is content when they say what it wants.
    bool repeatable = false;
};

struct TransactionResult {
    bool applied = false;       // all compares held and the writes are durable
    std::int64_t revision = 0;  // of the store after it
    std::vector<std::optional<Entry>>
        current;  // when not applied: the entries of `compares`, in order
};

// A change in the revision log; entry.value is empty for a deletion.
struct Change {
    Entry entry;
    bool deleted = false;
};

class Store {
  public:
    virtual ~Store() = default;

    // Atomic and linearizable. unavailable: the outcome may be unknown; the caller reads again.
    // too_large: a key or value; invalid_argument: an empty key, too many items, a key written
    // twice; resource_exhausted: too many transactions wait.
    virtual io::Task<Result<TransactionResult>> commit(Transaction transaction) = 0;
    // Linearizable.
    virtual io::Task<Result<std::optional<Entry>>> get(std::string key) = 0;
    // Keys that start with prefix and are greater than `after`, in byte order, at most `limit`.
    virtual io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                                       std::size_t limit) = 0;
    // Changes after `after_revision`, in order, tombstones included, at most `limit`, or more where
    // only that keeps a transaction whole; go on from the last one's revision. Waits up to the
    // engine's polling time for the first, then answers with none. failed_precondition with reason
    // "compacted" when the log begins later.
    virtual io::Task<Result<std::vector<Change>>> changes(std::int64_t after_revision,
                                                          std::size_t limit) = 0;
    // The entry is there as long as this is called again within `ttl`, and goes by itself after
    // that, soon or a little later: how others tell that somebody is alive. The key begins with
    // kPresencePrefix, so that whoever carries a store elsewhere leaves out what would stay there
    // for ever. unsupported where the engine has no leases.
    virtual io::Task<Result<void>> keep_present(std::string key, std::string value, Seconds ttl);
    // Begins what runs beside the calls, on this executor. Calls may come before.
    virtual void start() {}
    // Ends it, and calls of changes() with it, before the executors stop; on the same executor.
    virtual io::Task<void> stop() { co_return; }
    // Adds its metrics, if it has any, under this name. Once, at start.
    virtual void report_to(telemetry::Registry& registry, const std::string& name) {
        (void)registry, (void)name;
    }
};

struct StoreOptions {
    std::int64_t log_revisions_max = 100'000;  // older changes are compacted away
    Millis watch_wait{1000};                   // how long changes() waits for the first
    Millis watch_poll{50};                     // how often it looks
    Millis busy{5000};                         // how long a writer waits for other processes
    std::string vfs = {};                      // as in sql::SqliteOptions, for simulation
    io::BlockingPool* pool = nullptr;
};

// For tests and simulation; one store shared by all who hold the pointer.
std::shared_ptr<Store> make_memory_store(const StoreOptions& options = {});
// A file that the region processes of one machine share: WAL, synchronous=FULL, BEGIN IMMEDIATE,
// bounded busy wait (then unavailable). Created with mode 0600.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path,
                                                 const StoreOptions& options = {});

}  // namespace domicile::kv
