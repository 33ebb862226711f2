// What people and administrators ask about devices, and the answers to the challenges with which a
// device proves itself; also the messages that carry it to the home.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/admin_types.h"
#include "identity/messages.h"

namespace domicile::identity {

// Cognito's names of the challenges.
inline constexpr const char* kDeviceSrp = "DEVICE_SRP_AUTH";
inline constexpr const char* kDeviceProof = "DEVICE_PASSWORD_VERIFIER";

// "<region>_<uuid>"; the region is the home of the person.
std::string device_key(std::string_view region, std::string_view id);
// The id in the key of a device at home in the region; empty when it is not one.
std::string device_id(std::string_view region, std::string_view key);
// What a client sent, empty where it is not one: so that anything does not fill what is sealed.
std::optional<std::string> key_of_region(std::string_view region, std::optional<std::string> key);

struct DeviceDescription {
    std::string key;
    std::optional<std::string> name;
    bool remembered = false;
    std::int64_t created_ms = 0, modified_ms = 0, authenticated_ms = 0;
};
// `token` is empty at the end.
struct DevicePage {
    std::vector<DeviceDescription> devices;
    std::string token;
};

// `verifier` and `salt` are bytes in base64.
struct ConfirmDeviceRequest {
    std::string access_token, device_key, verifier, salt;
    std::optional<std::string> name;
};
struct ConfirmedDevice {
    bool asks_person = false;  // it is remembered once the person says so
};
struct DeviceRequest {
    std::string access_token, device_key;
};
struct DeviceStatusRequest {
    std::string access_token, device_key;
    std::optional<bool> remembered;  // absent: it stays as it is
};
struct ListDevicesRequest {
    std::string access_token, token;
    std::int64_t limit = 0;
};
struct AdminDeviceRequest {
    Administrator who;
    std::string pool, username, device_key;
};
struct AdminDeviceStatusRequest {
    Administrator who;
    std::string pool, username, device_key;
    std::optional<bool> remembered;
};
struct AdminListDevicesRequest {
    Administrator who;
    std::string pool, username, token;
    std::int64_t limit = 0;
};

// The answer to DEVICE_SRP_AUTH, which DEVICE_PASSWORD_VERIFIER follows.
struct DeviceSrpRequest {
    std::string client_id, username, session, device_key, srp_a;
};
// The answer to that; its secret block has the session in it.
struct DeviceProofRequest {
    std::string client_id, username, device_key, secret_block, timestamp, signature;
};

namespace message {
inline constexpr const char* kConfirmDevice = "identity.confirm_device";
inline constexpr const char* kGetDevice = "identity.get_device";
inline constexpr const char* kListDevices = "identity.list_devices";
inline constexpr const char* kUpdateDevice = "identity.update_device_status";
inline constexpr const char* kForgetDevice = "identity.forget_device";
inline constexpr const char* kDeviceSrp = "identity.device_srp";
inline constexpr const char* kDeviceProof = "identity.device_proof";
inline constexpr const char* kAdminGetDevice = "identity.admin_get_device";
inline constexpr const char* kAdminListDevices = "identity.admin_list_devices";
inline constexpr const char* kAdminUpdateDevice = "identity.admin_update_device_status";
inline constexpr const char* kAdminForgetDevice = "identity.admin_forget_device";
}  // namespace message

BOOST_DESCRIBE_STRUCT(DeviceDescription, (),
                      (key, name, remembered, created_ms, modified_ms, authenticated_ms))
BOOST_DESCRIBE_STRUCT(DevicePage, (), (devices, token))
BOOST_DESCRIBE_STRUCT(ConfirmDeviceRequest, (), (access_token, device_key, verifier, salt, name))
BOOST_DESCRIBE_STRUCT(ConfirmedDevice, (), (asks_person))
BOOST_DESCRIBE_STRUCT(DeviceRequest, (), (access_token, device_key))
BOOST_DESCRIBE_STRUCT(DeviceStatusRequest, (), (access_token, device_key, remembered))
BOOST_DESCRIBE_STRUCT(ListDevicesRequest, (), (access_token, token, limit))
BOOST_DESCRIBE_STRUCT(AdminDeviceRequest, (), (who, pool, username, device_key))
BOOST_DESCRIBE_STRUCT(AdminDeviceStatusRequest, (), (who, pool, username, device_key, remembered))
BOOST_DESCRIBE_STRUCT(AdminListDevicesRequest, (), (who, pool, username, token, limit))
BOOST_DESCRIBE_STRUCT(DeviceSrpRequest, (), (client_id, username, session, device_key, srp_a))
BOOST_DESCRIBE_STRUCT(DeviceProofRequest, (),
                      (client_id, username, device_key, secret_block, timestamp, signature))

}  // namespace domicile::identity
