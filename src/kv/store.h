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
#include "io/task.h"

namespace domicile::kv {

struct Entry {
    std::string key;    // at most 512 bytes
    std::string value;  // at most 64 KiB
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

struct Transaction {
    std::vector<Compare> compares;  // at most 64
    std::vector<Write> writes;      // at most 64, distinct keys
};

struct TransactionResult {
    bool applied = false;       // all compares held and the writes are durable
    std::int64_t revision = 0;  // of the store after it
    std::vector<std::optional<Entry>> current;  // when not applied: the entries of `compares`, in order
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
    virtual io::Task<Result<TransactionResult>> commit(Transaction transaction) = 0;
    // Linearizable.
    virtual io::Task<Result<std::optional<Entry>>> get(std::string key) = 0;
    // May be served from a local copy, never older than `max` changes of the watch; a negative answer
    // must be confirmed with get().
    virtual io::Task<Result<std::optional<Entry>>> get_local(std::string key) = 0;
    // Keys that start with prefix and are greater than `after`, in byte order, at most `limit`.
    virtual io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                                       std::size_t limit) = 0;
    // Changes after `revision`, in order, tombstones included, at most `limit`; waits up to the engine's
    // polling time for the first. failed_precondition with reason "compacted" when the log begins later.
    virtual io::Task<Result<std::vector<Change>>> changes(std::int64_t after_revision,
                                                          std::size_t limit) = 0;
};

// For tests and simulation; one store shared by all who hold the pointer.
std::shared_ptr<Store> make_memory_store();
// A file that the region processes of one machine share: WAL, synchronous=FULL, BEGIN IMMEDIATE,
// bounded busy wait (then unavailable). Created with mode 0600.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path);

}  // namespace domicile::kv
