// Upstreams and the ordered route table of the gateway. The first route that matches wins.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "residency/residency.h"

namespace domicile::openapi {
class Operation;
}

namespace domicile::config {

// `url: http://127.0.0.1:9000` or a list of them; only http://host:port.
struct UpstreamUrl {
    std::string host;  // without brackets
    std::uint16_t port = 80;

    bool operator==(const UpstreamUrl&) const = default;
};

// Of calls without a body whose method is idempotent.
struct Retries {
    std::int64_t attempts = 1;         // with the first
    std::int64_t budget_percent = 20;  // of the calls, in the long run
};

// Servers that fail so often in a row are left out for a while; 0 failures: never.
struct Ejection {
    std::int64_t failures = 5;
    std::int64_t seconds = 10;
};

struct HealthCheck {
    std::string path = "/";
    std::int64_t interval_ms = 5'000;
    std::int64_t timeout_ms = 2'000;
    std::int64_t up_after = 2;
    std::int64_t down_after = 3;
};

struct Upstream {
    std::string name;
    std::vector<UpstreamUrl> url;                // at least one
    std::vector<std::int64_t> weights;           // one for each url; empty: all alike
    std::int64_t concurrency_max = 0;            // calls at once, of one process; 0: any number
    std::optional<std::int64_t> try_timeout_ms;  // nullopt: the route's whole time
    std::int64_t idle_seconds = 30;  // between two pieces of an answer, and of a WebSocket
    Retries retries;
    Ejection ejection;
    std::optional<HealthCheck> health;
    std::int64_t slow_start_seconds = 0;
    bool websocket = false;
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

// What shares a bucket: all calls of the route, those of one token's subject, of one address, or of
// one API key.
enum class ThrottleBy : std::uint8_t { route, subject, address, key };

struct Throttle {
    ThrottleBy by = ThrottleBy::route;
    double per_second = 0;
    std::optional<std::int64_t> burst;  // nullopt: what comes in a second
};

// How much a program may do with its key.
struct UsagePlan {
    std::string name;
    std::optional<double> per_second;
    std::optional<std::int64_t> burst;  // nullopt: what comes in a second
    std::int64_t per_day = 0;           // calls, of UTC's days; 0: any number
};

struct ApiKey {
    std::string name;
    std::string sha256;               // of the key, lower-case hex
    std::optional<std::string> plan;  // nullopt: any number of calls
};

struct Route {
    std::vector<RouteHost> hosts = {RouteHost::api};
    std::string path;  // "/entries/{id}", "/proxy/{rest+}"
    // An OpenAPI document, each of whose operations is a route like this one below `path`. load()
    // puts these in its place.
    std::optional<std::string> openapi;
    std::vector<std::string> methods;  // empty: all
    // Request headers that must be there; the value as it is, or "*" for any.
    std::map<std::string, std::string> headers;
    std::optional<std::string> function;  // exactly one of function and upstream is set
    std::optional<std::string> upstream;
    std::optional<std::string> rewrite;  // the target for the upstream: "/v2/{id}?kind=x&{query}"
    std::vector<std::string> claims;     // of the token, for the upstream
    std::optional<std::string>
        authorizer;                   // the name of a pool; `none` in the file is nullopt here
    std::vector<std::string> scopes;  // the token has one of them; empty: any
    std::map<std::string, std::string> where;  // claims of the token; "*": any value
    bool api_key = false;                      // a key of `api_keys` is wanted
    residency::RouteResidency residency = residency::RouteResidency::resident;
    residency::Elsewhere elsewhere = residency::Elsewhere::forward;
    EventVersion event = EventVersion::v2;
    std::optional<Cors> cors;
    std::optional<std::int64_t> body_bytes_max;  // nullopt: limits.body_bytes_max
    int timeout_seconds = 29;
    std::vector<Throttle> throttle;
    std::int64_t concurrency_max = 0;  // calls at once, of one process; 0: any number

    // What load() made it of: the entry of the file, and the operation with its place in the
    // document ("diary.yaml#/paths/~1entries/get").
    std::size_t entry = 0;
    std::string place;
    std::shared_ptr<const openapi::Operation> operation;  // null: requests are not checked

    bool answers_on(RouteHost host) const;  // host: app or region
};

}  // namespace domicile::config
