// Upstreams and the ordered route table of the gateway. The first route that matches wins.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "residency/residency.h"

namespace domicile::config {

// `url: http://127.0.0.1:9000` or a list of them; only http://host:port.
struct UpstreamUrl {
    std::string host;  // without brackets
    std::uint16_t port = 80;

    bool operator==(const UpstreamUrl&) const = default;
};

struct Upstream {
    std::string name;
    std::vector<UpstreamUrl> url;  // at least one
};

// Which of our host names a route answers on: app is app.<domain>, region is <region>.<domain>, and
// api stands for both.
enum class RouteHost : std::uint8_t { api, app, region };

// The shape of the event that a function gets: v1 is REST proxy, v2 is HTTP API.
enum class EventVersion : std::uint8_t { v1, v2 };

struct Cors {
    std::vector<std::string> origins;  // "https://host[:port]" or "*"
    std::vector<std::string> headers;
    std::vector<std::string> methods;
};

struct Route {
    std::vector<RouteHost> hosts = {RouteHost::api};
    std::string path;                  // "/entries/{id}", "/proxy/{rest+}"
    std::vector<std::string> methods;  // empty: all
    // Request headers that must be there; the value as it is, or "*" for any.
    std::map<std::string, std::string> headers;
    std::optional<std::string> function;  // exactly one of function and upstream is set
    std::optional<std::string> upstream;
    std::optional<std::string> rewrite;  // the target for the upstream: "/v2/{id}?kind=x&{query}"
    std::vector<std::string> claims;     // of the token, for the upstream
    std::optional<std::string>
        authorizer;  // the name of a pool; `none` in the file is nullopt here
    residency::RouteResidency residency = residency::RouteResidency::resident;
    residency::Elsewhere elsewhere = residency::Elsewhere::forward;
    EventVersion event = EventVersion::v2;
    std::optional<Cors> cors;
    std::optional<std::int64_t> body_bytes_max;  // nullopt: limits.body_bytes_max
    int timeout_seconds = 29;

    bool answers_on(RouteHost host) const;  // host: app or region
};

}  // namespace domicile::config
