#include "gateway/request_authorizer.h"

#include "base/encoding.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "io/executor.h"

namespace domicile::gateway {
namespace {

// Beside what the function wrote, for the structures around it.
constexpr std::size_t kEntryBytes = 512;

void append(std::string& to, std::string_view value) {
    to += (to.empty() ? "" : ",") + std::string(value);
}

}  // namespace

// ---- What is kept -------------------------------------------------------------------------------

GrantPtr GrantCache::find(const std::string& key, Instant now) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end() || found->second->until <= now) return nullptr;
    return found->second->grant;
}

void GrantCache::add(const std::string& key, GrantPtr grant, std::size_t bytes, Instant until) {
    const std::lock_guard lock(mutex_);
    if (const auto old = by_key_.find(key); old != by_key_.end()) drop(old->second);
    by_age_.push_back({key, std::move(grant), bytes, until});
    by_key_[key] = std::prev(by_age_.end());
    bytes_ += bytes;
    while (by_age_.size() > kEntriesMax || bytes_ > kBytesMax) drop(by_age_.begin());
}

void GrantCache::drop(std::list<Entry>::iterator entry) {
    bytes_ -= entry->bytes;
    by_key_.erase(entry->key);
    by_age_.erase(entry);
}

std::size_t GrantCache::size() const {
    const std::lock_guard lock(mutex_);
    return by_age_.size();
}

// ---- The authorizer -----------------------------------------------------------------------------

RequestAuthorizer::RequestAuthorizer(std::string name, config::AuthorizerFunction options)
    : name_(std::move(name)), options_(std::move(options)) {}

std::optional<functions::IdentitySources> RequestAuthorizer::sources_of(
    const http::Headers& headers, std::string_view query) const {
    functions::IdentitySources out;
    for (const std::string& name : options_.headers) {
        std::string& value = out.emplace_back();
        for (const http::Header& header : headers)
            if (equals_ignore_case(header.name, name)) append(value, header.value);
        if (value.empty()) return std::nullopt;
    }
    if (options_.query.empty()) return out;
    const auto pairs = functions::query_pairs(query);
    for (const std::string& name : options_.query) {
        std::string& value = out.emplace_back();
        for (const auto& [key, each] : pairs)
            if (key == name) append(value, each);
        if (value.empty()) return std::nullopt;
    }
    return out;
}

// Each text behind its length, so that no two lists are one.
std::string RequestAuthorizer::key_of(const functions::IdentitySources& sources,
                                      std::string_view route_key) const {
    std::string all;
    for (const std::string& source : sources) all += std::to_string(source.size()) + ':' + source;
    all += route_key;
    return crypto::sha256(all);
}

GrantPtr RequestAuthorizer::known(const functions::IdentitySources& sources,
                                  std::string_view route_key, Instant now) const {
    if (options_.ttl_seconds == 0) return nullptr;
    GrantPtr found = cache_.find(key_of(sources, ""), now);
    if (!found && v2()) found = cache_.find(key_of(sources, route_key), now);
    return found;
}

Result<GrantPtr> RequestAuthorizer::permits(GrantPtr grant, std::string_view arn, bool kept) const {
    const bool allowed = grant->answer.allows(arn);
    if (kept)
        count(AuthorizerOutcome::kept);
    else
        count(allowed ? AuthorizerOutcome::allowed : AuthorizerOutcome::denied);
    if (!allowed) return fail(Code::permission_denied, "The authorizer denies it.");
    return grant;
}

std::string RequestAuthorizer::event_of(const functions::HttpCall& call,
                                        const functions::IdentitySources& sources,
                                        std::string_view region) const {
    const std::string arn = functions::method_arn(region, call, v2());
    json::object event;
    if (v2())
        event = functions::authorizer_event_v2(call, arn, sources);
    else if (options_.input == config::AuthorizerInput::request)
        event = functions::authorizer_event_v1(call, arn, sources);
    else
        event = functions::authorizer_token_event(sources.front(), arn);
    return json::serialize(event);
}

io::Task<Result<GrantPtr>> RequestAuthorizer::ask(functions::Functions& functions,
                                                  functions::HttpCall call,
                                                  functions::IdentitySources sources,
                                                  std::string region) {
    functions::Call wanted;
    wanted.event = event_of(call, sources, region);
    wanted.request_id = call.request_id;
    const Result<functions::Answer> said =
        co_await functions.call(options_.name, std::move(wanted));
    if (said && said->raised && !v2() && functions::is_unauthorized(said->payload)) {
        count(AuthorizerOutcome::denied);
        co_return fail(Code::unauthenticated, "The authorizer does not know the caller.");
    }
    Result<functions::AuthorizerAnswer> answer =
        fail(Code::internal, "The authorizer failed.", functions::reason::kRaised);
    if (!said)
        answer = std::unexpected(said.error());
    else if (!said->raised)
        answer = functions::parse_authorizer_answer(said->payload, v2());
    if (!answer) {
        count(AuthorizerOutcome::failed);
        log::warning("authorizer_failed", {{"authorizer", name_},
                                           {"reason", answer.error().reason},
                                           {"request_id", call.request_id}});
        const bool crashed = answer.error().reason == functions::reason::kCrashed;
        const bool busy = !crashed && (answer.error().code == Code::resource_exhausted ||
                                       answer.error().code == Code::unavailable);
        co_return fail(busy ? Code::unavailable : Code::internal, "The authorizer failed.");
    }
    const std::string route_key = answer->simple ? call.method + ' ' + call.route : "";
    const std::string key = key_of(sources, route_key);
    auto grant = std::make_shared<Grant>();
    grant->answer = std::move(*answer);
    // Nobody is told the hash: throttles tell callers apart by it.
    grant->caller = grant->answer.principal.empty() ? key_of(sources, "") : grant->answer.principal;
    if (options_.ttl_seconds > 0) {
        const Instant until = io::deadline_in(Seconds(options_.ttl_seconds));
        cache_.add(key, grant, said->payload.size() + kEntryBytes, until);
    }
    co_return permits(std::move(grant), functions::method_arn(region, call, v2()), false);
}

void RequestAuthorizer::report_to(telemetry::Registry& registry) const {
    registry.add("domicile_gateway_authorizer_calls_total",
                 "Calls of routes with an authorizer that is a function; kept: decided by an "
                 "earlier answer.",
                 outcomes_, {"outcome"}, {{"authorizer", name_}});
}

}  // namespace domicile::gateway
