// What people ask about their passkeys and about signing in by choice (Cognito's USER_AUTH); also
// the messages that carry it to the home.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/account_types.h"
#include "identity/messages.h"

namespace domicile::identity {

namespace reason {
inline constexpr const char* kPasskeysOff = "passkeys_off";
inline constexpr const char* kPasskeyChallenge = "passkey_challenge";  // none, over, or used up
inline constexpr const char* kPasskeyClient = "passkey_client";        // another began
inline constexpr const char* kTooManyPasskeys = "too_many_passkeys";
inline constexpr const char* kUnknownPasskey = "unknown_passkey";
}  // namespace reason

// Cognito's names of the challenges.
inline constexpr const char* kSelect = "SELECT_CHALLENGE";
inline constexpr const char* kByPassword = "PASSWORD";
inline constexpr const char* kBySrp = "PASSWORD_SRP";
inline constexpr const char* kByPasskey = "WEB_AUTHN";
inline constexpr const char* kByMail = "EMAIL_OTP";

inline constexpr std::int64_t kPasskeysMax = 20;  // of a person, as with Cognito

// JSON, for the browser.
struct PasskeyOptions {
    std::string options;
};
// `credential`: what the browser made of them, JSON.
struct PasskeyRequest {
    std::string access_token, credential;
};
struct PasskeyListRequest {
    std::string access_token, token;
    std::int64_t limit = kPasskeysMax;
};
struct PasskeyDeleteRequest {
    std::string access_token, credential_id;
};
struct PasskeyDescription {
    std::string credential_id, name, relying_party_id;
    std::optional<std::string> attachment;
    std::vector<std::string> transports;
    std::int64_t created_ms = 0;
};
struct PasskeyPage {
    std::vector<PasskeyDescription> passkeys;
    std::string token;  // empty at the end
};
struct AuthFactors {
    std::string username;
    std::optional<MfaSettings> mfa;
    std::vector<std::string> factors;  // PASSWORD, WEB_AUTHN, EMAIL_OTP
};

// What may come with a choice, so that it needs no further exchange.
struct ChoiceProof {
    std::string username;
    std::optional<std::string> password, srp_a, credential;
    std::optional<Attributes> client_metadata;
    std::optional<std::string> device_key;
    std::optional<std::string> code = std::nullopt;  // that was mailed
};
struct ChoiceRequest {
    std::string client_id, username;
    std::optional<std::string> preferred;
    ChoiceProof proof;
};
// The answer to a challenge above; `choice` is of SELECT_CHALLENGE.
struct ChoiceAnswerRequest {
    std::string client_id, challenge, session;
    std::optional<std::string> choice;
    ChoiceProof proof;
};

// What is sealed into the session of such a challenge. Nothing in it depends on whether the person
// exists.
struct ChoiceSession {
    std::string pool, client_id, username;  // username: as it was typed
    std::string challenge_name, id;
    std::string challenge;  // base64url, for a passkey
    std::int64_t expires_ms = 0;
};

namespace message {
inline constexpr const char* kStartPasskey = "identity.start_passkey";
inline constexpr const char* kCompletePasskey = "identity.complete_passkey";
inline constexpr const char* kListPasskeys = "identity.list_passkeys";
inline constexpr const char* kDeletePasskey = "identity.delete_passkey";
inline constexpr const char* kAuthFactors = "identity.auth_factors";
inline constexpr const char* kStartChoice = "identity.start_choice";
inline constexpr const char* kAnswerChoice = "identity.answer_choice";
}  // namespace message

BOOST_DESCRIBE_STRUCT(PasskeyOptions, (), (options))
BOOST_DESCRIBE_STRUCT(PasskeyRequest, (), (access_token, credential))
BOOST_DESCRIBE_STRUCT(PasskeyListRequest, (), (access_token, token, limit))
BOOST_DESCRIBE_STRUCT(PasskeyDeleteRequest, (), (access_token, credential_id))
BOOST_DESCRIBE_STRUCT(PasskeyDescription, (),
                      (credential_id, name, relying_party_id, attachment, transports, created_ms))
BOOST_DESCRIBE_STRUCT(PasskeyPage, (), (passkeys, token))
BOOST_DESCRIBE_STRUCT(AuthFactors, (), (username, mfa, factors))
BOOST_DESCRIBE_STRUCT(ChoiceProof, (),
                      (username, password, srp_a, credential, client_metadata, device_key, code))
BOOST_DESCRIBE_STRUCT(ChoiceRequest, (), (client_id, username, preferred, proof))
BOOST_DESCRIBE_STRUCT(ChoiceAnswerRequest, (), (client_id, challenge, session, choice, proof))
BOOST_DESCRIBE_STRUCT(ChoiceSession, (),
                      (pool, client_id, username, challenge_name, id, challenge, expires_ms))

}  // namespace domicile::identity
