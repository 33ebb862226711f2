#include "server/front_control.h"

#include "base/json.h"

namespace domicile::server {
namespace {
constexpr std::size_t kBodyBytesMax = 4096;
}

io::Task<Result<void>> FrontControl::reply(http::Exchange& exchange, int status,
                                           json::object body) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", "application/json");
    head.add("Cache-Control", "no-store");
    // Only our own pages may turn regions off.
    const auto origin = exchange.request().headers.find("Origin");
    for (const config::Site& site : deployment_.config.sites) {
        if (origin != deployment_.url(site.host)) continue;
        head.add("Access-Control-Allow-Origin", std::string(*origin));
        head.add("Access-Control-Allow-Methods", "GET, POST");
        head.add("Access-Control-Allow-Headers", "Content-Type");
        head.add("Vary", "Origin");
    }
    const std::string text = json::serialize(body);
    co_return co_await exchange.respond(std::move(head), text);
}

io::Task<Result<void>> FrontControl::handle(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    json::object nothing;
    if (request.method == "OPTIONS") co_return co_await reply(exchange, 200, std::move(nothing));
    const auto origin = request.headers.find("Origin");
    bool ours = !origin;
    for (const config::Site& site : deployment_.config.sites)
        ours |= origin == deployment_.url(site.host);
    if (!ours) co_return co_await reply(exchange, 403, std::move(nothing));
    if (request.path == "/where") co_return co_await where(exchange);
    if (request.path == "/regions" && request.method == "GET") co_return co_await list(exchange);
    constexpr std::string_view kPrefix = "/regions/";
    if (request.path.starts_with(kPrefix) && request.method == "POST") {
        co_return co_await switch_region(exchange,
                                         std::string(request.path.substr(kPrefix.size())));
    }
    co_return co_await reply(exchange, 404, std::move(nothing));
}

io::Task<Result<void>> FrontControl::where(http::Exchange& exchange) {
    if (exchange.request().method == "POST") {
        CO_TRY(const std::string text, co_await exchange.read_all(kBodyBytesMax));
        const Result<json::object> body = parse_json_object(text);
        Result<std::optional<std::string>> country = std::optional<std::string>();
        if (body) country = optional_string(*body, "country");
        if (!body || !country || (*country && (*country)->size() != 2)) {
            json::object problem{
                {"message", "Send {\"country\": \"AU\"}, or null for nowhere in particular."}};
            co_return co_await reply(exchange, 400, std::move(problem));
        }
        whereabouts_.set_country(std::move(*country));
        regions_.moved();
    }
    json::object out{{"country", nullptr}, {"region", nullptr}};
    if (whereabouts_.country()) out["country"] = *whereabouts_.country();
    const std::vector<std::string> candidates = whereabouts_.candidates();
    if (!candidates.empty()) out["region"] = candidates.front();
    co_return co_await reply(exchange, 200, std::move(out));
}

io::Task<Result<void>> FrontControl::list(http::Exchange& exchange) {
    json::array regions;
    const auto said = [](bool up) { return up ? "up" : "down"; };
    const std::map<NodeName, bool> all = regions_.nodes();
    for (const auto& [region, up] : regions_.states()) {
        json::array nodes;
        for (const auto& [node, runs] : all)
            if (node.region == region)
                nodes.push_back({{"node", node.number}, {"state", said(runs)}});
        json::object entry{{"id", region}, {"state", said(up)}};
        if (nodes.size() > 1) entry["nodes"] = std::move(nodes);
        regions.push_back(std::move(entry));
    }
    json::object out{{"regions", std::move(regions)}};
    co_return co_await reply(exchange, 200, std::move(out));
}

io::Task<Result<void>> FrontControl::switch_region(http::Exchange& exchange, std::string rest) {
    const auto slash = rest.find('/');
    const std::string region = rest.substr(0, slash);
    const std::string action = slash == std::string::npos ? "" : rest.substr(slash + 1);
    Result<void> done = fail(Code::not_found, "There is no such switch.");
    if (action == "start") done = co_await regions_.start(region);
    if (action == "stop") done = co_await regions_.stop(region);
    if (!done) {
        json::object problem{{"message", done.error().message}};
        co_return co_await reply(exchange, done.error().code == Code::not_found ? 404 : 503,
                                 std::move(problem));
    }
    co_return co_await list(exchange);
}

}  // namespace domicile::server
