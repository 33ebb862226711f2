// Rows of one item each: (table, blind index of the partition, sort index) -> sealed item, version.
// The version is drawn from the sealed bytes, whose nonce is random: an item that was deleted and
// written again never has an old version, which a counter would.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "documents/key.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::documents {

// One partition of one table, and the key that its items are sealed with.
struct Partition {
    const config::Table* table;
    keyring::DataKey key;
    std::string index;  // keyed hash of table and partition value, 16 bytes

    bool sorted_at_rest() const {
        return table->sort_key && table->sort_key_storage == config::SortKeyStorage::clear;
    }
};

struct StoredItem {
    std::string sort_index;
    Item item;
    std::int64_t version = 0;
};

class Store {
  public:
    Store(sql::Database& database, const std::string& index_secret)
        : database_(database), index_secret_(index_secret) {}

    static sql::Component schema();
    io::Task<Result<void>> open();  // migrates component "documents"

    std::string partition_index(const config::Table& table, const Attribute& value) const;
    // What the sort key is stored as: nothing, its ordered bytes, or a keyed hash within the
    // partition.
    std::string sort_index(const Partition& partition, const std::optional<Attribute>& value) const;

    io::Task<Result<std::optional<StoredItem>>> find(Partition partition, std::string sort_index);
    // `before` is what was found at sort_index; conflict when that is not so any more.
    io::Task<Result<void>> replace(Partition partition, std::string sort_index,
                                   std::optional<StoredItem> before, std::optional<Item> after);
    // Whatever was there.
    io::Task<Result<void>> overwrite(Partition partition, std::string sort_index, Item item);
    // In order, at most `limit`. Only for partitions sorted at rest.
    io::Task<Result<std::vector<StoredItem>>> scan(Partition partition, Bounds bounds, bool forward,
                                                   std::size_t limit);
    // All of the partition in no order. resource_exhausted above kSortedPartitionRowsMax rows or
    // 64 MiB.
    io::Task<Result<std::vector<StoredItem>>> load(Partition partition);

  private:
    std::string seal(const Partition& partition, const std::string& sort_index,
                     const Item& item) const;
    Result<StoredItem> open_row(const Partition& partition, std::string sort_index,
                                const std::string& sealed, std::int64_t version) const;

    sql::Database& database_;
    const std::string index_secret_;
};

}  // namespace domicile::documents
