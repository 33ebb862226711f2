// What may be expected of JSON that is written and read again.
#pragma once

#include <algorithm>

#include "base/json.h"

namespace domicile::fuzz {

// Boost.JSON 1.81 may be off by the last digit of a double; what must be exact is text here.
inline bool has_doubles(const json::value& value) {
    if (const auto* array = value.if_array()) return std::ranges::any_of(*array, has_doubles);
    if (const auto* object = value.if_object())
        return std::ranges::any_of(*object, [](const auto& m) { return has_doubles(m.value()); });
    return value.is_double();
}

}  // namespace domicile::fuzz
