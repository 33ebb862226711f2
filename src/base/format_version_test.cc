#include "base/format_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace domicile {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(format_version, a_newer_one_is_refused_by_file_version_and_what_to_do) {
    EXPECT_TRUE(check_format("a.db", 1, 2));
    EXPECT_TRUE(check_format("a.db", 2, 2));
    const Error newer = check_format("/data/a.db", 3, 2).error();
    EXPECT_EQ(newer.code, Code::failed_precondition);
    EXPECT_EQ(newer.reason, kReasonNewerFormat);
    EXPECT_THAT(newer.message, AllOf(HasSubstr("/data/a.db"), HasSubstr("format 3"),
                                     HasSubstr("up to 2"), HasSubstr("Run the version")));
    EXPECT_EQ(check_format("a.db", 0, 2).error().reason, kReasonDamaged);
    EXPECT_TRUE(needs_operator(newer));
    EXPECT_FALSE(needs_operator({Code::failed_precondition, "Another matter.", "restart"}));
}

TEST(format_version, a_secret_is_its_bytes_or_refused) {
    const std::string bytes(kSecretBytes, 'x');
    EXPECT_EQ(secret_of("pepper", bytes).value(), bytes);
    for (std::size_t size : {0, 1, 31, 33, 64})
        EXPECT_EQ(secret_of("pepper", std::string(size, 'x')).error().reason, kReasonDamaged);
    EXPECT_EQ(secret_of("pepper", "domicile secret 2\nabc").error().reason, kReasonNewerFormat);
    EXPECT_EQ(secret_of("pepper", "domicile secret x\n").error().reason, kReasonDamaged);
}

}  // namespace
}  // namespace domicile
