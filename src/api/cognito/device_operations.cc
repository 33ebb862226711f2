// Operations about devices, and the answers to the challenges with which one proves itself. What a
// device's address was is not among the answers: no address is kept.
#include "api/cognito/admin.h"
#include "identity/administration.h"

namespace domicile::api::cognito {
namespace {

using identity::Administration;
using identity::Identity;

constexpr std::size_t kDeviceKeyBytesMax = 128;  // regions may have longer names than Amazon's
constexpr std::size_t kDeviceNameBytesMax = 1024;
constexpr std::size_t kVerifierBytesMax = 1024;
constexpr std::size_t kSaltBytesMax = 128;

constexpr const char* kRemembered = "remembered";
constexpr const char* kNotRemembered = "not_remembered";

json::object attribute(const char* name, std::string value) {
    return {{"Name", name}, {"Value", std::move(value)}};
}

json::object shown(const identity::DeviceDescription& device) {
    json::array attributes;
    attributes.push_back(attribute("device_status", "valid"));
    if (device.name) attributes.push_back(attribute("device_name", *device.name));
    attributes.push_back(attribute("dev:device_remembered_status",
                                   device.remembered ? kRemembered : kNotRemembered));
    return {{"DeviceKey", device.key},
            {"DeviceAttributes", std::move(attributes)},
            {"DeviceCreateDate", to_seconds(device.created_ms)},
            {"DeviceLastModifiedDate", to_seconds(device.modified_ms)},
            {"DeviceLastAuthenticatedDate", to_seconds(device.authenticated_ms)}};
}

json::object shown(const identity::DevicePage& page) {
    json::array devices;
    for (const identity::DeviceDescription& device : page.devices) {
        devices.push_back(shown(device));
    }
    json::object out{{"Devices", std::move(devices)}};
    if (!page.token.empty()) out["PaginationToken"] = page.token;
    return out;
}

// DeviceRememberedStatus.
std::optional<bool> remembered(Members& members) {
    const std::string wanted =
        members.optional_choice("DeviceRememberedStatus", {kRemembered, kNotRemembered});
    if (wanted.empty()) return std::nullopt;
    return wanted == kRemembered;
}

Reply confirm(Identity& identity, json::object request) {
    Members members(request);
    identity::ConfirmDeviceRequest call;
    call.access_token = members.required("AccessToken");
    call.device_key = members.required("DeviceKey", kDeviceKeyBytesMax);
    call.name = not_empty(members.optional("DeviceName", kDeviceNameBytesMax));
    const json::object* secret = members.structure("DeviceSecretVerifierConfig");
    CHECK_MEMBERS(members);
    if (secret == nullptr) {
        co_return std::unexpected(
            invalid_parameter("Missing required parameter DeviceSecretVerifierConfig"));
    }
    Members own(*secret);
    call.verifier = own.required("PasswordVerifier", kVerifierBytesMax);
    call.salt = own.required("Salt", kSaltBytesMax);
    CHECK_MEMBERS(own);
    ANSWER(confirmed, co_await identity.confirm_device(std::move(call)));
    co_return json::object{{"UserConfirmationNecessary", confirmed.asks_person}};
}

Reply get(Identity& identity, json::object request) {
    Members members(request);
    identity::DeviceRequest call;
    call.access_token = members.required("AccessToken");
    call.device_key = members.required("DeviceKey", kDeviceKeyBytesMax);
    CHECK_MEMBERS(members);
    ANSWER(device, co_await identity.get_device(std::move(call)));
    co_return json::object{{"Device", shown(device)}};
}

Reply list(Identity& identity, json::object request) {
    Members members(request);
    identity::ListDevicesRequest call;
    call.access_token = members.required("AccessToken");
    call.token = members.optional("PaginationToken").value_or("");
    call.limit = members.number("Limit", identity::kListMax).value_or(0);
    CHECK_MEMBERS(members);
    ANSWER(page, co_await identity.list_devices(std::move(call)));
    co_return shown(page);
}

Reply update(Identity& identity, json::object request) {
    Members members(request);
    identity::DeviceStatusRequest call;
    call.access_token = members.required("AccessToken");
    call.device_key = members.required("DeviceKey", kDeviceKeyBytesMax);
    call.remembered = remembered(members);
    CHECK_MEMBERS(members);
    DO(co_await identity.update_device(std::move(call)));
    co_return json::object();
}

Reply forget(Identity& identity, json::object request) {
    Members members(request);
    identity::DeviceRequest call;
    call.access_token = members.required("AccessToken");
    call.device_key = members.required("DeviceKey", kDeviceKeyBytesMax);
    CHECK_MEMBERS(members);
    DO(co_await identity.forget_device(std::move(call)));
    co_return json::object();
}

identity::AdminDeviceRequest about(const AdminCall& call, const AdminTarget& target,
                                   std::string device_key) {
    identity::AdminDeviceRequest out;
    out.who.access_key_id = call.who.access_key_id;
    out.pool = target.pool;
    out.username = target.username;
    out.device_key = std::move(device_key);
    return out;
}

Reply admin_get(AdminCall call) {
    Members members(call.request);
    std::string key = members.required("DeviceKey", kDeviceKeyBytesMax);
    TARGET(target, call, members);
    auto request = about(call, target, std::move(key));
    ANSWER(device, co_await call.identity.administration().get_device(std::move(request)));
    co_return json::object{{"Device", shown(device)}};
}

Reply admin_list(AdminCall call) {
    Members members(call.request);
    identity::AdminListDevicesRequest request;
    request.token = members.optional("PaginationToken").value_or("");
    request.limit = members.number("Limit", identity::kListMax).value_or(0);
    TARGET(target, call, members);
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    ANSWER(page, co_await call.identity.administration().list_devices(std::move(request)));
    co_return shown(page);
}

Reply admin_update(AdminCall call) {
    Members members(call.request);
    identity::AdminDeviceStatusRequest request;
    request.device_key = members.required("DeviceKey", kDeviceKeyBytesMax);
    request.remembered = remembered(members);
    TARGET(target, call, members);
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    DO(co_await call.identity.administration().update_device(std::move(request)));
    co_return json::object();
}

Reply admin_forget(AdminCall call) {
    Members members(call.request);
    std::string key = members.required("DeviceKey", kDeviceKeyBytesMax);
    TARGET(target, call, members);
    auto request = about(call, target, std::move(key));
    DO(co_await call.identity.administration().forget_device(std::move(request)));
    co_return json::object();
}

}  // namespace

Reply start_device_srp(Identity& identity, std::string client_id, std::string session,
                       identity::Attributes responses) {
    identity::DeviceSrpRequest call;
    PARAMETER(username, responses, "USERNAME");
    PARAMETER(key, responses, "DEVICE_KEY");
    PARAMETER(srp_a, responses, "SRP_A");
    if (session.empty()) {
        co_return std::unexpected(invalid_parameter("Missing required parameter Session"));
    }
    CHECK_SECRET(identity, client_id, username, secret_hash(responses));
    call.client_id = std::move(client_id);
    call.username = std::move(username);
    call.session = std::move(session);
    call.device_key = std::move(key);
    call.srp_a = std::move(srp_a);
    ANSWER(tokens, co_await identity.start_device_srp(std::move(call)));
    co_return authentication_result(tokens);
}

Reply answer_device_srp(Identity& identity, std::string client_id, identity::Attributes responses) {
    identity::DeviceProofRequest call;
    PARAMETER(username, responses, "USERNAME");
    PARAMETER(key, responses, "DEVICE_KEY");
    PARAMETER(block, responses, "PASSWORD_CLAIM_SECRET_BLOCK");
    PARAMETER(timestamp, responses, "TIMESTAMP");
    PARAMETER(signature, responses, "PASSWORD_CLAIM_SIGNATURE");
    CHECK_SECRET(identity, client_id, username, secret_hash(responses));
    call.client_id = std::move(client_id);
    call.username = std::move(username);
    call.device_key = std::move(key);
    call.secret_block = std::move(block);
    call.timestamp = std::move(timestamp);
    call.signature = std::move(signature);
    ANSWER(tokens, co_await identity.answer_device_srp(std::move(call)));
    co_return authentication_result(tokens);
}

void add_device_operations(Operations& into) {
    into["ConfirmDevice"] = confirm;
    into["GetDevice"] = get;
    into["ListDevices"] = list;
    into["UpdateDeviceStatus"] = update;
    into["ForgetDevice"] = forget;
}

void add_device_operations(AdminOperations& into) {
    into["AdminGetDevice"] = admin_get;
    into["AdminListDevices"] = admin_list;
    into["AdminUpdateDeviceStatus"] = admin_update;
    into["AdminForgetDevice"] = admin_forget;
}

}  // namespace domicile::api::cognito
