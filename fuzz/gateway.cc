// Route templates, rewrites and the targets of requests. Input: a route's path, a rewrite, and a
// target, one line each. What a template has matched, put back into it, is the path. What an
// upstream is asked for is a valid target that begins with what the template begins with and has no
// step up in it; a parameter in the query stays one value.
#include <algorithm>
#include <string>

#include "base/encoding.h"
#include "config/text_rules.h"
#include "fuzz.h"
#include "gateway/routes.h"
#include "http/parser.h"

namespace domicile::fuzz {
namespace {

std::string_view cut_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

bool has_steps(std::string_view path) {
    while (!path.empty()) {
        const std::size_t end = std::min(path.find_first_of("/\\", 1), path.size());
        const std::string_view segment = path.substr(1, end - 1);
        if (segment == "." || segment == "..") return true;
        path.remove_prefix(end);
    }
    return false;
}

std::size_t pairs_in(std::string_view query) { return std::ranges::count(query, '&'); }

void check_match(const gateway::Match& match, std::string_view path) {
    std::string again;
    auto parameter = match.raw_parameters.begin();
    std::string_view rest = match.route->path;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('/', 1), rest.size());
        const std::string_view segment = rest.substr(1, end - 1);
        rest.remove_prefix(end);
        again += '/';
        if (!segment.starts_with('{')) {
            again += segment;
            continue;
        }
        DOMICILE_CHECK(parameter != match.raw_parameters.end());
        const bool all = segment.ends_with("+}");
        DOMICILE_CHECK(segment.substr(1, segment.size() - (all ? 3 : 2)) == parameter->name);
        DOMICILE_CHECK(all || (!parameter->raw.empty() && !parameter->raw.contains('/')));
        again += parameter->raw;
        ++parameter;
    }
    DOMICILE_CHECK(parameter == match.raw_parameters.end());
    DOMICILE_CHECK(again == path);
    for (const auto& [name, value] : match.parameters()) DOMICILE_CHECK(is_utf8(value));
}

void check_rewritten(const config::Route& route, const http::RequestHead& request,
                     const std::string& target) {
    std::string text = "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
    http::RequestHead again;
    DOMICILE_CHECK(http::parse_request(text, {.target_bytes_max = 1 << 20}, again).has_value());
    DOMICILE_CHECK(again.target == target);
    const std::string& wanted = *route.rewrite;
    const std::size_t fixed = std::min(wanted.find('{'), wanted.size());
    DOMICILE_CHECK(target.starts_with(wanted.substr(0, fixed)));
    const auto path = percent_decode(again.path);
    DOMICILE_CHECK(path && !has_steps(*path));
    const std::size_t mark = wanted.find('?');
    if (mark == std::string::npos) {
        DOMICILE_CHECK(again.query == request.query);
    } else if (wanted.find("{query}") == std::string::npos) {
        DOMICILE_CHECK(pairs_in(again.query) == pairs_in(std::string_view(wanted).substr(mark)));
    }
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(gateway) {
    using namespace domicile;
    using namespace domicile::fuzz;
    config::Route route;
    route.path = cut_line(input);
    const std::string_view rewrite = cut_line(input);
    if (!config::is_path_template(route.path)) return;
    if (config::is_rewrite(rewrite)) route.rewrite = rewrite;
    const std::string text = "GET " + std::string(cut_line(input)) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    http::RequestHead request;
    if (!http::parse_request(text, {}, request)) return;
    const std::vector<config::Route> routes{route};
    const gateway::RouteTable table(routes);
    const auto match = table.find(config::RouteHost::app, "GET", request.path, &request.headers);
    if (match.route == nullptr) return;
    check_match(match, request.path);
    if (!route.rewrite) return;
    const auto target = match.compiled->rewrite->render(match.raw_parameters, request.query);
    if (target) check_rewritten(routes[0], request, *target);
}
