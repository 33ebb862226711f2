// What administrators ask about people, and what they are told; also the messages that carry it to
// another region of the same jurisdiction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "identity/messages.h"
#include "identity/types.h"

namespace domicile::identity {

// Who asks; for the audit log. The region that it came through is set by whoever receives it.
struct Administrator {
    std::string access_key_id, region;
};
struct AdminRequest {
    Administrator who;
    std::string pool;      // id suffix
    std::string username;  // or the sub
    std::optional<Attributes> client_metadata = std::nullopt;
};
struct AdminCreateRequest {
    Administrator who;
    std::string pool, username;
    Attributes attributes;
    std::optional<std::string> password;  // absent: one is made
    bool send_mail = true;
    // What a former system kept instead of the password (crypto/password_hash.h): the person signs
    // in with the password that they have, and no mail is sent.
    std::optional<std::string> password_hash;
    std::optional<Attributes> client_metadata = std::nullopt;
    std::optional<bool> by_text = std::nullopt;  // the password goes to the phone, not by mail
};
struct AdminPasswordRequest {
    Administrator who;
    std::string pool, username, password;
    bool permanent = false;
};
// An empty value takes an attribute away.
struct AdminAttributesRequest {
    Administrator who;
    std::string pool, username;
    Attributes attributes;
};
struct AdminGroupRequest {
    Administrator who;
    std::string pool, username, group;
};
struct AdminListGroupsRequest {
    Administrator who;
    std::string pool, username, token;
    std::int64_t limit = 0;
};
// `token` is empty at the end, as below.
struct GroupPage {
    std::vector<Group> groups;
    std::string token;
};
// Which people a list is of.
struct UserFilter {
    enum class Match : std::uint8_t { all, equal, prefix };
    Match match = Match::all;
    // An attribute, or "username", "sub", "status" (Enabled, Disabled), "cognito:user_status".
    std::string attribute, value;
};
struct PersonDescription {
    std::string username, sub;
    Attributes attributes;
    std::int64_t created_ms = 0, modified_ms = 0;
    bool enabled = true;
    std::string status;  // as Cognito names it: "CONFIRMED"
    std::optional<MfaSettings> mfa = std::nullopt;
};

struct PersonPage {
    std::vector<PersonDescription> people;
    std::string token;
};

namespace message {
inline constexpr const char* kAdminAddToGroup = "identity.admin_add_to_group";
inline constexpr const char* kAdminRemoveFromGroup = "identity.admin_remove_from_group";
inline constexpr const char* kAdminGroupsOf = "identity.admin_groups_of";
inline constexpr const char* kAdminGet = "identity.admin_get";
inline constexpr const char* kAdminCreate = "identity.admin_create";
inline constexpr const char* kAdminInviteAgain = "identity.admin_invite_again";
inline constexpr const char* kAdminSetPassword = "identity.admin_set_password";
inline constexpr const char* kAdminResetPassword = "identity.admin_reset_password";
inline constexpr const char* kAdminConfirm = "identity.admin_confirm";
inline constexpr const char* kAdminDelete = "identity.admin_delete";
inline constexpr const char* kAdminDisable = "identity.admin_disable";
inline constexpr const char* kAdminSetSettings = "identity.admin_set_user_settings";
inline constexpr const char* kAdminEnable = "identity.admin_enable";
inline constexpr const char* kAdminUpdate = "identity.admin_update";
inline constexpr const char* kAdminSignOut = "identity.admin_sign_out";
inline constexpr const char* kAdminPassword = "identity.admin_sign_in";
}  // namespace message

BOOST_DESCRIBE_STRUCT(Administrator, (), (access_key_id, region))
BOOST_DESCRIBE_STRUCT(AdminRequest, (), (who, pool, username, client_metadata))
BOOST_DESCRIBE_STRUCT(AdminCreateRequest, (),
                      (who, pool, username, attributes, password, send_mail, password_hash,
                       client_metadata, by_text))
BOOST_DESCRIBE_STRUCT(AdminPasswordRequest, (), (who, pool, username, password, permanent))
BOOST_DESCRIBE_STRUCT(AdminAttributesRequest, (), (who, pool, username, attributes))
BOOST_DESCRIBE_STRUCT(AdminGroupRequest, (), (who, pool, username, group))
BOOST_DESCRIBE_STRUCT(AdminListGroupsRequest, (), (who, pool, username, token, limit))
BOOST_DESCRIBE_STRUCT(GroupPage, (), (groups, token))
BOOST_DESCRIBE_STRUCT(PersonDescription, (),
                      (username, sub, attributes, created_ms, modified_ms, enabled, status, mfa))

}  // namespace domicile::identity
