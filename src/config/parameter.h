// Parameters and secrets, which functions and programs read through SSM's API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace domicile::config {

enum class ParameterType : std::uint8_t { string, string_list };  // String, StringList

struct Parameter {
    std::string name;  // such as /app/theme
    // One of the two. What comes from a file is a secret (SecureString): it is not in this file.
    std::optional<std::string> value;
    std::optional<std::string> file;  // relative to the file's folder; read when asked for
    ParameterType type = ParameterType::string;
    std::string description;

    bool operator==(const Parameter&) const = default;
};

}  // namespace domicile::config
