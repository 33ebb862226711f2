// What a request of Lambda's REST API asks for, by method, path and query. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile::api::lambda {

inline constexpr std::string_view kPathPrefix = "/2015-03-31/functions";
inline constexpr std::string_view kStreamPathPrefix = "/2021-11-15/functions";

enum class Operation : std::uint8_t {
    invoke,
    invoke_stream,
    get_function,
    get_configuration,
    list_functions
};
std::string_view name_of(Operation operation);

struct Target {
    Operation operation = Operation::invoke;
    std::string function;  // the name; empty for the list
    std::string marker;    // of a list
    std::size_t items = 50;
};

// `path` and `query` as on the wire. Names may be whole or partial ARNs of this region, with
// $LATEST as version. unsupported for what is no operation of ours, invalid_argument for a name or
// number that is none, not_found for another version or region.
Result<Target> parse_target(std::string_view method, std::string_view path, std::string_view query,
                            std::string_view region);

}  // namespace domicile::api::lambda
