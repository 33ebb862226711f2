// The keys of upstreams, authorizers, plans and routes; see sections.cc.
#include "config/section_rules.h"

namespace domicile::config {

DOMICILE_WORDS(residency::RouteResidency, "resident", "public")
DOMICILE_WORDS(residency::Elsewhere, "forward", "misdirected")
DOMICILE_WORDS(IssuerStyle, "own", "aws")
DOMICILE_WORDS(RouteHost, "api", "app", "region")
DOMICILE_WORDS(EventVersion, "v1", "v2")
DOMICILE_WORDS(AuthorizerInput, "request", "token")
DOMICILE_WORDS(ThrottleBy, "route", "subject", "address", "key")

template <>
const Object<Retries>& describe() {
    static const auto object =
        Object<Retries>("Further tries of calls that do no harm twice and have no body.")
            .field("attempts", &Retries::attempts, "tries of one call, with the first",
                   range(1, 10))
            .field("budget_percent", &Retries::budget_percent,
                   "retries in a hundred calls, in the long run; ten may come at once",
                   range(0, 100));
    return object;
}

template <>
const Object<Ejection>& describe() {
    static const auto object =
        Object<Ejection>("Servers that fail are left out for a while; never more than half.")
            .field("failures", &Ejection::failures,
                   "no answer, 502, 503 or 504 so often in a row; 0: never", range(0, 1000))
            .field("seconds", &Ejection::seconds,
                   "the first time; twice, three times as long the next times, up to ten",
                   range(1, 3600));
    return object;
}

template <>
const Object<HealthCheck>& describe() {
    static const auto object =
        Object<HealthCheck>("Asks each server at intervals whether it is well: 200 to 399.")
            .field("path", &HealthCheck::path, "what is asked for, with GET",
                   text(is_check_path, pattern::kCheckPath, "a path, without parameters"))
            .field("interval_ms", &HealthCheck::interval_ms, "between two rounds",
                   range(10, 3'600'000))
            .field("timeout_ms", &HealthCheck::timeout_ms, "for one answer", range(10, 60'000))
            .field("up_after", &HealthCheck::up_after, "good answers in a row", range(1, 100))
            .field("down_after", &HealthCheck::down_after, "bad ones in a row", range(1, 100));
    return object;
}

template <>
const Object<Upstream>& describe() {
    static const auto object =
        Object<Upstream>("HTTP servers that routes may point to; docs/gateway.md.")
            .field("url", &Upstream::url, "http://host:port, one or a list",
                   Limit{.required = true, .filled = true})
            .field("weights", &Upstream::weights,
                   "the servers' shares, in the order of `url`; 0: none; left out: all alike",
                   range(0, 1000))
            .field("concurrency_max", &Upstream::concurrency_max,
                   "calls at once from one process, 429 beyond; 0: any number", range(0, 1'000'000))
            .field("try_timeout_ms", &Upstream::try_timeout_ms,
                   "for one try, to the head of the answer; left out: the route's timeout",
                   range(1, 900'000))
            .field("idle_seconds", &Upstream::idle_seconds,
                   "how long an answer's body, or a WebSocket, may stand still", range(1, 86'400))
            .field("retries", &Upstream::retries, "further tries")
            .field("ejection", &Upstream::ejection, "servers that fail are left out")
            .field("health", &Upstream::health, "health checks; left out: none")
            .field("slow_start_seconds", &Upstream::slow_start_seconds,
                   "how long a server that is back takes to its whole share", range(0, 3600))
            .field("websocket", &Upstream::websocket,
                   "passes WebSockets on; otherwise the Upgrade of a request is left out");
    return object;
}

template <>
const Object<Cors>& describe() {
    static const auto object =
        Object<Cors>("Which pages of other origins may call the route.")
            .field(
                "origins", &Cors::origins, "the origins",
                required_and_filled(text(is_origin, pattern::kOrigin, "* or https://host[:port]")))
            .field("headers", &Cors::headers, "request headers that they may send",
                   text(is_header, pattern::kHeader, "header names or *"))
            .field("methods", &Cors::methods, "methods that they may use; none: the route's",
                   methods());
    return object;
}

template <>
const Object<Throttle>& describe() {
    static const auto object =
        Object<Throttle>(
            "A token bucket: how often calls may come; 429 beyond. Each process counts for itself.")
            .field("by", &Throttle::by,
                   "what shares a bucket: all calls of the route, those of one person, those from "
                   "one address (of IPv6, its /64), or those with one API key")
            .field("per_second", &Throttle::per_second, "calls, in the long run",
                   Limit{.required = true, .min = 0.001, .max = 1'000'000})
            .field("burst", &Throttle::burst,
                   "calls that may come at once; left out: what comes in a second",
                   range(1, 1'000'000));
    return object;
}

template <>
const Object<JwtIssuer>& describe() {
    static const auto object =
        Object<JwtIssuer>("Tokens that somebody else issues: JWT with RS256 or ES256.")
            .field(
                "issuer", &JwtIssuer::issuer,
                "the `iss` of its tokens, byte by byte; also where its discovery document is, at "
                "<issuer>/.well-known/openid-configuration",
                text(is_issuer, pattern::kIssuer,
                     "https://host[:port][/path], or http:// to this machine", true))
            .field("jwks_url", &JwtIssuer::jwks_url,
                   "where its keys are; left out: what the discovery document says",
                   text(is_key_url, pattern::kKeyUrl,
                        "https://host[:port][/path][?query], or http:// to this machine"))
            .field("audience", &JwtIssuer::audience,
                   "one of these is the token's `aud` (without an `aud`, its `client_id`)",
                   Limit{.required = true, .filled = true})
            .field("home_claim", &JwtIssuer::home_claim,
                   "the claim that names the home region; left out: nobody has one, and the routes "
                   "are public",
                   text(is_claim, pattern::kClaim, "1 to 128 of A-Z a-z 0-9 _ : . / -"))
            .field("refresh_seconds", &JwtIssuer::refresh_seconds,
                   "between two looks at the keys; a key that is not known is looked for at once",
                   range(10, 86'400))
            .field("stale_seconds", &JwtIssuer::stale_seconds,
                   "keys that could not be refreshed for so long count for nothing: 503",
                   range(60, 604'800))
            .field("leeway_seconds", &JwtIssuer::leeway_seconds,
                   "how far its clock may be off, for `exp` and `nbf`", range(0, 300));
    return object;
}

template <>
const Object<AuthorizerFunction>& describe() {
    static const auto object =
        Object<AuthorizerFunction>(
            "A function that is asked whether a call may go on (Lambda authorizer).")
            .field("name", &AuthorizerFunction::name, "the function", required())
            .field("event", &AuthorizerFunction::event,
                   "v2: payload format 2.0, of HTTP APIs; v1: 1.0, of REST APIs")
            .field("input", &AuthorizerFunction::input,
                   "request: it is told of the call, without the body; token: the value of one "
                   "header only (v1)")
            .field("headers", &AuthorizerFunction::headers,
                   "headers that say who calls; without one of them a call is 401, and the "
                   "function is not asked",
                   text(is_header_name, pattern::kHeaderName, "header names"))
            .field("query", &AuthorizerFunction::query,
                   "the same of the query's parameters, by their decoded names",
                   text(is_query_name, pattern::kQueryName, "1 to 128 visible ASCII characters"))
            .field("ttl_seconds", &AuthorizerFunction::ttl_seconds,
                   "how long its answer counts for calls with the same `headers` and `query`; 0: "
                   "it is asked each time",
                   range(0, 3600));
    return object;
}

template <>
const Object<Authorizer>& describe() {
    static const auto object =
        Object<Authorizer>("Who else may say who calls; for the `authorizer` of routes.")
            .field("jwt", &Authorizer::jwt, "an issuer of tokens")
            .field("function", &Authorizer::function, "or a function that decides");
    return object;
}

template <>
const Object<UsagePlan>& describe() {
    static const auto object =
        Object<UsagePlan>(
            "How much an API key may be used; 429 beyond. Each process counts for itself.")
            .field("per_second", &UsagePlan::per_second, "calls, in the long run; left out: any",
                   range(0.001, 1'000'000))
            .field("burst", &UsagePlan::burst,
                   "calls that may come at once; left out: what comes in a second",
                   range(1, 1'000'000))
            .field("per_day", &UsagePlan::per_day, "calls of one day, in UTC; 0: any number",
                   range(0, 1e12));
    return object;
}

template <>
const Object<ApiKey>& describe() {
    static const auto object =
        Object<ApiKey>("A key that a program sends as X-Api-Key; the file has its hash only.")
            .field("sha256", &ApiKey::sha256, "SHA-256 of the key",
                   text(is_sha256, pattern::kSha256, "64 of 0-9 a-f", true))
            .field("plan", &ApiKey::plan, "the usage plan; left out: any number of calls");
    return object;
}

template <>
const Object<Route>& describe() {
    static const auto object =
        Object<Route>("One line of the route table; the first that matches wins.")
            .field("hosts", &Route::hosts,
                   "app: app.<domain>; region: <region>.<domain>; api: both", Limit{.filled = true})
            .field("path", &Route::path, "such as /entries/{id} or /proxy/{rest+}",
                   text(is_path_template, pattern::kPathTemplate,
                        "/ and segments: words, {name}, and {name+} as the last"))
            .field("openapi", &Route::openapi,
                   "instead: an OpenAPI 3 document (YAML or JSON), relative to this file's folder, "
                   "each of whose operations is a route below `path`, with what else is said here; "
                   "docs/gateway.md",
                   text(is_document_name, pattern::kDocumentName, "a file's name"))
            .field("methods", &Route::methods, "none: all", methods())
            .field("headers", &Route::headers,
                   "request headers that must be there, by name: a value, or `*` for any; such a "
                   "route stands above the one without",
                   text(is_header_name, pattern::kHeaderName, "header names"))
            .field("function", &Route::function, "the function that answers; or an upstream")
            .field("upstream", &Route::upstream, "the upstream that answers; or a function")
            .field("rewrite", &Route::rewrite,
                   "what the upstream is asked for instead, such as /v2/{id}?source=api&{query}; "
                   "without a `?` the client's query stays",
                   text(is_rewrite, pattern::kRewrite,
                        "/ and a path with {name} of the route's path, perhaps ? and a query"))
            .field("claims", &Route::claims,
                   "claims of the token that the upstream is told as Domicile-Claim-<name>",
                   text(is_claim, pattern::kClaim, "1 to 128 of A-Z a-z 0-9 _ : . / -"))
            .field(
                "authorizer", &Route::authorizer,
                "the pool whose tokens are wanted, one of `authorizers`, or `none` (the default)")
            .field("scopes", &Route::scopes, "the token's `scope` has one of them; none: any token",
                   text(is_scope, pattern::kScope, "1 to 256 visible ASCII characters"))
            .field("where", &Route::where,
                   "claims that the token must have: a value, one of a list of values in the "
                   "token, or `*` for any",
                   text(is_claim, pattern::kClaim, "1 to 128 of A-Z a-z 0-9 _ : . / -"))
            .field("api_key", &Route::api_key, "a key of `api_keys` is wanted, as X-Api-Key")
            .field("residency", &Route::residency,
                   "resident: only the home of the person answers; public: any region does")
            .field("elsewhere", &Route::elsewhere,
                   "what happens away from home: over the border, or 421 with the home's address")
            .field("event", &Route::event, "v1: REST proxy event; v2: HTTP API event")
            .field("cors", &Route::cors, "cross-origin rules")
            .field("body_bytes_max", &Route::body_bytes_max, "instead of limits.body_bytes_max",
                   range(0, kGibibyte))
            .field("timeout_seconds", &Route::timeout_seconds,
                   "to the end of a function's answer, and to the head of an upstream's",
                   range(1, 900))
            .field("throttle", &Route::throttle, "how often it may be called")
            .field("concurrency_max", &Route::concurrency_max,
                   "calls at once in one process, 429 beyond; 0: any number", range(0, 1'000'000));
    return object;
}

}  // namespace domicile::config
