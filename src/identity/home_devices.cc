// The devices of the people who live here, as they and administrators see them.
#include "base/encoding.h"
#include "identity/home.h"
#include "identity/page_token.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kSaltBytesMax = 64;

std::unexpected<Error> refused(const char* text) {
    return fail(Code::invalid_argument, text, reason::kSchema);
}

Result<crypto::SrpVerifier> verifier_of(const ConfirmDeviceRequest& request) {
    const auto salt = from_base64(request.salt);
    const auto bytes = from_base64(request.verifier);
    if (!salt || !bytes) return refused("DeviceSecretVerifierConfig is not base64.");
    if (salt->empty() || salt->size() > kSaltBytesMax) {
        return refused("The Salt of DeviceSecretVerifierConfig has 1 to 64 bytes.");
    }
    auto verifier = crypto::parse_verifier(*bytes);
    if (!verifier) {
        return refused("The PasswordVerifier of DeviceSecretVerifierConfig is not in the group.");
    }
    return crypto::SrpVerifier{to_hex(*salt), std::move(*verifier)};
}

std::string claimed_device(const VerifiedToken& token) {
    const json::value* claim = token.claims.if_contains("device_key");
    return claim != nullptr && claim->is_string() ? std::string(claim->get_string())
                                                  : std::string();
}

std::string list_of(const std::string& sub) { return "devices:" + sub; }

}  // namespace

DeviceDescription Home::describe(const Device& device) const {
    DeviceDescription out;
    out.key = device_key(p_.region, device.id);
    out.name = device.name;
    out.remembered = device.remembered;
    out.created_ms = device.created.ms;
    out.modified_ms = device.modified.ms;
    out.authenticated_ms = device.authenticated.ms;
    return out;
}

// Only from a session that the device was told in: so nobody gives a person a device by its key.
io::Task<Result<ConfirmedDevice>> Home::confirm_device(ConfirmDeviceRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(const UserRow row, co_await own_user(token));
    CO_TRY(const config::Pool* pool, pool_of(row));
    if (pool->devices == config::Devices::off) {
        co_return fail(Code::failed_precondition, "The user pool does not remember devices.",
                       reason::kNoDevices);
    }
    const std::string id = device_id(p_.region, request.device_key);
    if (id.empty() || claimed_device(*token) != request.device_key) co_return unknown_device();
    Device device;
    CO_TRY(device.srp, verifier_of(request));
    device.id = id;
    device.group = device_group(row.sub, id);
    device.name = std::move(request.name);
    device.remembered = pool->devices == config::Devices::always;
    device.created = device.modified = device.authenticated = p_.clock.now();
    const ConfirmedDevice out{!device.remembered};
    const std::string verifier = device.srp.verifier;
    const auto added = co_await devices_.add(row.sub, std::move(device));
    if (added) co_return out;
    if (added.error().code != Code::conflict) co_return std::unexpected(added.error());
    CO_TRY(const auto there, co_await devices_.find(row.sub, id));
    if (!there) {
        co_return fail(Code::resource_exhausted, "Something else changed it at the same time.");
    }
    // A repetition, whose first answer got lost.
    if (there->srp.verifier == verifier) co_return out;
    co_return refused("The device is confirmed already.");
}

io::Task<Result<Device>> Home::device_to_change(std::string sub, std::string device_key) {
    std::string id = device_id(p_.region, device_key);
    if (id.empty()) co_return unknown_device();
    CO_TRY(auto device, co_await devices_.find(std::move(sub), std::move(id)));
    if (!device) co_return unknown_device();
    co_return std::move(*device);
}

io::Task<Result<DevicePage>> Home::page_of_devices(std::string sub, std::string token,
                                                   std::int64_t limit) {
    CO_TRY(std::string after, open_page_token(page_key_, list_of(sub), token));
    if (limit < 1 || limit > kListMax) limit = kListMax;
    CO_TRY(const auto found, co_await devices_.list(sub, std::move(after), limit + 1));
    DevicePage out;
    for (const Device& device : found) {
        if (static_cast<std::int64_t>(out.devices.size()) == limit) {
            const std::string& last = found[static_cast<std::size_t>(limit) - 1].id;
            out.token = seal_page_token(page_key_, list_of(sub), last);
            break;
        }
        out.devices.push_back(describe(device));
    }
    co_return out;
}

io::Task<Result<void>> Home::set_remembered(std::string sub, std::string device_key,
                                            std::optional<bool> remembered) {
    CO_TRY(Device device, co_await device_to_change(sub, std::move(device_key)));
    if (!remembered || *remembered == device.remembered) co_return Result<void>();
    device.remembered = *remembered;
    device.modified = p_.clock.now();
    CO_TRY(sql::Statement replacement,
           co_await devices_.replacement(std::move(sub), std::move(device), true));
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(replacement));
    CO_TRY_VOID(co_await write_changes(std::move(batch)));
    co_return Result<void>();
}

// What goes on there ends: who forgets a device may have lost it.
io::Task<Result<void>> Home::remove_device(std::string sub, std::string device_key,
                                           std::string keep_session) {
    CO_TRY(const Device device, co_await device_to_change(sub, std::move(device_key)));
    std::vector<sql::Statement> batch;
    batch.push_back(Devices::removal(sub, device.id));
    batch.push_back(sessions_.ending_on(sub, device.id, std::move(keep_session)));
    CO_TRY(const auto done, co_await p_.database.write(std::move(batch)));
    sessions_.ended(done[1]);
    co_return Result<void>();
}

io::Task<Result<DeviceDescription>> Home::get_device(DeviceRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(const UserRow row, co_await own_user(token));
    CO_TRY(const Device device, co_await device_to_change(row.sub, std::move(request.device_key)));
    co_return describe(device);
}

io::Task<Result<DevicePage>> Home::list_devices(ListDevicesRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(const UserRow row, co_await own_user(token));
    co_return co_await page_of_devices(row.sub, std::move(request.token), request.limit);
}

io::Task<Result<Done>> Home::update_device(DeviceStatusRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(const UserRow row, co_await own_user(token));
    CO_TRY_VOID(
        co_await set_remembered(row.sub, std::move(request.device_key), request.remembered));
    co_return Done{};
}

io::Task<Result<Done>> Home::forget_device(DeviceRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(const UserRow row, co_await own_user(token));
    CO_TRY_VOID(co_await remove_device(row.sub, std::move(request.device_key), token->origin_jti));
    co_return Done{};
}

io::Task<Result<DeviceDescription>> Home::admin_get_device(AdminDeviceRequest request) {
    CO_TRY(const UserRow row,
           co_await administered("AdminGetDevice", request.who, request.pool, request.username));
    CO_TRY(const Device device, co_await device_to_change(row.sub, std::move(request.device_key)));
    co_return describe(device);
}

io::Task<Result<DevicePage>> Home::admin_list_devices(AdminListDevicesRequest request) {
    CO_TRY(const UserRow row,
           co_await administered("AdminListDevices", request.who, request.pool, request.username));
    co_return co_await page_of_devices(row.sub, std::move(request.token), request.limit);
}

io::Task<Result<Done>> Home::admin_update_device(AdminDeviceStatusRequest request) {
    CO_TRY(const UserRow row, co_await administered("AdminUpdateDeviceStatus", request.who,
                                                    request.pool, request.username));
    CO_TRY_VOID(
        co_await set_remembered(row.sub, std::move(request.device_key), request.remembered));
    co_return Done{};
}

io::Task<Result<Done>> Home::admin_forget_device(AdminDeviceRequest request) {
    CO_TRY(const UserRow row,
           co_await administered("AdminForgetDevice", request.who, request.pool, request.username));
    CO_TRY_VOID(co_await remove_device(row.sub, std::move(request.device_key), ""));
    co_return Done{};
}

}  // namespace domicile::identity
