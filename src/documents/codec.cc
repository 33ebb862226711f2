#include "documents/codec.h"

namespace domicile::documents {
namespace {

constexpr char kVersion = 1;

template <class... Ts>
struct Overload : Ts... {
    using Ts::operator()...;
};

void put_count(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
    out += static_cast<char>(value);
}
void put_text(std::string& out, std::string_view text) {
    put_count(out, text.size());
    out += text;
}
void put_set(std::string& out, char tag, const std::set<std::string>& values) {
    out += tag;
    put_count(out, values.size());
    for (const auto& value : values) put_text(out, value);
}

void put_map(std::string& out, const Item& item);

void put_value(std::string& out, const Attribute& attribute) {
    std::visit(Overload{
                   [&](const std::string& v) { out += 'S', put_text(out, v); },
                   [&](const Number& v) { out += 'N', put_text(out, v.text); },
                   [&](const Binary& v) { out += 'B', put_text(out, v.bytes); },
                   [&](bool v) { out += v ? 'T' : 'F'; },
                   [&](const Null&) { out += '0'; },
                   [&](const StringSet& v) { put_set(out, 's', v.values); },
                   [&](const NumberSet& v) { put_set(out, 'n', v.values); },
                   [&](const BinarySet& v) { put_set(out, 'b', v.values); },
                   [&](const std::vector<Attribute>& v) {
                       out += 'L';
                       put_count(out, v.size());
                       for (const auto& element : v) put_value(out, element);
                   },
                   [&](const Item& v) { out += 'M', put_map(out, v); },
               },
               attribute.value);
}

void put_map(std::string& out, const Item& item) {
    put_count(out, item.size());
    for (const auto& [name, value] : item) {
        put_text(out, name);
        put_value(out, value);
    }
}

// Every take_* checks the bytes left; after a failure all of them fail.
class Decoder {
  public:
    explicit Decoder(std::string_view bytes) : rest_(bytes) {}

    bool good() const { return good_; }
    bool at_end() const { return rest_.empty(); }

    char take_byte() {
        if (rest_.empty()) return fail_with('\0');
        const char byte = rest_[0];
        rest_.remove_prefix(1);
        return byte;
    }
    std::uint64_t take_count() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            const auto byte = static_cast<unsigned char>(take_byte());
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            // Each counted thing takes a byte at least, which bounds what a count can cost.
            if ((byte & 0x80) != 0) continue;
            const bool shortest = byte != 0 || shift == 0;
            return shortest && value <= rest_.size() ? value : fail_with(0);
        }
        return fail_with(0);
    }
    std::string take_text() {
        const auto size = take_count();
        std::string text(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return text;
    }
    Item take_map(int depth) {
        Item item;
        for (auto count = take_count(); count > 0 && good_; --count) {
            std::string name = take_text();
            if (!item.empty() && item.rbegin()->first >= name) return fail_with(Item{});
            item.emplace_hint(item.end(), std::move(name), take_value(depth));
        }
        return item;
    }

  private:
    template <class T>
    T fail_with(T value) {
        good_ = false;
        rest_ = {};
        return value;
    }
    std::set<std::string> take_set() {
        std::set<std::string> values;
        for (auto count = take_count(); count > 0 && good_; --count) {
            std::string value = take_text();
            if (!values.empty() && *values.rbegin() >= value)
                return fail_with(std::set<std::string>{});
            values.insert(values.end(), std::move(value));
        }
        return values;
    }
    std::vector<Attribute> take_list(int depth) {
        std::vector<Attribute> values;
        for (auto count = take_count(); count > 0 && good_; --count)
            values.push_back(take_value(depth));
        return values;
    }
    Attribute take_value(int depth) {
        if (depth > kDepthMax) return fail_with(Attribute{});
        switch (take_byte()) {
            case 'S':
                return {take_text()};
            case 'N':
                return {Number{take_text()}};
            case 'B':
                return {Binary{take_text()}};
            case 'T':
                return {true};
            case 'F':
                return {false};
            case '0':
                return {Null{}};
            case 's':
                return {StringSet{take_set()}};
            case 'n':
                return {NumberSet{take_set()}};
            case 'b':
                return {BinarySet{take_set()}};
            case 'L':
                return {take_list(depth + 1)};
            case 'M':
                return {take_map(depth + 1)};
            default:
                return fail_with(Attribute{});
        }
    }

    std::string_view rest_;
    bool good_ = true;
};

std::size_t sum(const std::set<std::string>& values) {
    std::size_t out = 0;
    for (const auto& value : values) out += value.size();
    return out;
}
std::size_t number_bytes(const std::string& text) { return text.size() / 2 + 2; }

std::size_t value_bytes(const Attribute& attribute) {
    return std::visit(Overload{
                          [](const std::string& v) { return v.size(); },
                          [](const Number& v) { return number_bytes(v.text); },
                          [](const Binary& v) { return v.bytes.size(); },
                          [](bool) { return std::size_t{1}; },
                          [](const Null&) { return std::size_t{1}; },
                          [](const StringSet& v) { return sum(v.values); },
                          [](const NumberSet& v) {
                              std::size_t out = 0;
                              for (const auto& number : v.values) out += number_bytes(number);
                              return out;
                          },
                          [](const BinarySet& v) { return sum(v.values); },
                          [](const std::vector<Attribute>& v) {
                              std::size_t out = 3;
                              for (const auto& element : v) out += 1 + value_bytes(element);
                              return out;
                          },
                          [](const Item& v) { return 3 + v.size() + item_bytes(v); },
                      },
                      attribute.value);
}

bool within_depth(const Attribute& attribute, int left) {
    if (const auto* list = std::get_if<std::vector<Attribute>>(&attribute.value)) {
        for (const auto& element : *list)
            if (left == 0 || !within_depth(element, left - 1)) return false;
    } else if (const auto* map = std::get_if<Item>(&attribute.value)) {
        for (const auto& [name, element] : *map)
            if (left == 0 || !within_depth(element, left - 1)) return false;
    }
    return true;
}

}  // namespace

std::string encode_item(const Item& item) {
    std::string out(1, kVersion);
    put_map(out, item);
    return out;
}

Result<Item> decode_item(std::string_view bytes) {
    Decoder decoder(bytes);
    if (decoder.take_byte() != kVersion)
        return fail(Code::internal, "A stored item has a format that is not known here.");
    Item item = decoder.take_map(0);
    if (!decoder.good() || !decoder.at_end())
        return fail(Code::internal, "A stored item does not decode.");
    return item;
}

std::size_t item_bytes(const Item& item) {
    std::size_t out = 0;
    for (const auto& [name, value] : item) out += name.size() + value_bytes(value);
    return out;
}

Result<void> check_depth(const Item& item) {
    for (const auto& [name, value] : item)
        if (!within_depth(value, kDepthMax))
            return fail(
                Code::invalid_argument,
                "Nesting Levels have exceeded supported limits: Attributes may be nested up "
                "to 32 levels deep");
    return {};
}

}  // namespace domicile::documents
