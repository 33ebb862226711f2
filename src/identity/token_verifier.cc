#include "identity/token_verifier.h"

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "base/encoding.h"
#include "crypto/claims.h"
#include "crypto/jwt.h"
#include "identity/token_cache.h"
#include "identity/types.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

using KeySet = std::unordered_map<std::string, TrustedKey>;  // by kid

std::unexpected<Error> invalid() {
    return fail(Code::unauthenticated, "The token is not valid.", reason::kAccessInvalid);
}

std::optional<std::int64_t> int_claim(const json::object& claims, std::string_view name) {
    const json::value* value = claims.if_contains(name);
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    return value->get_int64();
}

// Everything but the signature, the times and the revocations. The owner of the key, the issuer and
// custom:region must name one region, or a region could speak for the people of another.
Result<VerifiedToken> read_claims(const TrustedKey& key, json::object claims,
                                  const TokenVerifier::Issuer& issuer) {
    VerifiedToken token;
    token.home = crypto::text_claim(claims, "custom:region");
    if (token.home != key.region) return invalid();
    const std::string iss = crypto::text_claim(claims, "iss");
    const std::string pool = iss.substr(iss.rfind('/') + 1);
    if (!pool.starts_with(token.home + "_")) return invalid();
    token.pool_suffix = pool.substr(token.home.size() + 1);
    if (iss != issuer(token.home, token.pool_suffix)) return invalid();

    token.use = crypto::text_claim(claims, "token_use");
    if (token.use == "access") {
        token.client_id = crypto::text_claim(claims, "client_id");
        token.username = crypto::text_claim(claims, "username");
    } else if (token.use == "id") {
        token.client_id = crypto::text_claim(claims, "aud");
        token.username = crypto::text_claim(claims, "cognito:username");
    } else {
        return invalid();
    }
    token.sub = crypto::text_claim(claims, "sub");
    token.origin_jti = crypto::text_claim(claims, "origin_jti");
    const auto epoch = int_claim(claims, "custom:epoch");
    const auto expires = int_claim(claims, "exp");
    if (!is_uuid(token.sub) || token.client_id.empty() || token.origin_jti.empty() || !epoch ||
        *epoch < 0 || !expires || *expires < 0 || *expires > 1'000'000'000'000) {
        return invalid();
    }
    token.epoch = static_cast<std::uint64_t>(*epoch);
    token.expires = Timestamp{*expires * 1000};
    token.claims = std::move(claims);
    return token;
}

io::Task<Result<void>> check_signature(std::shared_ptr<const crypto::PublicKey> key,
                                       std::shared_ptr<const std::string> text,
                                       std::shared_ptr<const crypto::ParsedJwt> parsed) {
    auto work = [key, text, parsed]() -> Result<void> { return crypto::verify(*key, *parsed); };
    co_return co_await io::run_blocking(std::move(work));
}

}  // namespace

struct TokenVerifier::Impl {
    Options options;
    io::Clock& clock;
    Issuer issuer;
    Reload reload;
    TokenCache cache;

    mutable std::shared_mutex mutex{};  // for what follows
    std::shared_ptr<const KeySet> keys = std::make_shared<KeySet>();
    std::uint64_t key_set = 1;
    std::unordered_map<std::string, Timestamp> revoked{};  // origin_jti -> until
    std::unordered_map<std::string, std::uint64_t> epochs{};
    std::optional<Instant> revocations_known{};
    std::size_t sweep_at = 1024;
    std::optional<Instant> reloaded{};
    bool up_to_date = !reload;  // the last reload succeeded: what it did not find is not there

    std::pair<std::shared_ptr<const KeySet>, std::uint64_t> snapshot() const {
        const std::shared_lock lock(mutex);
        return {keys, key_set};
    }

    // What may change while a token is in the cache.
    Result<void> still_good(const VerifiedToken& token) const {
        if (token.expires <= clock.now()) {
            return fail(Code::unauthenticated, "The token has expired.", reason::kAccessExpired);
        }
        if (token.home != options.region) return {};  // its home has the last word
        const std::shared_lock lock(mutex);
        if (revocations_known &&
            clock.monotonic() - *revocations_known > options.revocations_age_max) {
            return fail(Code::unavailable, "Whether the token was revoked is not known now.");
        }
        const auto epoch = epochs.find(token.sub);
        if (revoked.contains(token.origin_jti) ||
            (epoch != epochs.end() && token.epoch < epoch->second)) {
            return fail(Code::unauthenticated, "The token was revoked.", reason::kAccessRevoked);
        }
        return {};
    }

    bool may_reload() {
        const std::unique_lock lock(mutex);
        const Instant now = clock.monotonic();
        if (!reload || (reloaded && now - *reloaded < options.reload_interval)) return false;
        reloaded = now;
        up_to_date = false;
        return true;
    }
    void reload_succeeded() {
        const std::unique_lock lock(mutex);
        up_to_date = true;
    }
    Result<TokenPtr> unknown_key() const {
        const std::shared_lock lock(mutex);
        if (up_to_date) return invalid();
        return fail(Code::unavailable, "The key of the token cannot be looked up at the moment.");
    }

    void sweep(Timestamp now) {
        if (revoked.size() < sweep_at) return;
        std::erase_if(revoked, [&](const auto& entry) { return entry.second < now; });
        sweep_at = std::max<std::size_t>(1024, revoked.size() * 2);
    }
};

TokenVerifier::TokenVerifier(Options options, io::Clock& clock, Issuer issuer, Reload reload) {
    const std::size_t tokens_max = options.cache_tokens_max;
    impl_.reset(new Impl{.options = std::move(options),
                         .clock = clock,
                         .issuer = std::move(issuer),
                         .reload = std::move(reload),
                         .cache = TokenCache(tokens_max)});
}

TokenVerifier::~TokenVerifier() = default;

void TokenVerifier::set_keys(std::vector<TrustedKey> keys) {
    auto set = std::make_shared<KeySet>();
    for (TrustedKey& key : keys) (*set)[key.kid] = key;
    const std::unique_lock lock(impl_->mutex);
    // An unchanged set keeps its version: a reload every few seconds must not empty the cache.
    const auto same = [&](const auto& entry) {
        const auto old = impl_->keys->find(entry.first);
        return old != impl_->keys->end() && old->second.region == entry.second.region &&
               old->second.key->thumbprint() == entry.second.key->thumbprint();
    };
    if (set->size() == impl_->keys->size() && std::ranges::all_of(*set, same)) return;
    impl_->keys = std::move(set);
    ++impl_->key_set;
}

void TokenVerifier::revoke_origin(std::string_view origin_jti, Timestamp until) {
    const std::unique_lock lock(impl_->mutex);
    Timestamp& entry = impl_->revoked[std::string(origin_jti)];
    entry = std::max(entry, until);
    impl_->sweep(impl_->clock.now());
}

void TokenVerifier::revocations_known(Instant at) {
    const std::unique_lock lock(impl_->mutex);
    impl_->revocations_known = at;
}

void TokenVerifier::set_epoch(std::string_view sub, std::uint64_t least) {
    const std::unique_lock lock(impl_->mutex);
    impl_->epochs[std::string(sub)] = least;
}

Result<TokenPtr> TokenVerifier::lookup(std::string_view token) {
    if (token.size() > crypto::kJwtBytesMax) return invalid();
    const auto [keys, key_set] = impl_->snapshot();
    TokenPtr found = impl_->cache.find(token, key_set);
    if (found != nullptr) TRY_VOID(impl_->still_good(*found));
    return found;
}

io::Task<Result<TokenPtr>> TokenVerifier::verify(std::string token) {
    CO_TRY(TokenPtr cached, lookup(token));
    if (cached != nullptr) co_return cached;

    auto text = std::make_shared<const std::string>(std::move(token));
    auto parsed_result = crypto::parse_jwt(*text);
    if (!parsed_result) co_return invalid();
    auto parsed = std::make_shared<const crypto::ParsedJwt>(std::move(*parsed_result));
    auto [keys, key_set] = impl_->snapshot();
    auto key = keys->find(parsed->kid);
    if (key == keys->end() && impl_->may_reload()) {
        CO_TRY_VOID(co_await impl_->reload());
        impl_->reload_succeeded();
        std::tie(keys, key_set) = impl_->snapshot();
        key = keys->find(parsed->kid);
    }
    if (key == keys->end()) co_return impl_->unknown_key();
    // Cheap checks first: a forged token should not cost a signature check.
    auto claims = read_claims(key->second, parsed->claims, impl_->issuer);
    if (!claims) co_return std::unexpected(claims.error());
    auto signature = co_await check_signature(key->second.key, text, parsed);
    if (!signature) {
        if (signature.error().code == Code::resource_exhausted) {
            co_return std::unexpected(signature.error());
        }
        co_return invalid();
    }
    TokenPtr verified = std::make_shared<const VerifiedToken>(std::move(*claims));
    CO_TRY_VOID(impl_->still_good(*verified));
    impl_->cache.add(*text, verified, key_set);
    co_return verified;
}

}  // namespace domicile::identity
