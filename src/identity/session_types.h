// What people and administrators ask about sessions; also the messages that carry it to the home.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/admin_types.h"
#include "identity/messages.h"

namespace domicile::identity {

namespace reason {
inline constexpr const char* kUnknownSession = "unknown_session";  // or it is over
}  // namespace reason

// What Cognito calls the session of an origin_jti, which is a UUID: "tkn" and 25 digits of base 36.
std::string session_id(std::string_view origin_jti);
// The other way round; empty for what names none.
std::string origin_jti_of(std::string_view session_id);

struct SessionDescription {
    std::string id, client_id;
    std::int64_t created_ms = 0;
    std::optional<std::int64_t> active_ms;  // nullopt: nothing is kept of its uses
    bool current = false;                   // the one that asks
};
// `token` is empty at the end.
struct SessionPage {
    std::vector<SessionDescription> sessions;
    std::string token;
};

struct ListSessionsRequest {
    std::string access_token, token;
};
struct EndSessionRequest {
    std::string access_token, session_id;
};
struct AdminListSessionsRequest {
    Administrator who;
    std::string pool, username, token;
};
struct AdminEndSessionRequest {
    Administrator who;
    std::string pool, username, session_id;
};

namespace message {
inline constexpr const char* kListSessions = "identity.list_sessions";
inline constexpr const char* kEndSession = "identity.end_session";
inline constexpr const char* kAdminListSessions = "identity.admin_list_sessions";
inline constexpr const char* kAdminEndSession = "identity.admin_end_session";
}  // namespace message

BOOST_DESCRIBE_STRUCT(SessionDescription, (), (id, client_id, created_ms, active_ms, current))
BOOST_DESCRIBE_STRUCT(SessionPage, (), (sessions, token))
BOOST_DESCRIBE_STRUCT(ListSessionsRequest, (), (access_token, token))
BOOST_DESCRIBE_STRUCT(EndSessionRequest, (), (access_token, session_id))
BOOST_DESCRIBE_STRUCT(AdminListSessionsRequest, (), (who, pool, username, token))
BOOST_DESCRIBE_STRUCT(AdminEndSessionRequest, (), (who, pool, username, session_id))

}  // namespace domicile::identity
