// Tables of the document store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

// encrypted: a keyed blind index; ordered queries sort the partition in memory, so its size is
// bounded. clear: the values can be read at rest, and ordered queries use the index.
enum class SortKeyStorage : std::uint8_t { encrypted, clear };

struct Table {
    std::string name;
    Key partition_key;
    std::optional<Key> sort_key;
    std::optional<Resident> resident;  // nullopt: the table is not bound to subjects
    SortKeyStorage sort_key_storage = SortKeyStorage::encrypted;

    bool operator==(const Table&) const = default;
};

}  // namespace domicile::config
