// Codes by text message: who gets one, what the function that sends them is told, that no failure
// of it loses one, and that it tells nobody who exists.
#include "identity/administration.h"
#include "identity/texts_testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kMail = "anna@example.de";
constexpr const char* kShown = "phone_number SMS +*********5678";
constexpr const char* kNewPassword = "Anders-5678";

Task<Result<void>> by_number(Identity& identity) {
    CO_TRY(const SignUpResult asked, co_await sign_up_as(identity, "anna", kPhone));
    EXPECT_EQ(shown(*asked.delivery), kShown);
    CO_TRY(const Text text, co_await text_once(1));
    EXPECT_EQ(text.event.function, "sender");
    EXPECT_EQ(text.event.source, "CustomSMSSender_SignUp");
    EXPECT_EQ(text.event.pool_id, "eu-central-1_Health1");
    EXPECT_EQ(text.event.client_id, "client1");
    EXPECT_EQ(text.event.username, "anna");
    EXPECT_EQ(text.to(), kPhone);
    EXPECT_EQ(text.event.attributes.at("sub"), asked.sub);
    EXPECT_EQ(text.message.text, "Your confirmation code is " + text.message.code + ".");
    const auto wrong = co_await confirm_as(identity, "anna", wrong_code(text.message.code));
    EXPECT_EQ(wrong.error().reason, reason::kCodeMismatch);

    ResendRequest resend{"client1", "anna"};
    CO_TRY(const CodeDelivery again, co_await identity.resend_code(std::move(resend)));
    EXPECT_EQ(shown(again), kShown);
    CO_TRY(const Text other, co_await text_once(2));
    EXPECT_EQ(other.event.source, "CustomSMSSender_ResendCode");
    CO_TRY_VOID(co_await confirm_as(identity, "anna", other.message.code));
    std::string token;
    CO_TRY(const User anna, co_await signed_in(identity, "anna", token));
    EXPECT_EQ(anna.attributes.at("phone_number_verified"), "true");
    EXPECT_FALSE(anna.attributes.contains("email_verified"));
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_TRUE(mails.empty());  // what was sent is here no more
    co_return Result<void>();
}
TEST_F(TextTest, who_signs_up_with_a_number_gets_the_code_there) { check(by_number); }

Task<Result<void>> both(Identity& identity) {
    CO_TRY(const SignUpResult asked, co_await sign_up_as(identity, kMail, kPhone, kMail));
    EXPECT_EQ(shown(*asked.delivery), kShown);
    CO_TRY(const Text text, co_await text_once(1));
    CO_TRY_VOID(co_await confirm_as(identity, kMail, text.message.code));
    std::string token;
    CO_TRY(User anna, co_await signed_in(identity, kMail, token));
    EXPECT_EQ(anna.attributes.at("phone_number_verified"), "true");
    EXPECT_EQ(anna.attributes.at("email_verified"), "false");
    AttributeCodeRequest request{token, "email"};
    CO_TRY_VOID(co_await identity.attribute_code(std::move(request)));
    CO_TRY(const std::string code, co_await code_about(identity, "verification"));
    ProveAttributeRequest prove{token, "email", code};
    CO_TRY_VOID(co_await identity.prove_attribute(std::move(prove)));
    CO_TRY(anna, co_await signed_in(identity, kMail, token));
    EXPECT_EQ(anna.attributes.at("email_verified"), "true");
    EXPECT_EQ(anna.attributes.at("phone_number_verified"), "true");
    co_return Result<void>();
}
TEST_F(TextTest, with_both_the_number_is_proven_first_and_the_mail_address_when_asked) {
    check(both);
}

Task<Result<std::string>> forgotten(Identity& identity, std::string username) {
    ForgotPasswordRequest request{"client1", std::move(username)};
    CO_TRY(const CodeDelivery delivery, co_await identity.forgot_password(std::move(request)));
    co_return shown(delivery);
}
Task<Result<void>> settle(Identity& identity, std::string username, std::string phone) {
    const std::size_t before = TextTest::sender->texts.size();
    CO_TRY_VOID(co_await sign_up_as(identity, username, std::move(phone)));
    CO_TRY(const Text text, co_await text_once(before + 1));
    co_return co_await confirm_as(identity, username, text.message.code);
}
Task<Result<void>> reset(Identity& identity) {
    CO_TRY_VOID(co_await settle(identity, "anna", kPhone));
    CO_TRY(const std::string to, co_await forgotten(identity, "anna"));
    EXPECT_EQ(to, kShown);
    CO_TRY(const Text text, co_await text_once(2));
    EXPECT_EQ(text.event.source, "CustomSMSSender_ForgotPassword");
    ResetPasswordRequest change{"client1", "anna", text.message.code, kNewPassword};
    CO_TRY_VOID(co_await identity.reset_password(std::move(change)));
    CO_TRY_VOID(co_await srp_sign_in(identity, "anna", kNewPassword));

    AdminRequest request{{"DOMKTEST", ""}, "Health1", "anna"};
    CO_TRY_VOID(co_await identity.administration().reset_password(std::move(request)));
    CO_TRY(const Text last, co_await text_once(3));
    EXPECT_EQ(last.event.client_id, "CLIENT_ID_NOT_APPLICABLE");
    ResetPasswordRequest again{"client1", "anna", last.message.code, kPassword};
    CO_TRY_VOID(co_await identity.reset_password(std::move(again)));
    co_return Result<void>();
}
TEST_F(TextTest, a_forgotten_password_is_replaced_with_a_code_by_text) { check(reset); }

Task<Result<void>> invited(Identity& identity) {
    for (const bool by_text : {false, true}) {
        AdminCreateRequest request;
        request.who.access_key_id = "DOMKTEST";
        request.pool = "Health1";
        request.username = by_text ? "bert" : "anna";
        request.attributes = {{"custom:country", "DE"}};
        request.attributes["phone_number"] = by_text ? "+4915187654321" : kPhone;
        if (by_text) request.attributes["email"] = kMail;
        request.by_text = by_text;
        CO_TRY_VOID(co_await identity.administration().create(std::move(request)));
        CO_TRY(const Text text, co_await text_once(by_text ? 2 : 1));
        EXPECT_EQ(text.event.source, "CustomSMSSender_AdminCreateUser");
        PasswordRequest enter{"client1", text.event.username, text.message.code};
        CO_TRY(const Tokens tokens, co_await identity.sign_in_with_password(std::move(enter)));
        EXPECT_EQ(tokens.challenge->name, "NEW_PASSWORD_REQUIRED");
    }
    co_return Result<void>();
}
TEST_F(TextTest, who_is_created_without_a_mail_address_is_invited_by_text) { check(invited); }

// Everything that can be heard of a user name that is a number.
Task<std::vector<std::string>> heard_of(Identity& identity, std::string number) {
    std::vector<std::string> out;
    const auto note = [&out](const auto& said, auto show) {
        out.push_back(said ? show(*said) : said.error().reason);
    };
    const auto asked = co_await sign_up_as(identity, number, number);
    note(asked, [](const SignUpResult& done) { return shown(*done.delivery); });
    for (int i = 0; i < 6; ++i) {
        const auto confirmed = co_await confirm_as(identity, number, "00000x");
        out.push_back(confirmed ? "" : confirmed.error().reason);
    }
    ResendRequest resend{"client1", number};
    const auto resent = co_await identity.resend_code(std::move(resend));
    note(resent, [](const CodeDelivery& sent) { return shown(sent); });
    const auto forgot = co_await forgotten(identity, number);
    note(forgot, [](const std::string& text) { return text; });
    co_return out;
}
Task<Result<void>> taken(Identity& identity) {
    CO_TRY_VOID(co_await settle(identity, "anna", kPhone));
    const auto of_anna = co_await heard_of(identity, kPhone);
    const auto of_nobody = co_await heard_of(identity, "+4915187655678");
    EXPECT_EQ(of_anna, of_nobody);
    EXPECT_EQ(of_anna.front(), kShown);
    TextSender* sender = TextTest::sender;
    const auto count = [sender](const std::string& source) {
        return std::ranges::count_if(sender->texts, [&](const Text& text) {
            return text.event.source == source && text.to() == kPhone;
        });
    };
    EXPECT_TRUE(co_await io::testing::until(
        [count] { return count("CustomSMSSender_AddressWanted") == 1; }));
    EXPECT_EQ(count("CustomSMSSender_SignUp"), 1);
    for (const Text& text : sender->texts) {
        const bool is_notice = text.event.source == "CustomSMSSender_AddressWanted";
        EXPECT_EQ(text.message.code.empty(), is_notice);
    }
    std::string token;
    CO_TRY_VOID(co_await signed_in(identity, "anna", token));
    co_return Result<void>();
}
TEST_F(TextTest, a_number_of_somebodys_is_answered_like_a_free_one_and_they_are_told) {
    check(taken);
}

Task<Result<void>> nobodys(Identity& identity) {
    std::size_t by_text = 0;
    for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 8; ++j) {
            const std::string name = "nobody" + std::to_string(i * 8 + j);
            CO_TRY(const std::string first, co_await forgotten(identity, name));
            CO_TRY(const std::string again, co_await forgotten(identity, name));
            EXPECT_EQ(first, again);
            const bool is_text = first.starts_with("phone_number SMS +");
            EXPECT_TRUE(is_text || first.starts_with("email EMAIL ")) << first;
            by_text += is_text ? 1 : 0;
        }
    }
    EXPECT_GT(by_text, 0u);
    EXPECT_LT(by_text, 32u);
    EXPECT_EQ(TextTest::sender->asked, 0u);
    EXPECT_EQ(TextTest::sender->sources.size(),
              64u);  // the function is asked for words all the same
    co_return Result<void>();
}
TEST_F(TextTest, names_of_nobodys_seem_to_have_addresses_of_both_kinds) {
    pool().triggers.custom_message = "f";
    check(nobodys);
}

Task<Result<void>> own_words(Identity& identity) {
    TextSender* sender = TextTest::sender;
    sender->words.sms = "{####} for {username}";
    sender->words.text = "<b>{####}</b>";
    CO_TRY_VOID(co_await sign_up_as(identity, "<anna>", kPhone));
    CO_TRY(const Text text, co_await text_once(1));
    EXPECT_EQ(text.message.text, text.message.code + " for <anna>");
    sender->words.sms = "no code";
    ResendRequest resend{"client1", "<anna>"};
    const auto bad = co_await identity.resend_code(std::move(resend));
    EXPECT_EQ(bad.error().reason, reason::kTriggerAnswer);
    sender->words.sms.reset();
    ResendRequest again{"client1", "<anna>"};
    CO_TRY_VOID(co_await identity.resend_code(std::move(again)));
    CO_TRY(const Text ours, co_await text_once(2));
    EXPECT_EQ(ours.message.text, "Your confirmation code is " + ours.message.code + ".");
    co_return Result<void>();
}
TEST_F(TextTest, the_function_that_writes_messages_writes_texts_too) {
    pool().triggers.custom_message = "f";
    check(own_words);
}

Task<Result<void>> no_luck(Identity& identity) {
    TextSender* sender = TextTest::sender;
    CO_TRY_VOID(co_await sign_up_as(identity, "anna", kPhone));
    EXPECT_TRUE(co_await io::testing::until([sender] { return sender->asked == 1; }));
    co_return Result<void>();
}
Task<Result<void>> luck(Identity& identity) {
    CO_TRY(const Text text, co_await text_once(1));
    co_return co_await confirm_as(identity, "anna", text.message.code);
}
TEST_F(TextTest, a_text_outlives_a_function_that_fails_and_the_process) {
    own().fails = true;
    check(no_luck);
    own().fails = false;
    clock_.pass(Millis(60'000));
    check(luck);
    EXPECT_EQ(rows_of("identity_texts"), 0);
}
Task<Result<void>> nothing(Identity& identity) {
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_TRUE(mails.empty());
    EXPECT_TRUE(TextTest::sender->texts.empty());
    co_return Result<void>();
}
Task<Result<void>> gone(Identity& identity) {
    for (int look = 0; look < 15'000; ++look) {
        CO_TRY(const auto mails, co_await identity.outbox(10));
        if (mails.empty()) break;
        co_await io::sleep_for(Millis(2));
    }
    co_return co_await nothing(identity);
}
TEST_F(TextTest, one_whose_code_is_of_no_use_any_more_is_not_sent) {
    own().fails = true;
    check(no_luck);
    own().fails = false;
    clock_.pass(Millis(25 * 3'600'000LL));
    check(gone);
}

Task<Result<void>> as_before(Identity& identity) {
    const auto none = co_await sign_up_as(identity, "anna", kPhone);
    EXPECT_EQ(none.error().reason, reason::kAttribute);
    CO_TRY(const SignUpResult asked, co_await sign_up_as(identity, "anna", kPhone, kMail));
    EXPECT_EQ(shown(*asked.delivery), "email EMAIL a***@e***");
    CO_TRY(const std::string to, co_await forgotten(identity, kPhone));
    EXPECT_TRUE(to.starts_with("email EMAIL "));
    co_return Result<void>();
}
TEST_F(TextTest, a_pool_without_it_sends_mails_only) {
    pool().sms.reset();
    check(as_before);
}

}  // namespace
}  // namespace domicile::identity::testing
