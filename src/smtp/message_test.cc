#include "smtp/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"

namespace domicile::smtp {
namespace {

using ::testing::HasSubstr;

Message message() {
    return {"a-b-c",        "Häuser <no-reply@example.com>", "anna@example.de", "Your code",
            "One.\nTwo.\n", Timestamp{1'795'000'000'000}};
}

TEST(Message, says_whether_it_is_html) {
    Message mail = message();
    EXPECT_THAT(*to_text(mail), HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
    mail.html = true;
    EXPECT_THAT(*to_text(mail), HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
}

TEST(Message, has_what_a_mail_needs) {
    const auto text = to_text(message());
    ASSERT_TRUE(text.has_value());
    EXPECT_THAT(*text, HasSubstr("Date: Wed, 18 Nov 2026 11:06:40 +0000\r\n"));
    EXPECT_THAT(*text, HasSubstr("From: =?utf-8?B?SMOkdXNlcg==?= <no-reply@example.com>\r\n"));
    EXPECT_THAT(*text, HasSubstr("To: anna@example.de\r\n"));
    EXPECT_THAT(*text, HasSubstr("Subject: Your code\r\n"));
    EXPECT_THAT(*text, HasSubstr("Message-ID: <a-b-c@example.com>\r\n"));
    EXPECT_THAT(*text, HasSubstr("\r\n\r\n" + to_base64("One.\r\nTwo.\r\n") + "\r\n"));
}

TEST(Message, a_long_subject_is_cut_between_characters) {
    Message mail = message();
    for (int i = 0; i < 60; ++i) mail.subject += "ä";
    const auto text = to_text(mail);
    ASSERT_TRUE(text.has_value());
    std::string decoded;
    std::size_t words = 0;
    for (std::size_t at = text->find("=?utf-8?B?", text->find("Subject"));
         at != std::string::npos && at < text->find("Message-ID");
         at = text->find("=?utf-8?B?", at)) {
        at += 10;
        const auto part = from_base64(text->substr(at, text->find("?=", at) - at));
        ASSERT_TRUE(part && is_utf8(*part));
        decoded += *part;
        ++words;
    }
    EXPECT_EQ(decoded, mail.subject);
    EXPECT_GT(words, 1u);
}

TEST(Message, no_line_is_longer_than_mail_allows) {
    Message mail = message();
    mail.text = std::string(5000, 'x');
    mail.subject = std::string(300, 'y');
    const auto text = to_text(mail);
    ASSERT_TRUE(text.has_value());
    for (std::size_t at = 0; at < text->size();) {
        const std::size_t end = text->find("\r\n", at);
        ASSERT_NE(end, std::string::npos);
        EXPECT_LE(end - at, 100u);
        at = end + 2;
    }
}

TEST(Message, nothing_can_add_a_header_or_a_command) {
    Message mail = message();
    mail.subject = "Your code\r\nBcc: eve@example.com";
    EXPECT_EQ(to_text(mail).error().code, Code::invalid_argument);
    for (const char* to : {"anna@example.de>\r\nRCPT TO:<eve@example.com", "anna", "@example.de",
                           "anna@", "a@b@c", "an na@example.de", "<anna@example.de"}) {
        mail = message();
        mail.to = to;
        EXPECT_EQ(to_text(mail).error().code, Code::invalid_argument) << to;
    }
}

TEST(Message, the_address_of_a_mailbox_is_in_its_brackets) {
    EXPECT_EQ(address_of("Domicile <a@b.c>").value_or(""), "a@b.c");
    EXPECT_EQ(address_of(" a@b.c ").value_or(""), "a@b.c");
    EXPECT_FALSE(address_of("Domicile\n <a@b.c>"));
    EXPECT_FALSE(address_of("a@b.c <x>"));
}

}  // namespace
}  // namespace domicile::smtp
