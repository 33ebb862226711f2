// The sessions of the people who live here, as they and administrators see them. What ends one is
// what RevokeToken does: its refresh tokens and its access tokens are of no use any more.
#include "identity/home.h"
#include "identity/page_token.h"

namespace domicile::identity {
namespace {

std::unexpected<Error> unknown_session() {
    return fail(Code::not_found, "Session does not exist.", reason::kUnknownSession);
}

std::string list_of(const std::string& sub) { return "sessions:" + sub; }

// When it was used for the last time: of a client whose refresh tokens are for one use that is
// known, of others nothing is kept.
std::optional<std::int64_t> active(const Session& session, const config::Config& config) {
    if (session.rotated.ms != 0) return session.rotated.ms;
    const auto client = find_client(config, session.client_id);
    if (client && client->client->refresh_token_rotation) return session.created.ms;
    return std::nullopt;
}

}  // namespace

io::Task<Result<SessionPage>> Home::page_of_sessions(std::string sub, std::string token,
                                                     std::string own) {
    CO_TRY(std::string after, open_page_token(page_key_, list_of(sub), token));
    CO_TRY(const auto found, co_await sessions_.list(sub, std::move(after), kListMax + 1));
    SessionPage out;
    for (const Session& session : found) {
        if (static_cast<std::int64_t>(out.sessions.size()) == kListMax) {
            const Session& last = found[kListMax - 1];
            out.token = seal_page_token(page_key_, list_of(sub), Sessions::place_of(last));
            break;
        }
        out.sessions.push_back({session_id(session.origin_jti), session.client_id,
                                session.created.ms, active(session, p_.config),
                                session.origin_jti == own});
    }
    co_return out;
}

io::Task<Result<Done>> Home::end_session_of(std::string sub, std::string id) {
    std::string origin_jti = origin_jti_of(id);
    if (origin_jti.empty()) co_return unknown_session();
    CO_TRY(const bool ended, co_await sessions_.end(std::move(sub), std::move(origin_jti)));
    if (!ended) co_return unknown_session();
    co_return Done{};
}

io::Task<Result<SessionPage>> Home::list_sessions(ListSessionsRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(const UserRow row, co_await own_user(token));
    co_return co_await page_of_sessions(row.sub, std::move(request.token), token->origin_jti);
}

io::Task<Result<Done>> Home::end_session(EndSessionRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(const UserRow row, co_await own_user(token));
    if (origin_jti_of(request.session_id) == token->origin_jti) {
        co_return fail(Code::invalid_argument, "The current session cannot be revoked.",
                       reason::kSchema);
    }
    co_return co_await end_session_of(row.sub, std::move(request.session_id));
}

io::Task<Result<SessionPage>> Home::admin_list_sessions(AdminListSessionsRequest request) {
    CO_TRY(const UserRow row, co_await administered("AdminListUserSessions", request.who,
                                                    request.pool, request.username));
    co_return co_await page_of_sessions(row.sub, std::move(request.token), "");
}

io::Task<Result<Done>> Home::admin_end_session(AdminEndSessionRequest request) {
    CO_TRY(const UserRow row, co_await administered("AdminRevokeUserSession", request.who,
                                                    request.pool, request.username));
    co_return co_await end_session_of(row.sub, std::move(request.session_id));
}

}  // namespace domicile::identity
