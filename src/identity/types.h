// The values that the user pools take and give, and the reasons of their refusals.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace domicile::identity {

// Reasons (Error::reason) that dialects map to their own codes and texts.
namespace reason {
inline constexpr const char* kUserExists = "user_exists";
inline constexpr const char* kPasswordPolicy = "password_policy";  // message says which rule
inline constexpr const char* kPasswordHistory = "password_history";
inline constexpr const char* kAttribute = "attribute";  // message names the attribute
inline constexpr const char* kCodeMismatch = "code_mismatch";
inline constexpr const char* kCodeExpired = "code_expired";
inline constexpr const char* kAlreadyConfirmed = "already_confirmed";
inline constexpr const char* kWrongCredentials = "wrong_credentials";
inline constexpr const char* kNotConfirmed = "not_confirmed";
inline constexpr const char* kSessionInvalid = "session_invalid";
inline constexpr const char* kRefreshInvalid = "refresh_invalid";
inline constexpr const char* kRefreshRevoked = "refresh_revoked";
inline constexpr const char* kRefreshReused = "refresh_reused";
inline constexpr const char* kRefreshExpired = "refresh_expired";
inline constexpr const char* kAccessInvalid = "access_invalid";
inline constexpr const char* kAccessExpired = "access_expired";
inline constexpr const char* kAccessRevoked = "access_revoked";
inline constexpr const char* kUnknownClient = "unknown_client";
inline constexpr const char* kFlowNotEnabled = "flow_not_enabled";  // message names the flow
inline constexpr const char* kTooManyAttempts = "too_many_attempts";
inline constexpr const char* kDelivery = "delivery";         // no mail can be sent now
inline constexpr const char* kSchema = "schema";             // message is the whole text
inline constexpr const char* kNotWritable = "not_writable";  // an attribute, for this client
inline constexpr const char* kAliasExists = "alias_exists";  // only where the pool reveals it
inline constexpr const char* kUserUnknown = "user_unknown";  // only where the pool reveals it
inline constexpr const char* kNotInRegion =
    "not_in_region";  // transit never; message has the home's endpoint
inline constexpr const char* kDisabled = "user_disabled";
inline constexpr const char* kResetRequired = "reset_required";
inline constexpr const char* kTemporaryExpired = "temporary_expired";
inline constexpr const char* kUnsupportedState = "unsupported_state";  // message is the text
inline constexpr const char* kUserState = "user_state";                // message is the whole text
inline constexpr const char* kUnknownPool = "unknown_pool";            // message names the pool
inline constexpr const char* kPersonElsewhere = "person_elsewhere";    // of administration
inline constexpr const char* kPageToken = "page_token";
inline constexpr const char* kGroupExists = "group_exists";
inline constexpr const char* kUnknownGroup = "unknown_group";
inline constexpr const char* kTooManyGroups = "too_many_groups";
inline constexpr const char* kClientSecret = "client_secret";  // message is the text
inline constexpr const char* kTotpMismatch = "totp_mismatch";
inline constexpr const char* kTotpUsed = "totp_used";
inline constexpr const char* kTotpSetup = "totp_setup";         // the app has another secret
inline constexpr const char* kTotpNotFound = "totp_not_found";  // message is the text
inline constexpr const char* kUnknownDevice = "unknown_device";
inline constexpr const char* kNoDevices = "no_devices";  // the pool has none
}  // namespace reason

using Attributes = std::map<std::string, std::string>;

// The answer of operations that return nothing.
struct Done {};

// By what codes reach people.
enum class Medium : std::uint8_t { email, sms };

// Where one goes; without a value: nowhere.
struct Address {
    Medium medium = Medium::email;
    std::string value;

    bool empty() const { return value.empty(); }
};

struct CodeDelivery {
    std::string attribute;    // "email", "phone_number"
    std::string medium;       // "EMAIL", "SMS"
    std::string destination;  // masked: "a***@e***", "+*******1234"
};
// `validation_data` and `client_metadata` are for triggers.
struct SignUpRequest {
    std::string client_id, username, password;
    Attributes attributes;
    std::optional<Attributes> validation_data = std::nullopt, client_metadata = std::nullopt;
};
struct SignUpResult {
    bool confirmed = false;
    std::string sub;
    std::optional<CodeDelivery> delivery;
};
struct ConfirmRequest {
    std::string client_id, username, code;
    std::optional<Attributes> client_metadata = std::nullopt;
};
struct ResendRequest {
    std::string client_id, username;
    std::optional<Attributes> client_metadata = std::nullopt;
};
// `device_key`, here and below: of the device that the client says it is; empty when it knows none,
// absent when it has nothing to do with devices and is told of none.
struct SrpStartRequest {
    std::string client_id, username, srp_a;  // hex as sent
    std::optional<Attributes> client_metadata = std::nullopt;
    std::optional<std::string> device_key = std::nullopt;
};
struct SrpChallenge {
    std::string salt_hex, srp_b_hex, secret_block;  // secret_block is standard base64
    std::string username, user_id_for_srp;
};
struct SrpAnswerRequest {
    std::string client_id, username, secret_block, timestamp, signature;
    std::optional<std::string> device_key = std::nullopt;
    std::optional<Attributes> client_metadata = std::nullopt;
};
struct PasswordRequest {
    std::string client_id, username, password;
    std::optional<Attributes> client_metadata = std::nullopt;
    std::optional<std::string> device_key = std::nullopt;
    std::optional<bool> migrating = std::nullopt;  // this is the home, as another region has found
};
struct RefreshRequest {
    std::string client_id, refresh_token;
    bool takes_next = false;  // the caller can be given another refresh token
    // Of a client with a secret, one of them: judged at the home, which knows whose token it is.
    std::optional<std::string> secret_hash = std::nullopt, client_secret = std::nullopt;
    std::optional<std::string> device_key = std::nullopt;
};
struct RevokeRequest {
    std::string client_id, token;
};
struct AccessTokenRequest {
    std::string access_token;
};
struct ForgotPasswordRequest {
    std::string client_id, username;
    std::optional<Attributes> client_metadata = std::nullopt;
    std::optional<bool> migrating = std::nullopt;
};
struct ResetPasswordRequest {
    std::string client_id, username, code, password;
};
struct ChangePasswordRequest {
    std::string access_token, previous, proposed;
};
// What has to be answered before there are tokens. `session` is sealed by the home.
struct Challenge {
    std::string name, session;  // as Cognito names it
    Attributes parameters;
    std::optional<std::vector<std::string>> available = std::nullopt;  // to choose from
};
// Of a device that is not known yet, for the client to confirm.
struct NewDevice {
    std::string key, group_key;
};
struct Tokens {
    std::string access_token, id_token;
    std::optional<std::string> refresh_token;
    std::int64_t expires_in_seconds = 3600;
    std::optional<Challenge> challenge;  // instead of all of the above
    std::optional<NewDevice> new_device = std::nullopt;
};
// The answer to NEW_PASSWORD_REQUIRED.
struct NewPasswordRequest {
    std::string client_id, username, session, password;
    Attributes attributes;
    std::optional<std::string> device_key = std::nullopt;
};
// Of an authenticator app.
struct MfaSettings {
    bool enabled = false, preferred = false;
};
struct User {
    std::string username, sub;
    Attributes attributes;
    std::optional<MfaSettings> mfa = std::nullopt;
};

struct Group {
    std::string name;
    std::optional<std::string> description, role;  // role: the ARN of what its people may take on
    std::optional<std::int64_t> precedence;        // the lower, the more it counts
    std::int64_t created_ms = 0, modified_ms = 0;
};
// What is absent stays as it is.
struct GroupChange {
    std::string name;
    std::optional<std::string> description, role;
    std::optional<std::int64_t> precedence;
};

// What the function is told that sends a text message, beside the text.
struct TextFacts {
    std::string pool;  // id suffix
    std::string source, client_id, username;
    std::string code;  // as it stands in the text; empty: there is none
    Attributes attributes;
    std::optional<Attributes> client_metadata;
};

// A mail, or a text message, that would be sent; the development outbox keeps them, encrypted under
// the subject's key.
struct Mail {
    std::string id, to, subject, text;
    Timestamp sent_at;
    Timestamp expires;  // when its code is of no use any more; 0: in a day
    bool html = false;  // what the text is
    std::optional<TextFacts> facts = std::nullopt;  // of a text message, which has no subject

    Medium medium() const { return facts ? Medium::sms : Medium::email; }
};

}  // namespace domicile::identity
