#include "functions/redact.h"

#include <gtest/gtest.h>

namespace domicile::functions {
namespace {

TEST(redact, addresses_go_also_in_urls_and_json) {
    EXPECT_EQ(redact("mail to anna.b+x@example.com, please"), "mail to [e-mail], please");
    EXPECT_EQ(redact(R"({"to":"anna@example.com","n":1})"), R"({"to":"[e-mail]","n":1})");
    EXPECT_EQ(redact("GET /u?mail=anna%40example.com&x=1"), "GET /u?mail=[e-mail]&x=1");
    EXPECT_EQ(redact("m\xc3\xbcller@ex\xc3\xa4mple.de"), "[e-mail]");
    EXPECT_EQ(redact("anna@localhost"), "[e-mail]");
    EXPECT_EQ(redact("@decorator and a @ b"), "@decorator and a @ b");
}

TEST(redact, phone_numbers_go_and_times_stay) {
    EXPECT_EQ(redact("call +49 30 901820 now"), "call [phone] now");
    EXPECT_EQ(redact("+61412345678"), "[phone]");
    EXPECT_EQ(redact("(030) 90 18 20-11"), "[phone]");
    EXPECT_EQ(redact("0151-23456789"), "[phone]");
    EXPECT_EQ(redact("tel:415-555-0132"), "tel:415-555-0132") << "behind a colon: a port, a time";
    EXPECT_EQ(redact("tel 415-555-0132, (415) 555-0132"), "tel [phone], [phone]");
    for (const char* stays :
         {"2026-11-26T13:56:37.123Z", "took 1764165397123 ns", "127.0.0.1:8443", "v1.2.3-4",
          "a+b+1234", "0.123456789 s", "2026-11-26 13:56:37,123", "exit 12345678901234567890"})
        EXPECT_EQ(redact(stays), stays);
}

TEST(redact, uuids_and_tokens_go_but_for_the_requests_own) {
    const std::string sub = "6f0f1b1e-90ab-4cde-8f01-23456789abcd";
    const std::string request = "11111111-2222-4333-8444-555555555555";
    EXPECT_EQ(redact("id=" + sub + " of " + request, request), "id=[id] of " + request);
    EXPECT_EQ(redact("6F0F1B1E90AB4CDE8F0123456789ABCD"), "[id]");
    EXPECT_EQ(redact("x" + sub), "x" + sub) << "part of a longer word";
    EXPECT_EQ(redact("Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_x, next"),
              "Bearer [token], next");
}

}  // namespace
}  // namespace domicile::functions
