#include "documents/global_items.h"

#include "documents/codec.h"

namespace domicile::documents {
namespace {

constexpr std::size_t kPageRows = 256;
constexpr std::string_view kEndOfPartition("\0\1", 2);

// A zero byte becomes 00 FF, so that kEndOfPartition is in no key, and the order stays.
std::string escaped(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    for (const char c : bytes) {
        out += c;
        if (c == '\0') out += '\xFF';
    }
    return out;
}

Result<std::string> store_key(const Partition& partition, std::string_view sort_index) {
    std::string key = partition.index + std::string(sort_index);
    if (key.size() > kv::kKeyBytesMax)
        return fail(Code::invalid_argument,
                    "One or more parameter values were invalid: the name of a global table and the "
                    "key attributes of an item have at most " +
                        std::to_string(kv::kKeyBytesMax - 5) + " bytes together",
                    reason::kKeySchema);
    return key;
}

Result<std::string> encoded(const Item& item) {
    std::string out = encode_item(item);
    if (out.size() > kGlobalItemBytesMax)
        return fail(Code::invalid_argument,
                    "Item size has exceeded the maximum allowed size, which is 64 KiB in a global "
                    "table",
                    reason::kItemSize);
    return out;
}

// Another region wrote it, so it is looked at like anything from outside: an item of this place.
Result<StoredItem> decoded(const Partition& partition, const kv::Entry& entry) {
    auto item = decode_item(entry.value);
    if (item) {
        const auto key = key_of_item(*partition.table, *item);
        std::string sort = entry.key.substr(partition.index.size());
        if (key && sort == (key->sort ? key_bytes(*key->sort) : std::string()))
            return StoredItem{std::move(sort), std::move(*item), entry.revision};
    }
    return fail(Code::internal, "An entry of the global table " + partition.table->name +
                                    " is not what a region writes there.");
}

}  // namespace

std::string GlobalItems::partition_index(const config::Table& table, const Attribute& value) const {
    std::string out(kv::kTablesPrefix);
    out += table.name + '/' + escaped(key_bytes(value));
    out += kEndOfPartition;
    return out;
}

std::string GlobalItems::sort_index(const Partition&, const std::optional<Attribute>& value) const {
    return value ? key_bytes(*value) : std::string();
}

io::Task<Result<std::optional<StoredItem>>> GlobalItems::find(Partition partition,
                                                              std::string sort_index) {
    CO_TRY(std::string key, store_key(partition, sort_index));
    CO_TRY(const auto entry, co_await store_.get(std::move(key)));
    if (!entry) co_return std::optional<StoredItem>();
    CO_TRY(StoredItem item, decoded(partition, *entry));
    co_return std::optional<StoredItem>(std::move(item));
}

io::Task<Result<void>> GlobalItems::replace(Partition partition, std::string sort_index,
                                            std::optional<StoredItem> before,
                                            std::optional<Item> after) {
    CO_TRY(const std::string key, store_key(partition, sort_index));
    kv::Transaction transaction;
    kv::Compare compare{kv::Compare::Kind::absent, key, {}, 0};
    if (before) {
        compare.kind = kv::Compare::Kind::revision_is;
        compare.revision = before->version;
    }
    transaction.compares.push_back(std::move(compare));
    if (after) {
        CO_TRY(std::string value, encoded(*after));
        transaction.writes.push_back({key, std::move(value)});
    } else if (before) {
        transaction.writes.push_back({key, std::nullopt});
    }
    CO_TRY(const auto done, co_await store_.commit(std::move(transaction)));
    if (!done.applied) co_return fail(Code::conflict, "Another writer of this item came first.");
    co_return Result<void>{};
}

io::Task<Result<void>> GlobalItems::overwrite(Partition partition, std::string sort_index,
                                              Item item) {
    CO_TRY(std::string key, store_key(partition, sort_index));
    CO_TRY(std::string value, encoded(item));
    kv::Transaction transaction;
    transaction.writes.push_back({std::move(key), std::move(value)});
    CO_TRY_VOID(co_await store_.commit(std::move(transaction)));
    co_return Result<void>{};
}

io::Task<Result<std::vector<StoredItem>>> GlobalItems::scan(Partition partition, Bounds bounds,
                                                            bool forward, std::size_t limit) {
    DOMICILE_CHECK(forward);
    std::vector<StoredItem> out;
    std::string after = partition.index;
    if (bounds.low) {
        after += bounds.low->bytes;
        if (bounds.low->inclusive) {
            CO_TRY(auto first, co_await find(partition, bounds.low->bytes));
            if (first && bounds.contains(first->sort_index)) out.push_back(std::move(*first));
        }
    }
    if (out.size() >= limit) co_return out;
    CO_TRY_VOID(store_key(partition, std::string_view(after).substr(partition.index.size())));
    CO_TRY(const auto entries, co_await store_.range(partition.index, after, limit - out.size()));
    for (const kv::Entry& entry : entries) {
        if (!bounds.contains(entry.key.substr(partition.index.size()))) break;
        CO_TRY(StoredItem item, decoded(partition, entry));
        out.push_back(std::move(item));
    }
    co_return out;
}

io::Task<Result<std::vector<StoredItem>>> GlobalItems::load(Partition partition) {
    CO_TRY_VOID(store_key(partition, {}));
    std::vector<StoredItem> out;
    std::size_t bytes = 0;
    // What is greater than this and begins with the partition is all of it, an item without a sort
    // key too.
    std::string after = partition.index.substr(0, partition.index.size() - 1);
    for (;;) {
        CO_TRY(const auto page, co_await store_.range(partition.index, after, kPageRows));
        for (const kv::Entry& entry : page) {
            bytes += entry.value.size();
            if (out.size() >= kSortedPartitionRowsMax || bytes > kLoadBytesMax)
                co_return fail(Code::resource_exhausted,
                               "The partition is too large to be sorted in memory (10,000 items or "
                               "64 MiB). Query it forward.",
                               reason::kPartitionSize);
            CO_TRY(StoredItem item, decoded(partition, entry));
            out.push_back(std::move(item));
        }
        if (page.size() < kPageRows) co_return out;
        after = page.back().key;
    }
}

}  // namespace domicile::documents
