// The life of a call: find the route, verify the token, ask residency, then serve it here (function
// or upstream), forward it to the home over the border, or answer with the home's address.
#include "gateway/gateway.h"

#include "base/encoding.h"
#include "base/log.h"
#include "gateway/api_keys.h"
#include "gateway/call.h"
#include "gateway/client_watch.h"
#include "gateway/metrics.h"
#include "gateway/target.h"
#include "telemetry/span.h"

namespace domicile::gateway {

namespace {

std::array<std::uint8_t, 16> bytes_of_uuid(std::string_view text) {
    std::string digits(text);
    std::erase(digits, '-');
    std::array<std::uint8_t, 16> out{};
    const std::string bytes = from_hex(digits).value_or("");
    std::copy_n(bytes.begin(), std::min(bytes.size(), out.size()), out.begin());
    return out;
}

// By its characters: nobody resolves it.
bool is_address(std::string_view text) {
    return !text.empty() && text.size() <= 45 &&
           text.find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos;
}

Problem too_many(config::ThrottleBy by, std::int64_t retry_after_seconds) {
    Problem out{429, "too-many-requests", "Too Many Requests"};
    out.retry_after_seconds = retry_after_seconds;
    switch (by) {
        case config::ThrottleBy::route:
            out.detail = "This route is called too often.";
            break;
        case config::ThrottleBy::subject:
            out.detail = "You call this route too often.";
            break;
        case config::ThrottleBy::address:
            out.detail = "This route is called too often from your address.";
            break;
        case config::ThrottleBy::key:
            out.detail = "This route is called too often with your API key.";
            break;
    }
    return out;
}

}  // namespace

struct Gateway::Impl {
    explicit Impl(Parts parts_in)
        : parts(std::move(parts_in)),
          authorizers(parts.config,
                      parts.before == nullptr ? nullptr : &parts.before->impl_->authorizers),
          routes(parts.config.routes, &authorizers),
          keys(parts.config),
          target(parts.config, parts.policy, parts.functions, parts.region, parts.upstreams) {
        parts.before = nullptr;  // may go before this
        const std::string port =
            parts.public_port == 443 ? "" : ':' + std::to_string(parts.public_port);
        for (const config::Site& site : parts.config.sites) {
            own_origins.push_back("https://" + site.host + port);
        }
    }

    // Owns the call.
    io::Task<Result<void>> run(Call call);
    io::Task<Result<void>> authorize(Call& call);
    io::Task<Result<void>> check_token(Call& call);
    io::Task<Result<void>> ask_function(Call& call);
    io::Task<Result<void>> not_authorized(Call& call, const Error& error);
    residency::Decision decide(const Call& call) const;
    io::Task<Result<void>> act(Call& call, residency::Decision decision);
    // The same of its API key and of what the route asks of its token: 403 and 429.
    bool is_refused(Call& call, Problem& problem);
    // Whether the call may go on; otherwise the 429 to answer with.
    bool is_throttled(Call& call, bool known, Problem& problem);
    io::Task<Result<void>> refuse(Call& call, std::string_view reason);
    io::Task<Result<void>> forward(Call& call, std::string home);
    io::Task<Result<void>> misdirect(Call& call, std::string home);
    io::Task<Result<void>> preflight(Call& call);

    Parts parts;
    Authorizers authorizers;
    RouteTable routes;
    ApiKeys keys;
    Target target;
    std::vector<std::string> own_origins;
    Metrics metrics;
};

Gateway::Gateway(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Gateway::~Gateway() = default;

io::Task<Result<void>> Gateway::handle(http::Exchange& exchange, config::RouteHost host) {
    Call call{exchange, host, {}, {}, nullptr};
    call.request_id = exchange.request_id();
    call.client = exchange.peer().remote.host;
    call.own_origins = &impl_->own_origins;
    return impl_->run(std::move(call));
}

// The region that took the call from the client has given it its id, and knows where it came from.
// Neither decides anything; both are checked all the same, as they go into logs and headers.
io::Task<Result<void>> Gateway::handle_forwarded(std::string from, http::Exchange& exchange) {
    const http::Headers& headers = exchange.request().headers;
    const bool app = headers.find("Domicile-Host") == "app";
    const config::RouteHost host = app ? config::RouteHost::app : config::RouteHost::region;
    Call call{exchange, host, std::move(from), {}, nullptr};
    call.own_origins = &impl_->own_origins;
    call.request_id = headers.find("Domicile-Request-Id").value_or("");
    if (is_uuid(call.request_id)) {
        RequestContext::current().request_id = bytes_of_uuid(call.request_id);
    } else {
        call.request_id = exchange.request_id();
    }
    const std::string_view client = headers.find("Domicile-Client").value_or("");
    if (is_address(client)) call.client = client;
    return impl_->run(std::move(call));
}

http::ClientOptions Gateway::client_options() { return gateway::client_options(); }

void Gateway::start() {
    impl_->authorizers.start();
    impl_->target.start();
}

io::Task<void> Gateway::stop(const Gateway* next) {
    co_await impl_->authorizers.stop(next == nullptr ? nullptr : &next->impl_->authorizers);
    co_await impl_->target.stop();
}

void Gateway::report_to(telemetry::Registry& registry) {
    impl_->metrics.report_to(registry);
    impl_->routes.report_to(registry);
    impl_->target.report_to(registry);
    impl_->authorizers.report_to(registry);
}

io::Task<Result<void>> Gateway::Impl::run(Call call) {
    const http::RequestHead& request = call.exchange.request();
    if (request.method == "OPTIONS" && request.headers.contains("Access-Control-Request-Method")) {
        metrics.verdicts.add(Verdict::preflight);
        co_return co_await preflight(call);
    }
    call.match = routes.find(call.host, request.method, request.path, &request.headers);
    call.exchange.report_as(call.match.report);
    if (call.match.route == nullptr) {
        call.exchange.report_as(metrics.no_route);
        metrics.verdicts.add(Verdict::no_route);
        co_return co_await reply_message(call, 404, "Not Found", parts.region);
    }
    Problem problem;
    if (is_throttled(call, false, problem))
        co_return co_await reply_problem(call, problem, parts.region);
    if (call.route().authorizer) {
        const Result<void> authorized = co_await authorize(call);
        if (!authorized) {
            auto reply = not_authorized(call, authorized.error());
            co_return co_await reply;
        }
    }
    if (is_refused(call, problem)) co_return co_await reply_problem(call, problem, parts.region);
    if (is_throttled(call, true, problem))
        co_return co_await reply_problem(call, problem, parts.region);
    const std::optional<Gauge::Permit> permit = call.match.compiled->gauge->enter();
    if (!permit) {
        metrics.verdicts.add(Verdict::throttled);
        problem = too_many(config::ThrottleBy::route, 1);
        problem.detail = "Too many calls of this route are under way.";
        co_return co_await reply_problem(call, problem, parts.region);
    }
    residency::Decision decision = decide(call);
    metrics.verdicts.add(verdict_of(decision.action));
    io::Task<Result<void>> task = act(call, std::move(decision));
    co_return co_await task;
}

// Not a coroutine: what run() waits for stays in its frame, which is to fit io::allocate_frame.
io::Task<Result<void>> Gateway::Impl::not_authorized(Call& call, const Error& error) {
    if (error.code == Code::permission_denied || error.code == Code::internal) {
        metrics.verdicts.add(Verdict::unauthorized);
        const bool denied = error.code == Code::permission_denied;
        return reply_message(call, denied ? 403 : 500,
                             denied ? "Forbidden" : "Internal Server Error", parts.region);
    }
    // Not being able to tell is not a refusal: the client keeps its token and comes back.
    const bool unsure = error.code != Code::unauthenticated;
    metrics.verdicts.add(unsure ? Verdict::unavailable : Verdict::unauthorized);
    if (unsure)
        return reply_message(call, 503,
                             call.match.compiled->authorizer->function
                                 ? "The authorizer cannot be asked at the moment."
                                 : "The token cannot be checked at the moment.",
                             parts.region);
    // Expired and revoked look alike from outside; the message says how to go on.
    return reply_message(call, 401, "Unauthorized", parts.region);
}

// Not in run(): its frame is kept small enough for the pool.
residency::Decision Gateway::Impl::decide(const Call& call) const {
    residency::Call question;
    question.arrival = parts.region;
    // Somebody else's token may name no home, and a resident route is then closed.
    if (call.token && !call.token->home.empty()) question.home = call.token->home;
    question.residency =
        call.route().authorizer ? call.route().residency : residency::RouteResidency::open;
    question.elsewhere = call.route().elsewhere;
    return residency::decide_call(parts.policy, question);
}

io::Task<Result<void>> Gateway::Impl::authorize(Call& call) {
    if (call.match.compiled->authorizer->function) return ask_function(call);
    return check_token(call);
}

io::Task<Result<void>> Gateway::Impl::ask_function(Call& call) {
    RequestAuthorizer& by = *call.match.compiled->authorizer->function;
    const http::RequestHead& request = call.exchange.request();
    auto sources = by.sources_of(request.headers, request.query);
    if (!sources) {
        by.count(AuthorizerOutcome::unidentified);
        co_return fail(Code::unauthenticated, "An identity source is missing.");
    }
    const config::Function* function = parts.config.functions.find(by.options().name);
    const std::string route_key = std::string(request.method) + ' ' + call.route().path;
    GrantPtr kept = by.known(*sources, route_key, io::Executor::current().clock().monotonic());
    Result<GrantPtr> grant = nullptr;
    if (kept) {
        functions::HttpCall about;
        about.method = request.method;
        about.path = request.path;
        grant =
            by.permits(std::move(kept), functions::method_arn(parts.region, about, by.v2()), true);
    } else {
        functions::HttpCall about = target.describe(call, *function, "");
        grant =
            co_await by.ask(parts.functions, std::move(about), std::move(*sources), parts.region);
    }
    if (!grant) co_return std::unexpected(grant.error());
    call.grant = std::move(*grant);
    co_return Result<void>{};
}

io::Task<Result<void>> Gateway::Impl::check_token(Call& call) {
    constexpr std::string_view kScheme = "Bearer ";
    const http::Headers& headers = call.exchange.request().headers;
    std::string_view value = headers.find("Authorization").value_or("");
    if (headers.count("Authorization") != 1 || value.size() <= kScheme.size()) {
        metrics.tokens.add(TokenCheck::refused);
        co_return fail(Code::unauthenticated, "A bearer token is needed.");
    }
    // API Gateway takes the token with or without the scheme.
    if (equals_ignore_case(value.substr(0, kScheme.size()), kScheme))
        value.remove_prefix(kScheme.size());
    const Authorizer& by = *call.match.compiled->authorizer;
    Issuer* issuer = by.issuer.get();
    Result<identity::TokenPtr> token =
        issuer != nullptr ? issuer->lookup(value) : parts.verifier.lookup(value);
    const bool hit = token && *token != nullptr;
    if (token && !hit) {
        auto task = issuer != nullptr ? issuer->verify(std::string(value))
                                      : parts.verifier.verify(std::string(value));
        token = co_await task;
    }
    const TokenCheck good = hit ? TokenCheck::hit : TokenCheck::verified;
    metrics.tokens.add(token ? good : TokenCheck::refused);
    if (!token) co_return std::unexpected(token.error());
    if (by.pool != nullptr && (*token)->pool_suffix != by.pool->id_suffix) {
        co_return fail(Code::unauthenticated, "The token is of another pool.");
    }
    call.token = std::move(*token);
    co_return Result<void>{};
}

bool Gateway::Impl::is_refused(Call& call, Problem& problem) {
    const config::Route& route = call.route();
    if (call.claims() != nullptr && !is_allowed(route, *call.claims())) {
        metrics.verdicts.add(Verdict::unauthorized);
        problem = {403, "insufficient-scope", "Forbidden", "Your token does not allow this."};
        return true;
    }
    if (!route.api_key) return false;
    const http::Headers& headers = call.exchange.request().headers;
    const ApiKeys::Key* key = nullptr;
    if (call.grant && !call.grant->answer.usage_key.empty())
        key = keys.find(call.grant->answer.usage_key);
    else if (headers.count("X-Api-Key") == 1)
        key = keys.find(*headers.find("X-Api-Key"));
    if (key == nullptr) {
        metrics.verdicts.add(Verdict::unauthorized);
        problem = {403, "api-key", "Forbidden", "An API key is needed."};
        return true;
    }
    call.api_key = key->name;
    // Counted once, where the client came in.
    if (key->plan == nullptr || !call.from.empty()) return false;
    const io::Clock& clock = io::Executor::current().clock();
    const std::int64_t wait = key->plan->take(key->name, clock.monotonic_ns(), clock.now());
    if (wait == 0) return false;
    metrics.verdicts.add(Verdict::throttled);
    problem = {429, "usage-plan", "Too Many Requests", "Your API key's usage plan is used up.",
               wait};
    return true;
}

// What is known of every call is counted before its token is looked at, which costs more.
bool Gateway::Impl::is_throttled(Call& call, bool known, Problem& problem) {
    Throttles* throttles = call.match.compiled->throttles.get();
    if (throttles == nullptr) return false;
    Callers callers;
    callers.address = call.client;
    if (call.token) callers.subject = call.token->sub;
    if (call.grant) callers.subject = call.grant->caller;
    callers.key = call.api_key;
    const std::int64_t now = io::Executor::current().clock().monotonic_ns();
    const auto refusal = throttles->take(callers, known, now);
    if (!refusal) return false;
    metrics.verdicts.add(Verdict::throttled);
    problem = too_many(refusal->by, refusal->retry_after_seconds);
    return true;
}

io::Task<Result<void>> Gateway::Impl::act(Call& call, residency::Decision decision) {
    switch (decision.action) {
        case residency::Action::serve:
            return target.serve(call);
        case residency::Action::forward:
            // A call that was forwarded here and does not belong here is not passed on again.
            if (!call.from.empty()) return misdirect(call, std::move(decision.region));
            return forward(call, std::move(decision.region));
        case residency::Action::misdirected:
            return misdirect(call, std::move(decision.region));
        case residency::Action::unavailable:
            return reply_message(call, 503, "The home region is not available.", parts.region);
        case residency::Action::refuse:
            break;
    }
    return refuse(call, decision.reason);
}

io::Task<Result<void>> Gateway::Impl::refuse(Call& call, std::string_view reason) {
    audit::Event event{"refusal",
                       {{"what", "api.call"}, {"route", call.route().path}, {"reason", reason}}};
    const Result<void> recorded = co_await parts.audit.record(std::move(event));
    if (!recorded)
        co_return co_await reply_message(call, 503, "The audit log is not available.",
                                         parts.region);
    co_return co_await reply_message(call, 403, "Forbidden", parts.region);
}

io::Task<Result<void>> Gateway::Impl::forward(Call& call, std::string home) {
    const http::RequestHead& request = call.exchange.request();
    http::RequestHead head;
    head.method = request.method;
    head.target = request.target;
    head.host = request.headers.find("Host").value_or(request.host);
    for (const http::Header& header : request.headers) {
        if (!is_hop_header(header.name)) head.headers.add(header);
    }
    head.headers.add("Domicile-Host", call.host == config::RouteHost::app ? "app" : "region");
    head.headers.add("Domicile-Route", call.route().path);
    head.headers.add("Domicile-Request-Id", call.request_id);
    head.headers.add("Domicile-Client", call.client);
    telemetry::ChildSpan span(telemetry::SpanKind::crossing, home);
    telemetry::TraceParentText trace;
    add_trace(call.exchange, trace, head.headers);
    ExchangeBody body(call.exchange,
                      call.route().body_bytes_max.value_or(parts.config.limits.body_bytes_max));
    const Instant deadline = io::deadline_in(Seconds(call.route().timeout_seconds + 1));
    ClientWatch watch(call.exchange);
    auto response = co_await parts.border.forward(home, call.route().path, std::move(head), body,
                                                  call.exchange.content_length(), deadline,
                                                  &watch.cancellation());
    span.end(telemetry::outcome_of(response));
    if (watch.left()) co_return fail(Code::cancelled, "The client left.");
    if (body.too_large()) {
        co_return co_await reply_message(call, 413, "Request Too Long", parts.region);
    }
    // As in Target::run_upstream: the connection says what is wrong with the client's body.
    if (!response && body.failed()) co_return std::unexpected(response.error());
    if (!response) {
        const bool late = response.error().code == Code::deadline_exceeded;
        if (late)
            co_return co_await reply_message(call, 504, "The home region did not answer in time.",
                                             parts.region);
        co_return co_await reply_message(
            call, 503, "The home region is not reachable. Try again later.", parts.region);
    }
    http::ResponseHead out;
    out.status = (*response)->status();
    for (const http::Header& header : (*response)->headers()) {
        const bool own = equals_ignore_case(header.name, "Domicile-Served-By");
        if (own || !is_hop_header(header.name))
            out.add(std::string(header.name), std::string(header.value));
    }
    out.set("Domicile-Via", parts.region);
    out.set("X-Request-Id", std::string(call.request_id));
    add_cors(out, call);
    watch.now_reads(response->get());
    co_return co_await pass_on(call.exchange, std::move(out), **response);
}

io::Task<Result<void>> Gateway::Impl::misdirect(Call& call, std::string home) {
    audit::Event event{"refusal",
                       {{"what", "api.call"},
                        {"route", call.route().path},
                        {"home", home},
                        {"reason", "misdirected"}}};
    parts.audit.record_soon(std::move(event));
    const std::string port =
        parts.public_port == 443 ? "" : ':' + std::to_string(parts.public_port);
    json::object problem{
        {"type", "https://domicile.dev/problems/misdirected"},
        {"title", "Misdirected Request"},
        {"status", 421},
        {"detail", "The subject's home is another region. Send the request there."},
        {"home_region", home},
        {"home_endpoint", "https://" + home + '.' + parts.config.domain + port}};
    http::ResponseHead head;
    head.status = 421;
    head.add("Content-Type", "application/problem+json");
    head.add("Domicile-Served-By", parts.region);
    head.add("X-Request-Id", std::string(call.request_id));
    add_cors(head, call);
    const std::string body = json::serialize(problem);
    co_return co_await call.exchange.respond(std::move(head), body);
}

io::Task<Result<void>> Gateway::Impl::preflight(Call& call) {
    const http::RequestHead& request = call.exchange.request();
    const auto method = request.headers.find("Access-Control-Request-Method").value_or("");
    call.match = routes.find(call.host, method, request.path);
    call.exchange.report_as(call.match.route == nullptr ? metrics.no_route : call.match.report);
    if (call.match.route == nullptr || !call.route().cors) {
        co_return co_await reply_message(call, 404, "Not Found", parts.region);
    }
    http::ResponseHead head;
    head.status = 204;
    head.add("Domicile-Served-By", parts.region);
    head.add("X-Request-Id", std::string(call.request_id));
    add_cors(head, call);
    co_return co_await call.exchange.respond(std::move(head), "");
}

}  // namespace domicile::gateway
