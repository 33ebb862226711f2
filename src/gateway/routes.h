// The compiled route table: first match in the order of the file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace domicile::gateway {

struct Match {
    const config::Route* route = nullptr;           // null when nothing fits
    std::map<std::string, std::string> parameters;  // decoded
};

class RouteTable {
  public:
    explicit RouteTable(const std::vector<config::Route>& routes);

    // `path` as sent, without the query. A method of "" matches any (for CORS preflight).
    Match find(config::RouteHost host, std::string_view method, std::string_view path) const;

  private:
    struct Segment {
        enum class Kind : std::uint8_t { literal, parameter, rest } kind;
        std::string text;
    };
    struct Entry {
        const config::Route* route;
        std::vector<Segment> segments;
    };
    static bool matches(const Entry& entry, const std::vector<std::string_view>& path,
                        std::map<std::string, std::string>* parameters);
    std::vector<Entry> entries_;
};

}  // namespace domicile::gateway
