// What people and administrators ask about second factors, and the answers to the challenges that
// ask for one; also the messages that carry it to the home.
#pragma once

#include <optional>
#include <string>

#include "identity/admin_types.h"
#include "identity/messages.h"

namespace domicile::identity {

// Cognito's names of the challenges.
inline constexpr const char* kSoftwareToken = "SOFTWARE_TOKEN_MFA";
inline constexpr const char* kMailedFactor = "EMAIL_OTP";  // also one of the first (kByMail)
inline constexpr const char* kMfaSetup = "MFA_SETUP";
inline constexpr const char* kSelectMfa = "SELECT_MFA_TYPE";

// What is absent stays as it is.
struct MfaWish {
    std::optional<bool> app, app_preferred, email, email_preferred;
};
// Exactly one of the two says who: an access token, or the session of an MFA_SETUP challenge.
struct AssociateRequest {
    std::optional<std::string> access_token, session;
};
struct AssociatedApp {
    std::string secret_code;             // base32
    std::optional<std::string> session;  // where one was given
};
struct VerifyTokenRequest {
    std::optional<std::string> access_token, session;
    std::string code;
};
struct VerifiedApp {
    std::optional<std::string> session;  // where one was given; answers MFA_SETUP
};
// What is absent stays as it is.
struct MfaPreferenceRequest {
    std::string access_token;
    std::optional<bool> enabled, preferred;
    std::optional<bool> email_enabled = std::nullopt, email_preferred = std::nullopt;
};
struct AdminMfaRequest {
    Administrator who;
    std::string pool, username;
    std::optional<bool> enabled, preferred;
    std::optional<bool> email_enabled = std::nullopt, email_preferred = std::nullopt;
};
// The answer to a challenge; `code` is empty for MFA_SETUP, and what was chosen for
// SELECT_MFA_TYPE.
struct MfaAnswerRequest {
    std::string client_id, username, challenge, session, code;
    std::optional<std::string> device_key = std::nullopt;
};

namespace message {
inline constexpr const char* kAssociateToken = "identity.associate_software_token";
inline constexpr const char* kVerifyToken = "identity.verify_software_token";
inline constexpr const char* kMfaPreference = "identity.set_mfa_preference";
inline constexpr const char* kAnswerMfa = "identity.answer_mfa";
inline constexpr const char* kAdminMfaPreference = "identity.admin_set_mfa_preference";
}  // namespace message

BOOST_DESCRIBE_STRUCT(AssociateRequest, (), (access_token, session))
BOOST_DESCRIBE_STRUCT(AssociatedApp, (), (secret_code, session))
BOOST_DESCRIBE_STRUCT(VerifyTokenRequest, (), (access_token, session, code))
BOOST_DESCRIBE_STRUCT(VerifiedApp, (), (session))
BOOST_DESCRIBE_STRUCT(MfaPreferenceRequest, (),
                      (access_token, enabled, preferred, email_enabled, email_preferred))
BOOST_DESCRIBE_STRUCT(AdminMfaRequest, (),
                      (who, pool, username, enabled, preferred, email_enabled, email_preferred))
BOOST_DESCRIBE_STRUCT(MfaAnswerRequest, (),
                      (client_id, username, challenge, session, code, device_key))

}  // namespace domicile::identity
