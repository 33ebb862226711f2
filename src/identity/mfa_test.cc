// Authenticator apps as a second factor: set up at sign-in or afterwards, asked for, and given up.
#include "crypto/totp.h"
#include "identity/administration.h"
#include "identity/passkey_types.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";

// The app: knows the secret as people type it in, and what time it is.
struct App {
    std::string secret;

    std::string code(std::int64_t steps_ahead = 0) const {
        return crypto::totp_code(secret, crypto::totp_step(now) + steps_ahead);
    }
    static Timestamp now;
};
Timestamp App::now;

App app_with(const std::string& text) {
    App out;
    out.secret = app_secret(text);
    return out;
}

class MfaTest : public IdentityTest {
  protected:
    MfaTest() {
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::admin_user_password_auth);
        config_.pools[0].mfa = config::Mfa::optional;
        clock = &clock_;
        App::now = clock_.now();
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
    static void pass(Millis time) {
        clock->pass(time);
        App::now = clock->now();
    }
    static directory::testing::StillClock* clock;
};
directory::testing::StillClock* MfaTest::clock = nullptr;

constexpr Millis kStep{30'000};

Task<Result<Tokens>> enter(Identity& identity) {
    PasswordRequest request{"client1", kAnna, kPassword};
    return identity.sign_in_with_password(std::move(request));
}

Task<Result<Tokens>> answer(Identity& identity, Challenge challenge, std::string code) {
    MfaAnswerRequest request{"client1", kAnna, challenge.name, challenge.session, std::move(code)};
    return identity.answer_mfa(std::move(request));
}

Task<Result<User>> who(Identity& identity, std::string access_token) {
    AccessTokenRequest request{std::move(access_token)};
    return identity.get_user(std::move(request));
}

Task<Result<void>> prefer(Identity& identity, std::string access_token, std::optional<bool> enabled,
                          std::optional<bool> preferred) {
    MfaPreferenceRequest request{std::move(access_token), enabled, preferred};
    CO_TRY_VOID(co_await identity.set_mfa(std::move(request)));
    co_return Result<void>();
}

Task<Result<void>> admin_prefer(Identity& identity, bool enabled) {
    AdminMfaRequest request{{"DOMKTEST", "eu-central-1"}, "Health1", kAnna, enabled, std::nullopt};
    CO_TRY_VOID(co_await identity.administration().set_mfa(std::move(request)));
    co_return Result<void>();
}

// With an access token; the code of now is taken.
Task<Result<App>> set_up(Identity& identity, std::string access_token) {
    AssociateRequest associate{access_token, std::nullopt};
    CO_TRY(const AssociatedApp made, co_await identity.associate(std::move(associate)));
    EXPECT_FALSE(made.session);
    EXPECT_EQ(made.secret_code.size(), 32u);
    App app = app_with(made.secret_code);
    VerifyTokenRequest verify{access_token, std::nullopt, app.code()};
    CO_TRY(const VerifiedApp verified, co_await identity.verify_token(std::move(verify)));
    EXPECT_FALSE(verified.session);
    co_return app;
}

// Somebody whose app is asked for, in a pool where it is optional.
Task<Result<App>> anna_with_app(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await enter(identity));
    CO_TRY(App app, co_await set_up(identity, tokens.access_token));
    CO_TRY_VOID(co_await prefer(identity, tokens.access_token, true, true));
    co_return app;
}

class Optional : public MfaTest {
  public:
    static Task<Result<void>> whole_way(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        EXPECT_FALSE(tokens.challenge);
        const auto early = co_await prefer(identity, tokens.access_token, true, std::nullopt);
        EXPECT_EQ(early.error().message, "User has not verified software token mfa");
        CO_TRY(const App app, co_await set_up(identity, tokens.access_token));
        // Set up is not turned on yet.
        CO_TRY(const Tokens again, co_await enter(identity));
        EXPECT_FALSE(again.challenge);
        CO_TRY(const User before, co_await who(identity, again.access_token));
        EXPECT_FALSE(before.mfa->enabled);
        CO_TRY_VOID(co_await prefer(identity, tokens.access_token, true, true));
        CO_TRY(const User after, co_await who(identity, again.access_token));
        EXPECT_TRUE(after.mfa->enabled && after.mfa->preferred);
        CO_TRY(const Tokens asked, co_await srp_sign_in(identity, kAnna, kPassword));
        EXPECT_EQ(asked.challenge->name, "SOFTWARE_TOKEN_MFA");
        EXPECT_EQ(asked.challenge->parameters.at("USER_ID_FOR_SRP"), kAnna);
        EXPECT_TRUE(asked.access_token.empty() && !asked.refresh_token);
        CO_TRY(const Tokens got, co_await answer(identity, *asked.challenge, app.code(1)));
        CO_TRY_VOID(co_await who(identity, got.access_token));
        RefreshRequest refresh{"client1", *got.refresh_token};
        CO_TRY(const Tokens refreshed, co_await identity.refresh(std::move(refresh)));
        EXPECT_FALSE(refreshed.challenge);
        CO_TRY_VOID(co_await prefer(identity, got.access_token, false, std::nullopt));
        CO_TRY(const Tokens off, co_await enter(identity));
        EXPECT_FALSE(off.challenge);
        co_return Result<void>();
    }

    static Task<Result<void>> once(Identity& identity) {
        CO_TRY(const App app, co_await anna_with_app(identity));
        CO_TRY(const Tokens first, co_await enter(identity));
        // The one that proved the app counts too.
        const auto proof = co_await answer(identity, *first.challenge, app.code());
        EXPECT_EQ(proof.error().reason, reason::kTotpUsed);
        // A step ahead is taken, and with it whatever came before.
        CO_TRY_VOID(co_await answer(identity, *first.challenge, app.code(1)));
        CO_TRY(const Tokens second, co_await enter(identity));
        for (const std::int64_t ahead : {0, 1}) {
            const auto repeated = co_await answer(identity, *second.challenge, app.code(ahead));
            EXPECT_EQ(repeated.error().reason, reason::kTotpUsed);
        }
        pass(2 * kStep);
        CO_TRY_VOID(co_await answer(identity, *second.challenge, app.code()));
        pass(kStep);
        const auto used_up = co_await answer(identity, *second.challenge, app.code());
        EXPECT_EQ(used_up.error().reason, reason::kSessionInvalid);
        co_return Result<void>();
    }

    static Task<Result<void>> five_tries(Identity& identity) {
        CO_TRY(const App app, co_await anna_with_app(identity));
        pass(kStep);
        CO_TRY(const Tokens asked, co_await enter(identity));
        for (int i = 0; i < 5; ++i) {
            const auto wrong = co_await answer(identity, *asked.challenge, wrong_code(app.code()));
            EXPECT_EQ(wrong.error().reason, reason::kTotpMismatch) << i;
        }
        const auto over = co_await answer(identity, *asked.challenge, app.code());
        EXPECT_EQ(over.error().reason, reason::kSessionInvalid);
        CO_TRY(const Tokens next, co_await enter(identity));
        for (int i = 0; i < 4; ++i) {
            (void)co_await answer(identity, *next.challenge, wrong_code(app.code()));
        }
        CO_TRY_VOID(co_await answer(identity, *next.challenge, app.code()));
        co_return Result<void>();
    }

    // Over all sessions: else the bound of one would be worth little.
    static Task<Result<void>> guesses_are_delayed(Identity& identity) {
        CO_TRY(const App app, co_await anna_with_app(identity));
        pass(kStep);
        for (int i = 0; i < 11; ++i) {
            CO_TRY(const Tokens asked, co_await enter(identity));
            (void)co_await answer(identity, *asked.challenge, wrong_code(app.code()));
        }
        CO_TRY(const Tokens asked, co_await enter(identity));
        const auto right = co_await answer(identity, *asked.challenge, app.code());
        EXPECT_EQ(right.error().reason, reason::kTooManyAttempts);
        co_return Result<void>();
    }

    static Task<Result<void>> sessions_end(Identity& identity) {
        CO_TRY(const App app, co_await anna_with_app(identity));
        pass(kStep);
        CO_TRY(const Tokens late, co_await enter(identity));
        pass(Millis(3 * 60'000));
        const auto expired = co_await answer(identity, *late.challenge, app.code());
        EXPECT_EQ(expired.error().reason, reason::kSessionInvalid);
        CO_TRY(const Tokens disabled, co_await enter(identity));
        AdminRequest disable{{"DOMKTEST", "eu-central-1"}, "Health1", kAnna};
        CO_TRY_VOID(co_await identity.administration().disable(disable));
        const auto shut = co_await answer(identity, *disabled.challenge, app.code());
        EXPECT_EQ(shut.error().reason, reason::kSessionInvalid);
        CO_TRY_VOID(co_await identity.administration().enable(disable));
        CO_TRY(const Tokens asked, co_await enter(identity));
        for (const char* name : {"MFA_SETUP", "PASSWORD_VERIFIER"}) {
            Challenge other = *asked.challenge;
            other.name = name;
            const auto mixed_up = co_await answer(identity, other, app.code());
            EXPECT_EQ(mixed_up.error().reason, reason::kSessionInvalid);
        }
        MfaAnswerRequest other{"client1", "berta@example.de", asked.challenge->name,
                               asked.challenge->session, app.code()};
        const auto stranger = co_await identity.answer_mfa(std::move(other));
        EXPECT_EQ(stranger.error().reason, reason::kSessionInvalid);
        Challenge forged = *asked.challenge;
        forged.session.back() = forged.session.back() == 'A' ? 'Q' : 'A';
        const auto broken = co_await answer(identity, forged, app.code());
        EXPECT_EQ(broken.error().reason, reason::kSessionInvalid);
        CO_TRY_VOID(co_await answer(identity, *asked.challenge, app.code()));
        co_return Result<void>();
    }

    static Task<Result<void>> replaced(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        CO_TRY(const App old, co_await set_up(identity, tokens.access_token));
        CO_TRY_VOID(co_await prefer(identity, tokens.access_token, true, true));
        AssociateRequest associate{tokens.access_token, std::nullopt};
        CO_TRY(const AssociatedApp made, co_await identity.associate(std::move(associate)));
        const App fresh = app_with(made.secret_code);
        // Until the new one has proven itself, the old one counts.
        VerifyTokenRequest wrong{tokens.access_token, std::nullopt, wrong_code(fresh.code())};
        const auto mismatch = co_await identity.verify_token(std::move(wrong));
        EXPECT_EQ(mismatch.error().reason, reason::kTotpSetup);
        CO_TRY(const Tokens still, co_await enter(identity));
        const auto early = co_await answer(identity, *still.challenge, fresh.code());
        EXPECT_EQ(early.error().reason, reason::kTotpMismatch);
        CO_TRY_VOID(co_await answer(identity, *still.challenge, old.code(1)));
        VerifyTokenRequest right{tokens.access_token, std::nullopt, fresh.code()};
        CO_TRY_VOID(co_await identity.verify_token(right));
        const auto nothing = co_await identity.verify_token(right);
        EXPECT_EQ(nothing.error().reason, reason::kTotpNotFound);
        pass(2 * kStep);
        CO_TRY(const Tokens then, co_await enter(identity));
        const auto given_up = co_await answer(identity, *then.challenge, old.code());
        EXPECT_EQ(given_up.error().reason, reason::kTotpMismatch);
        CO_TRY_VOID(co_await answer(identity, *then.challenge, fresh.code()));
        co_return Result<void>();
    }

    static Task<Result<void>> erased(Identity& identity) {
        CO_TRY_VOID(co_await anna_with_app(identity));
        AdminRequest leave{{"DOMKTEST", "eu-central-1"}, "Health1", kAnna};
        CO_TRY_VOID(co_await identity.administration().remove(std::move(leave)));
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        EXPECT_FALSE(tokens.challenge);
        co_return Result<void>();
    }
};

TEST_F(Optional, an_app_is_asked_for_once_it_is_set_up_and_turned_on) { check(whole_way); }
TEST_F(Optional, a_code_counts_once_and_with_it_all_that_came_before) { check(once); }
TEST_F(Optional, a_session_is_over_after_five_tries) { check(five_tries); }
TEST_F(Optional, guesses_are_delayed_over_all_sessions) { check(guesses_are_delayed); }
TEST_F(Optional, a_session_is_for_one_person_challenge_and_time) { check(sessions_end); }
TEST_F(Optional, another_app_takes_the_place_when_it_has_proven_itself) { check(replaced); }
TEST_F(Optional, whoever_leaves_takes_their_app_along) { check(erased); }

class Required : public MfaTest {
  public:
    Required() { config_.pools[0].mfa = config::Mfa::required; }

    static Task<Result<App>> first_time(Identity& identity) {
        CO_TRY(const Tokens asked, co_await enter(identity));
        co_return co_await set_up_with(identity, *asked.challenge);
    }

    static Task<Result<App>> set_up_with(Identity& identity, Challenge setup) {
        EXPECT_EQ(setup.name, "MFA_SETUP");
        EXPECT_EQ(setup.parameters.at("MFAS_CAN_SETUP"), "[\"SOFTWARE_TOKEN_MFA\"]");
        const auto early = co_await answer(identity, setup, "");
        EXPECT_EQ(early.error().message, "User has not verified software token mfa");
        AssociateRequest associate{std::nullopt, setup.session};
        CO_TRY(const AssociatedApp made, co_await identity.associate(std::move(associate)));
        const App app = app_with(made.secret_code);
        VerifyTokenRequest wrong{std::nullopt, made.session, wrong_code(app.code())};
        const auto mismatch = co_await identity.verify_token(std::move(wrong));
        EXPECT_EQ(mismatch.error().reason, reason::kTotpSetup);
        VerifyTokenRequest right{std::nullopt, made.session, app.code()};
        CO_TRY(const VerifiedApp verified, co_await identity.verify_token(right));
        const Challenge next{setup.name, *verified.session, {}};
        CO_TRY(const Tokens tokens, co_await answer(identity, next, ""));
        const auto twice = co_await answer(identity, next, "");
        EXPECT_EQ(twice.error().reason, reason::kSessionInvalid);
        CO_TRY(const User user, co_await who(identity, tokens.access_token));
        EXPECT_TRUE(user.mfa->enabled && user.mfa->preferred);
        const auto off = co_await prefer(identity, tokens.access_token, false, std::nullopt);
        EXPECT_EQ(off.error().message, "MFA is required by the userPool and cannot be turned off");
        co_return app;
    }

    static Task<Result<void>> whole_way(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens nobody, co_await enter(identity));
        VerifyTokenRequest nothing{std::nullopt, nobody.challenge->session, "123456"};
        const auto unknown = co_await identity.verify_token(std::move(nothing));
        EXPECT_EQ(unknown.error().reason, reason::kTotpNotFound);
        CO_TRY(const App app, co_await first_time(identity));
        pass(kStep);
        CO_TRY(const Tokens asked, co_await enter(identity));
        EXPECT_EQ(asked.challenge->name, "SOFTWARE_TOKEN_MFA");
        CO_TRY_VOID(co_await answer(identity, *asked.challenge, app.code()));
        co_return Result<void>();
    }

    // Who knows the password only, and was asked to set up an app before the owner did.
    static Task<Result<void>> old_session(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens thief, co_await enter(identity));
        AssociateRequest early{std::nullopt, thief.challenge->session};
        CO_TRY(const AssociatedApp theirs, co_await identity.associate(early));
        CO_TRY_VOID(co_await first_time(identity));
        const auto late = co_await identity.associate(early);
        EXPECT_EQ(late.error().reason, reason::kSessionInvalid);
        VerifyTokenRequest verify{std::nullopt, theirs.session,
                                  app_with(theirs.secret_code).code()};
        const auto proof = co_await identity.verify_token(std::move(verify));
        EXPECT_EQ(proof.error().reason, reason::kSessionInvalid);
        co_return Result<void>();
    }

    static Task<Result<void>> lost(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const App old, co_await first_time(identity));
        CO_TRY_VOID(co_await admin_prefer(identity, false));
        CO_TRY(const App fresh, co_await first_time(identity));
        pass(kStep);
        CO_TRY(const Tokens asked, co_await enter(identity));
        const auto given_up = co_await answer(identity, *asked.challenge, old.code());
        EXPECT_EQ(given_up.error().reason, reason::kTotpMismatch);
        CO_TRY_VOID(co_await answer(identity, *asked.challenge, fresh.code()));
        AdminRequest get{{"DOMKTEST", "eu-central-1"}, "Health1", kAnna};
        CO_TRY(const PersonDescription anna, co_await identity.administration().get(get));
        EXPECT_TRUE(anna.mfa->enabled);
        co_return Result<void>();
    }

    static Task<Result<void>> deleted(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const App old, co_await first_time(identity));
        CO_TRY(const Tokens asked, co_await enter(identity));
        AdminRequest about{{"DOMKTEST", "eu-central-1"}, "Health1", kAnna};
        Administration& administration = identity.administration();
        CO_TRY(const AuthFactors before, co_await administration.auth_factors(about));
        EXPECT_TRUE(before.mfa->enabled && before.mfa->preferred);
        EXPECT_EQ(before.factors, std::vector<std::string>{"PASSWORD"});
        EXPECT_EQ(before.username, kAnna);
        CO_TRY_VOID(co_await administration.delete_token(about));
        CO_TRY_VOID(co_await administration.delete_token(about));  // there is none any more
        const auto late = co_await answer(identity, *asked.challenge, old.code());
        EXPECT_EQ(late.error().reason, reason::kSessionInvalid);
        CO_TRY(const AuthFactors after, co_await administration.auth_factors(about));
        EXPECT_FALSE(after.mfa->enabled);
        CO_TRY_VOID(co_await first_time(identity));
        about.username = "nobody@example.de";
        const auto nobody = co_await administration.delete_token(about);
        EXPECT_EQ(nobody.error().reason, reason::kUserUnknown);
        co_return Result<void>();
    }

    static Task<Result<void>> after_new_password(Identity& identity) {
        AdminCreateRequest create;
        create.who = {"DOMKTEST", "eu-central-1"};
        create.pool = "Health1";
        create.username = kAnna;
        create.attributes = {{"email", kAnna}, {"custom:country", "DE"}};
        create.password = "Vorlaeufig-1";
        create.send_mail = false;
        CO_TRY_VOID(co_await identity.administration().create(std::move(create)));
        PasswordRequest enter{"client1", kAnna, "Vorlaeufig-1"};
        CO_TRY(const Tokens first, co_await identity.administration().sign_in(std::move(enter)));
        EXPECT_EQ(first.challenge->name, "NEW_PASSWORD_REQUIRED");
        NewPasswordRequest chosen{"client1", kAnna, first.challenge->session, kPassword, {}};
        CO_TRY(const Tokens then, co_await identity.answer_new_password(std::move(chosen)));
        EXPECT_EQ(then.challenge->name, "MFA_SETUP");
        CO_TRY_VOID(co_await set_up_with(identity, *then.challenge));
        co_return Result<void>();
    }
};

TEST_F(Required, who_has_no_app_sets_one_up_before_there_are_tokens) { check(whole_way); }
TEST_F(Required, who_knows_the_password_only_does_not_replace_an_app) { check(old_session); }
TEST_F(Required, an_administrator_lets_somebody_set_up_another_app) { check(lost); }
TEST_F(Required, an_administrator_deletes_a_lost_app) { check(deleted); }
TEST_F(Required, a_new_password_is_not_enough) { check(after_new_password); }

class Off : public MfaTest {
  public:
    Off() { config_.pools[0].mfa = config::Mfa::off; }

    static Task<Result<void>> nothing(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        AssociateRequest associate{tokens.access_token, std::nullopt};
        const auto made = co_await identity.associate(std::move(associate));
        EXPECT_EQ(made.error().reason, reason::kTotpNotFound);
        const auto on = co_await prefer(identity, tokens.access_token, true, true);
        EXPECT_EQ(on.error().reason, reason::kSchema);
        const auto admins = co_await admin_prefer(identity, true);
        EXPECT_EQ(admins.error().reason, reason::kSchema);
        CO_TRY(const User user, co_await who(identity, tokens.access_token));
        EXPECT_FALSE(user.mfa->enabled);
        AssociateRequest neither;
        const auto nobody = co_await identity.associate(std::move(neither));
        EXPECT_EQ(nobody.error().reason, reason::kAccessInvalid);
        co_return Result<void>();
    }
};
TEST_F(Off, a_pool_without_has_no_apps) { check(nothing); }

}  // namespace
}  // namespace domicile::identity::testing
