#include "crypto/totp.h"

#include <gtest/gtest.h>

namespace domicile::crypto {
namespace {

const std::string kSecret = "12345678901234567890";

// RFC 6238, appendix B: of the eight digits there the last six are those of a six-digit code.
TEST(Totp, the_codes_are_those_of_the_standard) {
    const std::vector<std::pair<std::int64_t, std::string>> vectors = {
        {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
        {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (const auto& [seconds, code] : vectors) {
        EXPECT_EQ(totp_code(kSecret, totp_step(Timestamp{seconds * 1000})), code);
    }
}

TEST(Totp, a_code_is_taken_one_step_early_or_late_and_no_more) {
    const Timestamp now{1'700'000'000'000};
    for (std::int64_t ahead = -3; ahead <= 3; ++ahead) {
        const std::int64_t step = totp_step(now) + ahead;
        const auto found = totp_match(kSecret, totp_code(kSecret, step), now);
        const bool is_near = ahead >= -1 && ahead <= 1;
        EXPECT_EQ(found, is_near ? std::optional(step) : std::nullopt) << ahead;
    }
}

TEST(Totp, what_is_no_code_fits_nothing) {
    const Timestamp now{1'700'000'000'000};
    const std::string code = totp_code(kSecret, totp_step(now));
    for (const std::string& text : {std::string(), code.substr(1), code + "0", " " + code}) {
        EXPECT_FALSE(totp_match(kSecret, text, now)) << text;
    }
}

TEST(Totp, a_secret_is_shown_in_base32) {
    EXPECT_EQ(totp_secret_text(kSecret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    EXPECT_EQ(totp_secret_text("foobar"), "MZXW6YTBOI");  // RFC 4648, 10
    EXPECT_EQ(totp_secret_text("fo"), "MZXQ");
}

}  // namespace
}  // namespace domicile::crypto
