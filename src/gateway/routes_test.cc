#include "gateway/routes.h"

#include <gtest/gtest.h>

namespace domicile::gateway {
namespace {

using config::RouteHost;

config::Route route(const std::string& path, std::vector<std::string> methods = {},
                    std::vector<RouteHost> hosts = {RouteHost::api}) {
    config::Route out;
    out.path = path;
    out.methods = std::move(methods);
    out.hosts = std::move(hosts);
    return out;
}

// The template that a path finds, "" for none. The routes outlive the match.
struct Table {
    explicit Table(std::vector<config::Route> all) : routes(std::move(all)), table(routes) {}

    Match get(std::string_view path, std::string_view method = "GET") const {
        return table.find(RouteHost::region, method, path);
    }
    std::string found(std::string_view path, std::string_view method = "GET") const {
        const Match match = get(path, method);
        return match.route == nullptr ? "" : match.route->path;
    }

    std::vector<config::Route> routes;
    RouteTable table;
};

TEST(routes, literals_fit_whole_segments_only) {
    const Table table({route("/"), route("/entries"), route("/entries/all")});
    EXPECT_EQ(table.found("/"), "/");
    EXPECT_EQ(table.found("/entries"), "/entries");
    EXPECT_EQ(table.found("/entries/all"), "/entries/all");
    for (const char* path : {"/entrie", "/entriesx", "/entries/", "/Entries", "//entries",
                             "/entries/all/x", "/entries//all", "/x/entries", "/%65ntries"}) {
        EXPECT_EQ(table.found(path), "") << path;
    }
}

TEST(routes, parameters_take_one_segment_and_are_decoded) {
    const Table table({route("/a/{id}/b/{name}")});
    const Match match = table.get("/a/1%2F2/b/J%C3%BCrgen+x");
    ASSERT_NE(match.route, nullptr);
    EXPECT_EQ(match.parameters(),
              (std::map<std::string, std::string>{{"id", "1/2"}, {"name", "J\xC3\xBCrgen+x"}}));
    EXPECT_EQ(table.found("/a//b/x"), "") << "a parameter is never empty";
    EXPECT_EQ(table.found("/a/1/2/b/x"), "") << "nor more than one segment";
    EXPECT_EQ(table.found("/a/1/b"), "");
}

TEST(routes, a_rest_parameter_takes_everything_that_follows) {
    const Table table({route("/proxy/{rest+}")});
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"/proxy/a", "a"},
        {"/proxy/a/b/c", "a/b/c"},
        {"/proxy/a//b/", "a//b/"},
        {"/proxy/a%20b/c", "a b/c"},
    };
    for (const auto& [path, rest] : cases) {
        const Match match = table.get(path);
        ASSERT_NE(match.route, nullptr) << path;
        EXPECT_EQ(match.parameters().at("rest"), rest) << path;
    }
    EXPECT_EQ(table.found("/proxy"), "");
    EXPECT_EQ(table.found("/other/a"), "");
}

TEST(routes, the_first_in_the_order_of_the_file_wins) {
    const Table literal_first({route("/e/all"), route("/e/{id}"), route("/{rest+}")});
    EXPECT_EQ(literal_first.found("/e/all"), "/e/all");
    EXPECT_EQ(literal_first.found("/e/1"), "/e/{id}");
    EXPECT_EQ(literal_first.found("/e/1/2"), "/{rest+}");
    const Table parameter_first({route("/e/{id}"), route("/e/all")});
    EXPECT_EQ(parameter_first.found("/e/all"), "/e/{id}");
}

TEST(routes, a_match_has_the_parameters_of_its_own_route_only) {
    const Table table({route("/{a}/{b}/x"), route("/{c}/{d}/y")});
    const Match match = table.get("/1/2/y");
    ASSERT_NE(match.route, nullptr);
    EXPECT_EQ(match.parameters(), (std::map<std::string, std::string>{{"c", "1"}, {"d", "2"}}));
}

TEST(routes, methods_are_compared_exactly_and_none_listed_means_all) {
    const Table table({route("/e", {"GET", "PUT"}), route("/e", {"POST"}), route("/any")});
    EXPECT_EQ(table.get("/e", "GET").route, &table.routes[0]);
    EXPECT_EQ(table.get("/e", "PUT").route, &table.routes[0]);
    EXPECT_EQ(table.get("/e", "POST").route, &table.routes[1]) << "goes on to the next route";
    EXPECT_EQ(table.get("/e", "").route, &table.routes[0]) << "any method, for a preflight";
    EXPECT_EQ(table.found("/e", "DELETE"), "");
    EXPECT_EQ(table.found("/e", "get"), "");
    EXPECT_EQ(table.found("/any", "DELETE"), "/any");
}

TEST(routes, headers_that_a_route_asks_for_must_be_there) {
    config::Route canary = route("/e"), any = route("/e"), plain = route("/e");
    canary.headers = {{"X-Canary", "yes"}};
    any.headers = {{"X-Canary", "*"}, {"X-Team", "*"}};
    const Table table({canary, any, plain});
    const auto found = [&](const std::vector<std::pair<const char*, const char*>>& sent) {
        http::Headers headers;
        for (const auto& [name, value] : sent) headers.add(name, value);
        return table.table.find(RouteHost::region, "GET", "/e", &headers).route -
               table.routes.data();
    };
    EXPECT_EQ(found({{"x-canary", "yes"}}), 0) << "names without case";
    EXPECT_EQ(found({{"x-canary", "Yes"}}), 2) << "values with case";
    EXPECT_EQ(found({{"x-canary", "no"}, {"x-team", "a"}}), 1);
    EXPECT_EQ(found({{"x-team", "a"}}), 2) << "all of them";
    EXPECT_EQ(found({}), 2);
    EXPECT_EQ(table.get("/e").route, &table.routes[0]) << "a preflight has no headers to look at";
}

TEST(routes, a_token_has_one_of_the_scopes_and_all_of_the_claims) {
    config::Route wanted = route("/e");
    const json::object claims{{"scope", "entries/read entries/list"},
                              {"cognito:groups", json::array{"admin", "staff"}},
                              {"custom:plan", "gold"},
                              {"verified", true}};
    EXPECT_TRUE(is_allowed(wanted, {})) << "any token";
    wanted.scopes = {"entries/write", "entries/read"};
    EXPECT_TRUE(is_allowed(wanted, claims));
    wanted.scopes = {"entries", "read", "entries/rea", "ntries/read"};
    EXPECT_FALSE(is_allowed(wanted, claims)) << "whole scopes only";
    EXPECT_FALSE(is_allowed(wanted, {})) << "a token without scopes has none";
    wanted.scopes.clear();
    wanted.where = {{"custom:plan", "gold"}, {"cognito:groups", "staff"}, {"verified", "true"}};
    EXPECT_TRUE(is_allowed(wanted, claims));
    for (const auto& [name, value] : {std::pair{"custom:plan", "Gold"},
                                      {"cognito:groups", "[\"admin\",\"staff\"]"},
                                      {"missing", "*"},
                                      {"missing", ""}}) {
        config::Route more = wanted;
        more.where[name] = value;
        EXPECT_FALSE(is_allowed(more, claims)) << name << value;
    }
    wanted.where = {{"custom:plan", "*"}};
    EXPECT_TRUE(is_allowed(wanted, claims));
}

TEST(routes, broken_escapes_and_bad_utf_8_fit_no_parameter) {
    const Table table({route("/e/{id}"), route("/r/{rest+}")});
    for (const char* bad : {"%", "%4", "%zz", "a%2", "%ff", "%C3", "%C0%AF", "%ED%A0%80"}) {
        EXPECT_EQ(table.found(std::string("/e/") + bad), "") << bad;
        EXPECT_EQ(table.found(std::string("/r/x/") + bad), "") << bad;
    }
}

TEST(routes, hosts_keep_routes_apart) {
    const Table table({route("/app", {}, {RouteHost::app}),
                       route("/region", {}, {RouteHost::region}),
                       route("/api", {}, {RouteHost::api}),
                       route("/two", {}, {RouteHost::app, RouteHost::region})});
    const auto on = [&](RouteHost host, std::string_view path) {
        return table.table.find(host, "GET", path).route != nullptr;
    };
    EXPECT_TRUE(on(RouteHost::app, "/app"));
    EXPECT_FALSE(on(RouteHost::region, "/app"));
    EXPECT_FALSE(on(RouteHost::app, "/region"));
    EXPECT_TRUE(on(RouteHost::region, "/region"));
    for (const char* path : {"/api", "/two"}) {
        EXPECT_TRUE(on(RouteHost::app, path)) << path;
        EXPECT_TRUE(on(RouteHost::region, path)) << path;
    }
}

}  // namespace
}  // namespace domicile::gateway
