#include "gateway/routes.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"

namespace domicile::gateway {
namespace {

std::string_view without_slash(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    return path;
}

// Cuts the next segment off; nullopt after the last one. "a/" has two, the last one empty.
class Segments {
  public:
    explicit Segments(std::string_view path) : rest_(without_slash(path)) {}
    std::optional<std::string_view> next() {
        if (ended_) return std::nullopt;
        const auto slash = rest_.find('/');
        const std::string_view out = rest_.substr(0, slash);
        ended_ = slash == std::string_view::npos;
        rest_.remove_prefix(ended_ ? rest_.size() : slash + 1);
        return out;
    }
    // What next() would give and everything behind it.
    std::optional<std::string_view> rest() const {
        return ended_ ? std::nullopt : std::optional(rest_);
    }

  private:
    std::string_view rest_;
    bool ended_ = false;
};

// Whether percent_decode gives text. A path holds ASCII only, so that only escapes can be wrong.
bool is_decodable(std::string_view raw) {
    if (raw.find('%') == std::string_view::npos) return true;
    const auto decoded = percent_decode(raw);
    return decoded && is_utf8(*decoded);
}

std::string text_of(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

bool has_value(const json::value& claim, std::string_view wanted) {
    if (wanted == "*") return true;
    if (!claim.is_array()) return text_of(claim) == wanted;
    return std::ranges::any_of(claim.get_array(),
                               [&](const json::value& one) { return text_of(one) == wanted; });
}

// `scope`, a list with blanks between (RFC 8693, 4.2), or as others write it `scp`, perhaps an
// array.
bool has_scope(const std::vector<std::string>& wanted, const json::object& claims) {
    std::string given = " ";
    const auto add = [&](const json::value& text) {
        if (text.is_string()) given += std::string(text.get_string()) + ' ';
    };
    for (const char* name : {"scope", "scp"}) {
        const json::value* claim = claims.if_contains(name);
        if (claim == nullptr) continue;
        if (!claim->is_array()) add(*claim);
        if (claim->is_array()) std::ranges::for_each(claim->get_array(), add);
    }
    return std::ranges::any_of(wanted, [&](const std::string& scope) {
        return given.find(' ' + scope + ' ') != std::string::npos;
    });
}

bool has_all(const http::Headers& headers, const std::map<std::string, std::string>& wanted) {
    for (const auto& [name, value] : wanted) {
        const auto found = headers.find(name);
        if (!found || (value != "*" && *found != value)) return false;
    }
    return true;
}

}  // namespace

bool is_allowed(const config::Route& route, const json::object& claims) {
    if (!route.scopes.empty() && !has_scope(route.scopes, claims)) return false;
    return std::ranges::all_of(route.where, [&](const auto& entry) {
        const json::value* claim = claims.if_contains(entry.first);
        return claim != nullptr && !claim->is_null() && has_value(*claim, entry.second);
    });
}

std::string claim_header(std::string_view claim) {
    std::string out = "Domicile-Claim-";
    for (const char c : claim) out += c == ':' || c == '/' ? '-' : c;
    return out;
}

Compiled::Compiled(const config::Route& route, const Authorizers* authorizers) {
    if (authorizers != nullptr && route.authorizer)
        authorizer = authorizers->find(*route.authorizer);
    if (route.rewrite) rewrite.emplace(*route.rewrite);
    if (!route.throttle.empty()) throttles = std::make_unique<Throttles>(route.throttle);
    gauge = std::make_unique<Gauge>(route.concurrency_max);
    for (const std::string& claim : route.claims) claim_headers.push_back(claim_header(claim));
}

RouteTable::RouteTable(const std::vector<config::Route>& routes, const Authorizers* authorizers) {
    for (const config::Route& route : routes) {
        Entry entry{&route, Compiled(route, authorizers), {}, nullptr};
        Segments parts(route.path);
        while (const auto next = parts.next()) {
            const std::string_view part = *next;
            if (part.starts_with('{') && part.ends_with("+}")) {
                entry.segments.push_back(
                    {Segment::Kind::rest, std::string(part.substr(1, part.size() - 3))});
            } else if (part.starts_with('{') && part.ends_with('}')) {
                entry.segments.push_back(
                    {Segment::Kind::parameter, std::string(part.substr(1, part.size() - 2))});
            } else {
                entry.segments.push_back({Segment::Kind::literal, std::string(part)});
            }
        }
        entries_.push_back(std::move(entry));
    }
}

bool RouteTable::matches(const Entry& entry, std::string_view path, PathParameters& parameters) {
    Segments parts(path);
    for (const Segment& segment : entry.segments) {
        const bool all = segment.kind == Segment::Kind::rest;
        const std::optional<std::string_view> part = all ? parts.rest() : parts.next();
        if (!part) return false;
        if (segment.kind == Segment::Kind::literal) {
            if (*part != segment.text) return false;
            continue;
        }
        if ((part->empty() && !all) || !is_decodable(*part)) return false;
        parameters.push_back({segment.text, *part});
        if (all) return true;
    }
    return !parts.rest();
}

std::map<std::string, std::string> Match::parameters() const {
    std::map<std::string, std::string> out;
    for (const PathParameter& each : raw_parameters)
        out[std::string(each.name)] = percent_decode(each.raw).value_or("");
    return out;
}

void RouteTable::report_to(telemetry::Registry& registry) {
    for (Entry& entry : entries_) entry.report = &registry.route("gateway", entry.route->path);
}

Match RouteTable::find(config::RouteHost host, std::string_view method, std::string_view path,
                       const http::Headers* headers) const {
    Match match;
    for (const Entry& entry : entries_) {
        const std::vector<std::string>& methods = entry.route->methods;
        const bool method_fits = method.empty() || methods.empty() ||
                                 std::find(methods.begin(), methods.end(), method) != methods.end();
        if (!method_fits || !entry.route->answers_on(host)) continue;
        match.raw_parameters.clear();
        if (!matches(entry, path, match.raw_parameters)) continue;
        const auto& wanted = entry.route->headers;
        if (headers != nullptr && !wanted.empty() && !has_all(*headers, wanted)) continue;
        match.route = entry.route;
        match.compiled = &entry.compiled;
        match.report = entry.report;
        return match;
    }
    return {};
}

}  // namespace domicile::gateway
