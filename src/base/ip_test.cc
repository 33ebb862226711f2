#include "base/ip.h"

#include <gtest/gtest.h>

namespace domicile {
namespace {

TEST(ip, an_ipv4_address_is_one_in_both_forms) {
    EXPECT_EQ(parse_ip("192.0.2.7"), parse_ip("::ffff:192.0.2.7"));
    EXPECT_TRUE(parse_ip("192.0.2.7")->is_v4());
    EXPECT_FALSE(parse_ip("2001:db8::7")->is_v4());
    EXPECT_FALSE(parse_ip("::1")->is_v4());
    for (const char* bad : {"", "192.0.2", "192.0.2.7:80", "fe80::1%eth0", "[::1]", "localhost",
                            "0000:0000:0000:0000:0000:ffff:192.000.002.007:"}) {
        EXPECT_FALSE(parse_ip(bad)) << bad;
    }
}

TEST(ip, a_prefix_keeps_its_bits) {
    EXPECT_EQ(parse_ip("2001:db8:1:2:3:4:5:6")->first(kSubscriberBitsV6),
              *parse_ip("2001:db8:1:2::"));
    EXPECT_EQ(parse_ip("2001:db8:ffff::")->first(35), *parse_ip("2001:db8:e000::"));
    EXPECT_EQ(parse_ip("192.0.2.7")->first(128), *parse_ip("192.0.2.7"));
    EXPECT_EQ(parse_ip("192.0.2.7")->first(0), *parse_ip("::"));
}

TEST(ip, a_network_has_the_addresses_of_its_prefix) {
    const auto office = parse_ip_network("192.0.2.128/25");
    ASSERT_TRUE(office);
    EXPECT_TRUE(office->contains(*parse_ip("192.0.2.200")));
    EXPECT_FALSE(office->contains(*parse_ip("192.0.2.100")));
    const auto site = parse_ip_network("2001:db8:1::/48");
    ASSERT_TRUE(site);
    EXPECT_TRUE(site->contains(*parse_ip("2001:db8:1:9::5")));
    EXPECT_FALSE(site->contains(*parse_ip("2001:db8:2::5")));
    EXPECT_TRUE(parse_ip_network("0.0.0.0/0")->contains(*parse_ip("203.0.113.1")));
    EXPECT_FALSE(parse_ip_network("0.0.0.0/0")->contains(*parse_ip("2001:db8::1")));
    EXPECT_TRUE(parse_ip_network("::/0")->contains(*parse_ip("203.0.113.1")));
}

TEST(ip, what_is_no_network_is_refused) {
    for (const char* bad : {"192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.1/24", "::/129",
                            "2001:db8::1/64", "192.0.2.0/-1", "192.0.2.0/8x", "/8", "a/8"}) {
        EXPECT_FALSE(parse_ip_network(bad)) << bad;
    }
}

}  // namespace
}  // namespace domicile
