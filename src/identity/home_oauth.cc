// What the home does for the OpenID provider. However somebody signs in, it ends in tokens here;
// the page in the browser gets a code in their place, and the client fetches tokens of the same
// session with it. Every check that other sign-ins pass is passed here too.
#include "base/encoding.h"
#include "crypto/hash.h"
#include "identity/home.h"
#include "identity/own_token.h"
#include "identity/refresh_token.h"
#include "identity/routable.h"

namespace domicile::identity {
namespace {

constexpr Millis kBrowserSessionLifetime{3'600'000};
// No client has this id.
constexpr const char* kBrowserClient = "-";

// What a browser keeps, sealed. It is worth what the session of this id is worth.
struct BrowserSession {
    std::string id, sub, pool;
    std::int64_t auth_time_ms = 0;
};
BOOST_DESCRIBE_STRUCT(BrowserSession, (), (id, sub, pool, auth_time_ms))

std::unexpected<Error> no_session() {
    return fail(Code::unauthenticated, "Nobody is signed in.", reason::kSessionInvalid);
}
std::unexpected<Error> bad_code() {
    return fail(Code::unauthenticated, "The code is not accepted.", reason::kGrantInvalid);
}

// RFC 7636, 4.6.
bool proves(const std::optional<std::string>& verifier,
            const std::optional<std::string>& challenge) {
    if (!challenge) return !verifier;  // a downgrade (RFC 9700, 4.8.2)
    if (!verifier || !is_code_verifier(*verifier)) return false;
    return crypto::constant_time_equal(to_base64url(crypto::sha256(*verifier)), *challenge);
}

bool fits(const Authorization& asked, const RedeemRequest& request) {
    return asked.client_id == request.client_id && asked.redirect_uri == request.redirect_uri &&
           proves(request.code_verifier, asked.code_challenge);
}

Result<BrowserSession> read_browser_session(const keyring::DataKey& key, const std::string& region,
                                            const std::string& text) {
    TRY(const std::string opened, open_browser_session(key, region, text));
    TRY(const json::value stored, parse_json(opened));
    return from_message<BrowserSession>(stored);
}

}  // namespace

io::Task<Result<std::string>> Home::begin_browser_session(UserRow row, Timestamp auth_time) {
    const BrowserSession kept{p_.random.uuid(), row.sub, row.pool, auth_time.ms};
    Session session;
    session.origin_jti = kept.id;
    session.sub = kept.sub;
    session.client_id = kBrowserClient;
    session.created = p_.clock.now();
    session.expires = session.created + kBrowserSessionLifetime;
    CO_TRY_VOID(co_await sessions_.begin(std::move(session)));
    co_return seal_browser_session(browser_key_, name_in(kept.pool),
                                   json::serialize(to_message(kept)));
}

io::Task<Result<Home::Browsing>> Home::browsing(ClientOfPool client, std::string browser_session,
                                                std::optional<std::int64_t> max_age_seconds) {
    const auto kept = read_browser_session(browser_key_, p_.region, browser_session);
    if (!kept || kept->pool != client.pool->id_suffix) co_return no_session();
    const Timestamp auth_time{kept->auth_time_ms};
    const auto age = std::chrono::duration_cast<Seconds>(p_.clock.now() - auth_time).count();
    if (max_age_seconds && age >= *max_age_seconds) co_return no_session();
    const RefreshToken browser{kept->id, kept->sub, kBrowserClient, "", kept->auth_time_ms, 0};
    auto resumed = co_await resume(browser);
    if (!resumed && resumed.error().code == Code::unauthenticated) co_return no_session();
    if (!resumed) co_return std::unexpected(resumed.error());
    Browsing out{std::move(resumed->row), auth_time, kept->id};
    co_return out;
}

io::Task<Result<Authorized>> Home::oauth_resume(BrowserResume request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.asked.client_id));
    CO_TRY_VOID(check_authorization(*client.client, request.asked));
    if (is_for_account(request.asked)) {
        co_return fail(Code::invalid_argument, "Nothing is granted here.", reason::kSchema);
    }
    CO_TRY(const Browsing who,
           co_await browsing(client, std::move(request.browser_session), request.max_age_seconds));
    if (request.sub && *request.sub != who.row.sub) co_return no_session();

    // A session of its own for the client, which began when the person was there.
    const Timestamp now = p_.clock.now();
    Session session;
    session.origin_jti = p_.random.uuid();
    session.sub = who.row.sub;
    session.client_id = client.client->id;
    session.created = now;
    session.expires = now + Millis(std::int64_t{client.client->refresh_token_days} * 86'400'000);
    RefreshToken token{session.origin_jti, session.sub,      session.client_id,
                       p_.random.uuid(),   who.auth_time.ms, 0};
    token.scope = request.asked.scope;
    CO_TRY_VOID(co_await sessions_.begin(std::move(session)));
    CodeGrant grant{std::move(request.asked), std::move(token)};
    Authorized out;
    CO_TRY(out.code, co_await authorization_codes_.issue(std::move(grant)));
    co_return out;
}

io::Task<Result<Done>> Home::oauth_end(BrowserEnd request) {
    const auto kept = read_browser_session(browser_key_, p_.region, request.browser_session);
    if (!kept) co_return Done{};
    CO_TRY_VOID(co_await sessions_.revoke(kept->id));
    co_return Done{};
}

io::Task<Result<Tokens>> Home::oauth_redeem(RedeemRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    if (!client.client->oauth || !client.client->oauth->allows(config::Grant::authorization_code)) {
        co_return fail(Code::permission_denied, "The client does not sign people in here.",
                       reason::kGrantNotAllowed);
    }
    CO_TRY(auto used, co_await authorization_codes_.use(request.code));
    if (!used) co_return bad_code();
    const RefreshToken& token = used->grant.session;
    if (!used->good || !fits(used->grant.asked, request)) {
        // Somebody else has the code, or had it: nothing that came of it is good any more.
        audit::Event event{"authorization_code_misused",
                           {{"client", client.client->id}, {"home", p_.region}}};
        CO_TRY_VOID(co_await p_.audit.record(std::move(event)));
        CO_TRY_VOID(co_await sessions_.revoke(token.origin_jti));
        co_return bad_code();
    }
    auto resumed = co_await resume(token);
    if (!resumed && resumed.error().code == Code::unauthenticated) co_return bad_code();
    CO_TRY_VOID(resumed);
    CO_TRY(Tokens tokens, co_await tokens_of(token, std::move(resumed->row), client,
                                             std::move(used->grant.asked.nonce), kTokensOfPages));
    if (client.client->oauth->allows(config::Grant::refresh_token)) {
        tokens.refresh_token = write_refresh_token(refresh_key_, p_.region, token);
    }
    co_return tokens;
}

io::Task<Result<TokenState>> Home::oauth_inspect(InspectRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    const auto verified = co_await p_.verifier.verify(request.token);
    if (!verified && verified.error().code != Code::unauthenticated) {
        co_return std::unexpected(verified.error());
    }
    if (!verified) {
        const auto claims = co_await read_own_token(signer_, request.token);
        if (!claims && claims.error().code != Code::unauthenticated) {
            co_return std::unexpected(claims.error());
        }
        if (!claims) co_return co_await inspect_refresh(client, std::move(request.token));
        const std::string iss =
            issuer(p_.config, p_.public_port, p_.region, client.pool->id_suffix);
        co_return client_token_state(*claims, iss, p_.clock.now());
    }
    const VerifiedToken& token = **verified;
    TokenState out;
    if (token.use != "access" || token.home != p_.region ||
        token.pool_suffix != client.pool->id_suffix) {
        co_return out;
    }
    const json::value* issued = token.claims.if_contains("iat");
    out.active = true;
    out.use = token.use;
    out.sub = token.sub;
    out.username = token.username;
    out.client_id = token.client_id;
    out.scope = scope_of(token);
    out.issued = issued != nullptr && issued->is_int64() ? issued->get_int64() : 0;
    out.expires = token.expires.seconds();
    co_return out;
}

io::Task<Result<TokenState>> Home::inspect_refresh(ClientOfPool client, std::string text) {
    TokenState out;
    const auto token = read_refresh_token(refresh_key_, p_.region, text);
    if (!token || token->client_id != client.client->id) co_return out;
    const auto resumed = co_await resume(*token);
    if (!resumed && resumed.error().code == Code::unauthenticated) co_return out;
    CO_TRY_VOID(resumed);
    if (resumed->session.generation != token->generation.value_or(0)) co_return out;
    out.active = true;
    out.use = "refresh";
    out.sub = token->sub;
    out.username = resumed->row.username;
    out.client_id = token->client_id;
    out.scope = token->scope.value_or(std::string(config::kUserPoolScope));
    out.issued = resumed->session.created.seconds();
    out.expires = resumed->session.expires.seconds();
    co_return out;
}

io::Task<Result<Done>> Home::oauth_revoke(InspectRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    const auto verified = co_await p_.verifier.verify(request.token);
    if (!verified && verified.error().code != Code::unauthenticated) {
        co_return std::unexpected(verified.error());
    }
    if (!verified) {
        RevokeRequest refresh{std::move(request.client_id), std::move(request.token)};
        co_return co_await revoke(std::move(refresh));
    }
    const VerifiedToken& token = **verified;
    if (token.home != p_.region || token.client_id != client.client->id) co_return Done{};
    CO_TRY_VOID(co_await sessions_.revoke(token.origin_jti));
    co_return Done{};
}

io::Task<Result<User>> Home::oauth_user(AccessTokenRequest request) {
    CO_TRY(const TokenPtr token, co_await p_.verifier.verify(std::move(request.access_token)));
    if (token->home != p_.region || token->use != "access") {
        co_return fail(Code::unauthenticated, "Invalid Access Token", reason::kAccessInvalid);
    }
    const std::string scope = scope_of(*token);
    if (!has_scope(scope, config::kOpenIdScope)) {
        co_return fail(Code::permission_denied, "The token is not for the scope openid.",
                       reason::kScopeMissing);
    }
    CO_TRY(UserRow row, co_await own_user(token));
    CO_TRY(const ClientOfPool client, find_client(p_.config, token->client_id));
    User out{row.username, row.sub, {}};
    for (auto& [name, value] : row.attributes) {
        const bool shown = scope_shows(scope, name) && client.client->reads(name);
        if (shown) out.attributes[name] = std::move(value);
    }
    co_return out;
}

}  // namespace domicile::identity
