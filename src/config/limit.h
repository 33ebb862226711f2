// What a value may be, beyond its type. Internal to config.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace domicile::config {

struct Limit {
    bool required = false;
    std::optional<double> min = {};
    std::optional<double> max = {};
    // For text, elements of lists, and the names of a section of names.
    bool (*fits)(std::string_view) = nullptr;
    std::string words = {};         // says in words what fits
    const char* pattern = nullptr;  // the same as a regular expression (ECMA-262), for the schema
    std::vector<std::string> (*choices)() = nullptr;  // or all that fits, where it is a short list
    std::string (*suggest)(std::string_view) = nullptr;  // a hint for what does not fit
    bool filled = false;                                 // a list or section may not be empty
};

// A default that a call does not have to make.
inline const Limit& no_limit() {
    static const Limit kNone;
    return kNone;
}

}  // namespace domicile::config
