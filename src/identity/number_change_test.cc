// Another phone number for somebody who stays, in two steps, beside another e-mail address.
#include "identity/texts_testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kMail = "anna@example.de";
constexpr const char* kNewMail = "anne@example.org";
constexpr const char* kNewPhone = "+4915187654321";

Task<Result<std::string>> settle(Identity& identity, std::string username, std::string phone,
                                 std::string email = "") {
    const std::size_t before = TextTest::sender->texts.size();
    CO_TRY_VOID(co_await sign_up_as(identity, username, std::move(phone), std::move(email)));
    CO_TRY(const Text text, co_await text_once(before + 1));
    CO_TRY_VOID(co_await confirm_as(identity, username, text.message.code));
    std::string token;
    CO_TRY_VOID(co_await signed_in(identity, username, token));
    co_return token;
}
Task<Result<CodeDeliveries>> ask_for(Identity& identity, std::string token, std::string phone,
                                     std::string email = "") {
    AttributesRequest request{std::move(token), {}};
    request.attributes["phone_number"] = std::move(phone);
    if (!email.empty()) request.attributes["email"] = std::move(email);
    co_return co_await identity.update_attributes(std::move(request));
}
// Why it was refused; empty when it was not.
Task<std::string> prove(Identity& identity, std::string token, std::string code,
                        std::string attribute = "phone_number") {
    ProveAttributeRequest request{std::move(token), std::move(attribute), std::move(code)};
    const auto done = co_await identity.prove_attribute(std::move(request));
    co_return done ? std::string() : done.error().reason;
}
Task<Result<User>> look(Identity& identity, std::string token) {
    AccessTokenRequest request{std::move(token)};
    co_return co_await identity.get_user(std::move(request));
}

Task<Result<void>> another_number(Identity& identity) {
    CO_TRY(const std::string token, co_await settle(identity, kPhone, kPhone));
    CO_TRY(const CodeDeliveries sent, co_await ask_for(identity, token, kNewPhone));
    EXPECT_EQ(sent.sent.size(), 1u);
    EXPECT_EQ(shown(sent.sent.at(0)), "phone_number SMS +*********4321");
    CO_TRY(const Text text, co_await text_once(2));
    EXPECT_EQ(text.event.source, "CustomSMSSender_UpdateUserAttribute");
    EXPECT_EQ(text.to(), kNewPhone);
    CO_TRY(const User meanwhile, co_await look(identity, token));
    EXPECT_EQ(meanwhile.attributes.at("phone_number"), kPhone);
    AttributeCodeRequest again{token, "phone_number"};
    CO_TRY(const CodeDelivery resent, co_await identity.attribute_code(std::move(again)));
    EXPECT_EQ(resent.destination, "+*********4321");
    CO_TRY(const Text other, co_await text_once(3));
    EXPECT_EQ(other.event.source, "CustomSMSSender_VerifyUserAttribute");
    EXPECT_EQ(co_await prove(identity, token, wrong_code(other.message.code)),
              reason::kCodeMismatch);
    EXPECT_EQ(co_await prove(identity, token, other.message.code), "");

    std::string access;
    const auto old = co_await signed_in(identity, kPhone, access);
    EXPECT_EQ(old.error().reason, reason::kWrongCredentials);
    CO_TRY(const User now, co_await signed_in(identity, kNewPhone, access));
    EXPECT_EQ(now.username, kNewPhone);
    EXPECT_EQ(now.sub, meanwhile.sub);
    EXPECT_EQ(now.attributes.at("phone_number"), kNewPhone);
    EXPECT_EQ(now.attributes.at("phone_number_verified"), "true");
    CO_TRY_VOID(co_await settle(identity, kPhone, kPhone));  // the old one is free
    co_return Result<void>();
}
TEST_F(TextTest, a_new_number_is_in_force_once_its_code_came_back) { check(another_number); }

Task<Result<void>> both(Identity& identity) {
    CO_TRY(const std::string token, co_await settle(identity, "anna", kPhone, kMail));
    CO_TRY(const CodeDeliveries sent, co_await ask_for(identity, token, kNewPhone, kNewMail));
    EXPECT_EQ(sent.sent.size(), 2u);
    CO_TRY(const Text text, co_await text_once(2));
    CO_TRY(const std::string code, co_await code_about(identity, "verification"));
    EXPECT_EQ(co_await prove(identity, token, text.message.code, "email"), reason::kCodeMismatch);
    EXPECT_EQ(co_await prove(identity, token, text.message.code), "");
    CO_TRY(User anna, co_await look(identity, token));
    EXPECT_EQ(anna.attributes.at("phone_number"), kNewPhone);
    EXPECT_EQ(anna.attributes.at("email"), kMail);
    EXPECT_EQ(co_await prove(identity, token, code, "email"), "");
    CO_TRY(anna, co_await look(identity, token));
    EXPECT_EQ(anna.attributes.at("email"), kNewMail);
    EXPECT_EQ(anna.attributes.at("email_verified"), "true");
    CO_TRY_VOID(co_await settle(identity, "bert", kPhone, kMail));
    co_return Result<void>();
}
TEST_F(TextTest, number_and_mail_address_change_each_with_its_own_code) { check(both); }

Task<Result<void>> first(Identity& identity) {
    CO_TRY(const std::string token, co_await settle(identity, "anna", kPhone));
    AttributesRequest request{token, {{"email", kMail}}};
    CO_TRY_VOID(co_await identity.update_attributes(std::move(request)));
    CO_TRY(const std::string code, co_await code_about(identity, "verification"));
    EXPECT_EQ(co_await prove(identity, token, code, "email"), "");
    CO_TRY(const User anna, co_await look(identity, token));
    EXPECT_EQ(anna.attributes.at("email"), kMail);
    EXPECT_EQ(anna.attributes.at("phone_number"), kPhone);
    const auto none = co_await ask_for(identity, token, "");
    EXPECT_EQ(none.error().reason, reason::kSchema);  // is not taken away
    // Forgotten passwords go to the mail address from now on.
    ForgotPasswordRequest forgotten{"client1", "anna"};
    CO_TRY(const CodeDelivery to, co_await identity.forgot_password(std::move(forgotten)));
    EXPECT_EQ(shown(to), "email EMAIL a***@e***");
    co_return Result<void>();
}
TEST_F(TextTest, who_has_a_number_may_get_a_mail_address_too) { check(first); }

Task<std::vector<std::string>> heard_of(Identity& identity, std::string token, std::string phone) {
    std::vector<std::string> out;
    const auto asked = co_await ask_for(identity, token, std::move(phone));
    out.push_back(asked ? shown(asked->sent.at(0)) : asked.error().reason);
    for (int i = 0; i < 6; ++i) out.push_back(co_await prove(identity, token, "00000x"));
    co_return out;
}
Task<Result<void>> taken(Identity& identity) {
    CO_TRY_VOID(co_await settle(identity, "bert", "+4915187655678"));
    CO_TRY(const std::string token, co_await settle(identity, "anna", kPhone));
    const auto of_bert = co_await heard_of(identity, token, "+4915187655678");
    const auto of_nobody = co_await heard_of(identity, token, "+4915187665678");
    EXPECT_EQ(of_bert, of_nobody);
    EXPECT_EQ(of_bert.at(6), reason::kCodeExpired);
    TextSender* sender = TextTest::sender;
    const auto count = [sender](const std::string& to) {
        return std::ranges::count_if(sender->texts,
                                     [&](const Text& text) { return text.to() == to; });
    };
    // Bert has his own code and a notice, without one; the free number has a code.
    EXPECT_TRUE(co_await io::testing::until([count] { return count("+4915187655678") == 2; }));
    EXPECT_TRUE(co_await io::testing::until([count] { return count("+4915187665678") == 1; }));
    std::string access;
    CO_TRY_VOID(co_await signed_in(identity, "bert", access));
    co_return Result<void>();
}
TEST_F(TextTest, a_new_number_of_somebodys_is_answered_like_a_free_one) { check(taken); }

Task<Result<void>> revealed(Identity& identity) {
    CO_TRY_VOID(co_await settle(identity, "bert", kNewPhone));
    CO_TRY(const std::string token, co_await settle(identity, "anna", kPhone));
    const auto refused = co_await ask_for(identity, token, kNewPhone, kNewMail);
    EXPECT_EQ(refused.error().reason, reason::kAliasExists);
    CO_TRY_VOID(co_await settle(identity, "cleo", "+4915187655678", kNewMail));  // is nobody's
    co_return Result<void>();
}
TEST_F(TextTest, where_it_is_told_a_number_of_somebodys_is_refused) {
    pool().reveal_existing = true;
    check(revealed);
}

Task<Result<void>> by_mail(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_as(identity, "anna", kPhone, kMail));
    CO_TRY(const std::string code, co_await code_about(identity, "verification"));
    CO_TRY_VOID(co_await confirm_as(identity, "anna", code));
    std::string token;
    CO_TRY_VOID(co_await signed_in(identity, "anna", token));
    const auto refused = co_await ask_for(identity, token, kNewPhone);
    EXPECT_EQ(refused.error().reason, reason::kSchema);
    AttributeCodeRequest request{token, "phone_number"};
    const auto none = co_await identity.attribute_code(std::move(request));
    EXPECT_EQ(none.error().reason, reason::kSchema);
    co_return Result<void>();
}
TEST_F(TextTest, without_texts_a_number_stays_as_it_is) {
    pool().sms.reset();
    check(by_mail);
}

}  // namespace
}  // namespace domicile::identity::testing
