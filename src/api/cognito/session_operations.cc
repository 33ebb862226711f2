// Operations about sessions. Of a session no more is told than is kept: neither what device it is
// on nor where it was used from.
#include "api/cognito/admin.h"
#include "identity/administration.h"

namespace domicile::api::cognito {
namespace {

using identity::Identity;

constexpr std::size_t kSessionIdBytesMax = 128;

json::object shown(const identity::SessionDescription& session) {
    json::object out{{"SessionId", session.id},
                     {"SessionType", "TOKEN"},
                     {"ClientId", session.client_id},
                     {"CreateDate", to_seconds(session.created_ms)},
                     {"IsCurrentSession", session.current}};
    if (session.active_ms) out["LastActiveDate"] = to_seconds(*session.active_ms);
    return out;
}

json::object shown(const identity::SessionPage& page) {
    json::array sessions;
    for (const identity::SessionDescription& session : page.sessions) {
        sessions.push_back(shown(session));
    }
    json::object out{{"Sessions", std::move(sessions)}};
    if (!page.token.empty()) out["NextToken"] = page.token;
    return out;
}

// RevokeAssociatedSessions: no session is linked with another, so either is the same.
void read_associated(Members& members) {
    members.optional_choice("RevokeAssociatedSessions", {"NONE", "LINKED"});
}

Reply list(Identity& identity, json::object request) {
    Members members(request);
    identity::ListSessionsRequest call;
    call.access_token = members.required("AccessToken");
    call.token = members.optional("NextToken").value_or("");
    CHECK_MEMBERS(members);
    ANSWER(page, co_await identity.list_sessions(std::move(call)));
    co_return shown(page);
}

Reply revoke(Identity& identity, json::object request) {
    Members members(request);
    identity::EndSessionRequest call;
    call.access_token = members.required("AccessToken");
    call.session_id = members.required("SessionId", kSessionIdBytesMax);
    read_associated(members);
    CHECK_MEMBERS(members);
    DO(co_await identity.end_session(std::move(call)));
    co_return json::object();
}

Reply admin_list(AdminCall call) {
    Members members(call.request);
    identity::AdminListSessionsRequest request;
    request.token = members.optional("NextToken").value_or("");
    TARGET(target, call, members);
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    ANSWER(page, co_await call.identity.administration().list_sessions(std::move(request)));
    co_return shown(page);
}

Reply admin_revoke(AdminCall call) {
    Members members(call.request);
    identity::AdminEndSessionRequest request;
    request.session_id = members.required("SessionId", kSessionIdBytesMax);
    read_associated(members);
    TARGET(target, call, members);
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    DO(co_await call.identity.administration().end_session(std::move(request)));
    co_return json::object();
}

}  // namespace

void add_session_operations(Operations& into) {
    into["ListUserSessions"] = list;
    into["RevokeUserSession"] = revoke;
}

void add_session_operations(AdminOperations& into) {
    into["AdminListUserSessions"] = admin_list;
    into["AdminRevokeUserSession"] = admin_revoke;
}

}  // namespace domicile::api::cognito
