// Codes that are mailed as a second factor: turned on, asked for, chosen, and what they do not
// prove.
#include "crypto/totp.h"
#include "identity/administration.h"
#include "identity/passkeys.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";
const Administrator kAdmin = {"DOMKTEST", "eu-central-1"};
using Methods = std::vector<config::MfaMethod>;
using Names = std::vector<std::string>;

class MailedFactorTest : public IdentityTest {
  protected:
    MailedFactorTest() {
        for (const auto flow :
             {config::AuthFlow::user_password_auth, config::AuthFlow::user_auth}) {
            config_.pools[0].clients[0].flows.push_back(flow);
        }
        config_.pools[0].mfa = config::Mfa::optional;
        config_.pools[0].mfa_methods = {config::MfaMethod::app, config::MfaMethod::email};
        config_.pools[0].email_otp = true;
        clock = &clock_;
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
    static directory::testing::StillClock* clock;
};
directory::testing::StillClock* MailedFactorTest::clock = nullptr;

Task<Result<Tokens>> enter(Identity& identity) {
    PasswordRequest request{"client1", kAnna, kPassword};
    return identity.sign_in_with_password(std::move(request));
}

// As the dialect sends it: the name of the challenge is one of the choices' too.
Task<Result<Tokens>> answer_code(Identity& identity, Challenge asked, std::string code) {
    ChoiceAnswerRequest request;
    request.client_id = "client1";
    request.challenge = asked.name;
    request.session = asked.session;
    request.proof.username = kAnna;
    request.proof.code = std::move(code);
    return identity.passkeys().answer(std::move(request));
}

Task<Result<Tokens>> answer(Identity& identity, Challenge asked, std::string code) {
    MfaAnswerRequest request{"client1", kAnna, asked.name, asked.session, std::move(code)};
    return identity.answer_mfa(std::move(request));
}

Task<Result<void>> prefer(Identity& identity, Tokens tokens, MfaWish wish) {
    MfaPreferenceRequest request{tokens.access_token, wish.app, wish.app_preferred, wish.email,
                                 wish.email_preferred};
    CO_TRY_VOID(co_await identity.set_mfa(std::move(request)));
    co_return Result<void>();
}

Task<Result<User>> who(Identity& identity, Tokens tokens) {
    AccessTokenRequest request{tokens.access_token};
    return identity.get_user(std::move(request));
}

MfaWish mails(std::optional<bool> enabled, std::optional<bool> preferred = std::nullopt) {
    return {std::nullopt, std::nullopt, enabled, preferred};
}

Task<Result<std::string>> newest_code(Identity& identity) {
    return code_about(identity, "sign-in code");
}

// With codes that are mailed turned on.
Task<Result<Tokens>> anna(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await enter(identity));
    CO_TRY_VOID(co_await prefer(identity, tokens, mails(true)));
    co_return tokens;
}

// The secret of an app that is turned on.
Task<Result<std::string>> set_up_app(Identity& identity, Tokens tokens) {
    AssociateRequest associate{tokens.access_token, std::nullopt};
    CO_TRY(const AssociatedApp made, co_await identity.associate(std::move(associate)));
    std::string secret = app_secret(made.secret_code);
    const Timestamp now = directory::testing::StillClock().now();
    VerifyTokenRequest verify{tokens.access_token, std::nullopt,
                              crypto::totp_code(secret, crypto::totp_step(now))};
    CO_TRY_VOID(co_await identity.verify_token(std::move(verify)));
    MfaWish wish;
    wish.app = true;
    CO_TRY_VOID(co_await prefer(identity, tokens, wish));
    co_return secret;
}
std::string next_totp(const std::string& secret) {
    const Timestamp now = directory::testing::StillClock().now();
    return crypto::totp_code(secret, crypto::totp_step(now) + 1);
}

class MailedOptional : public MailedFactorTest {
  public:
    static Task<Result<void>> whole_way(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens first, co_await enter(identity));
        EXPECT_FALSE(first.challenge);
        const auto early = co_await prefer(identity, first, mails(std::nullopt, true));
        EXPECT_EQ(early.error().message, "EMAIL_OTP cannot be preferred while it is not enabled");
        CO_TRY_VOID(co_await prefer(identity, first, mails(true, true)));
        CO_TRY(const User user, co_await who(identity, first));
        EXPECT_TRUE(user.mfa->email_enabled == true && user.mfa->email_preferred == true);
        EXPECT_FALSE(user.mfa->enabled || user.mfa->preferred);
        CO_TRY(const Tokens asked, co_await enter(identity));
        EXPECT_TRUE(asked.access_token.empty() && !asked.refresh_token);
        EXPECT_EQ(asked.challenge->name, "EMAIL_OTP");
        EXPECT_EQ(asked.challenge->parameters.at("CODE_DELIVERY_DELIVERY_MEDIUM"), "EMAIL");
        EXPECT_EQ(asked.challenge->parameters.at("CODE_DELIVERY_DESTINATION"), "a***@e***");
        CO_TRY(std::string code, co_await newest_code(identity));
        const auto wrong = co_await answer_code(identity, *asked.challenge, wrong_code(code));
        EXPECT_EQ(wrong.error().reason, reason::kCodeMismatch);
        CO_TRY(const Tokens tokens, co_await answer_code(identity, *asked.challenge, code));
        CO_TRY_VOID(co_await who(identity, tokens));
        const auto twice = co_await answer_code(identity, *asked.challenge, code);
        EXPECT_EQ(twice.error().reason, reason::kSessionInvalid);
        CO_TRY_VOID(co_await prefer(identity, tokens, mails(false)));
        CO_TRY(const Tokens off, co_await enter(identity));
        EXPECT_FALSE(off.challenge);
        co_return Result<void>();
    }

    static Task<Result<void>> other_session(Identity& identity) {
        CO_TRY_VOID(co_await anna(identity));
        CO_TRY(const Tokens mine, co_await enter(identity));
        CO_TRY(std::string code, co_await newest_code(identity));
        clock->pass(Millis(1000));
        CO_TRY(const Tokens other, co_await srp_sign_in(identity, kAnna, kPassword));
        const auto crossed = co_await answer_code(identity, *other.challenge, code);
        EXPECT_EQ(crossed.error().reason, reason::kCodeMismatch);
        CO_TRY_VOID(co_await answer_code(identity, *mine.challenge, code));
        co_return Result<void>();
    }

    static Task<Result<void>> tries(Identity& identity) {
        CO_TRY_VOID(co_await anna(identity));
        CO_TRY(const Tokens asked, co_await enter(identity));
        CO_TRY(std::string code, co_await newest_code(identity));
        for (int i = 0; i < 5; ++i) {
            const auto wrong = co_await answer_code(identity, *asked.challenge, wrong_code(code));
            EXPECT_EQ(wrong.error().reason, reason::kCodeMismatch);
        }
        const auto late = co_await answer_code(identity, *asked.challenge, code);
        EXPECT_EQ(late.error().reason, reason::kSessionInvalid);
        // Over all sessions.
        for (int i = 0; i < 5; ++i) {
            CO_TRY(const Tokens again, co_await enter(identity));
            const auto wrong = co_await answer_code(identity, *again.challenge, "x");
            EXPECT_EQ(wrong.error().reason, reason::kCodeMismatch);
            clock->pass(Millis(60'000));
        }
        CO_TRY(const Tokens last, co_await enter(identity));
        const auto wrong = co_await answer_code(identity, *last.challenge, "x");
        EXPECT_EQ(wrong.error().reason, reason::kCodeMismatch);
        const auto delayed = co_await answer_code(identity, *last.challenge, "x");
        EXPECT_EQ(delayed.error().reason, reason::kTooManyAttempts);
        co_return Result<void>();
    }

    static Task<Result<void>> bounded_mails(Identity& identity) {
        CO_TRY_VOID(co_await anna(identity));
        for (int i = 0; i < 6; ++i) {  // each comes to its end
            CO_TRY(const Tokens asked, co_await enter(identity));
            CO_TRY(std::string code, co_await newest_code(identity));
            CO_TRY_VOID(co_await answer_code(identity, *asked.challenge, code));
            clock->pass(Millis(1000));
        }
        for (int i = 0; i < 5; ++i) {
            CO_TRY_VOID(co_await enter(identity));
        }
        const auto more = co_await enter(identity);
        EXPECT_EQ(more.error().reason, reason::kTooManyAttempts);
        co_return Result<void>();
    }

    static Task<Result<void>> choosing(Identity& identity) {
        CO_TRY(const Tokens tokens, co_await anna(identity));
        CO_TRY(const std::string secret, co_await set_up_app(identity, tokens));
        CO_TRY(const Tokens asked, co_await enter(identity));
        EXPECT_EQ(asked.challenge->name, "SELECT_MFA_TYPE");
        EXPECT_EQ(asked.challenge->parameters.at("MFAS_CAN_CHOOSE"),
                  R"(["SOFTWARE_TOKEN_MFA","EMAIL_OTP"])");
        const auto other = co_await answer(identity, *asked.challenge, "SMS_MFA");
        EXPECT_EQ(other.error().reason, reason::kSchema);
        CO_TRY(const Tokens app, co_await answer(identity, *asked.challenge, "SOFTWARE_TOKEN_MFA"));
        EXPECT_EQ(app.challenge->name, "SOFTWARE_TOKEN_MFA");
        CO_TRY_VOID(co_await answer(identity, *app.challenge, next_totp(secret)));
        const auto again = co_await answer(identity, *asked.challenge, "EMAIL_OTP");
        EXPECT_EQ(again.error().reason, reason::kSessionInvalid);
        CO_TRY(const Tokens then, co_await enter(identity));
        CO_TRY(const Tokens mail, co_await answer(identity, *then.challenge, "EMAIL_OTP"));
        EXPECT_EQ(mail.challenge->name, "EMAIL_OTP");
        CO_TRY(std::string code, co_await newest_code(identity));
        CO_TRY_VOID(co_await answer_code(identity, *mail.challenge, code));
        co_return Result<void>();
    }

    static Task<Result<void>> preferring(Identity& identity) {
        CO_TRY(const Tokens tokens, co_await anna(identity));
        CO_TRY_VOID(co_await set_up_app(identity, tokens));
        MfaWish both = mails(std::nullopt, true);
        both.app_preferred = true;
        const auto two = co_await prefer(identity, tokens, both);
        EXPECT_EQ(two.error().message, "Only one MFA method can be preferred");
        CO_TRY_VOID(co_await prefer(identity, tokens, mails(std::nullopt, true)));
        CO_TRY(const Tokens mail, co_await enter(identity));
        EXPECT_EQ(mail.challenge->name, "EMAIL_OTP");
        MfaWish app;
        app.app_preferred = true;
        CO_TRY_VOID(co_await prefer(identity, tokens, app));
        CO_TRY(const User user, co_await who(identity, tokens));
        EXPECT_TRUE(user.mfa->preferred && !user.mfa->email_preferred);
        CO_TRY(const Tokens then, co_await enter(identity));
        EXPECT_EQ(then.challenge->name, "SOFTWARE_TOKEN_MFA");
        // Deleted by an administrator: the other one stays.
        AdminRequest about{kAdmin, "Health1", kAnna};
        CO_TRY_VOID(co_await identity.administration().delete_token(about));
        CO_TRY(const AuthFactors left, co_await identity.administration().auth_factors(about));
        EXPECT_TRUE(left.mfa->email_enabled == true && !left.mfa->enabled);
        CO_TRY(const Tokens last, co_await enter(identity));
        EXPECT_EQ(last.challenge->name, "EMAIL_OTP");
        co_return Result<void>();
    }

    static Task<Result<Tokens>> by_mail(Identity& identity) {
        clock->pass(Millis(1000));  // so that its mail is the newest
        ChoiceRequest choose;
        choose.client_id = "client1";
        choose.username = kAnna;
        choose.preferred = kByMail;
        CO_TRY(const Tokens asked, co_await identity.passkeys().choose(std::move(choose)));
        CO_TRY(const auto all, co_await identity.outbox(100));
        const std::string& text = all.front().text;
        const std::string code = text.substr(text.find_first_of("0123456789"), 8);
        co_return co_await answer_code(identity, *asked.challenge, code);
    }

    static Task<Result<void>> mailbox_only(Identity& identity) {
        CO_TRY(const Tokens tokens, co_await anna(identity));
        const auto refused = co_await by_mail(identity);
        EXPECT_EQ(refused.error().message, "Codes by mail are the second factor of this user");
        CO_TRY_VOID(co_await set_up_app(identity, tokens));
        CO_TRY(const Tokens asked, co_await by_mail(identity));
        EXPECT_EQ(asked.challenge->name, "SOFTWARE_TOKEN_MFA");
        co_return Result<void>();
    }

    static Task<Result<void>> no_address(Identity& identity) {
        CO_TRY_VOID(co_await anna(identity));
        AdminAttributesRequest unproven{kAdmin, "Health1", kAnna, {{"email_verified", "false"}}};
        CO_TRY_VOID(co_await identity.administration().update(std::move(unproven)));
        const auto entered = co_await enter(identity);
        EXPECT_EQ(entered.error().reason, reason::kUserState);
        AdminMfaRequest off{kAdmin, "Health1", kAnna, std::nullopt, std::nullopt, false};
        CO_TRY_VOID(co_await identity.administration().set_mfa(std::move(off)));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        EXPECT_FALSE(tokens.challenge);
        const auto on = co_await prefer(identity, tokens, mails(true));
        EXPECT_EQ(on.error().message,
                  "User does not have delivery config set to turn on EMAIL_OTP");
        co_return Result<void>();
    }

    static Task<Result<void>> changed_meanwhile(Identity& identity) {
        CO_TRY(const Tokens tokens, co_await anna(identity));
        CO_TRY(const Tokens asked, co_await enter(identity));
        CO_TRY(std::string code, co_await newest_code(identity));
        CO_TRY_VOID(co_await prefer(identity, tokens, mails(false)));
        const auto off = co_await answer_code(identity, *asked.challenge, code);
        EXPECT_EQ(off.error().reason, reason::kSessionInvalid);
        co_return Result<void>();
    }
};
TEST_F(MailedOptional, whoever_turns_it_on_is_asked_for_a_code_by_mail) { check(whole_way); }
TEST_F(MailedOptional, a_code_is_good_for_its_session_only) { check(other_session); }
TEST_F(MailedOptional, five_tries_a_session_and_ten_over_all_of_them) { check(tries); }
TEST_F(MailedOptional, mails_that_nobody_answers_are_bounded) { check(bounded_mails); }
TEST_F(MailedOptional, who_has_several_chooses) { check(choosing); }
TEST_F(MailedOptional, one_is_preferred_at_most) { check(preferring); }
TEST_F(MailedOptional, a_mailbox_is_one_factor) { check(mailbox_only); }
TEST_F(MailedOptional, without_a_proven_address_nobody_gets_in_with_less) { check(no_address); }
TEST_F(MailedOptional, what_is_turned_off_meanwhile_is_not_taken) { check(changed_meanwhile); }

class MailedRequired : public MailedFactorTest {
  public:
    MailedRequired() { config_.pools[0].mfa = config::Mfa::required; }

    static Task<Result<void>> without_asking(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens asked, co_await enter(identity));
        EXPECT_EQ(asked.challenge->name, "EMAIL_OTP");
        CO_TRY(std::string code, co_await newest_code(identity));
        CO_TRY(const Tokens tokens, co_await answer_code(identity, *asked.challenge, code));
        CO_TRY_VOID(co_await set_up_app(identity, tokens));
        CO_TRY(const Tokens app, co_await enter(identity));
        EXPECT_EQ(app.challenge->name, "SOFTWARE_TOKEN_MFA");
        MfaWish off;
        off.app = false;
        CO_TRY_VOID(co_await prefer(identity, tokens, off));  // mails are left
        CO_TRY(const Tokens mail, co_await enter(identity));
        EXPECT_EQ(mail.challenge->name, "EMAIL_OTP");
        const auto mailbox = co_await MailedOptional::by_mail(identity);
        EXPECT_EQ(mailbox.error().reason, reason::kUserState);
        co_return Result<void>();
    }

    static Task<Result<void>> set_up_where_there_is_no_address(Identity& identity) {
        AdminCreateRequest create;
        create.who = kAdmin;
        create.pool = "Health1";
        create.username = kAnna;
        create.attributes = {{"email", kAnna}, {"custom:country", "DE"}};
        create.send_mail = false;
        CO_TRY_VOID(co_await identity.administration().create(std::move(create)));
        AdminPasswordRequest password{kAdmin, "Health1", kAnna, kPassword, true};
        CO_TRY_VOID(co_await identity.administration().set_password(std::move(password)));
        CO_TRY(const Tokens asked, co_await enter(identity));
        EXPECT_EQ(asked.challenge->name, "MFA_SETUP");
        co_return Result<void>();
    }
};
TEST_F(MailedRequired, who_has_no_app_has_codes_by_mail) { check(without_asking); }
TEST_F(MailedRequired, who_has_neither_sets_up_an_app) { check(set_up_where_there_is_no_address); }

class MailedOnly : public MailedFactorTest {
  public:
    MailedOnly() { config_.pools[0].mfa_methods = {config::MfaMethod::email}; }

    static Task<Result<void>> no_app(Identity& identity) {
        CO_TRY(const Tokens tokens, co_await anna(identity));
        AssociateRequest associate{tokens.access_token, std::nullopt};
        const auto made = co_await identity.associate(std::move(associate));
        EXPECT_EQ(made.error().reason, reason::kTotpNotFound);
        MfaWish app;
        app.app = true;
        const auto on = co_await prefer(identity, tokens, app);
        EXPECT_EQ(on.error().reason, reason::kSchema);
        co_return Result<void>();
    }
};
TEST_F(MailedOnly, a_pool_without_apps_has_none) { check(no_app); }

class MailedNever : public MailedFactorTest {
  public:
    MailedNever() { config_.pools[0].mfa_methods = {config::MfaMethod::app}; }

    static Task<Result<void>> no_mails(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        const auto on = co_await prefer(identity, tokens, mails(true));
        EXPECT_EQ(on.error().message, "Email MFA has not been enabled by the userPool");
        CO_TRY_VOID(co_await prefer(identity, tokens, mails(false)));
        co_return Result<void>();
    }
};
TEST_F(MailedNever, a_pool_without_mailed_codes_has_none) { check(no_mails); }

}  // namespace
}  // namespace domicile::identity::testing
