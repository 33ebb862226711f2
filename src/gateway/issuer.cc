#include "gateway/issuer.h"

#include <algorithm>

#include "base/log.h"
#include "crypto/claims.h"
#include "federation/fetch.h"
#include "identity/types.h"
#include "telemetry/outcome.h"

namespace domicile::gateway {
namespace {

using identity::TokenPtr;
using identity::VerifiedToken;
using KeyPtr = std::shared_ptr<const crypto::PublicKey>;

constexpr Millis kFetchTimeout = Seconds(5);  // each document, head and body
// Between two fetches, whatever key ids are made up.
constexpr Millis kCooldown = Seconds(1), kCooldownAfterFailure = Seconds(5);
constexpr Millis kRetryFirst = Seconds(1), kRetryMost = Seconds(60);
constexpr std::size_t kSubjectBytesMax = 255;  // OpenID Connect Core 1.0, 2
constexpr std::size_t kTokensMax = 20'000;

std::unexpected<Error> invalid() {
    return fail(Code::unauthenticated, "The token is not valid.", identity::reason::kAccessInvalid);
}

Instant monotonic_now() { return io::Executor::current().clock().monotonic(); }

// As API Gateway has it: `aud`, or without one `client_id`.
bool is_for(const json::object& claims, const std::vector<std::string>& audience) {
    const json::value* value = claims.if_contains("aud");
    if (value == nullptr) value = claims.if_contains("client_id");
    if (value == nullptr) return false;
    const auto wanted = [&](const json::value& one) {
        return one.is_string() &&
               std::ranges::find(audience, std::string_view(one.get_string())) != audience.end();
    };
    return value->is_array() ? std::ranges::any_of(value->get_array(), wanted) : wanted(*value);
}

io::Task<Result<void>> check_signature(KeyPtr key, std::shared_ptr<const std::string> text,
                                       std::shared_ptr<const crypto::ParsedJwt> parsed) {
    auto work = [key, text, parsed]() -> Result<void> { return crypto::verify(*key, *parsed); };
    co_return co_await io::run_blocking(std::move(work));
}

io::Task<Result<std::uint64_t>> not_started() {
    co_return fail(Code::unavailable, "Nothing was started yet.");
}

}  // namespace

Issuer::Issuer(std::string name, config::JwtIssuer options, std::set<std::string> regions)
    : name_(std::move(name)),
      options_(std::move(options)),
      regions_(std::move(regions)),
      cache_(kTokensMax) {
    // The system's authorities: there is nothing in them to fail.
    auto tls = io::TlsClient::make("");
    if (tls) tls_ = std::move(*tls);
}

// ---- Tokens ------------------------------------------------------------------------------------

std::shared_ptr<const Issuer::KeySet> Issuer::snapshot() const {
    const std::shared_lock lock(mutex_);
    return set_;
}

bool Issuer::is_stale(const KeySet& set) const {
    if (set.version == 0) return true;
    return monotonic_now() - set.fetched > Seconds(options_.stale_seconds);
}

Result<void> Issuer::still_good(const VerifiedToken& token) const {
    const Timestamp now = io::Executor::current().clock().now();
    if (token.expires + Seconds(options_.leeway_seconds) > now) return {};
    return fail(Code::unauthenticated, "The token has expired.", identity::reason::kAccessExpired);
}

Result<TokenPtr> Issuer::lookup(std::string_view token) {
    if (token.size() > crypto::kJwtBytesMax) return invalid();
    const auto set = snapshot();
    if (is_stale(*set)) return nullptr;
    TokenPtr found = cache_.find(token, set->version);
    if (found != nullptr) TRY_VOID(still_good(*found));
    return found;
}

// Everything but the signature.
Result<VerifiedToken> Issuer::read_claims(json::object claims) const {
    if (crypto::text_claim(claims, "iss") != options_.issuer || !is_for(claims, options_.audience))
        return invalid();
    VerifiedToken token;
    token.sub = crypto::text_claim(claims, "sub");
    if (token.sub.empty() || token.sub.size() > kSubjectBytesMax) return invalid();
    const auto expires = crypto::time_claim(claims, "exp");
    if (!expires) return invalid();
    token.expires = *expires;
    TRY_VOID(still_good(token));
    if (claims.contains("nbf")) {
        const auto from = crypto::time_claim(claims, "nbf");
        const Timestamp now = io::Executor::current().clock().now();
        if (!from || *from > now + Seconds(options_.leeway_seconds)) return invalid();
    }
    if (options_.home_claim) {
        std::string home = crypto::text_claim(claims, *options_.home_claim);
        if (regions_.contains(home)) token.home = std::move(home);
    }
    token.claims = std::move(claims);
    return token;
}

Result<Issuer::Found> Issuer::known_key(const crypto::ParsedJwt& token) const {
    const auto set = snapshot();
    if (is_stale(*set))
        return fail(Code::unavailable, "The issuer's keys cannot be had at the moment.");
    return Found{federation::find_key(set->keys, token.kid, token.alg), set->version};
}

// Fetches keys when the one that the token names is not there. A fetch that was under way already
// may bring what was published before that key.
io::Task<Result<Issuer::Found>> Issuer::key_of(const crypto::ParsedJwt& token) {
    const std::uint64_t entered = begun_;
    for (int round = 0; round < 3; ++round) {
        const auto found = known_key(token);
        if (found && found->key != nullptr) co_return found;
        const Result<std::uint64_t> begun = co_await refresh_from_anywhere();
        const auto now = known_key(token);
        if (!now) co_return std::unexpected(now.error());
        if (now->key != nullptr) co_return now;
        // Whether the issuer has such a key nobody can say then.
        if (!begun) co_return std::unexpected(begun.error());
        if (*begun > entered) break;
    }
    co_return invalid();
}

io::Task<Result<TokenPtr>> Issuer::verify(std::string token) {
    auto text = std::make_shared<const std::string>(std::move(token));
    auto parsed_result = crypto::parse_jwt(*text);
    if (!parsed_result) co_return invalid();
    auto parsed = std::make_shared<const crypto::ParsedJwt>(std::move(*parsed_result));
    // Cheap checks first: a forged token should cost neither a fetch nor a signature check.
    auto claims = read_claims(parsed->claims);
    if (!claims) co_return std::unexpected(claims.error());
    CO_TRY(const Found found, co_await key_of(*parsed));
    const Result<void> signature = co_await check_signature(found.key, text, parsed);
    if (!signature && signature.error().code == Code::resource_exhausted)
        co_return std::unexpected(signature.error());
    if (!signature) co_return invalid();
    TokenPtr verified = std::make_shared<const VerifiedToken>(std::move(*claims));
    cache_.add(*text, verified, found.version);
    co_return verified;
}

// ---- Keys --------------------------------------------------------------------------------------

void Issuer::start() {
    if (home_.load() != nullptr) return;  // goes on from an earlier configuration
    home_ = &io::Executor::current();
    tasks_.spawn(run());
}

io::Task<void> Issuer::stop() {
    stopping_ = true;
    stop_.notify_all();
    call_.cancel();
    bool ended = false;
    while (!ended) {
        const Instant next = io::deadline_in(Seconds(1));
        ended = co_await tasks_.drain(next);
    }
}

io::Task<void> Issuer::run() {
    Millis pause = kRetryFirst;
    while (!stopping_) {
        const Result<std::uint64_t> refreshed = co_await refresh();
        if (stopping_) break;
        const bool good = refreshed.has_value();
        Millis wait = Seconds(options_.refresh_seconds);
        if (!good) wait = std::min(wait, pause);
        pause = good ? kRetryFirst : std::min(pause * 2, kRetryMost);
        const Instant next = io::deadline_in(wait);
        co_await stop_.wait_until(next);
    }
}

io::Task<Result<std::uint64_t>> Issuer::refresh_from_anywhere() {
    io::Executor* home = home_.load();
    if (home == nullptr) return not_started();
    return io::run_on<Result<std::uint64_t>>(*home, [this] { return refresh(); });
}

// Who comes while a fetch is under way takes what it brings.
io::Task<Result<std::uint64_t>> Issuer::refresh() {
    const std::uint64_t entered = begun_;
    while (!stopping_) {
        if (fetching_) {
            const Instant limit = io::deadline_in(kFetchTimeout);
            co_await fetched_.wait_until(limit);
            if (!fetching_) co_return outcome();
            continue;
        }
        if (begun_ > entered) co_return outcome();
        const Millis pause = last_ ? kCooldown : kCooldownAfterFailure;
        if (begun_ == 0 || monotonic_now() >= ended_ + pause) break;
        // Somebody may wait for a new key, but not for an issuer that is down.
        if (!last_) co_return outcome();
        const Instant again = ended_ + pause;
        co_await fetched_.wait_until(again);
    }
    fetching_ = true;
    ++begun_;
    last_ = co_await fetch();
    ended_ = monotonic_now();
    refreshes_.add(telemetry::outcome_of(last_));
    if (!last_ && !stopping_)
        log::warning("issuer_keys_not_fetched",
                     {{"issuer", name_}, {"reason", last_.error().message}});
    fetching_ = false;
    fetched_.notify_all();
    co_return outcome();
}

Result<std::uint64_t> Issuer::outcome() const {
    if (!last_) return std::unexpected(last_.error());
    return begun_.load();
}

io::Task<Result<void>> Issuer::fetch() {
    const Instant deadline = io::deadline_in(kFetchTimeout);
    std::optional<Url> url;
    if (options_.jwks_url) {
        url = parse_url(*options_.jwks_url);
    } else {
        const auto where = parse_url(federation::discovery_url(options_.issuer));
        if (!where) co_return fail(Code::invalid_argument, "The issuer is no URL.");
        CO_TRY(const std::string document, co_await get(*where, deadline));
        CO_TRY(url, federation::parse_discovery(document, options_.issuer));
    }
    if (!url) co_return fail(Code::invalid_argument, "The key set's URL is none.");
    const Instant second = io::deadline_in(kFetchTimeout);
    CO_TRY(const std::string document, co_await get(*url, second));
    CO_TRY(federation::Keys keys, federation::parse_jwks(document));
    take(std::move(keys));
    co_return Result<void>{};
}

io::Task<Result<std::string>> Issuer::get(Url url, Instant deadline) {
    federation::Fetch request;
    request.url = std::move(url);
    request.bytes_max = federation::kJwksBytesMax;
    request.deadline = deadline;
    request.cancellation = &call_;
    CO_TRY(federation::Fetched answer, co_await federation::fetch(tls_.get(), std::move(request)));
    if (answer.status == 200) co_return std::move(answer.body);
    std::string why = "The answer's status is " + std::to_string(answer.status) + '.';
    co_return fail(Code::unavailable, std::move(why));
}

void Issuer::take(federation::Keys keys) {
    const auto before = snapshot();
    auto next = std::make_shared<KeySet>();
    // An unchanged set keeps its version, and with it the tokens that were verified.
    const bool same = federation::same_keys(before->keys, keys);
    next->version = same ? before->version : before->version + 1;
    next->keys = std::move(keys);
    next->fetched = monotonic_now();
    if (!same) log::info("issuer_keys", {{"issuer", name_}, {"keys", next->keys.size()}});
    const std::unique_lock lock(mutex_);
    set_ = std::move(next);
    *fetched_ns_ = io::Executor::current().clock().monotonic_ns();
}

void Issuer::report_to(telemetry::Registry& registry) {
    const telemetry::Labels labels{{"authorizer", name_}};
    registry.add("domicile_gateway_issuer_refreshes_total", "Fetches of another issuer's keys.",
                 refreshes_, {"outcome"}, labels);
    registry.add_gauge(
        "domicile_gateway_issuer_keys_age_seconds",
        "Since another issuer's keys were fetched; -1: never.",
        [fetched = fetched_ns_] {
            const std::int64_t at = *fetched;
            return at == 0 ? -1 : static_cast<double>(io::system_clock().monotonic_ns() - at) / 1e9;
        },
        labels);
}

}  // namespace domicile::gateway
