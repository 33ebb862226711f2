// Items of global tables, in the store that all regions share (kv): "t/<table>/", the partition
// key, 0x00 0x01, the sort key -> the item (docs/formats/directory.md). Not sealed, since no region
// has a key that the others have; nothing about people is let in (global.h). The version is the
// revision of the entry, so that conditions are linearizable over all regions.
#pragma once

#include "documents/rows.h"
#include "kv/store.h"

namespace domicile::documents {

class GlobalItems : public Rows {
  public:
    explicit GlobalItems(kv::Store& store) : store_(store) {}

    std::string partition_index(const config::Table& table, const Attribute& value) const override;
    std::string sort_index(const Partition& partition,
                           const std::optional<Attribute>& value) const override;
    // invalid_argument, kKeySchema: both keys together are longer than the store takes. So below.
    io::Task<Result<std::optional<StoredItem>>> find(Partition partition,
                                                     std::string sort_index) override;
    // invalid_argument, kItemSize: above kGlobalItemBytesMax, encoded.
    io::Task<Result<void>> replace(Partition partition, std::string sort_index,
                                   std::optional<StoredItem> before,
                                   std::optional<Item> after) override;
    io::Task<Result<void>> overwrite(Partition partition, std::string sort_index,
                                     Item item) override;
    bool scans(const Partition& partition, bool forward) const override {
        return forward && partition.sorted_at_rest();
    }
    io::Task<Result<std::vector<StoredItem>>> scan(Partition partition, Bounds bounds, bool forward,
                                                   std::size_t limit) override;
    io::Task<Result<std::vector<StoredItem>>> load(Partition partition) override;

  private:
    kv::Store& store_;
};

}  // namespace domicile::documents
