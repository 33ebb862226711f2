// Operations of administrators about people.
#include "api/cognito/admin.h"
#include "identity/administration.h"

namespace domicile::api::cognito {
namespace {

using identity::Administration;
using identity::Attributes;

identity::AdminRequest about(const AdminCall& call, const AdminTarget& target) {
    identity::AdminRequest out;
    out.who.access_key_id = call.who.access_key_id;
    out.pool = target.pool;
    out.username = target.username;
    return out;
}

// For requests that name a person and no more, and get nothing back.
Reply just_do(AdminCall call,
              io::Task<Result<identity::Done>> (Administration::*act)(identity::AdminRequest)) {
    Members members(call.request);
    Attributes metadata = members.texts("ClientMetadata");
    TARGET(target, call, members);
    identity::AdminRequest request = about(call, target);
    request.client_metadata = std::move(metadata);
    DO(co_await (call.identity.administration().*act)(std::move(request)));
    co_return json::object();
}

Reply get_user(AdminCall call) {
    Members members(call.request);
    TARGET(target, call, members);
    ANSWER(person, co_await call.identity.administration().get(about(call, target)));
    json::object out = described(person, "UserAttributes");
    show_mfa(person.mfa, out);
    co_return out;
}

Reply confirm(AdminCall call) { return just_do(std::move(call), &Administration::confirm); }
Reply remove(AdminCall call) { return just_do(std::move(call), &Administration::remove); }
Reply disable(AdminCall call) { return just_do(std::move(call), &Administration::disable); }
Reply enable(AdminCall call) { return just_do(std::move(call), &Administration::enable); }
Reply sign_out(AdminCall call) { return just_do(std::move(call), &Administration::sign_out); }
Reply reset_password(AdminCall call) {
    return just_do(std::move(call), &Administration::reset_password);
}

// Not kept as an attribute: what a former system kept of the person's password.
constexpr const char* kPasswordHashAttribute = "domicile:password_hash";

Reply create_user(AdminCall call) {
    Members members(call.request);
    identity::AdminCreateRequest request;
    request.attributes = members.attributes("UserAttributes");
    request.password = members.optional("TemporaryPassword");
    request.client_metadata = members.texts("ClientMetadata");
    if (auto hash = request.attributes.extract(kPasswordHashAttribute)) {
        request.password_hash = std::move(hash.mapped());
    }
    const std::string action = members.optional_choice("MessageAction", {"RESEND", "SUPPRESS"});
    const bool takes_aliases = members.flag("ForceAliasCreation");
    const std::vector<std::string> media = members.list("DesiredDeliveryMediums");
    TARGET(target, call, members);
    if (takes_aliases) {
        co_return std::unexpected(
            invalid_parameter("ForceAliasCreation: an address is never taken from its owner."));
    }
    const auto wants = [&](const char* medium) {
        return std::ranges::find(media, medium) != media.end();
    };
    ANSWER(pool, call.identity.administration().pool(target.id));
    if (!media.empty() && !wants("EMAIL") && !(wants("SMS") && pool->sms)) {
        co_return std::unexpected(invalid_parameter(
            pool->sms ? "DesiredDeliveryMediums: there is no delivery but by EMAIL and SMS."
                      : "DesiredDeliveryMediums: there is no delivery but by EMAIL."));
    }
    request.by_text = wants("SMS") && !wants("EMAIL");
    if (request.password && request.password->empty()) request.password.reset();
    if (request.password_hash && action == "RESEND") {
        co_return std::unexpected(
            invalid_parameter("MessageAction: who has a password is not invited again."));
    }
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    request.send_mail = action != "SUPPRESS";
    Administration& administration = call.identity.administration();
    auto creating = action == "RESEND" ? administration.invite_again(std::move(request))
                                       : administration.create(std::move(request));
    ANSWER(person, co_await std::move(creating));
    co_return json::object{{"User", described(person, "Attributes")}};
}

Reply set_password(AdminCall call) {
    Members members(call.request);
    identity::AdminPasswordRequest request;
    request.password = members.required("Password", kPasswordBytesMax);
    request.permanent = members.flag("Permanent");
    TARGET(target, call, members);
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    DO(co_await call.identity.administration().set_password(std::move(request)));
    co_return json::object();
}

Reply write_attributes(AdminCall call, AdminTarget target, Attributes attributes) {
    identity::AdminAttributesRequest request;
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    request.attributes = std::move(attributes);
    DO(co_await call.identity.administration().update(std::move(request)));
    co_return json::object();
}

Reply update_attributes(AdminCall call) {
    Members members(call.request);
    Attributes attributes = members.attributes("UserAttributes");
    TARGET(target, call, members);
    co_return co_await write_attributes(std::move(call), std::move(target), std::move(attributes));
}

Reply delete_attributes(AdminCall call) {
    Members members(call.request);
    const std::vector<std::string> names = members.list("UserAttributeNames");
    TARGET(target, call, members);
    Attributes attributes;
    for (const std::string& name : names) attributes[name] = "";
    co_return co_await write_attributes(std::move(call), std::move(target), std::move(attributes));
}

Reply initiate_auth(AdminCall call) {
    Members members(call.request);
    std::string flow =
        members.choice("AuthFlow", {"USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN",
                                    "CUSTOM_AUTH", "USER_PASSWORD_AUTH", "USER_AUTH",
                                    "ADMIN_NO_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH"});
    std::string client_id = members.required("ClientId", kClientIdBytesMax);
    Attributes parameters = members.texts("AuthParameters");
    Attributes metadata = members.texts("ClientMetadata");
    POOL(pool, call, members);
    DO(call.identity.administration().check_client(pool.id, client_id));
    if (flow != "ADMIN_USER_PASSWORD_AUTH" && flow != "ADMIN_NO_SRP_AUTH") {
        co_return co_await run_flow(call.identity, std::move(flow), std::move(client_id),
                                    std::move(parameters), std::move(metadata));
    }
    PARAMETER(username, parameters, "USERNAME");
    PARAMETER(password, parameters, "PASSWORD");
    CHECK_SECRET(call.identity, client_id, username, secret_hash(parameters));
    identity::PasswordRequest request{std::move(client_id), std::move(username),
                                      std::move(password), std::move(metadata),
                                      device_key(parameters)};
    ANSWER(tokens, co_await call.identity.administration().sign_in(std::move(request)));
    co_return authentication_result(tokens);
}

Reply respond_to_challenge(AdminCall call) {
    Members members(call.request);
    std::string name = members.required("ChallengeName");
    std::string client_id = members.required("ClientId", kClientIdBytesMax);
    std::string session = members.optional("Session").value_or("");
    Attributes responses = members.texts("ChallengeResponses");
    Attributes metadata = members.texts("ClientMetadata");
    POOL(pool, call, members);
    DO(call.identity.administration().check_client(pool.id, client_id));
    co_return co_await answer_challenge(call.identity, std::move(name), std::move(client_id),
                                        std::move(session), std::move(responses),
                                        std::move(metadata));
}

}  // namespace

void add_admin_operations(AdminOperations& into) {
    into["AdminGetUser"] = get_user;
    into["AdminCreateUser"] = create_user;
    into["AdminConfirmSignUp"] = confirm;
    into["AdminDeleteUser"] = remove;
    into["AdminDisableUser"] = disable;
    into["AdminEnableUser"] = enable;
    into["AdminUserGlobalSignOut"] = sign_out;
    into["AdminSetUserPassword"] = set_password;
    into["AdminResetUserPassword"] = reset_password;
    into["AdminUpdateUserAttributes"] = update_attributes;
    into["AdminDeleteUserAttributes"] = delete_attributes;
    into["AdminInitiateAuth"] = initiate_auth;
    into["AdminRespondToAuthChallenge"] = respond_to_challenge;
}

}  // namespace domicile::api::cognito
