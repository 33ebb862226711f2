#include "base/url.h"

#include <gtest/gtest.h>

namespace domicile {
namespace {

TEST(url, parts_are_told_apart) {
    EXPECT_EQ(parse_url("https://Login.Example/a/b?c=d"),
              (Url{true, "login.example", 443, "/a/b?c=d"}));
    EXPECT_EQ(parse_url("http://127.0.0.1:8080"), (Url{false, "127.0.0.1", 8080, "/"}));
    EXPECT_EQ(parse_url("https://[::1]:1/%2f"), (Url{true, "::1", 1, "/%2f"}));
    EXPECT_EQ(parse_url("https://a?x"), (Url{true, "a", 443, "/?x"}));
}

TEST(url, what_could_be_read_in_two_ways_is_none) {
    for (const char* bad : {"",
                            "login.example",
                            "ftp://a",
                            "HTTPS://a",
                            "https://",
                            "https:///a",
                            "https://u@a",
                            "https://u:p@a",
                            "https://a:0",
                            "https://a:65536",
                            "https://a:",
                            "https://a:1x",
                            "https://a/#b",
                            "https://a/ b",
                            "https://a/\n",
                            "https://a\\b",
                            "https://a/%2",
                            "https://a/%zz",
                            "https://a/\xC3\xBC",
                            "https://[::1",
                            "https://[::1]x",
                            "https://[a]",
                            "https://a..b",
                            "https://.a",
                            "https://a_b",
                            "https://-a",
                            "//a",
                            "https://%61"})
        EXPECT_FALSE(parse_url(bad)) << bad;
    EXPECT_FALSE(parse_url("https://a/" + std::string(2048, 'a')));
}

TEST(url, without_tls_only_this_machine_is_trusted) {
    for (const char* good : {"https://a", "http://localhost:1", "http://127.9.9.9", "http://[::1]"})
        EXPECT_TRUE(is_trustworthy(*parse_url(good))) << good;
    for (const char* bad : {"http://a", "http://127.0.0.1.example", "http://localhost.example",
                            "http://128.0.0.1", "http://[::2]"})
        EXPECT_FALSE(is_trustworthy(*parse_url(bad))) << bad;
}

}  // namespace
}  // namespace domicile
