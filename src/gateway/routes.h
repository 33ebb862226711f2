// The compiled route table: first match in the order of the file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "telemetry/registry.h"

namespace domicile::gateway {

struct Match {
    const config::Route* route = nullptr;  // null when nothing fits
    // By name and decoded; made when asked for, since most calls go on without.
    std::map<std::string, std::string> parameters() const;

    struct Parameter {
        std::string_view name;  // in the route table
        std::string_view raw;   // in the path that was looked for
    };
    std::vector<Parameter> raw_parameters;
    const telemetry::Route* report = nullptr;  // what its requests are counted under
};

class RouteTable {
  public:
    explicit RouteTable(const std::vector<config::Route>& routes);

    // `path` as sent, without the query. A method of "" matches any (for CORS preflight).
    Match find(config::RouteHost host, std::string_view method, std::string_view path) const;
    // Requests are counted by the routes' templates from then on.
    void report_to(telemetry::Registry& registry);

  private:
    struct Segment {
        enum class Kind : std::uint8_t { literal, parameter, rest } kind;
        std::string text;
    };
    struct Entry {
        const config::Route* route;
        std::vector<Segment> segments;
        const telemetry::Route* report = nullptr;
    };
    static bool matches(const Entry& entry, std::string_view path,
                        std::vector<Match::Parameter>& parameters);
    std::vector<Entry> entries_;
};

}  // namespace domicile::gateway
