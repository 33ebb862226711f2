// What the sign-in pages offer beside the password: codes that are mailed, passkeys, the set-up of
// an authenticator app, and the offer to make a passkey after signing in.
#include "crypto/hash.h"
#include "crypto/totp.h"
#include "identity/oauth.h"
#include "identity/passkeys.h"
#include "identity/testing.h"
#include "webauthn/testing.h"

namespace domicile::identity::testing {
namespace {

using webauthn::testing::Authenticator;

constexpr const char* kAnna = "anna@example.de";
constexpr const char* kCallback = "https://app.example/cb";
constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

directory::testing::StillClock* now = nullptr;  // of the test that runs

Authorization asked_for() {
    return {"client1", kCallback, "openid", std::nullopt, to_base64url(crypto::sha256(kVerifier))};
}

class OAuthWays : public IdentityTest {
  protected:
    OAuthWays() {
        config::Pool& pool = config_.pools[0];
        pool.email_otp = true;
        pool.passkeys.emplace().relying_party_id = "example.com";
        pool.clients[0].flows.push_back(config::AuthFlow::user_auth);
        pool.clients[0].oauth.emplace().redirect_uris = {kCallback};
        now = &clock_;
    }
    ~OAuthWays() override { now = nullptr; }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

Task<Result<Authorized>> enter(Identity& identity, std::optional<std::string> way,
                               bool offers_passkey = false) {
    BrowserSignIn request{asked_for(), kAnna, kPassword};
    request.way = std::move(way);
    request.offers_passkey = offers_passkey;
    return identity.oauth().sign_in(std::move(request));
}

Task<Result<Authorized>> answer_it(Identity& identity, Challenge challenge, Attributes responses) {
    BrowserAnswer request;
    request.asked = asked_for();
    request.username = kAnna;
    request.challenge = challenge.name;
    request.session = challenge.session;
    request.responses = std::move(responses);
    return identity.oauth().answer(std::move(request));
}

// Whether a client gets tokens for it.
Task<Result<void>> redeem_it(Identity& identity, Authorized authorized) {
    EXPECT_TRUE(authorized.code);
    RedeemRequest request{"client1", authorized.code.value_or(""), kCallback, kVerifier};
    CO_TRY_VOID(co_await identity.oauth().redeem(std::move(request)));
    co_return Result<void>();
}

Task<Result<void>> by_code(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    now->pass(Millis(1'000));
    CO_TRY(const Authorized first, co_await enter(identity, "EMAIL_OTP"));
    EXPECT_EQ(first.challenge->name, "EMAIL_OTP");
    EXPECT_FALSE(first.code);
    CO_TRY(const auto mails, co_await identity.outbox(1));
    const std::string code =
        mails[0].text.substr(mails[0].text.find_first_of("0123456789"), kSignInDigits);
    const std::vector<std::string> wrongs = {"", wrong_code(code)};
    for (const std::string& wrong : wrongs) {
        Attributes responses{{"EMAIL_OTP_CODE", wrong}};
        const auto refused = co_await answer_it(identity, *first.challenge, std::move(responses));
        EXPECT_EQ(refused.error().reason, reason::kCodeMismatch);
    }
    CO_TRY(const auto no_more, co_await identity.outbox(10));
    EXPECT_EQ(no_more.size(), 2u);
    Attributes responses{{"EMAIL_OTP_CODE", code}};
    CO_TRY(const Authorized done,
           co_await answer_it(identity, *first.challenge, std::move(responses)));
    EXPECT_TRUE(done.browser_session);
    co_return co_await redeem_it(identity, done);
}
TEST_F(OAuthWays, a_mailed_code_signs_in) { check(by_code); }

std::string challenge_of(const std::string& options) {
    return *from_base64url(std::string(parse_json_object(options)->at("challenge").as_string()));
}

// Signed in and asked whether they want a passkey.
Task<Result<Authorized>> offered(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    co_return co_await enter(identity, std::nullopt, true);
}

Task<Result<void>> by_passkey(Identity& identity) {
    Authenticator authenticator;
    CO_TRY(const Authorized first, co_await offered(identity));
    EXPECT_TRUE(first.offers_passkey);
    EXPECT_FALSE(first.code);
    const std::string browser = first.browser_session.value_or("");
    BrowserPasskey wants{asked_for(), browser};
    CO_TRY(const PasskeyOptions made, co_await identity.oauth().passkey_options(std::move(wants)));
    BrowserPasskey has{asked_for(), browser, authenticator.make(challenge_of(made.options))};
    CO_TRY_VOID(co_await identity.oauth().add_passkey(has));
    const auto again = co_await identity.oauth().add_passkey(std::move(has));
    EXPECT_EQ(again.error().reason, reason::kPasskeyChallenge);
    // On to the application with what the browser has.
    BrowserResume resume{asked_for(), browser, kBrowserFreshSeconds, {}};
    CO_TRY(Authorized on, co_await identity.oauth().resume(std::move(resume)));
    CO_TRY_VOID(co_await redeem_it(identity, std::move(on)));
    // Whoever has one is not asked.
    CO_TRY(Authorized second, co_await enter(identity, std::nullopt, true));
    EXPECT_FALSE(second.offers_passkey.value_or(false));
    CO_TRY_VOID(co_await redeem_it(identity, std::move(second)));
    CO_TRY(const Authorized chosen, co_await enter(identity, "WEB_AUTHN", true));
    EXPECT_EQ(chosen.challenge->name, "WEB_AUTHN");
    const std::string options = chosen.challenge->parameters.at("CREDENTIAL_REQUEST_OPTIONS");
    Attributes responses{{"CREDENTIAL", authenticator.use(challenge_of(options), "")}};
    CO_TRY(Authorized done, co_await answer_it(identity, *chosen.challenge, responses));
    CO_TRY_VOID(co_await redeem_it(identity, std::move(done)));
    const auto replayed = co_await answer_it(identity, *chosen.challenge, responses);
    EXPECT_EQ(replayed.error().reason, reason::kSessionInvalid);
    co_return Result<void>();
}
TEST_F(OAuthWays, a_passkey_is_made_after_signing_in_and_signs_in) { check(by_passkey); }

Task<Result<void>> too_long_ago(Identity& identity) {
    CO_TRY(const Authorized first, co_await offered(identity));
    const std::string browser = first.browser_session.value_or("");
    pass(*now, identity, Millis(kBrowserFreshSeconds * 1'000));
    BrowserPasskey wants{asked_for(), browser};
    const auto refused = co_await identity.oauth().passkey_options(std::move(wants));
    EXPECT_EQ(refused.error().reason, reason::kSessionInvalid);
    BrowserPasskey other{asked_for(), "eu-central-1.x"};
    const auto unknown = co_await identity.oauth().passkey_options(std::move(other));
    EXPECT_EQ(unknown.error().reason, reason::kSessionInvalid);
    co_return Result<void>();
}
TEST_F(OAuthWays, a_passkey_is_made_by_whoever_was_there_just_now) { check(too_long_ago); }

Task<Result<void>> not_asked(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(Authorized done, co_await enter(identity, std::nullopt, true));
    EXPECT_FALSE(done.offers_passkey.value_or(false));
    CO_TRY_VOID(co_await redeem_it(identity, std::move(done)));
    const auto chosen = co_await enter(identity, "EMAIL_OTP");
    EXPECT_EQ(chosen.error().reason, reason::kFlowNotEnabled);
    co_return Result<void>();
}
TEST_F(OAuthWays, a_client_without_the_flow_offers_none_of_it) {
    std::erase(config_.pools[0].clients[0].flows, config::AuthFlow::user_auth);
    check(not_asked);
}

Task<Result<void>> set_up_app(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Authorized first, co_await enter(identity, std::nullopt));
    EXPECT_EQ(first.challenge->name, "MFA_SETUP");
    AssociateRequest associate;
    associate.session = first.challenge->session;
    CO_TRY(const AssociatedApp app, co_await identity.associate(std::move(associate)));
    const Attributes nothing;
    Challenge early{"MFA_SETUP", app.session.value_or(""), nothing};
    const auto refused = co_await answer_it(identity, std::move(early), nothing);
    EXPECT_EQ(refused.error().reason, reason::kSchema);
    VerifyTokenRequest verify;
    verify.session = app.session;
    verify.code = crypto::totp_code(app_secret(app.secret_code), crypto::totp_step(now->now()));
    CO_TRY(const VerifiedApp verified, co_await identity.verify_token(std::move(verify)));
    Challenge proven{"MFA_SETUP", verified.session.value_or(""), nothing};
    CO_TRY(Authorized done, co_await answer_it(identity, std::move(proven), nothing));
    co_return co_await redeem_it(identity, std::move(done));
}
TEST_F(OAuthWays, an_app_is_set_up_on_the_way) {
    config_.pools[0].mfa = config::Mfa::required;
    check(set_up_app);
}

}  // namespace
}  // namespace domicile::identity::testing
