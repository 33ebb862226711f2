// Static sites of the edge.
#pragma once

#include <optional>
#include <string>

namespace domicile::config {

struct Site {
    std::string name;
    std::string directory;                // relative to the file's folder
    std::optional<std::string> fallback;  // served for unknown paths of single-page applications
    std::string host;                     // full host name; the loader fills in <name>.<domain>
};

}  // namespace domicile::config
