#include "documents/key.h"

#include "base/check.h"
#include "documents/number.h"

namespace domicile::documents {
namespace {

constexpr std::size_t kPartitionBytesMax = 2048;
constexpr std::size_t kSortBytesMax = 1024;

std::unexpected<Error> schema_error(std::string message) {
    return fail(Code::invalid_argument, std::move(message), reason::kKeySchema);
}

bool is_of_type(const Attribute& value, config::KeyType type) {
    switch (type) {
        case config::KeyType::string:
            return std::holds_alternative<std::string>(value.value);
        case config::KeyType::number:
            return std::holds_alternative<Number>(value.value);
        case config::KeyType::binary:
            return std::holds_alternative<Binary>(value.value);
    }
    return false;
}

Result<void> check_key(const config::Key& key, const Attribute& value, std::size_t bytes_max) {
    if (!is_of_type(value, key.type))
        return schema_error("One or more parameter values were invalid: Type mismatch for key " +
                            key.name);
    if (const auto* number = std::get_if<Number>(&value.value)) {
        TRY_VOID(parse_decimal(number->text));
        return {};
    }
    const std::string bytes = key_bytes(value);
    if (bytes.empty())
        return schema_error(
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot contain an empty value. Key: " +
            key.name);
    if (bytes.size() > bytes_max)
        return schema_error("One or more parameter values were invalid: Size of key " + key.name +
                            " has exceeded the maximum of " + std::to_string(bytes_max) + " bytes");
    return {};
}

Result<Attribute> take(const config::Key& key, const Item& item, std::size_t bytes_max) {
    const auto found = item.find(key.name);
    if (found == item.end())
        return schema_error("One or more parameter values were invalid: Missing the key " +
                            key.name + " in the item");
    TRY_VOID(check_key(key, found->second, bytes_max));
    return found->second;
}

// The smallest text that is greater than all that begin with `prefix`; nullopt when there is none.
std::optional<std::string> successor(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
    if (prefix.empty()) return std::nullopt;
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

}  // namespace

Result<void> check_partition(const config::Table& table, const Attribute& value) {
    return check_key(table.partition_key, value, kPartitionBytesMax);
}

Result<void> check_sort(const config::Table& table, const Attribute& value) {
    if (!table.sort_key) return schema_error("The table has no sort key.");
    return check_key(*table.sort_key, value, kSortBytesMax);
}

Result<KeyValues> key_of_item(const config::Table& table, const Item& item) {
    KeyValues out;
    TRY(out.partition, take(table.partition_key, item, kPartitionBytesMax));
    if (table.sort_key) {
        TRY(out.sort, take(*table.sort_key, item, kSortBytesMax));
    }
    return out;
}

Result<KeyValues> exact_key(const config::Table& table, const Item& key) {
    auto values = key_of_item(table, key);
    if (!values || key.size() != (table.sort_key ? 2u : 1u))
        return schema_error("The provided key element does not match the schema");
    return values;
}

bool is_key_attribute(const config::Table& table, std::string_view name) {
    return name == table.partition_key.name || (table.sort_key && name == table.sort_key->name);
}

Item project_key(const config::Table& table, const Item& item) {
    Item out;
    for (const auto& [name, value] : item)
        if (is_key_attribute(table, name)) out.emplace(name, value);
    return out;
}

std::string key_bytes(const Attribute& value) {
    if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
    if (const auto* binary = std::get_if<Binary>(&value.value)) return binary->bytes;
    const auto* number = std::get_if<Number>(&value.value);
    DOMICILE_CHECK(number != nullptr);
    const auto decimal = parse_decimal(number->text);
    DOMICILE_CHECK(decimal.has_value());
    return ordered_bytes(*decimal);
}

bool Bounds::contains(std::string_view bytes) const {
    if (low && (bytes < low->bytes || (bytes == low->bytes && !low->inclusive))) return false;
    if (high && (bytes > high->bytes || (bytes == high->bytes && !high->inclusive))) return false;
    return true;
}

void Bounds::begin_after(const std::string& bytes, bool forward) {
    if (forward) {
        if (!low || low->bytes <= bytes) low = Bound{bytes, false};
    } else {
        if (!high || high->bytes >= bytes) high = Bound{bytes, false};
    }
}

Result<Bounds> bounds_of(const config::Table& table, const SortRange& range) {
    using Kind = SortRange::Kind;
    Bounds out;
    if (range.kind == Kind::all) return out;
    if (!range.low) return fail(Code::invalid_argument, "The sort key condition lacks its value.");
    // A prefix may be shorter than any key, even empty; type and size still hold.
    const bool empty_prefix = range.kind == Kind::begins_with && table.sort_key &&
                              is_of_type(*range.low, table.sort_key->type) &&
                              !std::holds_alternative<Number>(range.low->value) &&
                              key_bytes(*range.low).empty();
    if (empty_prefix) return out;
    TRY_VOID(check_sort(table, *range.low));
    const std::string low = key_bytes(*range.low);
    switch (range.kind) {
        case Kind::all:
            break;
        case Kind::equal:
            out.low = Bounds::Bound{low, true};
            out.high = out.low;
            break;
        case Kind::less:
            out.high = Bounds::Bound{low, false};
            break;
        case Kind::less_equal:
            out.high = Bounds::Bound{low, true};
            break;
        case Kind::greater:
            out.low = Bounds::Bound{low, false};
            break;
        case Kind::greater_equal:
            out.low = Bounds::Bound{low, true};
            break;
        case Kind::between: {
            if (!range.high) return fail(Code::invalid_argument, "BETWEEN lacks its upper bound.");
            TRY_VOID(check_sort(table, *range.high));
            out.low = Bounds::Bound{low, true};
            out.high = Bounds::Bound{key_bytes(*range.high), true};
            if (out.low->bytes > out.high->bytes)
                return fail(Code::invalid_argument,
                            "The BETWEEN operator requires upper bound to be greater than or equal "
                            "to lower bound");
            break;
        }
        case Kind::begins_with: {
            if (std::holds_alternative<Number>(range.low->value))
                return fail(Code::invalid_argument, "begins_with needs a string or binary value.");
            out.low = Bounds::Bound{low, true};
            if (auto end = successor(low)) out.high = Bounds::Bound{std::move(*end), false};
            break;
        }
    }
    return out;
}

}  // namespace domicile::documents
