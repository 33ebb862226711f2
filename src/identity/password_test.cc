// Forgotten and changed passwords.
#include "identity/testing.h"

namespace domicile::identity {
namespace {

using io::Task;
using testing::code_about;
using testing::kPassword;
using testing::sign_up_and_confirm;
using testing::srp_sign_in;
using testing::wrong_code;

constexpr const char* kAnna = "anna@example.de";
constexpr const char* kNobody = "nobody@example.de";
constexpr const char* kOther = "Anders-5678";

class PasswordTest : public testing::IdentityTest {
  protected:
    void succeeds(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

Task<Result<CodeDelivery>> forget(Identity& identity, std::string username) {
    ForgotPasswordRequest request{"client1", std::move(username)};
    co_return co_await identity.forgot_password(std::move(request));
}

// Why it was refused; empty when it was not.
Task<std::string> reset(Identity& identity, std::string username, std::string code,
                        std::string password = kOther) {
    ResetPasswordRequest request{"client1", std::move(username), std::move(code),
                                 std::move(password)};
    const auto done = co_await identity.reset_password(std::move(request));
    co_return done ? std::string() : done.error().reason;
}

Task<std::string> change(Identity& identity, std::string token, std::string previous,
                         std::string proposed) {
    ChangePasswordRequest request{std::move(token), std::move(previous), std::move(proposed)};
    const auto done = co_await identity.change_password(std::move(request));
    co_return done ? std::string() : done.error().reason;
}

Task<std::string> use(Identity& identity, std::string token) {
    AccessTokenRequest request{std::move(token)};
    const auto user = co_await identity.get_user(std::move(request));
    co_return user ? std::string() : user.error().reason;
}

Task<Result<void>> forgotten(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens before, co_await srp_sign_in(identity, kAnna, kPassword));
    CO_TRY(const CodeDelivery delivery, co_await forget(identity, kAnna));
    EXPECT_EQ(delivery.destination, "a***@e***");
    CO_TRY(const std::string code, co_await code_about(identity, "reset"));
    EXPECT_EQ(co_await reset(identity, kAnna, wrong_code(code)), reason::kCodeMismatch);
    EXPECT_EQ(co_await reset(identity, kAnna, code, "short"), reason::kPasswordPolicy);
    EXPECT_EQ(co_await reset(identity, kAnna, code), "");

    const auto old = co_await srp_sign_in(identity, kAnna, kPassword);
    EXPECT_EQ(old.error().reason, reason::kWrongCredentials);
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnna, kOther));
    EXPECT_EQ(co_await use(identity, before.access_token), reason::kAccessRevoked);
    RefreshRequest refresh{"client1", *before.refresh_token};
    const auto refreshed = co_await identity.refresh(std::move(refresh));
    EXPECT_EQ(refreshed.error().reason, reason::kRefreshRevoked);
    EXPECT_EQ(co_await reset(identity, kAnna, code), reason::kCodeExpired);  // it is used up
    co_return Result<void>();
}

TEST_F(PasswordTest, a_forgotten_password_is_replaced_with_one_code_and_all_sessions_end) {
    succeeds(forgotten);
}

Task<Result<void>> guess_often(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY_VOID(co_await forget(identity, kAnna));
    CO_TRY(const std::string code, co_await code_about(identity, "reset"));
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(co_await reset(identity, kAnna, wrong_code(code)), reason::kCodeMismatch);
    }
    EXPECT_EQ(co_await reset(identity, kAnna, code), reason::kCodeExpired);
    co_return Result<void>();
}

TEST_F(PasswordTest, after_five_guesses_the_right_code_is_of_no_use) { succeeds(guess_often); }

Task<Result<void>> ask_for_a_code(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY_VOID(co_await forget(identity, kAnna));
    co_return Result<void>();
}

Task<Result<void>> too_late(Identity& identity) {
    CO_TRY(const std::string code, co_await code_about(identity, "reset"));
    EXPECT_EQ(co_await reset(identity, kAnna, code), reason::kCodeExpired);
    co_return Result<void>();
}

TEST_F(PasswordTest, a_code_ends_after_an_hour) {
    succeeds(ask_for_a_code);
    clock_.pass(Millis(3'600'000));
    succeeds(too_late);
}

Task<Result<void>> nobody(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    for (const char* who : {kAnna, kNobody}) {
        EXPECT_EQ(co_await reset(identity, who, "123456"), reason::kCodeExpired) << who;
        const auto sent = co_await forget(identity, who);
        EXPECT_EQ(sent->destination.substr(1), "***@e***") << who;
        std::string code = "000000";
        if (who == kAnna) {
            CO_TRY(code, co_await code_about(identity, "reset"));
            code = wrong_code(code);
        }
        for (int i = 0; i < 5; ++i) {
            EXPECT_EQ(co_await reset(identity, who, code), reason::kCodeMismatch) << who;
        }
        EXPECT_EQ(co_await reset(identity, who, code), reason::kCodeExpired) << who;
        // Asking again gives new tries.
        CO_TRY_VOID(co_await forget(identity, who));
        EXPECT_EQ(co_await reset(identity, who, code), reason::kCodeMismatch) << who;
        Result<CodeDelivery> again;
        for (int i = 0; i < 4 && again; ++i) again = co_await forget(identity, who);
        EXPECT_EQ(again.error().reason, reason::kTooManyAttempts) << who;
    }
    CO_TRY(const auto mails, co_await identity.outbox(100));
    EXPECT_TRUE(std::ranges::all_of(mails, [](const Mail& mail) { return mail.to == kAnna; }));
    co_return Result<void>();
}

TEST_F(PasswordTest, somebody_unknown_is_answered_like_somebody_whose_code_is_not_known) {
    succeeds(nobody);
}

Task<Result<void>> changed(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens mine, co_await srp_sign_in(identity, kAnna, kPassword));
    CO_TRY(const Tokens other, co_await srp_sign_in(identity, kAnna, kPassword));
    const std::string& token = mine.access_token;
    EXPECT_EQ(co_await change(identity, token, kOther, kOther), reason::kWrongCredentials);
    EXPECT_EQ(co_await change(identity, token, kPassword, "short"), reason::kPasswordPolicy);
    EXPECT_EQ(co_await change(identity, "x", kPassword, kOther), reason::kAccessInvalid);
    EXPECT_EQ(co_await change(identity, token, kPassword, kOther), "");
    EXPECT_EQ(co_await use(identity, other.access_token), reason::kAccessRevoked);
    EXPECT_EQ(co_await use(identity, token), "");
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnna, kOther));
    const auto old = co_await srp_sign_in(identity, kAnna, kPassword);
    EXPECT_EQ(old.error().reason, reason::kWrongCredentials);
    co_return Result<void>();
}

TEST_F(PasswordTest, a_changed_password_ends_all_other_sessions) { succeeds(changed); }

Task<Result<void>> history(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, kAnna, kPassword));
    const std::string& token = tokens.access_token;
    EXPECT_EQ(co_await change(identity, token, kPassword, kPassword), reason::kPasswordHistory);
    EXPECT_EQ(co_await change(identity, token, kPassword, kOther), "");
    EXPECT_EQ(co_await change(identity, token, kOther, kPassword), reason::kPasswordHistory);
    EXPECT_EQ(co_await change(identity, token, kOther, "Drittes-9012"), "");
    EXPECT_EQ(co_await change(identity, token, "Drittes-9012", kPassword), "");
    co_return Result<void>();
}

TEST_F(PasswordTest, none_of_the_last_passwords_comes_again) {
    config_.pools[0].password.history = 2;
    succeeds(history);
}

Task<Result<void>> guess_the_old_one(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, kAnna, kPassword));
    const std::string& token = tokens.access_token;
    std::string refusal = reason::kWrongCredentials;
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(refusal, reason::kWrongCredentials);
        refusal = co_await change(identity, token, kOther, kOther);
    }
    EXPECT_EQ(refusal, reason::kTooManyAttempts);
    co_return Result<void>();
}

TEST_F(PasswordTest, who_has_a_token_cannot_guess_the_password) { succeeds(guess_the_old_one); }

}  // namespace
}  // namespace domicile::identity
