#include "api/cognito/operations.h"

#include "api/cognito/operation.h"

namespace domicile::api::cognito {
namespace {

using identity::Attributes;
using identity::Identity;

Reply sign_up(Identity& identity, json::object request) {
    Members members(request);
    identity::SignUpRequest call;
    call.client_id = members.required("ClientId", 128);
    call.username = members.required("Username", kUsernameBytesMax);
    call.password = members.required("Password", kPasswordBytesMax);
    call.attributes = members.attributes("UserAttributes");
    call.validation_data = members.attributes("ValidationData");
    call.client_metadata = members.texts("ClientMetadata");
    auto hash = members.optional("SecretHash");
    CHECK_MEMBERS(members);
    CHECK_SECRET(identity, call.client_id, call.username, hash);
    ANSWER(result, co_await identity.sign_up(std::move(call)));
    json::object out{{"UserConfirmed", result.confirmed}, {"UserSub", result.sub}};
    if (result.delivery) out["CodeDeliveryDetails"] = delivery_details(*result.delivery);
    co_return out;
}

Reply confirm_sign_up(Identity& identity, json::object request) {
    Members members(request);
    identity::ConfirmRequest call;
    call.client_id = members.required("ClientId", 128);
    call.username = members.required("Username", kUsernameBytesMax);
    call.code = members.required("ConfirmationCode", 2048);
    call.client_metadata = members.texts("ClientMetadata");
    auto hash = members.optional("SecretHash");
    CHECK_MEMBERS(members);
    CHECK_SECRET(identity, call.client_id, call.username, hash);
    DO(co_await identity.confirm_sign_up(std::move(call)));
    co_return json::object();
}

Reply resend_code(Identity& identity, json::object request) {
    Members members(request);
    identity::ResendRequest call;
    call.client_id = members.required("ClientId", 128);
    call.username = members.required("Username", kUsernameBytesMax);
    call.client_metadata = members.texts("ClientMetadata");
    auto hash = members.optional("SecretHash");
    CHECK_MEMBERS(members);
    CHECK_SECRET(identity, call.client_id, call.username, hash);
    ANSWER(delivery, co_await identity.resend_code(std::move(call)));
    co_return json::object{{"CodeDeliveryDetails", delivery_details(delivery)}};
}

Reply start_srp(Identity& identity, std::string client_id, Attributes parameters,
                Attributes metadata) {
    PARAMETER(username, parameters, "USERNAME");
    PARAMETER(srp_a, parameters, "SRP_A");
    CHECK_SECRET(identity, client_id, username, secret_hash(parameters));
    identity::SrpStartRequest call{std::move(client_id), std::move(username), std::move(srp_a),
                                   std::move(metadata), device_key(parameters)};
    ANSWER(challenge, co_await identity.start_srp(std::move(call)));
    json::object shown{{"SALT", challenge.salt_hex},
                       {"SRP_B", challenge.srp_b_hex},
                       {"SECRET_BLOCK", challenge.secret_block},
                       {"USERNAME", challenge.username},
                       {"USER_ID_FOR_SRP", challenge.user_id_for_srp}};
    co_return json::object{{"ChallengeName", "PASSWORD_VERIFIER"},
                           {"ChallengeParameters", std::move(shown)}};
}

Reply password_sign_in(Identity& identity, std::string client_id, Attributes parameters,
                       Attributes metadata) {
    PARAMETER(username, parameters, "USERNAME");
    PARAMETER(password, parameters, "PASSWORD");
    CHECK_SECRET(identity, client_id, username, secret_hash(parameters));
    identity::PasswordRequest call{std::move(client_id), std::move(username), std::move(password),
                                   std::move(metadata), device_key(parameters)};
    ANSWER(tokens, co_await identity.sign_in_with_password(std::move(call)));
    co_return authentication_result(tokens);
}

Reply refresh(Identity& identity, identity::RefreshRequest call) {
    ANSWER(tokens, co_await identity.refresh(std::move(call)));
    co_return authentication_result(tokens);
}

Reply initiate_auth(Identity& identity, json::object request) {
    Members members(request);
    const std::string flow =
        members.choice("AuthFlow", {"USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN",
                                    "CUSTOM_AUTH", "USER_PASSWORD_AUTH", "USER_AUTH",
                                    "ADMIN_NO_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH"});
    std::string client_id = members.required("ClientId", 128);
    Attributes parameters = members.texts("AuthParameters");
    Attributes metadata = members.texts("ClientMetadata");
    CHECK_MEMBERS(members);
    co_return co_await run_flow(identity, flow, std::move(client_id), std::move(parameters),
                                std::move(metadata));
}

Reply answer_srp(Identity& identity, std::string client_id, Attributes responses,
                 Attributes metadata) {
    identity::SrpAnswerRequest call;
    call.client_id = std::move(client_id);
    PARAMETER(username, responses, "USERNAME");
    PARAMETER(block, responses, "PASSWORD_CLAIM_SECRET_BLOCK");
    PARAMETER(timestamp, responses, "TIMESTAMP");
    PARAMETER(signature, responses, "PASSWORD_CLAIM_SIGNATURE");
    CHECK_SECRET(identity, call.client_id, username, secret_hash(responses));
    call.username = std::move(username);
    call.secret_block = std::move(block);
    call.timestamp = std::move(timestamp);
    call.signature = std::move(signature);
    call.device_key = device_key(responses);
    call.client_metadata = std::move(metadata);
    ANSWER(tokens, co_await identity.answer_srp(std::move(call)));
    co_return authentication_result(tokens);
}

Reply answer_new_password(Identity& identity, std::string client_id, std::string session,
                          Attributes responses) {
    constexpr std::string_view kAttribute = "userAttributes.";
    identity::NewPasswordRequest call;
    call.client_id = std::move(client_id);
    PARAMETER(username, responses, "USERNAME");
    PARAMETER(password, responses, "NEW_PASSWORD");
    CHECK_SECRET(identity, call.client_id, username, secret_hash(responses));
    if (session.empty()) {
        co_return std::unexpected(invalid_parameter("Missing required parameter Session"));
    }
    call.username = std::move(username);
    call.password = std::move(password);
    call.session = std::move(session);
    call.device_key = device_key(responses);
    for (const auto& [name, value] : responses) {
        if (name.starts_with(kAttribute)) call.attributes[name.substr(kAttribute.size())] = value;
    }
    ANSWER(tokens, co_await identity.answer_new_password(std::move(call)));
    co_return authentication_result(tokens);
}

Reply refresh_tokens(Identity& identity, json::object request) {
    Members members(request);
    identity::RefreshRequest call;
    call.client_id = members.required("ClientId", 128);
    call.refresh_token = members.required("RefreshToken");
    call.client_secret = not_empty(members.optional("ClientSecret"));
    call.device_key = members.optional("DeviceKey");
    CHECK_MEMBERS(members);
    call.takes_next = true;
    co_return co_await refresh(identity, std::move(call));
}

Reply respond_to_challenge(Identity& identity, json::object request) {
    Members members(request);
    std::string name = members.required("ChallengeName");
    std::string client_id = members.required("ClientId", kClientIdBytesMax);
    std::string session = members.optional("Session").value_or("");
    Attributes responses = members.texts("ChallengeResponses");
    Attributes metadata = members.texts("ClientMetadata");
    CHECK_MEMBERS(members);
    co_return co_await answer_challenge(identity, std::move(name), std::move(client_id),
                                        std::move(session), std::move(responses),
                                        std::move(metadata));
}

Reply get_user(Identity& identity, json::object request) {
    Members members(request);
    identity::AccessTokenRequest call{members.required("AccessToken")};
    CHECK_MEMBERS(members);
    ANSWER(user, co_await identity.get_user(std::move(call)));
    json::array attributes;
    for (const auto& [name, value] : user.attributes) {
        attributes.push_back(json::object{{"Name", name}, {"Value", value}});
    }
    json::object out{{"Username", user.username}, {"UserAttributes", std::move(attributes)}};
    show_mfa(user.mfa, out);
    co_return out;
}

Reply revoke_token(Identity& identity, json::object request) {
    Members members(request);
    identity::RevokeRequest call;
    call.token = members.required("Token");
    call.client_id = members.required("ClientId", 128);
    auto secret = not_empty(members.optional("ClientSecret"));
    CHECK_MEMBERS(members);
    DO(co_await identity.client_secrets().check_secret(call.client_id, std::move(secret)));
    DO(co_await identity.revoke(std::move(call)));
    co_return json::object();
}

Reply global_sign_out(Identity& identity, json::object request) {
    Members members(request);
    identity::AccessTokenRequest call{members.required("AccessToken")};
    CHECK_MEMBERS(members);
    DO(co_await identity.global_sign_out(std::move(call)));
    co_return json::object();
}

const Operations& operations() {
    static const Operations table = [] {
        Operations out = {
            {"SignUp", sign_up},
            {"ConfirmSignUp", confirm_sign_up},
            {"ResendConfirmationCode", resend_code},
            {"InitiateAuth", initiate_auth},
            {"GetTokensFromRefreshToken", refresh_tokens},
            {"RespondToAuthChallenge", respond_to_challenge},
            {"GetUser", get_user},
            {"RevokeToken", revoke_token},
            {"GlobalSignOut", global_sign_out},
        };
        add_password_operations(out);
        add_account_operations(out);
        add_mfa_operations(out);
        add_device_operations(out);
        add_session_operations(out);
        add_settings_operations(out);
        add_passkey_operations(out);
        return out;
    }();
    return table;
}

const AdminOperations& admin_operations() {
    static const AdminOperations table = [] {
        AdminOperations out;
        add_admin_operations(out);
        add_group_operations(out);
        add_description_operations(out);
        add_mfa_operations(out);
        add_device_operations(out);
        add_session_operations(out);
        add_settings_operations(out);
        add_passkey_operations(out);
        add_provider_operations(out);
        return out;
    }();
    return table;
}

}  // namespace

Reply run_flow(Identity& identity, std::string flow, std::string client_id, Attributes parameters,
               Attributes metadata) {
    if (flow == "USER_SRP_AUTH") {
        co_return co_await start_srp(identity, std::move(client_id), std::move(parameters),
                                     std::move(metadata));
    }
    if (flow == "USER_PASSWORD_AUTH") {
        co_return co_await password_sign_in(identity, std::move(client_id), std::move(parameters),
                                            std::move(metadata));
    }
    if (flow == "USER_AUTH") {
        co_return co_await start_choice(identity, std::move(client_id), std::move(parameters),
                                        std::move(metadata));
    }
    if (flow == "CUSTOM_AUTH") {
        co_return co_await start_custom(identity, std::move(client_id), std::move(parameters),
                                        std::move(metadata));
    }
    if (flow == "REFRESH_TOKEN_AUTH" || flow == "REFRESH_TOKEN") {
        PARAMETER(token, parameters, "REFRESH_TOKEN");
        identity::RefreshRequest call;
        call.client_id = std::move(client_id);
        call.refresh_token = std::move(token);
        call.secret_hash = secret_hash(parameters);
        call.device_key = device_key(parameters);
        co_return co_await refresh(identity, std::move(call));
    }
    co_return std::unexpected(invalid_parameter(flow + " flow not enabled for this client"));
}

Reply answer_challenge(Identity& identity, std::string name, std::string client_id,
                       std::string session, Attributes responses, Attributes metadata) {
    if (name == "PASSWORD_VERIFIER") {
        co_return co_await answer_srp(identity, std::move(client_id), std::move(responses),
                                      std::move(metadata));
    }
    if (name == identity::kCustomChallenge) {
        co_return co_await answer_custom(identity, std::move(client_id), std::move(session),
                                         std::move(responses), std::move(metadata));
    }
    if (name == "NEW_PASSWORD_REQUIRED") {
        co_return co_await answer_new_password(identity, std::move(client_id), std::move(session),
                                               std::move(responses));
    }
    if (name == identity::kSoftwareToken || name == identity::kMfaSetup ||
        name == identity::kSelectMfa) {
        co_return co_await answer_mfa(identity, std::move(name), std::move(client_id),
                                      std::move(session), std::move(responses));
    }
    if (name == identity::kDeviceSrp) {
        co_return co_await start_device_srp(identity, std::move(client_id), std::move(session),
                                            std::move(responses));
    }
    if (name == identity::kDeviceProof) {
        co_return co_await answer_device_srp(identity, std::move(client_id), std::move(responses));
    }
    if (is_choice_challenge(name)) {
        co_return co_await answer_choice(identity, std::move(name), std::move(client_id),
                                         std::move(session), std::move(responses),
                                         std::move(metadata));
    }
    co_return std::unexpected(invalid_parameter("The challenge is not one that this pool gives."));
}

bool is_operation(std::string_view name) {
    return operations().contains(name) || is_admin_operation(name);
}
bool is_admin_operation(std::string_view name) { return admin_operations().contains(name); }

std::vector<std::string> operation_names() {
    std::vector<std::string> out;
    for (const auto& [name, operation] : operations()) out.push_back(name);
    for (const auto& [name, operation] : admin_operations()) out.push_back(name);
    return out;
}

io::Task<Outcome<json::object>> run_operation(Identity& identity, std::string name,
                                              json::object request) {
    return operations().find(name)->second(identity, std::move(request));
}

io::Task<Outcome<json::object>> run_admin_operation(Identity& identity, access::Principal who,
                                                    std::string name, json::object request) {
    const AdminOperation operation = admin_operations().find(name)->second;
    AdminCall call{identity, std::move(who), std::move(name), std::move(request)};
    return operation(std::move(call));
}

}  // namespace domicile::api::cognito
