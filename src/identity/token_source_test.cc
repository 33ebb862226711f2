// What PreTokenGeneration is told of how somebody came in, also after further steps.
#include "crypto/totp.h"
#include "identity/administration.h"
#include "identity/devices_testing.h"
#include "identity/triggers_testing.h"

namespace domicile::identity::testing {
namespace {

class SourceListener final : public SilentTriggers {
  public:
    io::Task<Result<TokenChanges>> pre_token_generation(TriggerEvent event, config::TokenEvent,
                                                        GroupChanges) override {
        source = event.source;
        co_return TokenChanges();
    }
    std::string source;
};
SourceListener* heard = nullptr;  // of the test that runs

class TokenSource : public DevicesTest {
  protected:
    TokenSource() {
        config_.pools[0].triggers.pre_token_generation = {"f", config::TokenEvent::v1};
        triggers_ = heard = &listener_;
    }
    ~TokenSource() override { heard = nullptr; }

  private:
    SourceListener listener_;
};

Task<Result<Tokens>> set_up_an_app(Identity& identity, std::string session) {
    AssociateRequest associate;
    associate.session = std::move(session);
    CO_TRY(const AssociatedApp app, co_await identity.associate(std::move(associate)));
    const auto step = crypto::totp_step(directory::testing::StillClock().now());
    VerifyTokenRequest verify;
    verify.session = app.session;
    verify.code = crypto::totp_code(app_secret(app.secret_code), step);
    CO_TRY(const VerifiedApp verified, co_await identity.verify_token(std::move(verify)));
    MfaAnswerRequest answer{"client1", kAnna, "MFA_SETUP", *verified.session, ""};
    co_return co_await identity.answer_mfa(std::move(answer));
}

Task<Result<void>> invited(Identity& identity) {
    AdminCreateRequest create;
    create.who = identity.administration().as("DOMKTEST");
    create.pool = "Health1";
    create.username = kAnna;
    create.attributes = {{"email", kAnna}, {"custom:country", "DE"}};
    create.password = kPassword;
    CO_TRY_VOID(co_await identity.administration().create(std::move(create)));
    CO_TRY(const Tokens asked, co_await enter(identity));
    NewPasswordRequest chosen{"client1", kAnna, asked.challenge->session, "Anders-5678", {}};
    chosen.device_key = "";
    CO_TRY(const Tokens next, co_await identity.answer_new_password(std::move(chosen)));
    EXPECT_EQ(next.challenge->name, "MFA_SETUP");
    CO_TRY(const Tokens tokens, co_await set_up_an_app(identity, next.challenge->session));
    EXPECT_EQ(heard->source, "TokenGeneration_NewPasswordChallenge");
    EXPECT_TRUE(tokens.new_device);  // as the client had said that it has to do with devices
    co_return Result<void>();
}
TEST_F(TokenSource, of_a_new_password_is_that_after_the_second_factor_too) {
    config_.pools[0].mfa = config::Mfa::required;
    check(invited);
}

Task<Result<void>> on_a_device(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Kept device, co_await new_device(identity));
    EXPECT_EQ(heard->source, "TokenGeneration_Authentication");
    CO_TRY_VOID(co_await enter_on(identity, device));
    EXPECT_EQ(heard->source, "TokenGeneration_AuthenticateDevice");
    co_return Result<void>();
}
TEST_F(TokenSource, of_a_device_is_its_own) { check(on_a_device); }

}  // namespace
}  // namespace domicile::identity::testing
