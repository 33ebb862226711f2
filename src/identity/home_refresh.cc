// What refresh tokens are used for at the home: new tokens, and the end of a session.
//
// Where a client's refresh tokens are for one use, a session counts them. The current one is
// replaced at its use, the one before is still taken during the grace period, and any other has
// been copied: then the session ends, for the thief and for the owner, who signs in again.
#include "identity/home.h"
#include "identity/messages.h"
#include "identity/refresh_token.h"
#include "identity/routable.h"

namespace domicile::identity {
namespace {

std::unexpected<Error> bad_refresh(const char* why) {
    return fail(Code::unauthenticated, "The refresh token is not accepted.", why);
}

// The generation of the token to be given for one of generation `used`; nullopt: it was copied.
std::optional<std::int64_t> given_again(const Session& session, std::int64_t used, Timestamp now,
                                        const config::RefreshRotation& rotation) {
    const Timestamp end = session.rotated + Seconds(rotation.grace_seconds);
    if (used + 1 == session.generation && now < end) return session.generation;
    return std::nullopt;
}

}  // namespace

std::string write_refresh_token(const keyring::DataKey& key, const std::string& region,
                                const RefreshToken& token) {
    return seal_refresh_token(key, region, json::serialize(to_message(token)));
}

Result<RefreshToken> read_refresh_token(const keyring::DataKey& key, const std::string& region,
                                        const std::string& token) {
    TRY(const std::string text, open_refresh_token(key, region, token));
    TRY(const json::value stored, parse_json(text));
    return from_message<RefreshToken>(stored);
}

io::Task<Result<Tokens>> Home::refresh(RefreshRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    const bool rotates = client.client->refresh_token_rotation.has_value();
    auto token = read_refresh_token(refresh_key_, p_.region, request.refresh_token);
    // What the OpenID provider gave is bound to the client's grants, not to its flows.
    const bool granted = token && token->scope && client.client->oauth &&
                         client.client->oauth->allows(config::Grant::refresh_token);
    if (!granted && (!rotates || !request.takes_next)) {
        CO_TRY_VOID(
            check_flow(*client.client, config::AuthFlow::refresh_token_auth, "REFRESH_TOKEN_AUTH"));
    }
    if (rotates && !request.takes_next) {
        co_return fail(Code::invalid_argument,
                       "Refresh tokens of this client are for one use: call "
                       "GetTokensFromRefreshToken",
                       reason::kFlowNotEnabled);
    }
    if (!token || token->client_id != client.client->id) {
        co_return bad_refresh(reason::kRefreshInvalid);
    }
    CO_TRY(const Resumed resumed, co_await resume(*token));
    const UserRow& row = resumed.row;
    ClientSecrets::Proof proof{std::move(request.secret_hash), std::move(request.client_secret)};
    CO_TRY_VOID(
        co_await p_.secrets->check(client.client->id, std::move(proof), row.username, row.sub));
    CO_TRY_VOID(co_await check_device(resumed.session, client, std::move(request.device_key)));

    CO_TRY(Tokens tokens, co_await tokens_of(*token, row, client, std::nullopt, kTokensOfRefresh,
                                             resumed.session.device));
    // The last step, so that no failure costs the session its token.
    if (rotates) {
        CO_TRY(token->generation,
               co_await next_generation(resumed.session, token->generation.value_or(0),
                                        client.client));
        tokens.refresh_token = write_refresh_token(refresh_key_, p_.region, *token);
    }
    co_return tokens;
}

io::Task<Result<Home::Resumed>> Home::resume(RefreshToken token) {
    CO_TRY(auto session, co_await sessions_.find(token.origin_jti));
    if (!session) co_return bad_refresh(reason::kRefreshInvalid);
    if (session->revoked.ms != 0) co_return bad_refresh(reason::kRefreshRevoked);
    if (session->expires <= p_.clock.now()) co_return bad_refresh(reason::kRefreshExpired);
    CO_TRY(auto row, co_await users_.find_sub(token.sub));
    if (!row || !row->confirmed) co_return bad_refresh(reason::kRefreshInvalid);
    // Of the password, which who is linked with a provider's user can do without.
    const bool waits = row->state != PersonState::normal && row->links.empty();
    if (row->disabled || waits) {
        co_return bad_refresh(reason::kRefreshRevoked);
    }
    co_return Resumed{std::move(*session), std::move(*row)};
}

io::Task<Result<Tokens>> Home::tokens_of(RefreshToken session, UserRow row, ClientOfPool client,
                                         std::optional<std::string> nonce, const char* source,
                                         std::string device) {
    TokenSubject subject = token_subject(row, *client.client);
    subject.origin_jti = std::move(session.origin_jti);
    subject.event_id = std::move(session.event_id);
    subject.auth_time = Timestamp{session.auth_time_ms};
    subject.scope = std::move(session.scope);
    subject.nonce = std::move(nonce);
    if (!device.empty() && client.pool->devices != config::Devices::off) {
        subject.device_key = device_key(p_.region, device);
    }
    CO_TRY(subject.groups, co_await groups_.of_person(row.sub));
    CO_TRY(subject.changes, co_await before_tokens(client, row, source, subject.groups));
    std::string iss = issuer(p_.config, p_.public_port, p_.region, client.pool->id_suffix);
    co_return co_await signer_.issue(std::move(subject), std::move(iss), *client.client);
}

io::Task<Result<std::int64_t>> Home::next_generation(Session session, std::int64_t used,
                                                     const config::Client* client) {
    if (used == session.generation) {
        CO_TRY(const bool taken, co_await sessions_.rotate(session.origin_jti, used));
        if (taken) co_return used + 1;
        // Another use came first; or the session ended.
        CO_TRY(auto now, co_await sessions_.find(session.origin_jti));
        if (!now || now->revoked.ms != 0) co_return bad_refresh(reason::kRefreshRevoked);
        session = std::move(*now);
    }
    const auto again = given_again(session, used, p_.clock.now(), *client->refresh_token_rotation);
    if (again) co_return *again;
    audit::Event event{"refresh_token_reused", {{"client", client->id}, {"home", p_.region}}};
    CO_TRY_VOID(co_await p_.audit.record(std::move(event)));
    CO_TRY_VOID(co_await sessions_.revoke(session.origin_jti));
    co_return bad_refresh(reason::kRefreshReused);
}

io::Task<Result<Done>> Home::revoke(RevokeRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    auto token = read_refresh_token(refresh_key_, p_.region, request.token);
    // Whoever asks learns nothing about a token that is not theirs: success, as in RFC 7009.
    if (!token || token->client_id != client.client->id) co_return Done{};
    CO_TRY_VOID(co_await sessions_.revoke(token->origin_jti));
    co_return Done{};
}

}  // namespace domicile::identity
