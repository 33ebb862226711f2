#include "gateway/call.h"

#include <gtest/gtest.h>

namespace domicile::gateway {
namespace {

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

TEST(call, headers_of_one_connection_and_ours_are_not_passed_on) {
    for (const std::string name : {"connection",
                                   "keep-alive",
                                   "proxy-connection",
                                   "te",
                                   "trailer",
                                   "transfer-encoding",
                                   "upgrade",
                                   "content-length",
                                   "host",
                                   "expect",
                                   "date",
                                   "proxy-authorization",
                                   "proxy-authenticate",
                                   "forwarded",
                                   "traceparent",
                                   "tracestate",
                                   "x-forwarded-for",
                                   "x-request-id",
                                   "http2-settings",
                                   "domicile-home",
                                   "domicile-subject",
                                   "domicile-x"}) {
        EXPECT_TRUE(is_hop_header(name)) << name;
        EXPECT_TRUE(is_hop_header(upper(name))) << name;
        EXPECT_FALSE(is_hop_header(name.substr(0, 1) + "_" + name.substr(2))) << name;
        EXPECT_FALSE(is_hop_header("a" + name)) << name;
    }
}

TEST(call, other_headers_are_passed_on) {
    for (const char* name : {"", "a", "accept", "authorization", "cookie", "x-request-ids",
                             "content-type", "domicile", "domicile_x", "x-forwarded-host"}) {
        EXPECT_FALSE(is_hop_header(name)) << name;
    }
}

}  // namespace
}  // namespace domicile::gateway
