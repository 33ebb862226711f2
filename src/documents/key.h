// Keys of items: taken out of items by a table's schema, and turned into what the database
// compares.
#pragma once

#include <string>
#include <string_view>

#include "documents/documents.h"

namespace domicile::documents {

struct KeyValues {
    Attribute partition;
    std::optional<Attribute> sort;
};

// The key attributes of an item that has others too. invalid_argument, reason kKeySchema.
Result<KeyValues> key_of_item(const config::Table& table, const Item& item);
// The same, of an item that must have nothing but the key.
Result<KeyValues> exact_key(const config::Table& table, const Item& key);
// One key attribute by itself: its type, and that it is neither empty nor too long (partition 2,048
// bytes, sort key 1,024).
Result<void> check_partition(const config::Table& table, const Attribute& value);
Result<void> check_sort(const config::Table& table, const Attribute& value);

Item project_key(const config::Table& table, const Item& item);
bool is_key_attribute(const config::Table& table, std::string_view name);

// Bytes that compare as the values do: UTF-8, raw bytes, or the ordered form of a number. Equal
// numbers give equal bytes. The attribute must have passed one of the checks above.
std::string key_bytes(const Attribute& value);

// A range over key_bytes. Absent bounds are open ends.
struct Bounds {
    struct Bound {
        std::string bytes;
        bool inclusive = true;
    };
    std::optional<Bound> low, high;

    bool contains(std::string_view bytes) const;
    // Narrows the range to what follows `bytes` in the given direction.
    void begin_after(const std::string& bytes, bool forward);
};
// invalid_argument for a missing bound, another type than the sort key's, begins_with on a number,
// or a table without a sort key.
Result<Bounds> bounds_of(const config::Table& table, const SortRange& range);

}  // namespace domicile::documents
