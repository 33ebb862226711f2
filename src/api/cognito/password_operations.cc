// Operations about passwords.
#include "api/cognito/operation.h"

namespace domicile::api::cognito {
namespace {

using identity::Identity;

Reply forgot_password(Identity& identity, json::object request) {
    Members members(request);
    identity::ForgotPasswordRequest call;
    call.client_id = members.required("ClientId", kClientIdBytesMax);
    call.username = members.required("Username", kUsernameBytesMax);
    call.client_metadata = members.texts("ClientMetadata");
    auto hash = members.optional("SecretHash");
    CHECK_MEMBERS(members);
    CHECK_SECRET(identity, call.client_id, call.username, hash);
    ANSWER(delivery, co_await identity.forgot_password(std::move(call)));
    co_return json::object{{"CodeDeliveryDetails", delivery_details(delivery)}};
}

Reply confirm_forgot_password(Identity& identity, json::object request) {
    Members members(request);
    identity::ResetPasswordRequest call;
    call.client_id = members.required("ClientId", kClientIdBytesMax);
    call.username = members.required("Username", kUsernameBytesMax);
    call.code = members.required("ConfirmationCode", kCodeBytesMax);
    call.password = members.required("Password", kPasswordBytesMax);
    auto hash = members.optional("SecretHash");
    CHECK_MEMBERS(members);
    CHECK_SECRET(identity, call.client_id, call.username, hash);
    DO(co_await identity.reset_password(std::move(call)));
    co_return json::object();
}

Reply change_password(Identity& identity, json::object request) {
    Members members(request);
    identity::ChangePasswordRequest call;
    call.access_token = members.required("AccessToken");
    call.previous = members.required("PreviousPassword", kPasswordBytesMax);
    call.proposed = members.required("ProposedPassword", kPasswordBytesMax);
    CHECK_MEMBERS(members);
    DO(co_await identity.change_password(std::move(call)));
    co_return json::object();
}

}  // namespace

void add_password_operations(Operations& into) {
    into["ForgotPassword"] = forgot_password;
    into["ConfirmForgotPassword"] = confirm_forgot_password;
    into["ChangePassword"] = change_password;
}

}  // namespace domicile::api::cognito
