// What people do with their own account, signed in.
#include "api/cognito/operation.h"

namespace domicile::api::cognito {
namespace {

using identity::Identity;

constexpr std::size_t kAttributeNameBytesMax = 32;

DialectError missing(const char* name) {
    return invalid_parameter(std::string("Missing required parameter ") + name);
}

Reply write_attributes(Identity& identity, identity::AttributesRequest call) {
    ANSWER(deliveries, co_await identity.update_attributes(std::move(call)));
    json::array sent;
    for (const identity::CodeDelivery& delivery : deliveries.sent) {
        sent.push_back(delivery_details(delivery));
    }
    co_return json::object{{"CodeDeliveryDetailsList", std::move(sent)}};
}

Reply update_attributes(Identity& identity, json::object request) {
    Members members(request);
    identity::AttributesRequest call;
    call.access_token = members.required("AccessToken");
    call.attributes = members.attributes("UserAttributes");
    call.client_metadata = members.texts("ClientMetadata");
    CHECK_MEMBERS(members);
    if (!request.contains("UserAttributes")) {
        co_return std::unexpected(missing("UserAttributes"));
    }
    co_return co_await write_attributes(identity, std::move(call));
}

Reply delete_attributes(Identity& identity, json::object request) {
    Members members(request);
    identity::AttributesRequest call;
    call.access_token = members.required("AccessToken");
    for (std::string& name : members.list("UserAttributeNames")) call.attributes[name] = "";
    CHECK_MEMBERS(members);
    if (call.attributes.empty()) co_return std::unexpected(missing("UserAttributeNames"));
    auto done = co_await write_attributes(identity, std::move(call));
    if (!done) co_return done;
    co_return json::object();
}

Reply attribute_code(Identity& identity, json::object request) {
    Members members(request);
    identity::AttributeCodeRequest call;
    call.access_token = members.required("AccessToken");
    call.attribute = members.required("AttributeName", kAttributeNameBytesMax);
    call.client_metadata = members.texts("ClientMetadata");
    CHECK_MEMBERS(members);
    ANSWER(delivery, co_await identity.attribute_code(std::move(call)));
    co_return json::object{{"CodeDeliveryDetails", delivery_details(delivery)}};
}

Reply verify_attribute(Identity& identity, json::object request) {
    Members members(request);
    identity::ProveAttributeRequest call;
    call.access_token = members.required("AccessToken");
    call.attribute = members.required("AttributeName", kAttributeNameBytesMax);
    call.code = members.required("Code", kCodeBytesMax);
    CHECK_MEMBERS(members);
    DO(co_await identity.prove_attribute(std::move(call)));
    co_return json::object();
}

Reply delete_user(Identity& identity, json::object request) {
    Members members(request);
    identity::AccessTokenRequest call{members.required("AccessToken")};
    CHECK_MEMBERS(members);
    DO(co_await identity.delete_user(std::move(call)));
    co_return json::object();
}

}  // namespace

void add_account_operations(Operations& into) {
    into["UpdateUserAttributes"] = update_attributes;
    into["DeleteUserAttributes"] = delete_attributes;
    into["GetUserAttributeVerificationCode"] = attribute_code;
    into["VerifyUserAttribute"] = verify_attribute;
    into["DeleteUser"] = delete_user;
}

}  // namespace domicile::api::cognito
