// What administrators do with people of their region.
#include "identity/administration.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

class AdminTest : public IdentityTest {
  protected:
    AdminTest() {
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::admin_user_password_auth);
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

AdminRequest about_anna() { return {{"DOMKTEST", ""}, "Health1", "anna@example.de"}; }

AdminCreateRequest creation() {
    AdminCreateRequest out;
    out.who.access_key_id = "DOMKTEST";
    out.pool = "Health1";
    out.username = "anna@example.de";
    out.attributes = {{"email", "anna@example.de"}, {"custom:country", "DE"}};
    return out;
}

AdminPasswordRequest password(std::string text, bool permanent) {
    return {{"DOMKTEST", ""}, "Health1", "anna@example.de", std::move(text), permanent};
}

Task<Result<Tokens>> sign_in(Identity& identity, std::string text) {
    PasswordRequest request{"client1", "anna@example.de", std::move(text)};
    co_return co_await identity.sign_in_with_password(std::move(request));
}

NewPasswordRequest new_password(const Tokens& challenged, std::string text) {
    return {"client1", "anna@example.de", challenged.challenge->session, std::move(text), {}};
}

// The word after "temporary password is " in the newest mail.
Task<Result<std::string>> temporary_password(Identity& identity) {
    constexpr std::string_view kBefore = "temporary password is ";
    CO_TRY(const auto mails, co_await identity.outbox(10));
    for (const Mail& mail : mails) {
        const auto at = mail.text.find(kBefore);
        if (at == std::string::npos) continue;
        const auto from = at + kBefore.size();
        co_return mail.text.substr(from, mail.text.find(' ', from) - from);
    }
    co_return fail(Code::not_found, "There is no such mail.");
}

Task<Result<void>> created(Identity& identity) {
    Administration& admin = identity.administration();
    CO_TRY(const PersonDescription made, co_await admin.create(creation()));
    EXPECT_EQ(made.status, "FORCE_CHANGE_PASSWORD");
    EXPECT_EQ(made.attributes.at("sub"), made.sub);
    EXPECT_EQ(made.attributes.at("email_verified"), "false");
    const auto again = co_await admin.create(creation());
    EXPECT_EQ(again.error().reason, reason::kUserExists);
    auto own = sign_up_request();
    CO_TRY(const SignUpResult signed_up, co_await identity.sign_up(std::move(own)));
    EXPECT_NE(signed_up.sub, made.sub);  // of nobody

    CO_TRY(const std::string first, co_await temporary_password(identity));
    for (const bool by_srp : {false, true}) {
        auto entering =
            by_srp ? srp_sign_in(identity, "anna@example.de", first) : sign_in(identity, first);
        CO_TRY(const Tokens challenged, co_await std::move(entering));
        EXPECT_TRUE(challenged.access_token.empty());
        EXPECT_EQ(challenged.challenge->name, "NEW_PASSWORD_REQUIRED");
        EXPECT_EQ(challenged.challenge->parameters.at("USER_ID_FOR_SRP"), "anna@example.de");
        EXPECT_EQ(challenged.challenge->parameters.at("requiredAttributes"), "[]");
    }
    CO_TRY(const Tokens challenged, co_await sign_in(identity, first));
    auto weak = new_password(challenged, "weak");
    const auto too_weak = co_await identity.answer_new_password(std::move(weak));
    EXPECT_EQ(too_weak.error().reason, reason::kPasswordPolicy);
    auto moving = new_password(challenged, kPassword);
    moving.attributes["email"] = "berta@example.de";
    const auto moved = co_await identity.answer_new_password(std::move(moving));
    EXPECT_EQ(moved.error().code, Code::invalid_argument);
    auto answer = new_password(challenged, kPassword);
    answer.attributes["name"] = "Anna";
    CO_TRY(const Tokens tokens, co_await identity.answer_new_password(std::move(answer)));
    EXPECT_FALSE(tokens.challenge);
    EXPECT_FALSE(tokens.access_token.empty());
    auto twice = new_password(challenged, "Anders-1234");
    const auto used = co_await identity.answer_new_password(std::move(twice));
    EXPECT_EQ(used.error().reason, reason::kSessionInvalid);
    CO_TRY(const auto now, co_await admin.get(about_anna()));
    EXPECT_EQ(now.status, "CONFIRMED");
    EXPECT_EQ(now.attributes.at("name"), "Anna");
    const auto old = co_await sign_in(identity, first);
    EXPECT_EQ(old.error().reason, reason::kWrongCredentials);
    CO_TRY_VOID(co_await sign_in(identity, kPassword));
    co_return Result<void>();
}
TEST_F(AdminTest, a_person_who_was_created_gets_in_once_the_temporary_password_is_replaced) {
    check(created);
}

Task<Result<void>> created_in_silence(Identity& identity) {
    Administration& admin = identity.administration();
    auto quiet = creation();
    quiet.send_mail = false;
    quiet.password = "weak";
    auto weak = quiet;
    const auto refused = co_await admin.create(std::move(weak));
    EXPECT_EQ(refused.error().reason, reason::kPasswordPolicy);
    quiet.password = "Vorlaeufig-1";
    auto abroad = quiet;
    abroad.attributes["custom:country"] = "US";
    const auto nowhere = co_await admin.create(std::move(abroad));
    EXPECT_EQ(nowhere.error().reason, reason::kAttribute);
    auto forged = quiet;
    forged.attributes["custom:region"] = "eu-central-1";
    const auto written = co_await admin.create(std::move(forged));
    EXPECT_EQ(written.error().reason, reason::kAttribute);
    CO_TRY_VOID(co_await admin.create(std::move(quiet)));
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_TRUE(mails.empty());
    CO_TRY(const Tokens challenged, co_await sign_in(identity, "Vorlaeufig-1"));
    EXPECT_TRUE(challenged.challenge);
    // Invited again: the first password is of no use, nor is a session that it gave.
    CO_TRY_VOID(co_await admin.invite_again(creation()));
    auto late = new_password(challenged, kPassword);
    const auto void_session = co_await identity.answer_new_password(std::move(late));
    EXPECT_EQ(void_session.error().reason, reason::kSessionInvalid);
    const auto old = co_await sign_in(identity, "Vorlaeufig-1");
    EXPECT_EQ(old.error().reason, reason::kWrongCredentials);
    CO_TRY(const std::string second, co_await temporary_password(identity));
    CO_TRY_VOID(co_await sign_in(identity, second));
    // A forgotten temporary password is an administrator's to replace.
    ForgotPasswordRequest forgotten{"client1", "anna@example.de"};
    CO_TRY_VOID(co_await identity.forgot_password(std::move(forgotten)));
    CO_TRY(const auto then, co_await identity.outbox(10));
    EXPECT_EQ(then.size(), 1u);
    co_return Result<void>();
}
TEST_F(AdminTest, a_person_is_created_without_a_mail_and_invited_again_with_one) {
    check(created_in_silence);
}

directory::testing::StillClock* the_clock = nullptr;

Task<Result<void>> late_arrival(Identity& identity) {
    auto request = creation();
    request.password = "Vorlaeufig-1";
    CO_TRY_VOID(co_await identity.administration().create(std::move(request)));
    CO_TRY(const Tokens challenged, co_await sign_in(identity, "Vorlaeufig-1"));
    the_clock->pass(Millis(4 * 60'000));
    auto answer = new_password(challenged, kPassword);
    const auto over = co_await identity.answer_new_password(std::move(answer));
    EXPECT_EQ(over.error().reason, reason::kSessionInvalid);
    the_clock->pass(Millis(7 * 86'400'000LL));
    const auto expired = co_await sign_in(identity, "Vorlaeufig-1");
    EXPECT_EQ(expired.error().reason, reason::kTemporaryExpired);
    const auto wrong = co_await sign_in(identity, "Vorlaeufig-2");
    EXPECT_EQ(wrong.error().reason, reason::kWrongCredentials);
    co_return Result<void>();
}
TEST_F(AdminTest, a_temporary_password_and_a_session_end_with_their_time) {
    the_clock = &clock_;
    check(late_arrival);
}

Task<Result<void>> disabled(Identity& identity) {
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await sign_in(identity, kPassword));
    CO_TRY_VOID(co_await admin.disable(about_anna()));
    CO_TRY_VOID(co_await admin.disable(about_anna()));
    const auto refused = co_await sign_in(identity, kPassword);
    EXPECT_EQ(refused.error().reason, reason::kDisabled);
    const auto guess = co_await sign_in(identity, "Anders-1234");
    EXPECT_EQ(guess.error().reason, reason::kWrongCredentials) << "not for everybody to know";
    AccessTokenRequest who{tokens.access_token};
    const auto user = co_await identity.get_user(std::move(who));
    EXPECT_EQ(user.error().reason, reason::kAccessRevoked);
    RefreshRequest refresh{"client1", *tokens.refresh_token};
    const auto refreshed = co_await identity.refresh(std::move(refresh));
    EXPECT_EQ(refreshed.error().reason, reason::kRefreshRevoked);
    CO_TRY(const auto shown, co_await admin.get(about_anna()));
    EXPECT_FALSE(shown.enabled);
    CO_TRY_VOID(co_await admin.enable(about_anna()));
    CO_TRY_VOID(co_await sign_in(identity, kPassword));
    co_return Result<void>();
}
TEST_F(AdminTest, whoever_is_disabled_is_out_until_enabled) { check(disabled); }

Task<Result<void>> passwords(Identity& identity) {
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await sign_in(identity, kPassword));
    CO_TRY_VOID(co_await admin.set_password(password("Anders-1234", true)));
    AccessTokenRequest who{tokens.access_token};
    const auto user = co_await identity.get_user(std::move(who));
    EXPECT_EQ(user.error().reason, reason::kAccessRevoked);
    CO_TRY(const Tokens entered, co_await sign_in(identity, "Anders-1234"));
    EXPECT_FALSE(entered.challenge);
    CO_TRY_VOID(co_await admin.set_password(password("Drittes-1234", false)));
    CO_TRY(const Tokens challenged, co_await sign_in(identity, "Drittes-1234"));
    EXPECT_TRUE(challenged.challenge);
    CO_TRY_VOID(co_await admin.set_password(password(kPassword, true)));

    CO_TRY_VOID(co_await admin.reset_password(about_anna()));
    const auto reset = co_await sign_in(identity, kPassword);
    EXPECT_EQ(reset.error().reason, reason::kResetRequired);
    CO_TRY(const auto shown, co_await admin.get(about_anna()));
    EXPECT_EQ(shown.status, "RESET_REQUIRED");
    CO_TRY(std::string code, co_await code_about(identity, "reset"));
    ResetPasswordRequest answer{"client1", "anna@example.de", std::move(code), "Viertes-1234"};
    CO_TRY_VOID(co_await identity.reset_password(std::move(answer)));
    CO_TRY_VOID(co_await sign_in(identity, "Viertes-1234"));
    co_return Result<void>();
}
TEST_F(AdminTest, a_password_is_given_taken_and_reset) { check(passwords); }

Task<Result<void>> confirmed(Identity& identity) {
    Administration& admin = identity.administration();
    auto request = sign_up_request();
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    CO_TRY(auto shown, co_await admin.get(about_anna()));
    EXPECT_EQ(shown.status, "UNCONFIRMED");
    const auto early = co_await admin.reset_password(about_anna());
    EXPECT_EQ(early.error().reason, reason::kUserState);
    CO_TRY_VOID(co_await admin.confirm(about_anna()));
    CO_TRY(shown, co_await admin.get(about_anna()));
    EXPECT_EQ(shown.status, "CONFIRMED");
    EXPECT_EQ(shown.attributes.at("email_verified"), "false") << "nobody proved it";
    const auto again = co_await admin.confirm(about_anna());
    EXPECT_EQ(again.error().reason, reason::kUserState);
    CO_TRY_VOID(co_await sign_in(identity, kPassword));
    const auto unproven = co_await admin.reset_password(about_anna());
    EXPECT_EQ(unproven.error().code, Code::invalid_argument);
    co_return Result<void>();
}
TEST_F(AdminTest, a_sign_up_is_confirmed_without_its_code_and_proves_no_address) {
    check(confirmed);
}

Task<Result<void>> removed(Identity& identity) {
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await sign_in(identity, kPassword));
    CO_TRY(const auto shown, co_await admin.get(about_anna()));
    CO_TRY(bool resident, co_await identity.is_resident(shown.sub));
    EXPECT_TRUE(resident);
    CO_TRY_VOID(co_await admin.remove(about_anna()));
    CO_TRY(resident, co_await identity.is_resident(shown.sub));
    EXPECT_FALSE(resident);
    const auto gone = co_await admin.get(about_anna());
    EXPECT_EQ(gone.error().reason, reason::kUserUnknown);
    AccessTokenRequest who{tokens.access_token};
    const auto user = co_await identity.get_user(std::move(who));
    EXPECT_FALSE(user);
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_TRUE(mails.empty());
    // The names are free again.
    CO_TRY(const auto other, co_await admin.create(creation()));
    EXPECT_NE(other.sub, shown.sub);
    CO_TRY_VOID(co_await admin.remove(about_anna()));
    co_return Result<void>();
}
TEST_F(AdminTest, whoever_is_removed_leaves_no_claim_and_no_token) { check(removed); }

AdminAttributesRequest writing(Attributes attributes) {
    return {{"DOMKTEST", ""}, "Health1", "anna@example.de", std::move(attributes)};
}

Attributes named(std::string name) {
    return {{"name", std::move(name)}, {"email_verified", "false"}};
}

constexpr std::array<std::pair<const char*, const char*>, 5> kRefused = {{
    {"custom:country", "US"},
    {"custom:region", "us-east-2"},
    {"sub", "x"},
    {"email_verified", "perhaps"},
    {"custom:unknown", "x"},
}};

Task<Result<void>> attributes(Identity& identity) {
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY_VOID(co_await admin.update(writing(named("Anna"))));
    CO_TRY(auto shown, co_await admin.get(about_anna()));
    EXPECT_EQ(shown.attributes.at("name"), "Anna");
    EXPECT_EQ(shown.attributes.at("email_verified"), "false");
    CO_TRY_VOID(co_await admin.update(writing(named(""))));
    auto by_sub = about_anna();
    by_sub.username = shown.sub;
    CO_TRY(shown, co_await admin.get(std::move(by_sub)));
    EXPECT_FALSE(shown.attributes.contains("name"));
    for (const auto& [name, value] : kRefused) {
        Attributes wrong;
        wrong[name] = value;
        const auto done = co_await admin.update(writing(std::move(wrong)));
        EXPECT_EQ(done.error().code, Code::invalid_argument) << name;
    }
    co_return Result<void>();
}
TEST_F(AdminTest, attributes_are_written_but_not_those_that_decide_the_home) { check(attributes); }

Task<Result<void>> relayed(Identity& identity) {
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    PasswordRequest right{"client1", "anna@example.de", kPassword};
    CO_TRY(const Tokens tokens, co_await admin.sign_in(std::move(right)));
    CO_TRY_VOID(co_await admin.sign_out(about_anna()));
    AccessTokenRequest who{tokens.access_token};
    const auto user = co_await identity.get_user(std::move(who));
    EXPECT_EQ(user.error().reason, reason::kAccessRevoked);
    PasswordRequest wrong{"client1", "anna@example.de", "Anders-1234"};
    const auto refused = co_await admin.sign_in(std::move(wrong));
    EXPECT_EQ(refused.error().reason, reason::kWrongCredentials);
    auto nobody = about_anna();
    nobody.username = "nobody@example.de";
    const auto unknown = co_await admin.get(std::move(nobody));
    EXPECT_EQ(unknown.error().reason, reason::kUserUnknown);
    auto elsewhere = about_anna();
    elsewhere.pool = "Health2";
    const auto no_pool = co_await admin.get(std::move(elsewhere));
    EXPECT_EQ(no_pool.error().reason, reason::kUnknownPool);
    co_return Result<void>();
}
TEST_F(AdminTest, a_relayed_sign_in_is_ended_by_an_administrator) { check(relayed); }

}  // namespace
}  // namespace domicile::identity::testing
