// The configuration file. Every problem has a place in the file; a file without problems keeps what
// the rest of the program relies on without looking: references lead somewhere, the residency
// policy can be built, each route can be reached, failover stays inside a jurisdiction (I4).
#include "config/config.h"

#include <algorithm>
#include <string>

#include "fuzz.h"
#include "gateway/routes.h"

namespace domicile::fuzz {
namespace {

void check_problems(const config::Loaded& loaded, std::string_view input) {
    const auto lines = 1 + std::ranges::count(input, '\n');
    std::pair<int, int> last{0, 0};
    for (const config::Problem& problem : loaded.problems) {
        DOMICILE_CHECK(problem.file == "fuzz.yaml" && !problem.message.empty());
        DOMICILE_CHECK(problem.line >= 0 && problem.line <= lines + 1);
        DOMICILE_CHECK(problem.column >= 0);
        DOMICILE_CHECK(std::pair(problem.line, problem.column) >= last);
        last = {problem.line, problem.column};
        DOMICILE_CHECK(config::format(problem).starts_with("fuzz.yaml:"));
    }
}

// A path that the route must match: its parameters filled in.
std::string example_path(const std::string& pattern) {
    std::string out;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '{') {
            out += 'x';
            at = std::min(pattern.find('}', at), pattern.size());
        } else {
            out += pattern[at];
        }
    }
    return out;
}

void check_routes(const config::Config& config) {
    const gateway::RouteTable table(config.routes);
    for (const config::Route& route : config.routes) {
        DOMICILE_CHECK(route.function.has_value() != route.upstream.has_value());
        DOMICILE_CHECK(!route.function || config.functions.find(*route.function) != nullptr);
        DOMICILE_CHECK(!route.upstream || config.upstreams.find(*route.upstream) != nullptr);
        DOMICILE_CHECK(!route.authorizer || config.pools.find(*route.authorizer) != nullptr);
        DOMICILE_CHECK(!route.hosts.empty());
        const auto host = route.answers_on(config::RouteHost::app) ? config::RouteHost::app
                                                                   : config::RouteHost::region;
        const std::string method = route.methods.empty() ? "GET" : route.methods[0];
        // Another one that stands above it may match too.
        const auto match = table.find(host, method, example_path(route.path));
        DOMICILE_CHECK(match.route != nullptr && match.route <= &route);
    }
    for (const config::Upstream& upstream : config.upstreams) {
        DOMICILE_CHECK(!upstream.url.empty());
    }
}

void check_policy(const config::Config& config) {
    const residency::Policy policy = config::make_policy(config);
    DOMICILE_CHECK(!config.regions.empty());
    for (const config::Region& region : config.regions) {
        const residency::Jurisdiction* own = policy.of_region(region.name);
        DOMICILE_CHECK(own != nullptr);
        const auto decision = residency::decide_failover(policy, region.name, {.up = false});
        if (decision.action == residency::Action::serve) {
            DOMICILE_CHECK(policy.of_region(decision.region) == own);
        }
    }
    for (const config::Table& table : config.tables) {
        if (table.resident) DOMICILE_CHECK(table.resident->subject == table.partition_key.name);
    }
}

std::string all_of(const config::Loaded& loaded) {
    std::string out;
    for (const config::Problem& problem : loaded.problems) out += config::format(problem) + "\n";
    return out;
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(config) {
    using namespace domicile;
    using namespace domicile::fuzz;
    const config::Loaded loaded = config::load("fuzz.yaml", input);
    check_problems(loaded, input);
    DOMICILE_CHECK(all_of(config::load("fuzz.yaml", input)) == all_of(loaded));
    if (!loaded.problems.empty()) return;
    check_policy(loaded.config);
    check_routes(loaded.config);
}
