// What the files that hold operations share: the form of one, and how it reads and answers.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "access/access.h"
#include "api/cognito/error.h"
#include "api/cognito/members.h"
#include "base/json.h"
#include "identity/client_secrets.h"
#include "identity/identity.h"
#include "io/task.h"

// Early return of a dialect error from a coroutine.
#define CHECK_MEMBERS(members) \
    if (auto problem = (members).problem()) co_return std::unexpected(std::move(*problem))
#define ANSWER(name, ...)                                                             \
    auto name##_result = (__VA_ARGS__);                                               \
    if (!name##_result) co_return std::unexpected(to_dialect(name##_result.error())); \
    [[maybe_unused]] auto& name = *name##_result
#define DO(...) \
    if (auto done = (__VA_ARGS__); !done) co_return std::unexpected(to_dialect(done.error()))

#define PARAMETER(variable, parameters, name)                                     \
    auto variable##_result = parameter(parameters, name);                         \
    if (!variable##_result) co_return std::unexpected(variable##_result.error()); \
    std::string& variable = *variable##_result

namespace domicile::api::cognito {

using Reply = io::Task<Outcome<json::object>>;
using Operation = Reply (*)(identity::Identity&, json::object);
using Operations = std::map<std::string, Operation, std::less<>>;

inline constexpr std::size_t kClientIdBytesMax = 128;
inline constexpr std::size_t kUsernameBytesMax = 128;
inline constexpr std::size_t kPasswordBytesMax = 256;
inline constexpr std::size_t kCodeBytesMax = 2048;

// An operation of administrators: signed, and allowed by the policy of the access key on the pool.
struct AdminCall {
    identity::Identity& identity;
    access::Principal who;
    std::string name;  // of the operation
    json::object request;
};
using AdminOperation = Reply (*)(AdminCall);
using AdminOperations = std::map<std::string, AdminOperation, std::less<>>;

// What a client with a secret sends beside the user's name; empty counts as absent.
std::optional<std::string> not_empty(std::optional<std::string> text);
#define CHECK_SECRET(identity, client_id, username, hash) \
    DO(co_await (identity).client_secrets().check_hash(client_id, username, not_empty(hash)))

json::object delivery_details(const identity::CodeDelivery& delivery);
json::object authentication_result(const identity::Tokens& tokens);
// SECRET_HASH of AuthParameters or ChallengeResponses.
std::optional<std::string> secret_hash(const identity::Attributes& parameters);
// DEVICE_KEY of them; empty where there is none.
std::string device_key(const identity::Attributes& parameters);
// A parameter of AuthParameters or ChallengeResponses.
Outcome<std::string> parameter(const identity::Attributes& parameters, const char* name);

// The answer of a flow of InitiateAuth, and to a challenge, whoever calls.
Reply run_flow(identity::Identity& identity, std::string flow, std::string client_id,
               identity::Attributes parameters, identity::Attributes metadata);
Reply answer_challenge(identity::Identity& identity, std::string name, std::string client_id,
                       std::string session, identity::Attributes responses,
                       identity::Attributes metadata);

// Each file adds its own.
void add_admin_operations(AdminOperations& into);
void add_group_operations(AdminOperations& into);
void add_description_operations(AdminOperations& into);
void add_password_operations(Operations& into);
void add_account_operations(Operations& into);
void add_mfa_operations(Operations& into);
void add_mfa_operations(AdminOperations& into);
// The answer to SOFTWARE_TOKEN_MFA, MFA_SETUP or SELECT_MFA_TYPE.
Reply answer_mfa(identity::Identity& identity, std::string name, std::string client_id,
                 std::string session, identity::Attributes responses);
void add_device_operations(Operations& into);
void add_device_operations(AdminOperations& into);
void add_session_operations(Operations& into);
void add_session_operations(AdminOperations& into);
void add_provider_operations(AdminOperations& into);
void add_settings_operations(Operations& into);
void add_settings_operations(AdminOperations& into);
// The answer to DEVICE_SRP_AUTH, and to DEVICE_PASSWORD_VERIFIER.
Reply start_device_srp(identity::Identity& identity, std::string client_id, std::string session,
                       identity::Attributes responses);
Reply answer_device_srp(identity::Identity& identity, std::string client_id,
                        identity::Attributes responses);
void add_passkey_operations(Operations& into);
void add_passkey_operations(AdminOperations& into);
// The flow USER_AUTH, and the answers to the challenges that it gives.
Reply start_choice(identity::Identity& identity, std::string client_id,
                   identity::Attributes parameters, identity::Attributes metadata);
bool is_choice_challenge(std::string_view name);
// WebAuthnConfigurationType, and whether one says nothing else than the pool has.
json::object passkey_config(const config::Passkeys& passkeys);
bool is_as_configured(const json::object& wanted, const std::optional<config::Passkeys>& has);
Reply answer_choice(identity::Identity& identity, std::string name, std::string client_id,
                    std::string session, identity::Attributes responses,
                    identity::Attributes metadata);
// Challenges of the application's own: the flow's first request, and the answer to one.
Reply start_custom(identity::Identity& identity, std::string client_id,
                   identity::Attributes parameters, identity::Attributes metadata);
Reply answer_custom(identity::Identity& identity, std::string client_id, std::string session,
                    identity::Attributes responses, identity::Attributes metadata);
// As Cognito writes it.
const char* mfa_word(config::Mfa mfa);
// "UserMFASettingList" and "PreferredMfaSetting".
void show_mfa(const std::optional<identity::MfaSettings>& settings, json::object& shown);

}  // namespace domicile::api::cognito
