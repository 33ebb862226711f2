// Rows of one item each: (table, blind index of the partition, sort index) -> sealed item, version.
// The version is drawn from the sealed bytes, whose nonce is random: an item that was deleted and
// written again never has an old version, which a counter would.
#pragma once

#include <string>

#include "documents/rows.h"
#include "sql/database.h"

namespace domicile::documents {

class Store : public Rows {
  public:
    Store(sql::Database& database, const std::string& index_secret)
        : database_(database), index_secret_(index_secret) {}

    static sql::Component schema();
    io::Task<Result<void>> open();  // migrates component "documents"

    // A keyed hash of table and partition value, 16 bytes.
    std::string partition_index(const config::Table& table, const Attribute& value) const override;
    // Nothing, its ordered bytes, or a keyed hash within the partition.
    std::string sort_index(const Partition& partition,
                           const std::optional<Attribute>& value) const override;

    io::Task<Result<std::optional<StoredItem>>> find(Partition partition,
                                                     std::string sort_index) override;
    io::Task<Result<void>> replace(Partition partition, std::string sort_index,
                                   std::optional<StoredItem> before,
                                   std::optional<Item> after) override;
    io::Task<Result<void>> overwrite(Partition partition, std::string sort_index,
                                     Item item) override;
    bool scans(const Partition& partition, bool) const override {
        return partition.sorted_at_rest();
    }
    io::Task<Result<std::vector<StoredItem>>> scan(Partition partition, Bounds bounds, bool forward,
                                                   std::size_t limit) override;
    io::Task<Result<std::vector<StoredItem>>> load(Partition partition) override;

  private:
    std::string seal(const Partition& partition, const std::string& sort_index,
                     const Item& item) const;
    Result<StoredItem> open_row(const Partition& partition, std::string sort_index,
                                const std::string& sealed, std::int64_t version) const;

    sql::Database& database_;
    const std::string index_secret_;
};

}  // namespace domicile::documents
