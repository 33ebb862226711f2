// The client's side of devices, and somebody who has them.
#pragma once

#include <string>

#include "identity/devices.h"
#include "identity/testing.h"

namespace domicile::identity::testing {

inline constexpr const char* kAnna = "anna@example.de";
inline constexpr const char* kSecret = "what the device keeps";

// What a client keeps of a device.
struct Kept {
    std::string key, group;
};

class DevicesTest : public IdentityTest {
  protected:
    DevicesTest() {
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        config_.pools[0].devices = config::Devices::always;
        clock = &clock_;
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
    static inline directory::testing::StillClock* clock = nullptr;
};

// `device_key` as clients send it: empty for none.
inline Task<Result<Tokens>> enter(Identity& identity, std::string device_key = std::string()) {
    PasswordRequest request{"client1", kAnna, kPassword, std::nullopt, std::move(device_key)};
    return identity.sign_in_with_password(std::move(request));
}

inline ConfirmDeviceRequest confirmation(const Tokens& tokens, const Kept& device) {
    const auto made = crypto::make_verifier(device.group, device.key, kSecret, "0123456789abcdef");
    // With the zero in front that clients write before a number whose top bit is set.
    return {tokens.access_token, device.key, to_base64(std::string(1, '\0') + made.verifier),
            to_base64("0123456789abcdef"), "Anna's phone"};
}

// A sign-in on a new device, which is confirmed.
inline Task<Result<Kept>> new_device(Identity& identity, bool asks = false) {
    CO_TRY(const Tokens tokens, co_await enter(identity));
    EXPECT_TRUE(tokens.new_device);
    Kept out{tokens.new_device->key, tokens.new_device->group_key};
    CO_TRY(const ConfirmedDevice confirmed,
           co_await identity.confirm_device(confirmation(tokens, out)));
    EXPECT_EQ(confirmed.asks_person, asks);
    co_return out;
}

inline Task<Result<Tokens>> start(Identity& identity, std::string session, std::string key,
                                  std::string a) {
    DeviceSrpRequest request{"client1", kAnna, std::move(session), std::move(key),
                             crypto::client_public(a)};
    return identity.start_device_srp(std::move(request));
}

inline Task<Result<DeviceProofRequest>> proof(Identity& identity, Challenge asked, Kept device,
                                              std::string password = kSecret) {
    EXPECT_EQ(asked.name, "DEVICE_SRP_AUTH");
    EXPECT_EQ(asked.parameters.at("DEVICE_KEY"), device.key);
    const std::string a = io::system_random().bytes(128);
    CO_TRY(Tokens next, co_await start(identity, asked.session, device.key, a));
    EXPECT_EQ(next.challenge->name, "DEVICE_PASSWORD_VERIFIER");
    Attributes& shown = next.challenge->parameters;
    CO_TRY(const std::string key, crypto::client_session_key(device.group, device.key, password,
                                                             shown["SALT"], a, shown["SRP_B"]));
    const std::string time = to_srp_timestamp(directory::testing::StillClock().now());
    const std::string block = from_base64(shown["SECRET_BLOCK"]).value_or("");
    std::string signature =
        to_base64(crypto::claim_signature(key, device.group, device.key, block, time));
    co_return DeviceProofRequest{
        "client1", kAnna, device.key, shown["SECRET_BLOCK"], time, std::move(signature)};
}

inline Task<Result<Tokens>> prove(Identity& identity, Challenge asked, Kept device,
                                  std::string password = kSecret) {
    CO_TRY(DeviceProofRequest request,
           co_await proof(identity, std::move(asked), std::move(device), std::move(password)));
    co_return co_await identity.answer_device_srp(std::move(request));
}

// Tokens of a sign-in on a remembered device.
inline Task<Result<Tokens>> enter_on(Identity& identity, Kept device) {
    CO_TRY(const Tokens asked, co_await enter(identity, device.key));
    if (!asked.challenge) co_return fail(Code::internal, "no proof was asked for");
    co_return co_await prove(identity, *asked.challenge, std::move(device));
}

inline Task<Result<std::string>> claimed_device(Identity& identity, std::string access_token) {
    CO_TRY(const TokenPtr token, co_await identity.verifier().verify(std::move(access_token)));
    const json::value* claim = token->claims.if_contains("device_key");
    co_return claim == nullptr ? std::string() : std::string(claim->as_string());
}

inline Task<Result<Tokens>> refresh(Identity& identity, const Tokens& of, std::string device_key) {
    RefreshRequest request{"client1", *of.refresh_token};
    request.device_key = std::move(device_key);
    return identity.refresh(std::move(request));
}

inline Task<Result<DevicePage>> devices_of(Identity& identity, std::string access_token,
                                           std::string token = std::string(),
                                           std::int64_t limit = 0) {
    ListDevicesRequest request{std::move(access_token), std::move(token), limit};
    return identity.list_devices(std::move(request));
}

}  // namespace domicile::identity::testing
