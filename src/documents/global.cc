#include "documents/global.h"

#include "documents/key.h"
#include "documents/personal.h"

namespace domicile::documents {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};

// config::ItemType has the alternatives' order.
bool is_of_type(const Attribute& attribute, config::ItemType type) {
    return attribute.value.index() == static_cast<std::size_t>(type);
}
static_assert(std::variant_size_v<decltype(Attribute::value)> ==
              static_cast<std::size_t>(config::ItemType::map) + 1);

std::optional<Personal> number_in(std::string_view digits) {
    if (digits.starts_with('-')) digits.remove_prefix(1);
    return number_looks_personal(digits);
}

template <class Range, class Look>
std::optional<Personal> first_of(const Range& values, Look look) {
    for (const auto& value : values)
        if (const auto kind = look(value)) return kind;
    return std::nullopt;
}

std::optional<Personal> look_at(const Attribute& attribute) {
    const Overloaded look{
        [](const std::string& text) { return looks_personal(text); },
        [](const Number& number) { return number_in(number.text); },
        [](const Binary& binary) { return looks_personal(binary.bytes); },
        [](bool) -> std::optional<Personal> { return std::nullopt; },
        [](const Null&) -> std::optional<Personal> { return std::nullopt; },
        [](const StringSet& set) { return first_of(set.values, looks_personal); },
        [](const NumberSet& set) { return first_of(set.values, number_in); },
        [](const BinarySet& set) { return first_of(set.values, looks_personal); },
        [](const std::vector<Attribute>& list) { return first_of(list, look_at); },
        [](const Item& map) {
            return first_of(map, [](const auto& member) {
                const auto kind = looks_personal(member.first);
                return kind ? kind : look_at(member.second);
            });
        }};
    return std::visit(look, attribute.value);
}

GlobalRefusal not_declared(const config::Table& table, std::string what, std::string attribute) {
    return {{Code::invalid_argument,
             "One or more parameter values were invalid: The global table " + table.name +
                 " does not declare " + std::move(what),
             reason::kNotDeclared},
            std::move(attribute)};
}

}  // namespace

std::optional<GlobalRefusal> refusal_of(const config::Table& table, const Item& item) {
    for (const auto& [name, value] : item) {
        if (!is_key_attribute(table, name)) {  // whose type the key schema has checked
            const auto* declared = table.global->attributes.find(name);
            if (declared == nullptr) return not_declared(table, "the attribute " + name, {});
            if (!is_of_type(value, declared->type))
                return not_declared(table, "this type of the attribute " + name, name);
        }
        if (const auto kind = look_at(value))
            return GlobalRefusal{
                {Code::invalid_argument,
                 "One or more parameter values were invalid: The attribute " + name +
                     " looks like " + std::string(words_for(*kind)) +
                     ". A global table is copied to every region and holds no personal data; "
                     "store it in a resident table",
                 reason::kLooksPersonal},
                name};
    }
    return std::nullopt;
}

}  // namespace domicile::documents
