#include "api/dynamodb/value.h"

#include "base/encoding.h"

namespace domicile::api::dynamodb {
namespace {

using documents::Attribute;
using documents::Item;

std::unexpected<Error> wrong_json(const char* expected) {
    return fail(Code::malformed, std::string("An attribute value must be ") + expected + ".");
}
std::unexpected<Error> invalid(const char* message) {
    return fail(Code::invalid_argument, message);
}

Result<std::string> text_of(const json::value& value) {
    const json::string* text = value.if_string();
    if (text == nullptr) return wrong_json("a JSON string");
    return std::string(*text);
}

Result<std::string> number_of(const json::value& value) {
    TRY(const std::string text, text_of(value));
    TRY(documents::Number number, documents::make_number(text));
    return std::move(number.text);
}

Result<std::string> binary_of(const json::value& value) {
    TRY(const std::string text, text_of(value));
    auto bytes = from_base64(text);
    if (!bytes) return fail(Code::malformed, "A binary value is not valid Base64.");
    return std::move(*bytes);
}

template <class Set>
Result<Attribute> parse_set(const json::value& value,
                            Result<std::string> (*element)(const json::value&)) {
    const json::array* list = value.if_array();
    if (list == nullptr) return wrong_json("a JSON array");
    if (list->empty())
        return invalid("One or more parameter values were invalid: An set may not be empty");
    Set out;
    for (const json::value& entry : *list) {
        TRY(std::string text, element(entry));
        if (!out.values.insert(std::move(text)).second)
            return invalid(
                "One or more parameter values were invalid: Input collection contains duplicates.");
    }
    return Attribute{std::move(out)};
}

Result<Attribute> parse_list(const json::value& value) {
    const json::array* list = value.if_array();
    if (list == nullptr) return wrong_json("a JSON array");
    std::vector<Attribute> out;
    for (const json::value& entry : *list) {
        TRY(Attribute element, parse_attribute(entry));
        out.push_back(std::move(element));
    }
    return Attribute{std::move(out)};
}

Result<Attribute> parse_typed(std::string_view type, const json::value& value) {
    if (type == "S") {
        TRY(std::string text, text_of(value));
        return Attribute{std::move(text)};
    }
    if (type == "N") {
        TRY(std::string text, number_of(value));
        return Attribute{documents::Number{std::move(text)}};
    }
    if (type == "B") {
        TRY(std::string bytes, binary_of(value));
        return Attribute{documents::Binary{std::move(bytes)}};
    }
    if (type == "BOOL") {
        if (!value.is_bool()) return wrong_json("a JSON boolean");
        return Attribute{value.get_bool()};
    }
    if (type == "NULL") {
        if (!value.is_bool()) return wrong_json("a JSON boolean");
        if (!value.get_bool())
            return invalid(
                "One or more parameter values were invalid: Null attribute value types must have "
                "the value of true");
        return Attribute{documents::Null{}};
    }
    if (type == "SS") return parse_set<documents::StringSet>(value, text_of);
    if (type == "NS") return parse_set<documents::NumberSet>(value, number_of);
    if (type == "BS") return parse_set<documents::BinarySet>(value, binary_of);
    if (type == "L") return parse_list(value);
    if (type == "M") {
        const json::object* object = value.if_object();
        if (object == nullptr) return wrong_json("a JSON object");
        TRY(Item item, parse_item(*object));
        return Attribute{std::move(item)};
    }
    return invalid(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
}

template <class... Ts>
struct Overload : Ts... {
    using Ts::operator()...;
};

json::object print_set(const char* type, const std::set<std::string>& values, bool binary) {
    json::array list;
    for (const auto& value : values) list.emplace_back(binary ? to_base64(value) : value);
    json::object out;
    out[type] = std::move(list);
    return out;
}

json::object typed(const char* type, json::value value) {
    json::object out;
    out[type] = std::move(value);
    return out;
}

}  // namespace

Result<Attribute> parse_attribute(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) return wrong_json("a JSON object");
    if (object->empty())
        return invalid(
            "Supplied AttributeValue is empty, must contain exactly one of the supported "
            "datatypes");
    if (object->size() != 1)
        return invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the supported datatypes");
    const auto& member = *object->begin();
    return parse_typed(member.key(), member.value());
}

Result<Item> parse_item(const json::object& object) {
    Item out;
    for (const auto& member : object) {
        TRY(Attribute value, parse_attribute(member.value()));
        out.emplace(member.key(), std::move(value));
    }
    return out;
}

json::object print_attribute(const Attribute& attribute) {
    return std::visit(
        Overload{
            [](const std::string& v) { return typed("S", json::string(v)); },
            [](const documents::Number& v) { return typed("N", json::string(v.text)); },
            [](const documents::Binary& v) { return typed("B", json::string(to_base64(v.bytes))); },
            [](bool v) { return typed("BOOL", v); },
            [](const documents::Null&) { return typed("NULL", true); },
            [](const documents::StringSet& v) { return print_set("SS", v.values, false); },
            [](const documents::NumberSet& v) { return print_set("NS", v.values, false); },
            [](const documents::BinarySet& v) { return print_set("BS", v.values, true); },
            [](const std::vector<Attribute>& v) {
                json::array list;
                for (const auto& element : v) list.push_back(print_attribute(element));
                return typed("L", std::move(list));
            },
            [](const Item& v) { return typed("M", print_item(v)); },
        },
        attribute.value);
}

json::object print_item(const Item& item) {
    json::object out;
    for (const auto& [name, value] : item) out[name] = print_attribute(value);
    return out;
}

}  // namespace domicile::api::dynamodb
