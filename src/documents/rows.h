// Where the items of a table are: the region's own database (store.h), or, for a global table, the
// store that all regions share (global_items.h). Internal to documents.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "documents/key.h"
#include "io/task.h"
#include "keyring/keyring.h"

namespace domicile::documents {

// One partition of one table, and the key that its items are sealed with, where they are.
struct Partition {
    const config::Table* table;
    keyring::DataKey key;
    std::string index;  // what Rows::partition_index() said

    bool sorted_at_rest() const {
        return table->sort_key &&
               (table->global || table->sort_key_storage == config::SortKeyStorage::clear);
    }
};

struct StoredItem {
    std::string sort_index;
    Item item;
    std::int64_t version = 0;
};

class Rows {
  public:
    virtual ~Rows() = default;

    virtual std::string partition_index(const config::Table& table,
                                        const Attribute& value) const = 0;
    // What the sort key is stored as; where the partition is sorted at rest, its ordered bytes.
    virtual std::string sort_index(const Partition& partition,
                                   const std::optional<Attribute>& value) const = 0;

    virtual io::Task<Result<std::optional<StoredItem>>> find(Partition partition,
                                                             std::string sort_index) = 0;
    // `before` is what was found at sort_index; conflict when that is not so any more.
    virtual io::Task<Result<void>> replace(Partition partition, std::string sort_index,
                                           std::optional<StoredItem> before,
                                           std::optional<Item> after) = 0;
    // Whatever was there.
    virtual io::Task<Result<void>> overwrite(Partition partition, std::string sort_index,
                                             Item item) = 0;
    // May scan() go in this direction? Otherwise the partition is loaded and sorted in memory.
    virtual bool scans(const Partition& partition, bool forward) const = 0;
    // In order, at most `limit`. Only where scans().
    virtual io::Task<Result<std::vector<StoredItem>>> scan(Partition partition, Bounds bounds,
                                                           bool forward, std::size_t limit) = 0;
    // All of the partition in no order. resource_exhausted above kSortedPartitionRowsMax rows or
    // kLoadBytesMax.
    virtual io::Task<Result<std::vector<StoredItem>>> load(Partition partition) = 0;
};

inline constexpr std::size_t kLoadBytesMax = 64 << 20;

}  // namespace domicile::documents
