#include "api/oidc/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::api::oidc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(texts, every_language_says_everything) {
    for (const char* tag : {"en", "de"}) {
        const Language& language = choose_language(tag, "");
        EXPECT_EQ(language.tag, tag);
        for (const std::string_view text : language.texts) EXPECT_FALSE(text.empty()) << tag;
    }
}

TEST(texts, the_language_is_what_the_request_prefers) {
    EXPECT_EQ(choose_language("", "").tag, "en");
    EXPECT_EQ(choose_language("", "de").tag, "de");
    EXPECT_EQ(choose_language("", "DE-at, en;q=0.9").tag, "de");
    EXPECT_EQ(choose_language("", "en;q=0.4, fr, de; q=0.5").tag, "de");
    EXPECT_EQ(choose_language("", "de;q=0, en").tag, "en");
    EXPECT_EQ(choose_language("", "de;q=0").tag, "en");
    EXPECT_EQ(choose_language("", "de;level=1").tag, "en");
    EXPECT_EQ(choose_language("fr-CA de en", "en").tag, "de");
    EXPECT_EQ(choose_language("fr", "de").tag, "de");
    EXPECT_EQ(choose_language("  ", ",;,;q=1,-").tag, "en");
}

TEST(page, what_comes_from_outside_is_text) {
    const Language& words = choose_language("", "");
    const std::string bad = "'\"><script>alert(1)</script>&";
    Page page{words, words[Text::sign_in]};
    page.problem = bad;
    page.action = bad;
    page.button = words[Text::sign_in];
    page.fields.push_back({"hidden", "", "hidden", "off", bad});
    page.fields.push_back({"username", words[Text::user_name], "text", "username", bad});
    const std::string html = write_page(page);
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr("'\"")));
    EXPECT_THAT(html, HasSubstr("value=\"&#39;&quot;&gt;&lt;script&gt;"));
}

Page choosing() {
    const Language& words = choose_language("", "");
    Page page{words, words[Text::sign_in]};
    page.action = "/login";
    page.button = words[Text::sign_in];
    page.fields.push_back({"username", words[Text::user_name], "text", "username"});
    page.choices.push_back({"passkey", words[Text::passkey_sign_in], true});
    page.choices.push_back({"code", words[Text::code_sign_in]});
    return page;
}

TEST(page, what_needs_a_script_is_hidden_until_it_runs) {
    Page page = choosing();
    page.passkeys.emplace();
    const std::string html = write_page(page);
    EXPECT_THAT(html, HasSubstr("value=\"passkey\" formnovalidate hidden data-passkey>"));
    EXPECT_THAT(html, HasSubstr("value=\"code\" formnovalidate>"));
    EXPECT_THAT(html, HasSubstr("<script>"));
    // The first button is the one that Enter presses.
    EXPECT_LT(html.find("<button type=\"submit\">"), html.find("name=\"way\""));
}

TEST(page, without_passkeys_there_is_no_script) {
    const std::string html = write_page(choosing());
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(content_policy(""), Not(HasSubstr("script-src")));
}

TEST(page, the_policy_names_the_script_that_is_on_the_page) {
    Page page = choosing();
    page.passkeys.emplace();
    const std::string html = write_page(page);
    const auto from = html.find("<script>") + 8;
    const std::string script = html.substr(from, html.find("</script>") - from);
    const std::string hash = to_base64(crypto::sha256(script));
    EXPECT_THAT(content_policy("", true), HasSubstr("script-src 'sha256-" + hash + "'; "));
}

TEST(page, what_a_passkey_is_asked_for_is_text) {
    Page page = choosing();
    page.passkeys = PasskeyScript{"get", "{\"a\":\"</script><b>\"}", "Failed.", "Unable."};
    const std::string html = write_page(page);
    EXPECT_THAT(html, HasSubstr("data-options=\"{&quot;a&quot;:&quot;&lt;/script&gt;&lt;b&gt;"));
    EXPECT_THAT(html, HasSubstr("<p data-passkey-unable>Unable.</p>"));
    EXPECT_THAT(html, HasSubstr("hidden data-passkey-problem>Failed.</p>"));
}

TEST(page, the_secret_of_an_app_can_be_read_by_a_camera_and_typed) {
    const Language& words = choose_language("", "");
    Page page{words, words[Text::app_setup]};
    page.app = AppSecret{"otpauth://totp/a?secret=ABCDEFGH&issuer=a", "ABCDEFGHIJ",
                         "Key:", "Picture", "Open"};
    const std::string html = write_page(page);
    EXPECT_THAT(html, HasSubstr("<svg role=\"img\" aria-label=\"Picture\" viewBox=\"-4 -4 "));
    EXPECT_THAT(html, HasSubstr("<code>ABCD EFGH IJ</code>"));
    EXPECT_THAT(html, HasSubstr("<a href=\"otpauth://totp/a?secret=ABCDEFGH&amp;issuer=a\">"));
    page.app->uri += std::string(1'000, 'x');  // too long for a picture
    EXPECT_THAT(write_page(page), Not(HasSubstr("<svg")));
}

TEST(page, sections_have_buttons_that_say_what_they_are_about) {
    const Language& words = choose_language("", "");
    Page page{words, words[Text::own_account]};
    page.text = words[Text::signed_in_as];
    page.name = "<b>";
    page.action = "/account";
    Section section{"keys", words[Text::passkeys]};
    Entry entry{"Made", Timestamp{1'700'000'000'000}};
    entry.act = Act{"remove.\"x", words[Text::remove]};
    section.entries.push_back(entry);
    section.acts.push_back({"make", words[Text::passkey_make], true});
    page.sections.push_back(std::move(section));
    const std::string html = write_page(page);
    EXPECT_THAT(html, HasSubstr("<b>&lt;b&gt;</b>"));
    EXPECT_THAT(html,
                HasSubstr("<section aria-labelledby=\"keys\">\n<h2 id=\"keys\">Passkeys</h2>"));
    EXPECT_THAT(html,
                HasSubstr("<time datetime=\"2023-11-14T22:13:20.000Z\">2023-11-14 22:13 UTC<"));
    EXPECT_THAT(html, HasSubstr("name=\"act\" value=\"remove.&quot;x\" "
                                "aria-label=\"Remove: Made 2023-11-14 22:13 UTC\">Remove<"));
    EXPECT_THAT(html, HasSubstr("value=\"make\" hidden data-passkey>"));
}

TEST(page, the_policy_lets_a_form_lead_to_the_client_and_nowhere_else) {
    EXPECT_EQ(policy_source("https://app.example:8443/callback?x=1"), "https://app.example:8443");
    EXPECT_EQ(policy_source("https://app.example?x=1"), "https://app.example");
    EXPECT_EQ(policy_source("http://localhost:3000/cb"), "http://localhost:3000");
    EXPECT_EQ(policy_source("http://[::1]:3000/cb"), "http:");
    EXPECT_EQ(policy_source("com.example.app:/cb"), "com.example.app:");
    EXPECT_THAT(content_policy("https://app.example"),
                HasSubstr("form-action 'self' https://app.example; frame-ancestors 'none'"));
    EXPECT_THAT(content_policy(""), HasSubstr("form-action 'self'; "));
}

}  // namespace
}  // namespace domicile::api::oidc
