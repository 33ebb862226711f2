// Mails in the words of the application's function: which mails, what it is told, that it never has
// the code, and that it is asked where nobody gets a mail too.
#include "identity/administration.h"
#include "identity/testing.h"
#include "identity/triggers_testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";

class Writer final : public SilentTriggers {
  public:
    io::Task<Result<MessageWords>> custom_message(TriggerEvent event, bool with_username) override {
        EXPECT_EQ(with_username, event.source == "CustomMessage_AdminCreateUser");
        events.push_back(std::move(event));
        if (refuses) co_return fail(Code::failed_precondition, "No.", reason::kTriggerRefused);
        co_return words;
    }
    std::vector<std::string> sources() {
        std::vector<std::string> out;
        for (const TriggerEvent& event : events) out.push_back(event.source);
        events.clear();
        return out;
    }

    MessageWords words;
    bool refuses = false;
    std::vector<TriggerEvent> events;
};
Writer* writer = nullptr;  // of the test that runs

class CustomMessage : public IdentityTest {
  protected:
    CustomMessage() {
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        config_.pools[0].triggers.custom_message = "f";
        triggers_ = writer = &writer_;
    }
    ~CustomMessage() override { writer = nullptr; }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }

  private:
    Writer writer_;
};

using Sources = std::vector<std::string>;

Task<Result<Mail>> newest(Identity& identity) {
    CO_TRY(auto mails, co_await identity.outbox(1));
    if (mails.empty()) co_return fail(Code::not_found, "There is no mail.");
    co_return std::move(mails[0]);
}

Task<Result<void>> words_of_its_own(Identity& identity) {
    writer->words = {"Hi {username}", "<b>{####}</b> for {username}", std::nullopt};
    SignUpRequest request = sign_up_request();
    request.username = "<anna>";
    request.client_metadata = Attributes{{"from", "app"}};
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    EXPECT_EQ(writer->events.at(0).client_metadata->at("from"), "app");
    EXPECT_EQ(writer->events.at(0).client_id, "client1");
    EXPECT_EQ(writer->events.at(0).attributes.at("cognito:user_status"), "UNCONFIRMED");
    CO_TRY(const Mail mail, co_await newest(identity));
    EXPECT_TRUE(mail.html);
    EXPECT_EQ(mail.subject, "Hi <anna>");
    EXPECT_EQ(mail.text.find("<b>"), 0u);
    EXPECT_NE(mail.text.find("</b> for &lt;anna&gt;"), mail.text.npos);
    ConfirmRequest confirm{"client1", "<anna>", mail.text.substr(3, 6)};
    CO_TRY_VOID(co_await identity.confirm_sign_up(std::move(confirm)));
    co_return Result<void>();
}
TEST_F(CustomMessage, a_mail_has_the_functions_words_with_the_code_in_them) {
    check(words_of_its_own);
}

Task<Result<void>> all_mails(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));  // in the pool's words
    EXPECT_EQ(writer->sources(), (Sources{"CustomMessage_SignUp"}));
    ForgotPasswordRequest forgotten{"client1", kAnna};
    CO_TRY_VOID(co_await identity.forgot_password(std::move(forgotten)));
    PasswordRequest password{"client1", kAnna, kPassword};
    CO_TRY(const Tokens tokens, co_await identity.sign_in_with_password(std::move(password)));
    AttributeCodeRequest prove{tokens.access_token, "email"};
    CO_TRY_VOID(co_await identity.attribute_code(std::move(prove)));
    AttributesRequest change{tokens.access_token, {{"email", "new@example.de"}}};
    CO_TRY_VOID(co_await identity.update_attributes(std::move(change)));
    Administration& admin = identity.administration();
    AdminRequest reset{admin.as("DOMKTEST"), "Health1", kAnna};
    CO_TRY_VOID(co_await admin.reset_password(std::move(reset)));
    AdminCreateRequest create;
    create.who = admin.as("DOMKTEST");
    create.pool = "Health1";
    create.username = "berta@example.de";
    create.attributes = {{"email", "berta@example.de"}, {"custom:country", "DE"}};
    CO_TRY_VOID(co_await admin.create(std::move(create)));
    EXPECT_EQ(writer->events.back().client_id, "CLIENT_ID_NOT_APPLICABLE");
    EXPECT_EQ(writer->sources(),
              (Sources{"CustomMessage_ForgotPassword", "CustomMessage_VerifyUserAttribute",
                       "CustomMessage_UpdateUserAttribute", "CustomMessage_ForgotPassword",
                       "CustomMessage_AdminCreateUser"}));
    SignUpRequest other = sign_up_request();
    other.username = other.attributes["email"] = "carla@example.de";
    CO_TRY_VOID(co_await identity.sign_up(std::move(other)));
    ResendRequest resend{"client1", "carla@example.de"};
    CO_TRY_VOID(co_await identity.resend_code(std::move(resend)));
    EXPECT_EQ(writer->sources(), (Sources{"CustomMessage_SignUp", "CustomMessage_ResendCode"}));
    co_return Result<void>();
}
TEST_F(CustomMessage, every_mail_is_asked_for) { check(all_mails); }

// Nobody's mail costs and answers what somebody's does.
Task<Result<void>> nobody(Identity& identity) {
    for (const bool refuses : {false, true}) {
        writer->refuses = refuses;
        ForgotPasswordRequest forgotten{"client1", kAnna};
        const auto sent = co_await identity.forgot_password(std::move(forgotten));
        EXPECT_EQ(sent.has_value(), !refuses);
        ResendRequest resend{"client1", kAnna};
        const auto resent = co_await identity.resend_code(std::move(resend));
        EXPECT_EQ(resent.has_value(), !refuses);
        EXPECT_EQ(writer->events.at(0).attributes.at("email"), kAnna);
        EXPECT_TRUE(writer->events.at(0).attributes.contains("sub"));
        EXPECT_EQ(writer->sources(),
                  (Sources{"CustomMessage_ForgotPassword", "CustomMessage_ResendCode"}));
    }
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_TRUE(mails.empty());
    co_return Result<void>();
}
TEST_F(CustomMessage, it_is_asked_for_people_who_do_not_exist_too) { check(nobody); }

Task<Result<void>> refused(Identity& identity) {
    writer->refuses = true;
    SignUpRequest request = sign_up_request();
    const auto no_sign_up = co_await identity.sign_up(request);
    EXPECT_EQ(no_sign_up.error().reason, reason::kTriggerRefused);
    writer->refuses = false;
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_EQ(mails.size(), 1u);
    co_return Result<void>();
}
TEST_F(CustomMessage, a_sign_up_without_its_mail_does_not_happen) { check(refused); }

}  // namespace
}  // namespace domicile::identity::testing
