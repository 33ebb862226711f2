#include "triggers/message_event.h"

#include <gtest/gtest.h>

namespace domicile::triggers {
namespace {

Result<identity::MessageWords> words(const std::string& response, bool with_username = false) {
    return read_message(R"({"response":)" + response + "}", with_username);
}

TEST(MessageEvent, the_function_is_told_where_the_code_and_the_name_go) {
    identity::TriggerEvent event;
    event.source = "CustomMessage_AdminCreateUser";
    event.username = "anna";
    const auto invited = message_event(event, "r1", true).at("request");
    EXPECT_EQ(invited.at("codeParameter"), "{####}");
    EXPECT_EQ(invited.at("usernameParameter"), "{username}");
    const auto other = message_event(event, "r1", false);
    EXPECT_EQ(other.at("request").at("usernameParameter"), nullptr);
    EXPECT_EQ(json::serialize(other.at("response")),
              R"({"smsMessage":null,"emailMessage":null,"emailSubject":null})");
}

TEST(MessageAnswer, what_is_not_said_stays_the_pools) {
    const auto silent = words(R"({"emailSubject":null,"smsMessage":"x"})");
    ASSERT_TRUE(silent);
    EXPECT_FALSE(silent->subject || silent->text);
    // Whether it is one is seen where a text is sent.
    EXPECT_EQ(silent->sms, "x");
    const auto said = words(R"({"emailSubject":"Hi","emailMessage":"<b>{####}</b>"})");
    EXPECT_EQ(said->subject, "Hi");
    EXPECT_EQ(said->text, "<b>{####}</b>");
}

TEST(MessageAnswer, the_places_have_to_be_there) {
    EXPECT_EQ(words(R"({"emailMessage":"no code"})").error().message,
              "CustomMessage: emailMessage does not have the codeParameter in it.");
    EXPECT_TRUE(words(R"({"emailMessage":"{####}"})"));
    EXPECT_EQ(words(R"({"emailMessage":"{####}"})", true).error().message,
              "CustomMessage: emailMessage does not have the usernameParameter in it.");
    EXPECT_TRUE(words(R"({"emailMessage":"{username} {####}"})", true));
}

TEST(MessageAnswer, lengths_are_bounded_in_characters) {
    const auto subject = [](std::size_t length) {
        std::string out;
        for (std::size_t i = 0; i < length; ++i) out += "ü";
        return words(R"({"emailSubject":")" + out + R"("})");
    };
    EXPECT_TRUE(subject(kSubjectMax));
    EXPECT_EQ(subject(kSubjectMax + 1).error().reason, identity::reason::kTriggerAnswer);
    const auto text = [](std::size_t length) {
        return words(R"({"emailMessage":"{####})" + std::string(length - 6, 'x') + R"("})");
    };
    EXPECT_TRUE(text(kTextMax));
    EXPECT_FALSE(text(kTextMax + 1));
    EXPECT_FALSE(words(R"({"emailSubject":"a\r\nBcc: b"})"));
}

}  // namespace
}  // namespace domicile::triggers
