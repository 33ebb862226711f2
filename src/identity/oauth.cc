#include "identity/oauth.h"

#include "crypto/jwt.h"
#include "identity/own_token.h"
#include "identity/routable.h"

namespace domicile::identity {
namespace {

// What a client may have for itself of what it asks for: scopes of APIs, none about people.
Result<std::string> client_scope(const config::OAuth& oauth, const std::string& asked) {
    const std::unexpected<Error> refused = fail(
        Code::invalid_argument, "The client may not ask for this scope.", reason::kScopeInvalid);
    std::string all;
    for (const std::string& scope : oauth.scopes) {
        if (config::is_own_scope(scope)) continue;
        all += (all.empty() ? "" : " ") + scope;
    }
    if (asked.empty()) {
        if (all.empty()) return refused;
        return all;
    }
    std::string_view rest = asked;
    while (!rest.empty()) {
        const auto space = rest.find(' ');
        if (!has_scope(all, rest.substr(0, space))) return refused;
        rest.remove_prefix(space == rest.npos ? rest.size() : space + 1);
    }
    return asked;
}

}  // namespace

void OAuth::register_handlers() {
    Router& router = p_.router;
    router.answer(message::kOAuthSignIn, &Home::oauth_sign_in);
    router.answer(message::kOAuthAnswer, &Home::oauth_answer);
    router.answer(message::kOAuthResume, &Home::oauth_resume);
    router.answer(message::kOAuthExternal, &Home::oauth_external);
    router.answer(message::kOAuthEnd, &Home::oauth_end);
    router.answer(message::kOAuthRedeem, &Home::oauth_redeem);
    router.answer(message::kOAuthInspect, &Home::oauth_inspect);
    router.answer(message::kOAuthRevoke, &Home::oauth_revoke);
    router.answer(message::kOAuthUser, &Home::oauth_user);
    router.answer(message::kOAuthPasskeyOptions, &Home::oauth_passkey_options);
    router.answer(message::kOAuthAddPasskey, &Home::oauth_add_passkey);
    router.answer(message::kOAuthAccount, &Home::oauth_account);
    router.answer(message::kOAuthEndOthers, &Home::oauth_end_others);
}

void OAuth::report_to(telemetry::Registry& registry) {
    registry.add("domicile_oauth_operations_total",
                 "What the OpenID provider was asked here, by what the caller was told.", acts_,
                 {"operation", "outcome"});
}

Result<ClientOfPool> OAuth::client(std::string_view client_id) const {
    return find_client(p_.config, client_id);
}

std::string OAuth::issuer_of(const config::Pool& pool) const {
    return issuer(p_.config, p_.public_port, p_.region, pool.id_suffix);
}

std::string OAuth::origin_of(std::string_view region) const {
    const std::string port = p_.public_port == 443 ? "" : ":" + std::to_string(p_.public_port);
    return "https://idp." + std::string(region) + "." + p_.config->domain + port;
}

std::optional<std::string> OAuth::named(std::string_view value, std::string_view client_id) const {
    return p_.router.named(region_of_session(value), client_id);
}

// Where data may not pass through other regions, the browser goes to the home itself. The decoy of
// somebody unknown is given in the same way (I8).
template <class Request>
io::Task<Result<Authorized>> OAuth::by_name(const char* type, Request request,
                                            io::Task<Result<Authorized>> (Home::*here)(Request)) {
    CO_TRY(std::string home,
           co_await p_.router.home_of_username(request.asked.client_id, request.username));
    auto done = co_await at(home, type, std::move(request), here);
    if (done || done.error().reason != reason::kNotInRegion) co_return done;
    Authorized out;
    out.elsewhere = std::move(home);
    co_return out;
}

io::Task<Result<Authorized>> OAuth::sign_in(BrowserSignIn request) {
    return counted(OAuthAct::sign_in,
                   by_name(message::kOAuthSignIn, std::move(request), &Home::oauth_sign_in));
}
io::Task<Result<Authorized>> OAuth::answer(BrowserAnswer request) {
    return counted(OAuthAct::answer,
                   by_name(message::kOAuthAnswer, std::move(request), &Home::oauth_answer));
}
io::Task<Result<Authorized>> OAuth::resume(BrowserResume request) {
    return counted(OAuthAct::resume, try_resume(std::move(request)));
}
io::Task<Result<Done>> OAuth::end(BrowserEnd request) {
    return counted(OAuthAct::end, try_end(std::move(request)));
}
template <class Request, class Answer>
io::Task<Result<Answer>> OAuth::by_browser(const char* type, Request request,
                                           io::Task<Result<Answer>> (Home::*here)(Request)) {
    auto home = named(request.browser_session, request.asked.client_id);
    if (!home) {
        co_return fail(Code::unauthenticated, "Nobody is signed in.", reason::kSessionInvalid);
    }
    co_return co_await at(std::move(*home), type, std::move(request), here);
}
io::Task<Result<PasskeyOptions>> OAuth::passkey_options(BrowserPasskey request) {
    return counted(OAuthAct::passkey_options,
                   by_browser(message::kOAuthPasskeyOptions, std::move(request),
                              &Home::oauth_passkey_options));
}
io::Task<Result<Done>> OAuth::add_passkey(BrowserPasskey request) {
    return counted(OAuthAct::add_passkey, by_browser(message::kOAuthAddPasskey, std::move(request),
                                                     &Home::oauth_add_passkey));
}
io::Task<Result<BrowserAccess>> OAuth::account(BrowserAccount request) {
    return counted(OAuthAct::account,
                   by_browser(message::kOAuthAccount, std::move(request), &Home::oauth_account));
}
io::Task<Result<Done>> OAuth::end_others(AccessTokenRequest request) {
    return counted(OAuthAct::end_others, try_end_others(std::move(request)));
}
io::Task<Result<GrantedTokens>> OAuth::redeem(RedeemRequest request) {
    std::string client_id = request.client_id;
    CO_TRY(Tokens tokens, co_await counted(OAuthAct::redeem, try_redeem(std::move(request))));
    co_return co_await as_own(std::move(tokens), std::move(client_id));
}
io::Task<Result<GrantedTokens>> OAuth::refresh(RefreshRequest request) {
    std::string client_id = request.client_id;
    CO_TRY(Tokens tokens, co_await counted(OAuthAct::redeem, try_refresh(std::move(request))));
    co_return co_await as_own(std::move(tokens), std::move(client_id));
}
io::Task<Result<TokenState>> OAuth::inspect(InspectRequest request) {
    return counted(OAuthAct::inspect, try_inspect(std::move(request)));
}
io::Task<Result<Done>> OAuth::revoke(InspectRequest request) {
    return counted(OAuthAct::revoke, try_revoke(std::move(request)));
}
io::Task<Result<User>> OAuth::user(AccessTokenRequest request) {
    return counted(OAuthAct::user, try_user(std::move(request)));
}

io::Task<Result<Authorized>> OAuth::try_resume(BrowserResume request) {
    auto home = named(request.browser_session, request.asked.client_id);
    if (!home) {
        co_return fail(Code::unauthenticated, "Nobody is signed in.", reason::kSessionInvalid);
    }
    co_return co_await at(std::move(*home), message::kOAuthResume, std::move(request),
                          &Home::oauth_resume);
}

io::Task<Result<Done>> OAuth::try_end(BrowserEnd request) {
    auto home = named(request.browser_session, "");
    if (!home) co_return Done{};
    co_return co_await at(std::move(*home), message::kOAuthEnd, std::move(request),
                          &Home::oauth_end);
}

io::Task<Result<Tokens>> OAuth::try_redeem(RedeemRequest request) {
    auto home = named(request.code, request.client_id);
    if (!home) {
        co_return fail(Code::unauthenticated, "The code is not accepted.", reason::kGrantInvalid);
    }
    co_return co_await at(std::move(*home), message::kOAuthRedeem, std::move(request),
                          &Home::oauth_redeem);
}

io::Task<Result<Tokens>> OAuth::try_refresh(RefreshRequest request) {
    auto home = named(request.refresh_token, request.client_id);
    if (!home) {
        co_return fail(Code::unauthenticated, "Invalid Refresh Token", reason::kRefreshInvalid);
    }
    co_return co_await at(std::move(*home), message::kRefresh, std::move(request), &Home::refresh);
}

io::Task<Result<std::optional<std::string>>> OAuth::home_of(InspectRequest request) {
    if (auto home = named(request.token, request.client_id)) co_return home;
    const auto text = std::make_shared<const std::string>(std::move(request.token));
    const auto verified = co_await p_.verifier.verify(*text);
    if (!verified && verified.error().code != Code::unauthenticated) {
        co_return std::unexpected(verified.error());
    }
    // A client's own token: what it says of its issuer is checked there.
    std::optional<std::string> home = issuing_region(*text);
    if (verified) {
        auto asked = p_.router.home_of(**verified);
        home.reset();
        if (asked) home = *std::move(asked);
    }
    if (!home) co_return home;
    co_return p_.router.named(*home, request.client_id);
}

std::optional<std::string> OAuth::issuing_region(std::string_view token) const {
    const auto parsed = crypto::parse_jwt(token);
    if (!parsed) return std::nullopt;
    const auto said = require_string(parsed->claims, "iss");
    if (!said) return std::nullopt;
    for (const config::Pool& pool : p_.config->pools) {
        for (const config::Region& region : p_.config->regions) {
            if (issuer(p_.config, p_.public_port, region.name, pool.id_suffix) == *said) {
                return region.name;
            }
        }
    }
    return std::nullopt;
}

io::Task<Result<TokenState>> OAuth::try_inspect(InspectRequest request) {
    CO_TRY(auto home, co_await home_of(request));
    if (!home) co_return TokenState();
    co_return co_await at(std::move(*home), message::kOAuthInspect, std::move(request),
                          &Home::oauth_inspect);
}

io::Task<Result<Done>> OAuth::try_revoke(InspectRequest request) {
    CO_TRY(auto home, co_await home_of(request));
    if (!home) co_return Done{};  // what is no token is as good as revoked (RFC 7009, 2.2)
    co_return co_await at(std::move(*home), message::kOAuthRevoke, std::move(request),
                          &Home::oauth_revoke);
}

io::Task<Result<User>> OAuth::try_user(AccessTokenRequest request) {
    CO_TRY(const TokenPtr token, co_await p_.verifier.verify(request.access_token));
    CO_TRY(std::string home, p_.router.home_of(*token));
    co_return co_await at(std::move(home), message::kOAuthUser, std::move(request),
                          &Home::oauth_user);
}

io::Task<Result<Done>> OAuth::try_end_others(AccessTokenRequest request) {
    CO_TRY(const TokenPtr token, co_await p_.verifier.verify(request.access_token));
    CO_TRY(std::string home, p_.router.home_of(*token));
    co_return co_await at(std::move(home), message::kOAuthEndOthers, std::move(request),
                          &Home::oauth_end_others);
}

io::Task<Result<GrantedTokens>> OAuth::as_own(Tokens tokens, std::string client_id) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, client_id));
    CO_TRY(const TokenPtr access, co_await p_.verifier.verify(tokens.access_token));
    GrantedTokens out;
    out.scope = scope_of(*access);
    const bool foreign = access->home != p_.region && !tokens.id_token.empty();
    out.tokens = std::move(tokens);
    if (!foreign) co_return out;
    CO_TRY(const TokenPtr id, co_await p_.verifier.verify(out.tokens.id_token));
    json::object claims = id->claims;
    claims["iss"] = issuer_of(*client.pool);
    CO_TRY(out.tokens.id_token, co_await p_.home.signer().sign(std::move(claims), *client.client));
    co_return out;
}

io::Task<Result<OAuth::Hint>> OAuth::read_hint(std::string id_token) {
    CO_TRY(const json::object claims,
           co_await read_own_token(p_.home.signer(), std::move(id_token)));
    const auto sub = require_string(claims, "sub");
    const auto audience = require_string(claims, "aud");
    const auto said = require_string(claims, "iss");
    const auto client = find_client(p_.config, audience ? *audience : std::string());
    if (!sub || !said || !client || *said != issuer_of(*client->pool)) {
        co_return fail(Code::unauthenticated, "The ID token is not one of this region.");
    }
    co_return Hint{*sub, *audience};
}

io::Task<Result<GrantedTokens>> OAuth::client_token(std::string client_id, std::string scope) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, client_id));
    const auto& oauth = client.client->oauth;
    if (!oauth || !oauth->allows(config::Grant::client_credentials) ||
        !client.client->secret_file) {
        co_return fail(Code::permission_denied, "The client does not act for itself.",
                       reason::kGrantNotAllowed);
    }
    CO_TRY(std::string granted, client_scope(*oauth, scope));
    GrantedTokens out;
    out.scope = granted;
    out.tokens.expires_in_seconds = std::int64_t{client.client->access_token_minutes} * 60;
    const std::int64_t now = p_.clock.now().seconds();
    json::object claims{{"sub", client_id},
                        {"token_use", "access"},
                        {"scope", std::move(granted)},
                        {"auth_time", now},
                        {"iss", issuer_of(*client.pool)},
                        {"iat", now},
                        {"exp", now + out.tokens.expires_in_seconds},
                        {"jti", p_.random.uuid()},
                        {"client_id", client_id}};
    CO_TRY(out.tokens.access_token,
           co_await counted(OAuthAct::client_token,
                            p_.home.signer().sign(std::move(claims), *client.client)));
    co_return out;
}

io::Task<Result<std::string>> OAuth::home_of_name(std::string client_id, std::string username) {
    return p_.router.home_of_username(std::move(client_id), std::move(username));
}

Result<std::string> OAuth::home_of_new(const config::Pool& pool,
                                       const Attributes& attributes) const {
    return p_.router.home_of_sign_up(pool, attributes);
}

}  // namespace domicile::identity
