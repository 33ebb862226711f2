#include "federation/providers.h"

#include <array>

#include "base/encoding.h"
#include "federation/fetch.h"
#include "federation/id_token.h"
#include "io/executor.h"

namespace domicile::federation {
namespace {

namespace reason = identity::reason;
using identity::ExternalPerson;
using identity::ExternalProof;

constexpr Millis kTimeout = Seconds(5);  // each document, head and body
constexpr Millis kFresh = Seconds(300);
constexpr Millis kStale = Seconds(7200);
constexpr Millis kPauseAfterFailure = Seconds(5);
constexpr std::size_t kAnswerBytesMax = 64 * 1024;
constexpr std::size_t kAccessTokenBytesMax = 8 * 1024;
constexpr std::size_t kSecretBytesMax = 1024;
constexpr std::size_t kIssuersMax = 64;
constexpr JsonLimits kLimits{.depth_max = 8, .bytes_max = kAnswerBytesMax};

std::unexpected<Error> down() {
    return fail(Code::unavailable, "The identity provider does not answer.", reason::kProviderDown);
}
std::unexpected<Error> bad(const char* why) {
    return fail(Code::unauthenticated, why, reason::kProviderAnswer);
}

Result<const config::IdentityProvider*> find(const config::Pool& pool, const std::string& name) {
    const config::IdentityProvider* found = pool.identity_providers.find(name);
    if (found != nullptr) return found;
    return fail(Code::not_found, "There is no such identity provider.", reason::kProviderUnknown);
}

void add(std::string& form, std::string_view name, std::string_view value) {
    if (!form.empty()) form += '&';
    form += std::string(name) + '=' + percent_encode(value);
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

// Off the reactor: RSA takes a while.
io::Task<Result<void>> verify(std::shared_ptr<const crypto::PublicKey> key,
                              std::shared_ptr<const std::string> text,
                              std::shared_ptr<const crypto::ParsedJwt> token) {
    auto work = [key, text, token]() -> Result<void> { return crypto::verify(*key, *token); };
    co_return co_await io::run_blocking(std::move(work));
}

}  // namespace

Providers::Providers(std::string directory, io::Clock& clock, io::Files& files)
    : directory_(std::move(directory)), clock_(clock), files_(files) {
    // The system's authorities: there is nothing in them to fail.
    auto tls = io::TlsClient::make("");
    if (tls) tls_ = std::move(*tls);
}

void Providers::report_to(telemetry::Registry& registry) {
    registry.add("domicile_identity_provider_steps_total",
                 "What other OpenID providers were asked when people signed in with them.", steps_,
                 {"step", "outcome"});
}

// ---- What a provider publishes -----------------------------------------------------------------

Providers::Known Providers::known(const std::string& issuer) const {
    const std::shared_lock lock(mutex_);
    const auto found = known_.find(issuer);
    return found == known_.end() ? Known() : found->second;
}

io::Task<Result<std::string>> Providers::get(Url url, std::string authorization) {
    Fetch request;
    request.url = std::move(url);
    request.authorization = std::move(authorization);
    request.bytes_max = kJwksBytesMax;
    request.deadline = io::deadline_in(kTimeout);
    CO_TRY(Fetched answer, co_await fetch(tls_.get(), std::move(request)));
    if (answer.status != 200) co_return down();
    co_return std::move(answer.body);
}

io::Task<Result<Providers::PublishedPtr>> Providers::fetch_published(std::string issuer) {
    const auto where = parse_url(discovery_url(issuer));
    if (!where) co_return fail(Code::invalid_argument, "The issuer is no URL.");
    CO_TRY(const std::string document, co_await get(*where, ""));
    auto out = std::make_shared<Published>();
    CO_TRY(out->metadata, parse_metadata(document, issuer));
    CO_TRY(const std::string keys, co_await get(out->metadata.jwks_uri, ""));
    CO_TRY(out->keys, parse_jwks(keys));
    out->fetched = io::Executor::current().clock().monotonic();
    co_return PublishedPtr(std::move(out));
}

io::Task<Result<Providers::PublishedPtr>> Providers::published(std::string issuer, Want want) {
    const Instant now = io::Executor::current().clock().monotonic();
    const Known before = known(issuer);
    const bool has = before.last != nullptr && now - before.last->fetched < kStale;
    if (has && want == Want::recent && now - before.last->fetched < kFresh) co_return before.last;
    // A provider that is down is not asked by everybody who would sign in with it.
    const bool pauses = before.failed != Instant() && now - before.failed < kPauseAfterFailure;
    Result<PublishedPtr> fresh = down();
    if (!pauses) {
        fresh = co_await counted(Step::discovery, fetch_published(issuer));
        const std::unique_lock lock(mutex_);
        if (known_.size() >= kIssuersMax && !known_.contains(issuer)) known_.clear();
        Known& entry = known_[issuer];
        if (fresh) entry.last = *fresh;
        entry.failed = fresh ? Instant() : io::Executor::current().clock().monotonic();
    }
    if (fresh) co_return fresh;
    if (has) co_return before.last;
    co_return down();
}

io::Task<Result<Redacted<std::string>>> Providers::secret(
    const config::IdentityProvider* provider) const {
    if (!provider->client_secret_file) co_return Redacted<std::string>();
    std::string path = *provider->client_secret_file;
    if (!path.starts_with('/')) path = directory_ + '/' + path;
    auto work = [files = &files_, path = std::move(path)]() -> Result<std::string> {
        return files->read(path, kSecretBytesMax);
    };
    Result<std::string> text = co_await io::run_blocking(std::move(work));
    if (text && text->ends_with('\n')) text->pop_back();
    if (!text || text->empty()) {
        co_return fail(Code::unavailable, "The secret for the identity provider cannot be read.",
                       reason::kProviderDown);
    }
    co_return Redacted(std::move(*text));
}

// ---- A sign-in ---------------------------------------------------------------------------------

io::Task<Result<std::string>> Providers::begin(const config::Pool* pool, std::string name,
                                               Begin begin) {
    CO_TRY(const config::IdentityProvider* provider, find(*pool, name));
    CO_TRY(const PublishedPtr there, co_await published(provider->issuer, Want::recent));
    const std::string& endpoint = there->metadata.authorization_endpoint;
    std::string query;
    add(query, "response_type", "code");
    add(query, "client_id", provider->client_id);
    add(query, "redirect_uri", begin.redirect_uri);
    add(query, "scope", joined(provider->scopes));
    add(query, "state", begin.state);
    add(query, "nonce", begin.nonce);
    add(query, "code_challenge", begin.code_challenge);
    add(query, "code_challenge_method", "S256");
    if (begin.anew) add(query, "prompt", "login");
    if (!begin.login_hint.empty()) add(query, "login_hint", begin.login_hint);
    const bool has_query = endpoint.find('?') != std::string::npos;
    co_return endpoint + (has_query ? '&' : '?') + query;
}

io::Task<Result<ExternalProof>> Providers::redeem(const config::Pool* pool, std::string name,
                                                  std::string nonce, Answer answer) {
    CO_TRY(const config::IdentityProvider* provider, find(*pool, name));
    co_return co_await counted(Step::code,
                               try_redeem(provider, std::move(nonce), std::move(answer)));
}

io::Task<Result<ExternalProof>> Providers::try_redeem(const config::IdentityProvider* provider,
                                                      std::string nonce, Answer answer) {
    CO_TRY(const PublishedPtr there, co_await published(provider->issuer, Want::recent));
    const Metadata& metadata = there->metadata;
    // Whose answer it is: that of another provider would be redeemed here else (RFC 9207).
    const bool must = metadata.answers_iss && !answer.iss;
    if (must || (answer.iss && *answer.iss != provider->issuer)) {
        co_return bad("The answer is not this identity provider's.");
    }
    CO_TRY(const Redacted<std::string> own, co_await secret(provider));
    const bool is_public = own.expose().empty();
    Fetch request;
    request.url = metadata.token_endpoint;
    request.bytes_max = kAnswerBytesMax;
    request.deadline = io::deadline_in(kTimeout);
    add(request.form, "grant_type", "authorization_code");
    add(request.form, "code", answer.code);
    add(request.form, "redirect_uri", answer.redirect_uri);
    add(request.form, "code_verifier", answer.code_verifier);
    if (!is_public && metadata.takes_basic) {
        // RFC 6749, 2.3.1: each of them encoded as a form's value is.
        request.authorization = "Basic " + to_base64(percent_encode(provider->client_id) + ':' +
                                                     percent_encode(own.expose()));
    } else {
        add(request.form, "client_id", provider->client_id);
        if (!is_public) add(request.form, "client_secret", own.expose());
    }
    const auto fetched = co_await fetch(tls_.get(), std::move(request));
    if (!fetched || fetched->status >= 500) co_return down();
    if (fetched->status != 200) co_return bad("The identity provider refused the code.");
    const auto body = parse_json_object(fetched->body, kLimits);
    if (!body) co_return bad("The identity provider's answer is no JSON object.");
    ExternalProof out;
    out.provider = provider->name;
    out.nonce = std::move(nonce);
    const auto id_token = require_string(*body, "id_token");
    const auto access_token = optional_string(*body, "access_token");
    if (!id_token || !access_token || id_token->size() > crypto::kJwtBytesMax) {
        co_return bad("The identity provider's answer has no ID token.");
    }
    out.id_token = *id_token;
    const bool fits = *access_token && (*access_token)->size() <= kAccessTokenBytesMax;
    if (fits) out.access_token = **access_token;
    co_return out;
}

io::Task<Result<ExternalPerson>> Providers::identify(const config::Pool* pool,
                                                     ExternalProof proof) {
    CO_TRY(const config::IdentityProvider* provider, find(*pool, proof.provider));
    co_return co_await counted(Step::person, try_identify(provider, std::move(proof)));
}

io::Task<Result<ExternalPerson>> Providers::try_identify(const config::IdentityProvider* provider,
                                                         ExternalProof proof) {
    const auto text = std::make_shared<const std::string>(std::move(proof.id_token));
    auto parsed = crypto::parse_jwt(*text);
    if (!parsed) co_return bad("The provider's ID token is not good: its form.");
    const auto token = std::make_shared<const crypto::ParsedJwt>(std::move(*parsed));
    ExternalPerson out;
    const Expected expected{provider->issuer, provider->client_id, std::move(proof.nonce),
                            proof.access_token};
    CO_TRY(out.subject, check_id_token(token->claims, expected, clock_.now()));
    CO_TRY_VOID(co_await check_signature(provider->issuer, text, token));
    json::object claims = token->claims;
    CO_TRY(const PublishedPtr there, co_await published(provider->issuer, Want::recent));
    const bool asks =
        lacks_claims(*provider, claims) && proof.access_token && there->metadata.userinfo_endpoint;
    if (asks) {
        CO_TRY(const json::object more, co_await userinfo(*there->metadata.userinfo_endpoint,
                                                          *proof.access_token, out.subject));
        // What is signed counts before what is not.
        for (const auto& member : more) {
            if (!claims.contains(member.key())) claims[member.key()] = member.value();
        }
    }
    out.attributes = map_claims(*provider, claims);
    co_return out;
}

io::Task<Result<void>> Providers::check_signature(std::string issuer,
                                                  std::shared_ptr<const std::string> text,
                                                  std::shared_ptr<const crypto::ParsedJwt> token) {
    static constexpr std::array kWants = {Want::recent, Want::newest};
    for (const Want want : kWants) {
        CO_TRY(const PublishedPtr there, co_await published(issuer, want));
        auto key = find_key(there->keys, token->kid, token->alg);
        if (key == nullptr) continue;
        const auto checked = co_await verify(std::move(key), text, token);
        if (checked || checked.error().code == Code::resource_exhausted) co_return checked;
    }
    co_return bad("The provider's ID token is not good: its signature.");
}

io::Task<Result<json::object>> Providers::userinfo(Url url, std::string access_token,
                                                   std::string sub) {
    std::string authorization = "Bearer " + access_token;
    auto text = co_await get(std::move(url), std::move(authorization));
    if (!text) co_return down();
    auto body = parse_json_object(*text, kLimits);
    if (!body) co_return bad("The identity provider's userinfo is no JSON object.");
    // OpenID Connect Core 1.0, 5.3.2: it may be somebody else's.
    const auto said = require_string(*body, "sub");
    if (!said || *said != sub) co_return bad("The identity provider's userinfo is of another.");
    co_return std::move(*body);
}

}  // namespace domicile::federation
