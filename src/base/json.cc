#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <cmath>

#include "base/encoding.h"

namespace domicile {
namespace {

// Boost.JSON keeps the last of two members with one name; two readers could then disagree about
// what was said. This counts the members in the text, to be compared with those in the tree.
class MemberCounter {
  public:
    constexpr static std::size_t max_object_size = std::size_t(-1);
    constexpr static std::size_t max_array_size = std::size_t(-1);
    constexpr static std::size_t max_key_size = std::size_t(-1);
    constexpr static std::size_t max_string_size = std::size_t(-1);

    std::size_t members = 0;

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) { return true; }
    bool on_object_end(std::size_t n, json::error_code&) {
        members += n;
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t, json::error_code&) { return true; }
    bool on_key_part(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_key(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
    // The parser takes 1e9999 for an infinity, which nothing can write back as JSON.
    bool on_double(double value, json::string_view, json::error_code& error) {
        if (std::isfinite(value)) return true;
        error = json::error::exponent_overflow;
        return false;
    }
    bool on_bool(bool, json::error_code&) { return true; }
    bool on_null(json::error_code&) { return true; }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }
};

std::size_t count_members(const json::value& value) {
    std::size_t count = 0;
    if (const auto* object = value.if_object()) {
        count += object->size();
        for (const auto& member : *object) count += count_members(member.value());
    } else if (const auto* array = value.if_array()) {
        for (const auto& item : *array) count += count_members(item);
    }
    return count;
}

std::unexpected<Error> wrong_type(std::string_view name, std::string_view wanted) {
    return fail(Code::invalid_argument,
                "Member '" + std::string(name) + "' must be " + std::string(wanted) + ".");
}

const json::value* find(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_null() ? nullptr : value;
}

}  // namespace

Result<json::value> parse_json(std::string_view text, JsonLimits limits) {
    if (text.size() > limits.bytes_max) return fail(Code::too_large, "The JSON text is too large.");
    if (!is_utf8(text)) return fail(Code::malformed, "The JSON text is not valid UTF-8.");
    json::parse_options options;
    options.max_depth = limits.depth_max;
    json::error_code error;
    // All of it goes at once: a few blocks for a document instead of one for each of its members.
    auto memory = json::make_shared_resource<json::monotonic_resource>(text.size() * 2 + 256);
    json::value value = json::parse(text, error, std::move(memory), options);
    if (error) return fail(Code::malformed, "The text is not valid JSON.");
    json::basic_parser<MemberCounter> counter(options);
    counter.write_some(false, text.data(), text.size(), error);
    if (error) return fail(Code::malformed, "A number in the JSON text is too large.");
    if (counter.handler().members != count_members(value)) {
        return fail(Code::malformed, "A JSON object names one member twice.");
    }
    return value;
}

Result<json::object> parse_json_object(std::string_view text, JsonLimits limits) {
    TRY(json::value value, parse_json(text, limits));
    if (!value.is_object()) return fail(Code::malformed, "The JSON text is not an object.");
    return std::move(value.get_object());
}

Result<std::string> require_string(const json::object& object, std::string_view name) {
    TRY(std::optional<std::string> value, optional_string(object, name));
    if (!value) {
        return fail(Code::invalid_argument, "Member '" + std::string(name) + "' is required.");
    }
    return std::move(*value);
}

Result<std::optional<std::string>> optional_string(const json::object& object,
                                                   std::string_view name) {
    const json::value* value = find(object, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) return wrong_type(name, "a string");
    return std::string(value->get_string());
}

Result<std::optional<std::int64_t>> optional_int(const json::object& object,
                                                 std::string_view name) {
    const json::value* value = find(object, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int64()) return wrong_type(name, "an integer");
    return value->get_int64();
}

Result<std::optional<bool>> optional_bool(const json::object& object, std::string_view name) {
    const json::value* value = find(object, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) return wrong_type(name, "true or false");
    return value->get_bool();
}

Result<const json::object*> optional_object(const json::object& object, std::string_view name) {
    const json::value* value = find(object, name);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) return wrong_type(name, "an object");
    return &value->get_object();
}

Result<const json::array*> optional_array(const json::object& object, std::string_view name) {
    const json::value* value = find(object, name);
    if (value == nullptr) return nullptr;
    if (!value->is_array()) return wrong_type(name, "an array");
    return &value->get_array();
}

}  // namespace domicile
