#include "api/cognito/members.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace domicile::api::cognito {
namespace {

// The constraint texts name members in lower camel case.
std::string camel(std::string_view name) {
    std::string out(name);
    if (!out.empty()) out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
    return out;
}

}  // namespace

const json::value* Members::find(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

void Members::violation(std::string_view name, std::string_view constraint) {
    violations_.push_back(
        fmt::format("Value at '{}' failed to satisfy constraint: {}", camel(name), constraint));
}

void Members::wrong_type(std::string_view name, std::string_view wanted) {
    if (!wrong_type_) wrong_type_ = serialization(fmt::format("{} must be {}.", name, wanted));
}

std::string Members::required(std::string_view name, std::size_t bytes_max) {
    const json::value* value = find(name);
    if (value == nullptr) {
        violation(name, "Member must not be null");
        return {};
    }
    std::string text = optional(name).value_or("");
    if (text.empty() && value->is_string()) {
        violation(name, "Member must have length greater than or equal to 1");
    }
    if (text.size() > bytes_max) {
        violation(name, fmt::format("Member must have length less than or equal to {}", bytes_max));
    }
    return text;
}

std::optional<std::string> Members::optional(std::string_view name, std::size_t bytes_max) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_string() && value->get_string().size() > bytes_max) {
        violation(name, fmt::format("Member must have length less than or equal to {}", bytes_max));
    }
    if (value->is_string()) return std::string(value->get_string());
    wrong_type(name, "a string");
    return std::nullopt;
}

std::string Members::choice(std::string_view name, const std::vector<std::string_view>& allowed) {
    std::string text = required(name);
    if (!text.empty() && std::ranges::find(allowed, text) == allowed.end()) {
        violation(name, fmt::format("Member must satisfy enum value set: [{}]",
                                    fmt::join(allowed, ", ")));
    }
    return text;
}

std::string Members::optional_choice(std::string_view name,
                                     const std::vector<std::string_view>& allowed) {
    return find(name) == nullptr ? std::string() : choice(name, allowed);
}

void Members::read_attribute(const json::value& item, std::string_view list,
                             identity::Attributes& into) {
    if (!item.is_object()) return wrong_type(list, "a list of objects with Name and Value");
    Members members(item.get_object());
    const std::string name = members.required("Name", 32);
    const auto value = members.optional("Value");
    if (members.wrong_type_) {
        wrong_type_ = members.wrong_type_;
    } else if (!members.violations_.empty()) {
        violation(fmt::format("{}.{}.member.name", list, into.size() + 1),
                  "Member must have a length from 1 to 32");
    } else if (value && value->size() > 2048) {
        violation(fmt::format("{}.{}.member.value", list, into.size() + 1),
                  "Member must have length less than or equal to 2048");
    } else if (!into.try_emplace(name, value.value_or("")).second) {
        violation(list, "Member must not name an attribute twice");
    }
}

identity::Attributes Members::attributes(std::string_view name) {
    identity::Attributes out;
    const json::value* value = find(name);
    if (value == nullptr) return out;
    if (!value->is_array()) {
        wrong_type(name, "a list");
        return out;
    }
    for (const json::value& item : value->get_array()) read_attribute(item, name, out);
    return out;
}

bool Members::flag(std::string_view name) { return optional_flag(name).value_or(false); }

std::optional<bool> Members::optional_flag(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_bool()) return value->get_bool();
    wrong_type(name, "true or false");
    return std::nullopt;
}

const json::object* Members::structure(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) return nullptr;
    if (value->is_object()) return &value->get_object();
    wrong_type(name, "a structure");
    return nullptr;
}

std::string Members::digits(std::string_view name, std::size_t count) {
    std::string text = required(name, count);
    if (text.empty()) return text;
    if (text.size() < count) {
        violation(name, fmt::format("Member must have length greater than or equal to {}", count));
    }
    if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
        violation(name, "Member must satisfy regular expression pattern: [0-9]+");
    }
    return text;
}

std::optional<std::int64_t> Members::number(std::string_view name, std::int64_t most) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int64()) {
        wrong_type(name, "a whole number");
        return std::nullopt;
    }
    const std::int64_t out = value->get_int64();
    if (out < 0) violation(name, "Member must have value greater than or equal to 0");
    if (out > most) {
        violation(name, fmt::format("Member must have value less than or equal to {}", most));
    }
    return out;
}

std::vector<std::string> Members::list(std::string_view name) {
    std::vector<std::string> out;
    const json::value* value = find(name);
    if (value == nullptr) return out;
    if (!value->is_array()) {
        wrong_type(name, "a list");
        return out;
    }
    for (const json::value& item : value->get_array()) {
        if (item.is_string()) {
            out.emplace_back(item.get_string());
        } else {
            wrong_type(name, "a list of strings");
        }
    }
    return out;
}

identity::Attributes Members::texts(std::string_view name) {
    identity::Attributes out;
    const json::value* value = find(name);
    if (value == nullptr) return out;
    if (!value->is_object()) {
        wrong_type(name, "a map");
        return out;
    }
    for (const auto& member : value->get_object()) {
        if (member.value().is_null()) continue;
        if (member.value().is_string()) {
            out[std::string(member.key())] = std::string(member.value().get_string());
        } else {
            wrong_type(name, "a map of strings");
        }
    }
    return out;
}

std::optional<DialectError> Members::problem() const {
    if (wrong_type_) return wrong_type_;
    if (violations_.empty()) return std::nullopt;
    return invalid_parameter(fmt::format("{} validation error{} detected: {}", violations_.size(),
                                         violations_.size() == 1 ? "" : "s",
                                         fmt::join(violations_, "; ")));
}

}  // namespace domicile::api::cognito
