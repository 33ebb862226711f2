// Devices as people and administrators see them: confirmed, listed and forgotten.
#include "identity/devices.h"

#include "identity/administration.h"
#include "identity/devices_testing.h"

namespace domicile::identity::testing {
namespace {

class DevicesOf : public DevicesTest {
  public:
    static Task<Result<void>> confirming(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        CO_TRY(const Tokens others, co_await enter(identity));
        const Kept device{tokens.new_device->key, tokens.new_device->group_key};
        const ConfirmDeviceRequest right = confirmation(tokens, device);
        ConfirmDeviceRequest foreign = right;
        foreign.access_token = others.access_token;
        const auto another = co_await identity.confirm_device(foreign);
        EXPECT_EQ(another.error().reason, reason::kUnknownDevice);
        const std::string zero(384, '\0'), ones(384, '\xff'), one("\x01");
        const std::vector<std::string> verifiers = {std::string(), zero, one, ones,
                                                    std::string(400, 'a')};
        for (const std::string& bytes : verifiers) {
            ConfirmDeviceRequest bad = right;
            bad.verifier = to_base64(bytes);
            const auto refused = co_await identity.confirm_device(bad);
            EXPECT_EQ(refused.error().reason, reason::kSchema) << bytes.size();
        }
        const std::vector<std::string> salts = {std::string(), std::string("*"),
                                                std::string(100, 'A')};
        for (const std::string& salt : salts) {
            ConfirmDeviceRequest bad = right;
            bad.salt = salt;
            const auto refused = co_await identity.confirm_device(bad);
            EXPECT_EQ(refused.error().reason, reason::kSchema) << salt;
        }
        CO_TRY_VOID(co_await identity.confirm_device(right));
        CO_TRY_VOID(co_await identity.confirm_device(right));  // the answer got lost
        ConfirmDeviceRequest changed = right;
        changed.verifier = to_base64("another");
        const auto again = co_await identity.confirm_device(changed);
        EXPECT_EQ(again.error().message, "The device is confirmed already.");
        co_return Result<void>();
    }

    // Sessions on a device end with it, but for the one that forgets it.
    static Task<Result<void>> forgetting(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Kept lost, co_await new_device(identity));
        CO_TRY(const Kept device, co_await new_device(identity));
        CO_TRY(const Tokens thief, co_await enter_on(identity, lost));
        CO_TRY(const Tokens owner, co_await enter_on(identity, device));
        DeviceRequest forget{owner.access_token, lost.key};
        CO_TRY_VOID(co_await identity.forget_device(forget));
        const auto again = co_await identity.forget_device(forget);
        EXPECT_EQ(again.error().reason, reason::kUnknownDevice);
        const auto stolen = co_await refresh(identity, thief, lost.key);
        EXPECT_EQ(stolen.error().reason, reason::kRefreshRevoked);
        const auto access = co_await devices_of(identity, thief.access_token);
        EXPECT_EQ(access.error().reason, reason::kAccessRevoked);
        CO_TRY(const Tokens as_new, co_await enter(identity, lost.key));
        EXPECT_TRUE(as_new.new_device);
        DeviceRequest own{owner.access_token, device.key};
        CO_TRY_VOID(co_await identity.forget_device(own));
        CO_TRY(const DevicePage none, co_await devices_of(identity, owner.access_token));
        EXPECT_TRUE(none.devices.empty());
        CO_TRY_VOID(co_await refresh(identity, owner, ""));
        co_return Result<void>();
    }

    static Task<Result<void>> bounded(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Kept oldest, co_await new_device(identity));
        clock->pass(Millis(1));
        CO_TRY(const Kept second, co_await new_device(identity));
        for (std::int64_t i = 2; i < kDevicesMax; ++i) {
            clock->pass(Millis(1));
            CO_TRY_VOID(co_await new_device(identity));
        }
        clock->pass(Millis(1));
        CO_TRY_VOID(co_await enter_on(identity, oldest));
        CO_TRY_VOID(co_await new_device(identity));
        CO_TRY(const Tokens still, co_await enter(identity, oldest.key));
        EXPECT_TRUE(still.challenge);
        CO_TRY(const Tokens tokens, co_await enter(identity, second.key));
        EXPECT_TRUE(tokens.new_device);
        std::string token;
        std::size_t pages = 0, count = 0;
        do {
            CO_TRY(const DevicePage page,
                   co_await devices_of(identity, tokens.access_token, token, 9));
            token = page.token;
            count += page.devices.size();
            ++pages;
        } while (!token.empty());
        EXPECT_EQ(pages, 3u);
        EXPECT_EQ(count, static_cast<std::size_t>(kDevicesMax));
        const auto bad = co_await devices_of(identity, tokens.access_token, "x");
        EXPECT_EQ(bad.error().reason, reason::kPageToken);
        co_return Result<void>();
    }

    static Task<Result<void>> administered(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Kept device, co_await new_device(identity));
        CO_TRY(const Tokens there, co_await enter_on(identity, device));
        Administration& admin = identity.administration();
        AdminDeviceRequest about{{"DOMKTEST", "eu-central-1"}, "Health1", kAnna, device.key};
        CO_TRY(const DeviceDescription shown, co_await admin.get_device(about));
        EXPECT_EQ(shown.key, device.key);
        AdminDeviceStatusRequest status{about.who, about.pool, about.username, device.key, false};
        CO_TRY_VOID(co_await admin.update_device(status));
        AdminListDevicesRequest list{about.who, about.pool, about.username, "", 0};
        CO_TRY(const DevicePage page, co_await admin.list_devices(list));
        EXPECT_FALSE(page.devices.at(0).remembered);
        CO_TRY_VOID(co_await admin.forget_device(about));
        const auto gone = co_await admin.get_device(about);
        EXPECT_EQ(gone.error().reason, reason::kUnknownDevice);
        const auto ended = co_await refresh(identity, there, device.key);
        EXPECT_EQ(ended.error().reason, reason::kRefreshRevoked);
        co_return Result<void>();
    }

    static Task<Result<void>> erased(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY_VOID(co_await new_device(identity));
        AdminRequest leave{{"DOMKTEST", "eu-central-1"}, "Health1", kAnna};
        CO_TRY_VOID(co_await identity.administration().remove(std::move(leave)));
        co_return Result<void>();
    }
};

TEST_F(DevicesOf, a_device_is_confirmed_where_it_was_told_and_once) { check(confirming); }
TEST_F(DevicesOf, what_goes_on_on_a_forgotten_device_ends) { check(forgetting); }
TEST_F(DevicesOf, the_device_that_rested_longest_gives_way) { check(bounded); }
TEST_F(DevicesOf, administrators_see_and_forget_devices) { check(administered); }
TEST_F(DevicesOf, whoever_leaves_takes_their_devices_along) {
    check(erased);
    EXPECT_EQ(rows_of("identity_devices"), 0);
}

}  // namespace
}  // namespace domicile::identity::testing
