// The compiled route table: first match in the order of the file.
#pragma once

#include <boost/container/small_vector.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/config.h"
#include "gateway/authorizers.h"
#include "gateway/rewrite.h"
#include "gateway/throttle.h"
#include "http/message.h"
#include "telemetry/registry.h"

namespace domicile::gateway {

// "Domicile-Claim-custom-plan" of "custom:plan"; a / is a - too.
std::string claim_header(std::string_view claim);

// Whether a token with these claims has one of the route's scopes and all that its `where` wants.
bool is_allowed(const config::Route& route, const json::object& claims);

// What is made of a route once.
struct Compiled {
    Compiled(const config::Route& route, const Authorizers* authorizers);
    const Authorizer* authorizer = nullptr;  // null: none
    std::optional<Rewrite> rewrite;
    std::vector<std::string> claim_headers;  // one for each of the route's claims
    // Count as calls come.
    std::unique_ptr<Throttles> throttles;  // null: none
    std::unique_ptr<Gauge> gauge;
};

// Most routes have one or two: no allocation for them. A call is in a coroutine frame, which is to
// fit io::allocate_frame.
using PathParameters = boost::container::small_vector<PathParameter, 2>;

struct Match {
    const config::Route* route = nullptr;  // null when nothing fits
    // By name and decoded; made when asked for, since most calls go on without.
    std::map<std::string, std::string> parameters() const;

    PathParameters raw_parameters;
    const Compiled* compiled = nullptr;
    const telemetry::Route* report = nullptr;  // what its requests are counted under
};

class RouteTable {
  public:
    // `authorizers` has all that the routes name, and outlives this.
    explicit RouteTable(const std::vector<config::Route>& routes,
                        const Authorizers* authorizers = nullptr);

    // `path` as sent, without the query. A method of "" matches any, and without `headers` those
    // that a route asks for are not looked at (a CORS preflight does not have them).
    Match find(config::RouteHost host, std::string_view method, std::string_view path,
               const http::Headers* headers = nullptr) const;
    // Requests are counted by the routes' templates from then on.
    void report_to(telemetry::Registry& registry);

  private:
    struct Segment {
        enum class Kind : std::uint8_t { literal, parameter, rest } kind;
        std::string text;
    };
    struct Entry {
        const config::Route* route;
        Compiled compiled;
        std::vector<Segment> segments;
        const telemetry::Route* report = nullptr;
    };
    static bool matches(const Entry& entry, std::string_view path, PathParameters& parameters);
    std::vector<Entry> entries_;  // matches point into it
};

}  // namespace domicile::gateway
