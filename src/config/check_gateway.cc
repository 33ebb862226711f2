// Routes, and the authorizers, upstreams and API keys that they name.
#include <algorithm>
#include <map>

#include "config/check_parts.h"
#include "config/text_rules.h"

namespace domicile::config {
namespace {

void check_target(const Config& config, Reader& reader, const Route& route, const Path& path) {
    if (route.function && route.upstream)
        reader.problem(path / "upstream", "a route has a function or an upstream, not both");
    if (!route.function && !route.upstream)
        reader.problem(path, "the route leads nowhere: neither function nor upstream",
                       "name one of the two");
    if (route.function)
        check_exists(reader, config.functions, *route.function, path / "function", "function");
    if (route.upstream)
        check_exists(reader, config.upstreams, *route.upstream, path / "upstream", "upstream");
}

// Who may not name anybody's home cannot say whose data a call is about.
bool can_name_homes(const Authorizer& authorizer) {
    return authorizer.jwt && authorizer.jwt->home_claim;
}

void check_authorizer(const Config& config, Reader& reader, const Route& route, const Path& path) {
    if (route.authorizer) {
        const Authorizer* other = config.authorizers.find(*route.authorizer);
        if (other == nullptr)
            check_exists(reader, config.pools, *route.authorizer, path / "authorizer", "pool");
        else if (other->function && route.residency == residency::RouteResidency::resident)
            reader.problem(path / "authorizer",
                           fmt::format("`{}` is a function, which would be told of calls before "
                                       "anybody knows where they belong",
                                       other->name),
                           "say `residency: public`, or name a pool");
        else if (!can_name_homes(*other) && route.residency == residency::RouteResidency::resident)
            reader.problem(path / "authorizer",
                           fmt::format("`{}` names nobody's home", other->name),
                           "give it a `home_claim`, or say `residency: public`");
    } else if (route.residency == residency::RouteResidency::resident) {
        reader.problem(path,
                       "a resident route needs an authorizer: only a token says whose data it is",
                       "name a pool as `authorizer`, or say `residency: public`");
    }
}

// The names between braces, without the + of a rest.
std::vector<std::string> names_in(std::string_view pattern) {
    std::vector<std::string> out;
    for (std::size_t open = pattern.find('{'); open != std::string_view::npos;
         open = pattern.find('{', open + 1)) {
        const std::size_t close = std::min(pattern.find('}', open), pattern.size());
        std::string name(pattern.substr(open + 1, close - open - 1));
        if (name.ends_with('+')) name.pop_back();
        out.push_back(std::move(name));
    }
    return out;
}

void check_rewrite(Reader& reader, const Route& route, const Path& path) {
    if (!route.rewrite) return;
    if (route.function)
        reader.problem(path / "rewrite", "a function gets the path as it was sent",
                       "`rewrite` is for upstreams");
    std::string_view left = std::string_view(*route.rewrite).substr(0, route.rewrite->find('?'));
    while (!left.empty()) {
        const std::size_t end = std::min(left.find('/', 1), left.size());
        const std::string_view segment = left.substr(1, end - 1);
        if (segment == "." || segment == "..")
            reader.problem(path / "rewrite", "steps such as `..` are refused in requests");
        left.remove_prefix(end);
    }
    const std::vector<std::string> known = names_in(route.path);
    const std::size_t mark = route.rewrite->find('?');
    for (const std::string& name : names_in(*route.rewrite)) {
        if (name == "query") {
            const bool behind = mark != std::string::npos && route.rewrite->find("{query}") > mark;
            if (!behind) reader.problem(path / "rewrite", "`{query}` stands behind the `?`");
            continue;
        }
        if (std::ranges::find(known, name) != known.end()) continue;
        reader.problem(path / "rewrite", fmt::format("the path has no parameter `{}`", name),
                       did_you_mean(name, known));
    }
    if (std::ranges::find(known, "query") != known.end())
        reader.problem(path / "path", "`{query}` is the client's query in a rewrite",
                       "give the parameter another name");
}

void check_claims(Reader& reader, const Route& route, const Path& path) {
    for (const auto& [key, used] :
         {std::pair{"scopes", !route.scopes.empty()}, {"where", !route.where.empty()}})
        if (used && !route.authorizer)
            reader.problem(path / key, "there is no token to look at", "name an `authorizer`");
    if (route.claims.empty()) return;
    if (!route.authorizer)
        reader.problem(path / "claims", "there is no token to take claims from",
                       "name an `authorizer`");
    if (route.function)
        reader.problem(path / "claims", "a function gets all claims in its event",
                       "`claims` is for upstreams");
}

// The host, method and path template of a route, one line for each combination.
std::vector<std::string> matches_of(const Route& route) {
    std::string path = route.path;
    // The names of parameters do not tell routes apart.
    for (std::size_t open = path.find('{'); open != std::string::npos;
         open = path.find('{', open + 2)) {
        const std::size_t close = path.find('}', open);
        if (close == std::string::npos) break;
        const bool rest = path[close - 1] == '+';
        path.replace(open, close - open + 1, rest ? "{+}" : "{}");
    }
    for (const auto& [name, value] : route.headers) path += fmt::format(" {}: {}", name, value);
    std::vector<std::string> out;
    for (const auto& [host, name] :
         {std::pair{RouteHost::app, "app"}, {RouteHost::region, "region"}}) {
        if (!route.answers_on(host)) continue;
        if (route.methods.empty()) out.push_back(fmt::format("{} * {}", name, path));
        for (const std::string& method : route.methods)
            out.push_back(fmt::format("{} {} {}", name, method, path));
    }
    return out;
}

// A call waits for it before it is let in.
constexpr int kAuthorizerSecondsMax = 29;

void check_authorizer_function(const Config& config, Reader& reader, const AuthorizerFunction& from,
                               const Path& path) {
    if (check_exists(reader, config.functions, from.name, path / "name", "function")) {
        const Function* function = config.functions.find(from.name);
        if (function != nullptr && function->timeout_seconds > kAuthorizerSecondsMax)
            reader.problem(path / "name",
                           fmt::format("its timeout_seconds is {}, and calls wait for it",
                                       function->timeout_seconds),
                           fmt::format("{} at most", kAuthorizerSecondsMax));
    }
    if (from.input == AuthorizerInput::token) {
        if (from.event != EventVersion::v1)
            reader.problem(path / "input", "`token` is of payload format 1.0", "say `event: v1`");
        if (from.headers.size() != 1 || !from.query.empty())
            reader.problem(path / "headers", "the token is one header, and nothing else",
                           "such as `headers: [Authorization]`");
    }
    if (from.ttl_seconds > 0 && from.headers.empty() && from.query.empty())
        reader.problem(path, "nothing says whose answer is kept",
                       "name `headers` or `query`, or say `ttl_seconds: 0`");
}

void check_throttles(Reader& reader, const Route& route, const Path& path) {
    for (std::size_t i = 0; i < route.throttle.size(); ++i) {
        const ThrottleBy by = route.throttle[i].by;
        if (by == ThrottleBy::subject && !route.authorizer)
            reader.problem(path / i, "there is no token that says whose call it is",
                           "name an `authorizer`, or throttle by address");
        if (by == ThrottleBy::key && !route.api_key)
            reader.problem(path / i, "there is no key that says which program calls",
                           "say `api_key: true`, or throttle by address");
    }
}

}  // namespace

void check_api_keys(const Config& config, Reader& reader) {
    for (const UsagePlan& plan : config.usage_plans) {
        const Path path = kRoot / "usage_plans" / plan.name;
        if (plan.burst && !plan.per_second)
            reader.problem(path / "burst", "a burst needs a rate", "give `per_second`");
        if (!plan.burst && !plan.per_second && plan.per_day == 0)
            reader.problem_at_key(
                path, "the plan bounds nothing",
                "give `per_second` or `per_day`, or leave `plan` out of the keys");
    }
    Once hashes(reader, "the hash");
    for (const ApiKey& key : config.api_keys) {
        const Path path = kRoot / "api_keys" / key.name;
        hashes.say(key.sha256, path / "sha256", "every program needs a key of its own");
        if (key.plan)
            check_exists(reader, config.usage_plans, *key.plan, path / "plan", "usage plan");
    }
    for (const Route& route : config.routes)
        if (route.api_key && config.api_keys.empty())
            reader.problem(kRoot / "routes" / route.entry / "api_key",
                           "the file declares no API key", "nobody could call this route");
}

void check_authorizers(const Config& config, Reader& reader) {
    for (const Authorizer& authorizer : config.authorizers) {
        const Path path = kRoot / "authorizers" / authorizer.name;
        if (config.pools.find(authorizer.name))
            reader.problem_at_key(path, fmt::format("`{}` is a pool already", authorizer.name),
                                  "routes name both as `authorizer`: choose another name");
        if (authorizer.name == "none")
            reader.problem_at_key(path, "`none` is no name", "routes say it to have no authorizer");
        if (!authorizer.jwt && !authorizer.function)
            reader.problem_at_key(path, "the authorizer asks nobody",
                                  "give it `jwt` or `function`");
        if (authorizer.jwt && authorizer.function)
            reader.problem(path / "function", "an authorizer has `jwt` or `function`, not both");
        if (authorizer.function)
            check_authorizer_function(config, reader, *authorizer.function, path / "function");
        if (authorizer.jwt && authorizer.jwt->stale_seconds < authorizer.jwt->refresh_seconds)
            reader.problem(path / "jwt" / "stale_seconds",
                           "the keys are stale before the next look",
                           "raise it, or lower refresh_seconds");
    }
}

void check_upstreams(const Config& config, Reader& reader) {
    for (const Upstream& upstream : config.upstreams) {
        if (upstream.weights.empty()) continue;
        const Path path = kRoot / "upstreams" / upstream.name / "weights";
        if (upstream.weights.size() != upstream.url.size())
            reader.problem(path,
                           fmt::format("{} weights for {} servers", upstream.weights.size(),
                                       upstream.url.size()),
                           "give one for each url, in the same order");
        else if (std::ranges::all_of(upstream.weights, [](auto weight) { return weight == 0; }))
            reader.problem(path, "no server gets anything", "give one of them a weight");
    }
}

void check_routes(const Config& config, Reader& reader) {
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < config.routes.size(); ++i) {
        const Route& route = config.routes[i];
        const Path path = kRoot / "routes" / route.entry;
        reader.about(route.place);
        if (route.path.empty()) reader.problem_at_key(path, "`path` is missing");
        check_target(config, reader, route, path);
        check_authorizer(config, reader, route, path);
        check_rewrite(reader, route, path);
        check_claims(reader, route, path);
        check_throttles(reader, route, path / "throttle");
        if (route.path.empty()) continue;
        for (const std::string& match : matches_of(route)) {
            const auto [first, fresh] = seen.emplace(match, i);
            if (fresh || first->second == i) continue;
            reader.problem(path / "path",
                           fmt::format("routes[{}] already answers the same path and method",
                                       config.routes[first->second].entry),
                           "the first route that matches wins, so this one is never reached");
            break;
        }
    }
    reader.about("");
}

}  // namespace domicile::config
