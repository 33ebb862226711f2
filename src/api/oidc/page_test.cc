#include "api/oidc/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
