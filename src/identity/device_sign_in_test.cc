// Devices at sign-in: proven in place of a code or beside it, or like none; what their refresh
// tokens are good for.
#include "crypto/totp.h"
#include "identity/administration.h"
#include "identity/devices_testing.h"

namespace domicile::identity::testing {
namespace {

class DeviceSignIn : public DevicesTest {
  public:
    static Task<Result<void>> whole_way(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Kept device, co_await new_device(identity));
        CO_TRY(const Tokens tokens, co_await enter_on(identity, device));
        EXPECT_FALSE(tokens.new_device);
        CO_TRY(const std::string claim, co_await claimed_device(identity, tokens.access_token));
        EXPECT_EQ(claim, device.key);
        clock->pass(Millis(1000));
        CO_TRY(const Tokens later, co_await enter_on(identity, device));
        DeviceRequest about{later.access_token, device.key};
        CO_TRY(const DeviceDescription shown, co_await identity.get_device(about));
        EXPECT_EQ(shown.name, "Anna's phone");
        EXPECT_TRUE(shown.remembered);
        EXPECT_EQ(shown.authenticated_ms, clock->now().ms);
        EXPECT_EQ(shown.created_ms, clock->now().ms - 1000);
        CO_TRY(const DevicePage all, co_await devices_of(identity, later.access_token));
        EXPECT_EQ(all.devices.size(), 1u);
        co_return Result<void>();
    }

    static Task<Result<void>> unknown(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Kept device, co_await new_device(identity));
        const std::string stranger = "eu-central-1_00000000-0000-4000-8000-000000000000";
        const std::string elsewhere = "us-east-1" + device.key.substr(device.key.find('_'));
        const std::vector<std::string> keys = {std::string(), stranger, elsewhere,
                                               std::string("x")};
        for (const std::string& key : keys) {
            CO_TRY(const Tokens tokens, co_await enter(identity, key));
            EXPECT_TRUE(tokens.new_device && !tokens.challenge) << key;
            EXPECT_NE(tokens.new_device->key, device.key);
            EXPECT_TRUE(tokens.new_device->key.starts_with("eu-central-1_"));
        }
        // Who has nothing to do with devices is told of none.
        PasswordRequest page{"client1", kAnna, kPassword};
        CO_TRY(const Tokens plain, co_await identity.sign_in_with_password(std::move(page)));
        EXPECT_FALSE(plain.new_device);
        CO_TRY(const std::string claim, co_await claimed_device(identity, plain.access_token));
        EXPECT_EQ(claim, "");
        co_return Result<void>();
    }

    static Task<Result<void>> wrong_proofs(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Kept device, co_await new_device(identity));
        CO_TRY(const Kept other, co_await new_device(identity));
        CO_TRY(const Tokens asked, co_await enter(identity, device.key));
        const auto guess = co_await prove(identity, *asked.challenge, device, "a guess");
        EXPECT_EQ(guess.error().reason, reason::kWrongCredentials);
        CO_TRY(const DeviceProofRequest right, co_await proof(identity, *asked.challenge, device));
        DeviceProofRequest stranger = right;
        stranger.username = "berta@example.de";
        const auto theirs = co_await identity.answer_device_srp(stranger);
        EXPECT_EQ(theirs.error().reason, reason::kSessionInvalid);
        DeviceProofRequest mixed = right;
        mixed.device_key = other.key;
        const auto another = co_await identity.answer_device_srp(mixed);
        EXPECT_EQ(another.error().reason, reason::kUnknownDevice);
        DeviceProofRequest late = right;
        late.timestamp = to_srp_timestamp(clock->now() + Millis(4 * 3'600'000));
        const auto early = co_await identity.answer_device_srp(late);
        EXPECT_EQ(early.error().reason, reason::kWrongCredentials);
        // A password's block is no device's, and the other way round.
        SrpAnswerRequest password{"client1", kAnna, right.secret_block, right.timestamp,
                                  right.signature};
        const auto confused = co_await identity.answer_srp(password);
        EXPECT_EQ(confused.error().reason, reason::kWrongCredentials);
        CO_TRY_VOID(co_await identity.answer_device_srp(right));
        const auto twice = co_await identity.answer_device_srp(right);
        EXPECT_EQ(twice.error().reason, reason::kSessionInvalid);
        co_return Result<void>();
    }

    static Task<Result<void>> tries(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Kept device, co_await new_device(identity));
        CO_TRY(const Tokens asked, co_await enter(identity, device.key));
        for (int i = 0; i < 5; ++i) {
            const auto guess = co_await prove(identity, *asked.challenge, device, "a guess");
            EXPECT_EQ(guess.error().reason, reason::kWrongCredentials) << i;
        }
        const auto over = co_await prove(identity, *asked.challenge, device);
        EXPECT_EQ(over.error().reason, reason::kSessionInvalid);
        for (int i = 0; i < 6; ++i) {
            CO_TRY(const Tokens next, co_await enter(identity, device.key));
            (void)co_await prove(identity, *next.challenge, device, "a guess");
        }
        CO_TRY(const Tokens delayed, co_await enter(identity, device.key));
        const auto right = co_await prove(identity, *delayed.challenge, device);
        EXPECT_EQ(right.error().reason, reason::kTooManyAttempts);
        co_return Result<void>();
    }

    static Task<Result<void>> sessions(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Kept device, co_await new_device(identity));
        CO_TRY(const Tokens late, co_await enter(identity, device.key));
        clock->pass(Millis(3 * 60'000));
        const auto expired = co_await start(identity, late.challenge->session, device.key, "12");
        EXPECT_EQ(expired.error().reason, reason::kSessionInvalid);
        CO_TRY(const Tokens asked, co_await enter(identity, device.key));
        const std::string session = asked.challenge->session;
        const auto other = co_await start(identity, session, device.key + "0", "12");
        EXPECT_EQ(other.error().reason, reason::kUnknownDevice);
        DeviceSrpRequest stranger{"client1", "berta@example.de", session, device.key, "abc"};
        const auto theirs = co_await identity.start_device_srp(stranger);
        EXPECT_EQ(theirs.error().reason, reason::kSessionInvalid);
        DeviceSrpRequest no_number{"client1", kAnna, session, device.key, "no number"};
        const auto bad = co_await identity.start_device_srp(no_number);
        EXPECT_EQ(bad.error().code, Code::invalid_argument);
        // The session is no other challenge's.
        MfaAnswerRequest code{"client1", kAnna, kSoftwareToken, session, "123456"};
        const auto confused = co_await identity.answer_mfa(std::move(code));
        EXPECT_EQ(confused.error().reason, reason::kSessionInvalid);
        // What is forgotten meanwhile proves nothing any more.
        CO_TRY(const DeviceProofRequest right, co_await proof(identity, *asked.challenge, device));
        AdminDeviceRequest forget{{"DOMKTEST", "eu-central-1"}, "Health1", kAnna, device.key};
        CO_TRY_VOID(co_await identity.administration().forget_device(forget));
        const auto gone = co_await identity.answer_device_srp(right);
        EXPECT_EQ(gone.error().reason, reason::kUnknownDevice);
        co_return Result<void>();
    }

    static Task<Result<void>> refreshing(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens plain, co_await enter(identity));
        CO_TRY_VOID(co_await refresh(identity, plain, ""));  // it was never confirmed
        CO_TRY(const Kept device, co_await new_device(identity));
        CO_TRY(const Tokens tokens, co_await enter_on(identity, device));
        const std::vector<std::string> keys = {std::string(), plain.new_device->key};
        for (const std::string& key : keys) {
            const auto refused = co_await refresh(identity, tokens, key);
            EXPECT_EQ(refused.error().reason, reason::kRefreshInvalid) << key;
        }
        CO_TRY(const Tokens refreshed, co_await refresh(identity, tokens, device.key));
        CO_TRY(const std::string claim, co_await claimed_device(identity, refreshed.access_token));
        EXPECT_EQ(claim, device.key);
        co_return Result<void>();
    }
};

TEST_F(DeviceSignIn, a_confirmed_device_proves_itself_at_later_sign_ins) { check(whole_way); }
TEST_F(DeviceSignIn, a_key_that_is_no_device_of_the_person_is_like_none) { check(unknown); }
TEST_F(DeviceSignIn, only_the_right_proof_counts_and_once) { check(wrong_proofs); }
TEST_F(DeviceSignIn, guesses_end_a_session_and_are_delayed_over_all) { check(tries); }
TEST_F(DeviceSignIn, a_session_is_for_one_person_device_and_time) { check(sessions); }
TEST_F(DeviceSignIn, a_refresh_token_is_good_on_its_device_only) { check(refreshing); }

class DevicesOptIn : public DevicesTest {
  public:
    DevicesOptIn() { config_.pools[0].devices = config::Devices::user_opt_in; }

    static Task<Result<void>> whole_way(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Kept device, co_await new_device(identity, true));
        // Known, but neither asked for a proof nor confirmed again.
        CO_TRY(const Tokens tokens, co_await enter(identity, device.key));
        EXPECT_TRUE(!tokens.challenge && !tokens.new_device);
        CO_TRY(const std::string claim, co_await claimed_device(identity, tokens.access_token));
        EXPECT_EQ(claim, device.key);
        DeviceStatusRequest status{tokens.access_token, device.key, true};
        CO_TRY_VOID(co_await identity.update_device(status));
        CO_TRY_VOID(co_await enter_on(identity, device));
        status.remembered = false;
        CO_TRY_VOID(co_await identity.update_device(status));
        CO_TRY(const Tokens plain, co_await enter(identity, device.key));
        EXPECT_FALSE(plain.challenge);
        status.device_key.back() = status.device_key.back() == '0' ? '1' : '0';
        const auto unknown = co_await identity.update_device(status);
        EXPECT_EQ(unknown.error().reason, reason::kUnknownDevice);
        co_return Result<void>();
    }
};

TEST_F(DevicesOptIn, a_device_is_remembered_once_the_person_says_so) { check(whole_way); }

class DevicesWithMfa : public DevicesTest {
  public:
    DevicesWithMfa() { config_.pools[0].mfa = config::Mfa::optional; }

    static std::string code(const std::string& secret, std::int64_t ahead) {
        return crypto::totp_code(secret, crypto::totp_step(clock->now()) + ahead);
    }

    // Anna with an app; its secret.
    static Task<Result<std::string>> with_app(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        AssociateRequest associate{tokens.access_token, std::nullopt};
        CO_TRY(const AssociatedApp made, co_await identity.associate(std::move(associate)));
        std::string secret = app_secret(made.secret_code);
        VerifyTokenRequest verify{tokens.access_token, std::nullopt, code(secret, -1)};
        CO_TRY_VOID(co_await identity.verify_token(std::move(verify)));
        MfaPreferenceRequest prefer{tokens.access_token, true, true};
        CO_TRY_VOID(co_await identity.set_mfa(std::move(prefer)));
        co_return secret;
    }

    // A device that is confirmed after the code of the step ahead.
    static Task<Result<Kept>> device_after_code(Identity& identity, std::string secret) {
        CO_TRY(const Tokens asked, co_await enter(identity));
        MfaAnswerRequest answer{
            "client1", kAnna, asked.challenge->name, asked.challenge->session, code(secret, 0), ""};
        CO_TRY(const Tokens tokens, co_await identity.answer_mfa(std::move(answer)));
        EXPECT_TRUE(tokens.new_device);
        Kept out{tokens.new_device->key, tokens.new_device->group_key};
        CO_TRY_VOID(co_await identity.confirm_device(confirmation(tokens, out)));
        co_return out;
    }

    static Task<Result<void>> both(Identity& identity) {
        CO_TRY(const std::string secret, co_await with_app(identity));
        CO_TRY(const Kept device, co_await device_after_code(identity, secret));
        CO_TRY(const Tokens asked, co_await enter(identity, device.key));
        EXPECT_EQ(asked.challenge->name, "SOFTWARE_TOKEN_MFA");
        MfaAnswerRequest answer{
            "client1", kAnna, asked.challenge->name, asked.challenge->session, code(secret, 1), ""};
        CO_TRY(const Tokens next, co_await identity.answer_mfa(std::move(answer)));
        CO_TRY_VOID(co_await prove(identity, *next.challenge, device));
        co_return Result<void>();
    }

    static Task<Result<void>> instead(Identity& identity) {
        CO_TRY(const std::string secret, co_await with_app(identity));
        CO_TRY(const Kept device, co_await device_after_code(identity, secret));
        CO_TRY_VOID(co_await enter_on(identity, device));
        // Whoever does not prove to have the device is none the nearer.
        CO_TRY(const Tokens guessed, co_await enter(identity, device.key));
        const auto guess = co_await prove(identity, *guessed.challenge, device, "a guess");
        EXPECT_EQ(guess.error().reason, reason::kWrongCredentials);
        CO_TRY(const Tokens unknown, co_await enter(identity, ""));
        EXPECT_EQ(unknown.challenge->name, "SOFTWARE_TOKEN_MFA");
        CO_TRY(const Tokens tokens, co_await enter_on(identity, device));
        DeviceStatusRequest status{tokens.access_token, device.key, false};
        CO_TRY_VOID(co_await identity.update_device(status));
        CO_TRY(const Tokens asked, co_await enter(identity, device.key));
        EXPECT_EQ(asked.challenge->name, "SOFTWARE_TOKEN_MFA");
        co_return Result<void>();
    }
};

TEST_F(DevicesWithMfa, a_device_is_asked_for_beside_the_code) { check(both); }
TEST_F(DevicesWithMfa, a_remembered_device_stands_in_for_the_code_where_the_pool_says_so) {
    config_.pools[0].devices_replace_mfa = true;
    check(instead);
}

class DevicesOff : public DevicesTest {
  public:
    DevicesOff() { config_.pools[0].devices = config::Devices::off; }

    static Task<Result<void>> nothing(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        EXPECT_FALSE(tokens.new_device);
        const Kept device{"eu-central-1_00000000-0000-4000-8000-000000000000", "-12345678"};
        const auto refused = co_await identity.confirm_device(confirmation(tokens, device));
        EXPECT_EQ(refused.error().reason, reason::kNoDevices);
        CO_TRY(const DevicePage none, co_await devices_of(identity, tokens.access_token));
        EXPECT_TRUE(none.devices.empty());
        CO_TRY_VOID(co_await refresh(identity, tokens, device.key));
        co_return Result<void>();
    }
};

TEST_F(DevicesOff, a_pool_without_remembers_none) { check(nothing); }

}  // namespace
}  // namespace domicile::identity::testing
