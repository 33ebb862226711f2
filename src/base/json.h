// Strict, bounded JSON on Boost.JSON. Values from outside go through parse_json and the accessors,
// which name the member that is wrong.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile {

namespace json = boost::json;

struct JsonLimits {
    std::size_t depth_max = 32;
    std::size_t bytes_max = 1 << 20;
};

// RFC 8259, UTF-8 only, no duplicate member names, no trailing bytes. Code::malformed or too_large.
Result<json::value> parse_json(std::string_view text, JsonLimits limits = {});
// The same, and the value must be an object.
Result<json::object> parse_json_object(std::string_view text, JsonLimits limits = {});

// Member access that treats an explicit null as absent. Code::invalid_argument with the member's
// name when the type is wrong, or when a required member is absent.
Result<std::string> require_string(const json::object& object, std::string_view name);
Result<std::optional<std::string>> optional_string(const json::object& object,
                                                   std::string_view name);
Result<std::optional<std::int64_t>> optional_int(const json::object& object, std::string_view name);
Result<std::optional<bool>> optional_bool(const json::object& object, std::string_view name);
Result<const json::object*> optional_object(const json::object& object, std::string_view name);
Result<const json::array*> optional_array(const json::object& object, std::string_view name);

}  // namespace domicile
