#include "api/dynamodb/members.h"

#include <algorithm>

#include "api/dynamodb/value.h"

namespace domicile::api::dynamodb {
namespace {

const json::value* find(const json::object& request, std::string_view name) {
    const json::value* value = request.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::unexpected<Error> wrong_type(std::string_view name, const char* expected) {
    return fail(Code::malformed, std::string(name) + " must be " + expected + ".");
}
std::unexpected<Error> missing(std::string_view name) {
    return fail(Code::invalid_argument,
                "1 validation error detected: Value null at '" + std::string(name) +
                    "' failed to satisfy constraint: Member must not be null");
}

}  // namespace

Result<std::optional<std::string>> text_member(const json::object& request, std::string_view name) {
    const json::value* value = find(request, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) return wrong_type(name, "a string");
    return std::string(value->get_string());
}

Result<std::optional<std::int64_t>> int_member(const json::object& request, std::string_view name) {
    const json::value* value = find(request, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int64()) return wrong_type(name, "an integer");
    return value->get_int64();
}

Result<std::optional<bool>> bool_member(const json::object& request, std::string_view name) {
    const json::value* value = find(request, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) return wrong_type(name, "a boolean");
    return value->get_bool();
}

Result<std::optional<documents::Item>> item_member(const json::object& request,
                                                   std::string_view name) {
    const json::value* value = find(request, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) return wrong_type(name, "an object");
    TRY(documents::Item item, parse_item(value->get_object()));
    return item;
}

Result<std::string> table_name(const json::object& request) {
    TRY(auto name, text_member(request, "TableName"));
    if (!name) return missing("tableName");
    if (name->starts_with("arn:"))
        if (const auto slash = name->rfind('/'); slash != std::string::npos)
            name->erase(0, slash + 1);
    if (name->empty() || name->size() > 255)
        return fail(Code::invalid_argument, "TableName must have 1 to 255 characters.");
    return std::move(*name);
}

Result<documents::Item> required_item(const json::object& request, std::string_view name) {
    TRY(auto item, item_member(request, name));
    if (!item) return missing(name == "Key" ? "key" : "item");
    return std::move(*item);
}

Result<std::string> choice_member(const json::object& request, std::string_view name,
                                  std::initializer_list<std::string_view> choices) {
    TRY(auto value, text_member(request, name));
    if (!value) return std::string(*choices.begin());
    if (std::ranges::find(choices, *value) == choices.end())
        return fail(Code::invalid_argument,
                    std::string(name) + " has a value that is not taken by this operation.");
    return std::move(*value);
}

Result<void> refuse_members(const json::object& request,
                            std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names)
        if (find(request, name) != nullptr)
            return fail(Code::invalid_argument, std::string(name) + " is not supported here");
    return {};
}

}  // namespace domicile::api::dynamodb
