// People whom the application's function hands over when they sign in or have forgotten the
// password.
#include "identity/administration.h"
#include "identity/oauth.h"
#include "identity/testing.h"
#include "identity/triggers_testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";

// A former directory with one person in it.
class Former final : public SilentTriggers {
  public:
    io::Task<Result<MigratedUser>> migrate_user(TriggerEvent event,
                                                std::optional<std::string> password) override {
        events.push_back(event);
        if (fails) co_return fail(Code::internal, "Gone.", reason::kTriggerFailed);
        if (event.username != kAnna || password.value_or(kPassword) != kPassword) {
            co_return fail(Code::failed_precondition, "Bad password", reason::kTriggerRefused);
        }
        co_return user;
    }

    MigratedUser user{{{"email", kAnna}, {"email_verified", "true"}, {"custom:country", "DE"}},
                      true};
    bool fails = false;
    std::vector<TriggerEvent> events;
};
Former* former = nullptr;  // of the test that runs

class UserMigration : public IdentityTest {
  protected:
    UserMigration() {
        config::Pool& pool = config_.pools[0];
        pool.clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        pool.clients[0].flows.push_back(config::AuthFlow::admin_user_password_auth);
        pool.triggers.user_migration = "f";
        triggers_ = former = &former_;
    }
    ~UserMigration() override { former = nullptr; }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }

  private:
    Former former_;
};

Task<Result<Tokens>> enter(Identity& identity, std::string username, std::string password) {
    PasswordRequest request{"client1", std::move(username), std::move(password)};
    request.client_metadata = Attributes{{"from", "app"}};
    return identity.sign_in_with_password(std::move(request));
}

Task<Result<void>> handed_over(Identity& identity) {
    CO_TRY(const Tokens tokens, co_await enter(identity, kAnna, kPassword));
    EXPECT_FALSE(tokens.access_token.empty());
    EXPECT_EQ(former->events.at(0).source, "UserMigration_Authentication");
    EXPECT_EQ(former->events.at(0).validation_data->at("from"), "app");
    AccessTokenRequest own{tokens.access_token};
    CO_TRY(const User user, co_await identity.get_user(std::move(own)));
    EXPECT_EQ(user.attributes.at("email_verified"), "true");
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnna, kPassword));
    CO_TRY_VOID(co_await enter(identity, kAnna, kPassword));
    EXPECT_EQ(former->events.size(), 1u);  // once
    co_return Result<void>();
}
TEST_F(UserMigration, whoever_signs_in_is_handed_over_once) { check(handed_over); }

Task<Result<void>> refused(Identity& identity) {
    for (const auto& [who, password] :
         {std::pair(kAnna, "Falsch-1234"), std::pair("nobody@example.de", kPassword)}) {
        const auto nobody = co_await enter(identity, who, password);
        EXPECT_EQ(nobody.error().reason, reason::kWrongCredentials);
    }
    former->fails = true;
    const auto failed = co_await enter(identity, kAnna, kPassword);
    EXPECT_EQ(failed.error().reason, reason::kTriggerFailed);
    former->fails = false;
    former->user.attributes.clear();
    const auto none = co_await enter(identity, kAnna, kPassword);
    EXPECT_EQ(none.error().reason, reason::kWrongCredentials);
    co_return Result<void>();
}
TEST_F(UserMigration, who_is_not_handed_over_is_nobody) { check(refused); }

Task<Result<void>> bad_attributes(Identity& identity) {
    const Attributes good = former->user.attributes;
    const std::vector<std::pair<std::string, std::string>> bad = {
        {"custom:country", "XX"}, {"custom:region", "us-east-2"}, {"no such", "x"}, {"sub", "x"}};
    for (const auto& [name, value] : bad) {
        former->user.attributes = good;
        former->user.attributes[name] = value;
        const auto refused = co_await enter(identity, kAnna, kPassword);
        EXPECT_EQ(refused.error().reason, reason::kTriggerAnswer) << name;
    }
    former->user.attributes = good;
    CO_TRY_VOID(co_await enter(identity, kAnna, kPassword));
    co_return Result<void>();
}
TEST_F(UserMigration, attributes_are_checked_like_others) { check(bad_attributes); }

Task<Result<void>> taken(Identity& identity) {
    SignUpRequest other = sign_up_request();
    other.username = "berta@example.de";
    CO_TRY_VOID(co_await identity.sign_up(std::move(other)));  // with Anna's address
    const auto refused = co_await enter(identity, kAnna, kPassword);
    EXPECT_EQ(refused.error().reason, reason::kWrongCredentials);
    co_return Result<void>();
}
TEST_F(UserMigration, somebody_elses_address_is_not_taken) { check(taken); }

Task<Result<void>> reset(Identity& identity) {
    former->user.confirmed = false;
    const auto first = co_await enter(identity, kAnna, kPassword);
    EXPECT_EQ(first.error().reason, reason::kResetRequired);
    co_return Result<void>();
}
TEST_F(UserMigration, a_new_password_may_be_asked_for) { check(reset); }

Task<Result<void>> forgotten(Identity& identity) {
    ForgotPasswordRequest request{"client1", kAnna};
    request.client_metadata = Attributes{{"from", "app"}};
    CO_TRY_VOID(co_await identity.forgot_password(std::move(request)));
    EXPECT_EQ(former->events.at(0).source, "UserMigration_ForgotPassword");
    EXPECT_EQ(former->events.at(0).client_metadata->at("from"), "app");
    CO_TRY(std::string code, co_await code_about(identity, "password"));
    ResetPasswordRequest reset{"client1", kAnna, std::move(code), "Neues-12345"};
    CO_TRY_VOID(co_await identity.reset_password(std::move(reset)));
    const auto old = co_await enter(identity, kAnna, kPassword);
    EXPECT_EQ(old.error().reason, reason::kWrongCredentials);
    CO_TRY_VOID(co_await enter(identity, kAnna, "Neues-12345"));
    EXPECT_EQ(former->events.size(), 1u);
    ForgotPasswordRequest nobodys{"client1", "nobody@example.de"};
    CO_TRY_VOID(co_await identity.forgot_password(std::move(nobodys)));
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_EQ(mails.size(), 1u);
    co_return Result<void>();
}
TEST_F(UserMigration, a_forgotten_password_is_replaced_at_once) { check(forgotten); }

Task<Result<void>> by_srp(Identity& identity) {
    const auto refused = co_await srp_sign_in(identity, kAnna, kPassword);
    EXPECT_EQ(refused.error().reason, reason::kWrongCredentials);
    EXPECT_TRUE(former->events.empty());
    PasswordRequest admin{"client1", kAnna, kPassword};
    CO_TRY_VOID(co_await identity.administration().sign_in(std::move(admin)));
    co_return Result<void>();
}
TEST_F(UserMigration, only_a_password_can_be_shown_to_the_function) { check(by_srp); }

Task<Result<Authorized>> enter_page(Identity& identity, std::string password,
                                    std::optional<std::string> way = std::nullopt) {
    BrowserSignIn request;
    request.asked.client_id = "client1";
    request.asked.own_account = true;
    request.username = kAnna;
    request.password = std::move(password);
    request.way = std::move(way);
    return identity.oauth().sign_in(std::move(request));
}

Task<Result<void>> on_pages(Identity& identity) {
    CO_TRY(const Authorized mailed, co_await enter_page(identity, kPassword, kByMail));
    EXPECT_TRUE(mailed.challenge);
    EXPECT_TRUE(former->events.empty());  // there is nothing to show
    const auto wrong = co_await enter_page(identity, "Falsch-1234");
    EXPECT_EQ(wrong.error().reason, reason::kWrongCredentials);
    CO_TRY(const Authorized entered, co_await enter_page(identity, kPassword));
    EXPECT_TRUE(entered.browser_session);
    EXPECT_EQ(former->events.back().source, "UserMigration_Authentication");
    CO_TRY_VOID(co_await enter_page(identity, kPassword));
    EXPECT_EQ(former->events.size(), 2u);
    co_return Result<void>();
}
TEST_F(UserMigration, the_pages_hand_over_too) {
    config::Pool& pool = config_.pools[0];
    pool.email_otp = true;
    pool.clients[0].flows.push_back(config::AuthFlow::user_auth);
    pool.clients[0].oauth.emplace().redirect_uris = {"https://app.example/cb"};
    check(on_pages);
}

}  // namespace
}  // namespace domicile::identity::testing
