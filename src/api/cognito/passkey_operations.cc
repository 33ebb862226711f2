// Passkeys (WebAuthn), and sign-in by choice: the flow USER_AUTH and its challenges.
#include <algorithm>

#include "api/cognito/admin.h"
#include "identity/administration.h"
#include "identity/passkeys.h"
#include "webauthn/response.h"

namespace domicile::api::cognito {
namespace {

using identity::Attributes;
using identity::Identity;

std::optional<std::string> found(const Attributes& parameters, const char* name) {
    const auto at = parameters.find(name);
    if (at == parameters.end()) return std::nullopt;
    return not_empty(at->second);
}

identity::ChoiceProof proof_of(const Attributes& parameters) {
    identity::ChoiceProof out;
    out.password = found(parameters, "PASSWORD");
    out.srp_a = found(parameters, "SRP_A");
    out.credential = found(parameters, "CREDENTIAL");
    out.code = found(parameters, "EMAIL_OTP_CODE");
    out.device_key = device_key(parameters);
    return out;
}

// A document: the SDKs send the structure that the browser's toJSON() gives.
std::string document(Members& members, const json::object& request, const char* name) {
    const json::object* found = members.structure(name);
    if (found == nullptr) {
        if (!request.contains(name)) members.required(name);
        return "";
    }
    return json::serialize(*found);
}

Reply start_registration(Identity& identity, json::object request) {
    Members members(request);
    identity::AccessTokenRequest call{members.required("AccessToken")};
    CHECK_MEMBERS(members);
    ANSWER(made, co_await identity.passkeys().start_registration(std::move(call)));
    auto options = parse_json_object(made.options);
    if (!options) co_return std::unexpected(to_dialect(options.error()));
    co_return json::object{{"CredentialCreationOptions", std::move(*options)}};
}

Reply complete_registration(Identity& identity, json::object request) {
    Members members(request);
    identity::PasskeyRequest call;
    call.access_token = members.required("AccessToken");
    call.credential = document(members, request, "Credential");
    CHECK_MEMBERS(members);
    DO(co_await identity.passkeys().complete_registration(std::move(call)));
    co_return json::object();
}

json::object shown(const identity::PasskeyDescription& passkey) {
    json::array transports;
    for (const std::string& transport : passkey.transports) transports.emplace_back(transport);
    json::object out{{"CredentialId", passkey.credential_id},
                     {"FriendlyCredentialName", passkey.name},
                     {"RelyingPartyId", passkey.relying_party_id},
                     {"AuthenticatorTransports", std::move(transports)},
                     {"CreatedAt", static_cast<double>(passkey.created_ms) / 1000}};
    if (passkey.attachment) out["AuthenticatorAttachment"] = *passkey.attachment;
    return out;
}

Reply list(Identity& identity, json::object request) {
    Members members(request);
    identity::PasskeyListRequest call;
    call.access_token = members.required("AccessToken");
    call.token = members.optional("NextToken").value_or("");
    const auto limit = members.number("MaxResults", identity::kPasskeysMax);
    CHECK_MEMBERS(members);
    if (limit && *limit > 0) call.limit = *limit;
    ANSWER(page, co_await identity.passkeys().list(std::move(call)));
    json::array credentials;
    for (const auto& passkey : page.passkeys) credentials.push_back(shown(passkey));
    json::object out{{"Credentials", std::move(credentials)}};
    if (!page.token.empty()) out["NextToken"] = page.token;
    co_return out;
}

Reply remove(Identity& identity, json::object request) {
    Members members(request);
    identity::PasskeyDeleteRequest call;
    call.access_token = members.required("AccessToken");
    call.credential_id = members.required("CredentialId", 2048);
    CHECK_MEMBERS(members);
    DO(co_await identity.passkeys().remove(std::move(call)));
    co_return json::object();
}

json::object shown(const identity::AuthFactors& has) {
    json::array names;
    for (const std::string& name : has.factors) names.emplace_back(name);
    json::object out{{"Username", has.username}, {"ConfiguredUserAuthFactors", std::move(names)}};
    show_mfa(has.mfa, out);
    return out;
}

Reply factors(Identity& identity, json::object request) {
    Members members(request);
    identity::AccessTokenRequest call{members.required("AccessToken")};
    CHECK_MEMBERS(members);
    ANSWER(has, co_await identity.passkeys().factors(std::move(call)));
    co_return shown(has);
}

Reply admin_factors(AdminCall call) {
    Members members(call.request);
    TARGET(target, call, members);
    identity::AdminRequest request;
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    ANSWER(has, co_await call.identity.administration().auth_factors(std::move(request)));
    co_return shown(has);
}

}  // namespace

Reply start_choice(Identity& identity, std::string client_id, Attributes parameters,
                   Attributes metadata) {
    PARAMETER(username, parameters, "USERNAME");
    CHECK_SECRET(identity, client_id, username, secret_hash(parameters));
    identity::ChoiceRequest call;
    call.client_id = std::move(client_id);
    call.username = std::move(username);
    call.preferred = found(parameters, "PREFERRED_CHALLENGE");
    call.proof = proof_of(parameters);
    call.proof.client_metadata = std::move(metadata);
    ANSWER(tokens, co_await identity.passkeys().choose(std::move(call)));
    co_return authentication_result(tokens);
}

bool is_choice_challenge(std::string_view name) {
    return name == identity::kSelect || name == identity::kByPassword || name == identity::kBySrp ||
           name == identity::kByPasskey || name == identity::kByMail;
}

Reply answer_choice(Identity& identity, std::string name, std::string client_id,
                    std::string session, Attributes responses, Attributes metadata) {
    PARAMETER(username, responses, "USERNAME");
    // What the challenge asks for.
    const char* wanted = "ANSWER";
    if (name == identity::kByPassword) wanted = "PASSWORD";
    if (name == identity::kBySrp) wanted = "SRP_A";
    if (name == identity::kByPasskey) wanted = "CREDENTIAL";
    if (name == identity::kByMail) wanted = "EMAIL_OTP_CODE";
    PARAMETER(answer, responses, wanted);
    if (session.empty()) {
        co_return std::unexpected(invalid_parameter("Missing required parameter Session"));
    }
    CHECK_SECRET(identity, client_id, username, secret_hash(responses));
    identity::ChoiceAnswerRequest call;
    call.client_id = std::move(client_id);
    call.challenge = std::move(name);
    call.session = std::move(session);
    if (call.challenge == identity::kSelect) call.choice = std::move(answer);
    call.proof = proof_of(responses);
    call.proof.username = std::move(username);
    call.proof.client_metadata = std::move(metadata);
    ANSWER(tokens, co_await identity.passkeys().answer(std::move(call)));
    co_return authentication_result(tokens);
}

json::object passkey_config(const config::Passkeys& passkeys) {
    const bool required = passkeys.user_verification == config::UserVerification::required;
    const bool both = passkeys.factor == config::PasskeyFactor::multi_factor_with_user_verification;
    return {
        {"RelyingPartyId", passkeys.relying_party_id},
        {"UserVerification", required ? "required" : "preferred"},
        {"FactorConfiguration", both ? "MULTI_FACTOR_WITH_USER_VERIFICATION" : "SINGLE_FACTOR"}};
}

bool is_as_configured(const json::object& wanted, const std::optional<config::Passkeys>& has) {
    if (!has) return false;
    const json::object is = passkey_config(*has);
    return std::ranges::all_of(wanted, [&](const auto& member) {
        return member.value().is_null() ||
               (is.contains(member.key()) && is.at(member.key()) == member.value());
    });
}

void add_passkey_operations(Operations& into) {
    into["StartWebAuthnRegistration"] = start_registration;
    into["CompleteWebAuthnRegistration"] = complete_registration;
    into["ListWebAuthnCredentials"] = list;
    into["DeleteWebAuthnCredential"] = remove;
    into["GetUserAuthFactors"] = factors;
}

void add_passkey_operations(AdminOperations& into) {
    into["AdminGetUserAuthFactors"] = admin_factors;
}

}  // namespace domicile::api::cognito
