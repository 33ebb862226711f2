// Tables of the document store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/named.h"

namespace domicile::config {

enum class KeyType : std::uint8_t { string, number, binary };  // S, N, B

struct Key {
    std::string name;
    KeyType type = KeyType::string;

    bool operator==(const Key&) const = default;
};

struct Resident {
    std::string subject;  // the attribute that holds the `sub`; must be the partition key

    bool operator==(const Resident&) const = default;
};

// DynamoDB's types: S N B BOOL NULL SS NS BS L M.
enum class ItemType : std::uint8_t {
    string,
    number,
    binary,
    boolean,
    null,
    string_set,
    number_set,
    binary_set,
    list,
    map
};

struct ItemAttribute {
    std::string name;
    ItemType type = ItemType::string;

    bool operator==(const ItemAttribute&) const = default;
};

// One table for all regions, in the store that they share: nothing about people.
struct Global {
    NamedList<ItemAttribute> attributes;  // that items may have beside the key

    bool operator==(const Global&) const = default;
};

// encrypted: a keyed blind index; ordered queries sort the partition in memory, so its size is
// bounded. clear: the values can be read at rest, and ordered queries use the index.
enum class SortKeyStorage : std::uint8_t { encrypted, clear };

struct Table {
    std::string name;
    Key partition_key;
    std::optional<Key> sort_key;
    std::optional<Resident> resident;  // nullopt: the table is not bound to subjects
    std::optional<Global> global;      // nullopt: each region has a table of its own
    SortKeyStorage sort_key_storage = SortKeyStorage::encrypted;

    bool operator==(const Table&) const = default;
};

}  // namespace domicile::config
