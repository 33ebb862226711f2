// The rules of texts are said twice, as functions and as patterns for the JSON Schema; here they
// are held against each other. That a validator takes the schema is shown in tests/schema.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <regex>

#include "base/json.h"
#include "config/config.h"
#include "config/text_rules.h"

namespace domicile::config {
namespace {

struct Rule {
    const char* name;
    bool (*fits)(std::string_view);
    const char* pattern;
};

const Rule kRules[] = {
    {"name", is_name, pattern::kName},
    {"dns label", is_dns_label, pattern::kDnsLabel},
    {"item attribute", is_item_attribute, pattern::kItemAttribute},
    {"dns name", is_dns_name, pattern::kDnsName},
    {"id suffix", is_id_suffix, pattern::kIdSuffix},
    {"client id", is_client_id, pattern::kClientId},
    {"table name", is_table_name, pattern::kTableName},
    {"attribute", is_attribute, pattern::kAttribute},
    {"path template", is_path_template, pattern::kPathTemplate},
    {"origin", is_origin, pattern::kOrigin},
    {"header", is_header, pattern::kHeader},
    {"header name", is_header_name, pattern::kHeaderName},
    {"rewrite", is_rewrite, pattern::kRewrite},
    {"check path", is_check_path, pattern::kCheckPath},
    {"scope", is_scope, pattern::kScope},
    {"sha256", is_sha256, pattern::kSha256},
    {"document name", is_document_name, pattern::kDocumentName},
    {"query name", is_query_name, pattern::kQueryName},
    {"claim", is_claim, pattern::kClaim},
    {"issuer", is_issuer, pattern::kIssuer},
    {"key URL", is_key_url, pattern::kKeyUrl},
    {"redirect URI", is_redirect_uri, pattern::kRedirectUri},
    {"provider name", is_provider_name, pattern::kProviderName},
    {"resource scope", is_resource_scope, pattern::kResourceScope},
    {"relative file", is_relative_file, pattern::kRelativeFile},
    {"store prefix", is_store_prefix, pattern::kStorePrefix},
    {"database name", is_database_name, pattern::kDatabaseName},
    {"host and port", is_host_port, pattern::kHostPort},
    {"mailbox", is_mailbox, pattern::kMailbox},
    {"mail kind", is_mail_kind, pattern::kMailKind},
    {"mail subject", is_mail_subject, pattern::kMailSubject},
    {"mail text", is_mail_text, pattern::kMailText},
    {"network", is_network, pattern::kNetwork},
    {"variable", is_variable, pattern::kVariable},
    {"parameter", is_parameter, pattern::kParameter},
    {"parameter pattern", is_parameter_pattern, pattern::kParameterPattern},
};

std::vector<std::string> samples() {
    std::vector<std::string> out = {"a.b:443",
                                    "a:65535",
                                    "a:65536",
                                    "1.2.3.4:80",
                                    "a:01",
                                    "a.b:",
                                    "a-:1",
                                    "",
                                    "a",
                                    "A",
                                    "-",
                                    "a-",
                                    "-a",
                                    "a.b",
                                    "a..b",
                                    ".a",
                                    "a.",
                                    "*",
                                    "/",
                                    "//",
                                    "/a",
                                    "/a/",
                                    "/*",
                                    "/a/*",
                                    "/a/b",
                                    "/{a}",
                                    "/{a}/b",
                                    "/{a+}",
                                    "/{a+}/b",
                                    "/{}",
                                    "/{+}",
                                    "/a{b}",
                                    "/a{b}?c={d}&{query}",
                                    "/a?b?c",
                                    "/a}b",
                                    "/a%2F?%41",
                                    "/a%2",
                                    "/a?%{b}",
                                    "/a?{}",
                                    "/{a",
                                    "/a/{b}/{c+}",
                                    "/a b",
                                    "email",
                                    "emails",
                                    "custom:",
                                    "custom:x",
                                    "custom:country",
                                    "custom:a b",
                                    "https://a",
                                    "https://a:1",
                                    "http://[::1]:8",
                                    "ftp://a",
                                    "https://a/",
                                    "https://a/b//c?d=e&f",
                                    "https://a?b",
                                    "https://a:443/",
                                    "https://a:0443/",
                                    "https://a:65535?",
                                    "https://a:65536",
                                    "https://a..b",
                                    "https://a.b/c..d",
                                    "https://A",
                                    "https://u@a",
                                    "https://a#b",
                                    "own.app:/back",
                                    "own.app://back?a=b",
                                    "Own.app:/back",
                                    "own.app:back",
                                    "javascript:/a",
                                    "data:/a",
                                    "databank:/a",
                                    "http://localhost:123456/a",
                                    "https://a/'",
                                    "read:*",
                                    "https://a/%41",
                                    "https://[::1]",
                                    "http://a",
                                    "http://localhost",
                                    "http://localhost:8080/a?b",
                                    "http://127.0.0.1:9",
                                    "http://127.0.0.2:9",
                                    "http://[::1]",
                                    "../a",
                                    "a/../b",
                                    "a/b",
                                    "a\\b",
                                    "A_1",
                                    "1A",
                                    "_",
                                    "a+b",
                                    "x-y",
                                    "a b",
                                    "a@b",
                                    "A B <a@b>",
                                    "<a@b>",
                                    "a@b@c",
                                    "A <a@b> c",
                                    "A > <a@b>",
                                    "A <a b@c>",
                                    "verification",
                                    "verifications",
                                    "password_reset.de",
                                    "password_reset.d",
                                    "verification.deutsch",
                                    "{####}",
                                    "address_wanted.de",
                                    "sign_in_code.de",
                                    "sign_in_codes",
                                    "second_factor_code",
                                    "192.0.2.0/24",
                                    "2001:db8::/129",
                                    "::/0",
                                    "::/00",
                                    "2001:DB8::/119",
                                    ":/1",
                                    "a {####} b",
                                    "{###}",
                                    "GET"};
    for (std::size_t size : {2, 3, 19, 20, 21, 27, 28, 54, 55, 56, 63, 64, 65, 100, 101, 128, 129})
        for (const char* prefix : {"", "custom:", "/"})
            out.push_back(prefix + std::string(size, 'a'));
    std::mt19937 random(7);
    const std::string letters = "aZ0-_.+/{}:*! ";
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (std::size_t n = random() % 8; n > 0; --n) text += letters[random() % letters.size()];
        out.push_back(std::move(text));
    }
    return out;
}

TEST(schema, a_pattern_takes_what_its_rule_takes) {
    for (const Rule& rule : kRules) {
        const std::regex pattern(rule.pattern, std::regex::ECMAScript);
        std::size_t taken = 0;
        for (const std::string& text : samples()) {
            const bool fits = rule.fits(text);
            taken += fits ? 1 : 0;
            ASSERT_EQ(std::regex_search(text, pattern), fits) << rule.name << ": '" << text << "'";
        }
        EXPECT_GT(taken, 0u) << rule.name;
    }
}

TEST(schema, choices_are_what_their_rule_takes) {
    EXPECT_EQ(country_choices().size(), 249u);
    for (const std::string& country : country_choices())
        EXPECT_TRUE(is_country(country)) << country;
    for (const std::string& method : method_choices()) EXPECT_TRUE(is_method(method)) << method;
}

TEST(schema, every_key_says_what_it_means_and_unknown_ones_are_refused) {
    const json::value whole = parse_json(schema()).value();
    std::size_t sections = 0;
    const auto visit = [&](const auto& self, const json::value& value) -> void {
        const json::object& object = value.as_object();
        if (const json::value* properties = object.if_contains("properties")) {
            ++sections;
            EXPECT_EQ(object.at("additionalProperties"), json::value(false));
            for (const auto& member : properties->as_object()) {
                const json::object& key = member.value().as_object();
                EXPECT_FALSE(key.at("description").as_string().empty()) << member.key();
                self(self, member.value());
            }
        }
        for (const char* inner : {"items", "additionalProperties"}) {
            const json::value* found = object.if_contains(inner);
            if (found != nullptr && found->is_object()) self(self, *found);
        }
    };
    visit(visit, whole);
    EXPECT_GE(sections, 30u) << "the walk goes into all of them";
}

TEST(problems, editors_get_one_line_or_json_with_the_extent) {
    const std::string text =
        "domain: \"not a domain\"\njurisdictions: {}\nregions: {}\nlog: {levl: info}\n";
    const Loaded loaded = load("f.yaml", text);
    ASSERT_GE(loaded.problems.size(), 2u);
    const Problem& first = loaded.problems.front();
    EXPECT_EQ(first.end_column - first.column, 14);
    const Problem& last = loaded.problems.back();
    EXPECT_EQ(format_line(last),
              "f.yaml:4:7: error: log.levl: unknown key `levl` (did you mean `level`?)");
    EXPECT_EQ(last.end_column, 11);
    const json::object document = parse_json_object(format_json("f.yaml", loaded.problems)).value();
    EXPECT_EQ(document.at("file"), json::value("f.yaml"));
    const json::object& entry = document.at("problems").as_array().back().as_object();
    EXPECT_EQ(entry.at("line"), json::value(4));
    EXPECT_EQ(entry.at("severity"), json::value("error"));
    EXPECT_EQ(entry.at("hint"), json::value("did you mean `level`?"));
}

}  // namespace
}  // namespace domicile::config
