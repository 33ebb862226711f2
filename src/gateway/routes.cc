#include "gateway/routes.h"

#include <algorithm>

#include "base/encoding.h"

namespace domicile::gateway {
namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> out;
    if (path.starts_with('/')) path.remove_prefix(1);
    while (true) {
        const auto slash = path.find('/');
        out.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return out;
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

RouteTable::RouteTable(const std::vector<config::Route>& routes) {
    for (const config::Route& route : routes) {
        Entry entry{&route, {}};
        for (std::string_view part : split(route.path)) {
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

bool RouteTable::matches(const Entry& entry, const std::vector<std::string_view>& path,
                         std::map<std::string, std::string>* parameters) {
    const auto keep = [&](const std::string& name, std::string_view raw) {
        auto decoded = percent_decode(raw);
        if (!decoded || !is_utf8(*decoded)) return false;
        if (parameters != nullptr) (*parameters)[name] = std::move(*decoded);
        return true;
    };
    for (std::size_t i = 0; i < entry.segments.size(); ++i) {
        const Segment& segment = entry.segments[i];
        if (i >= path.size()) return false;
        if (segment.kind == Segment::Kind::rest) {
            const std::string_view last = path.back();
            const std::string_view rest(
                path[i].data(),
                static_cast<std::size_t>(last.data() + last.size() - path[i].data()));
            return keep(segment.text, rest);
        }
        if (segment.kind == Segment::Kind::literal
                ? path[i] != segment.text
                : path[i].empty() || !keep(segment.text, path[i])) {
            return false;
        }
    }
    return path.size() == entry.segments.size();
}

void RouteTable::report_to(telemetry::Registry& registry) {
    for (Entry& entry : entries_) entry.report = &registry.route("gateway", entry.route->path);
}

Match RouteTable::find(config::RouteHost host, std::string_view method,
                       std::string_view path) const {
    const std::vector<std::string_view> parts = split(path);
    for (const Entry& entry : entries_) {
        const std::vector<std::string>& methods = entry.route->methods;
        const bool method_fits = method.empty() || methods.empty() ||
                                 std::find(methods.begin(), methods.end(), method) != methods.end();
        Match match;
        if (!method_fits || !entry.route->answers_on(host) ||
            !matches(entry, parts, &match.parameters))
            continue;
        match.route = entry.route;
        match.report = entry.report;
        return match;
    }
    return {};
}

}  // namespace domicile::gateway
