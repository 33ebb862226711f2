#include "api/oidc/qr_code.h"

#include <gtest/gtest.h>

namespace domicile::api::oidc {
namespace {

// That others read them is tested with jsQR, in tests/blackbox/38_sign_in_pages_test.py.
TEST(QrCode, grows_with_the_text) {
    struct Known {
        std::size_t length;  // the longest text of a version (ISO/IEC 18004, table 7)
        int size;
    };
    const Known kKnown[] = {{14, 21}, {84, 37}, {122, 45}, {213, 57}, {362, 73}, {kQrBytesMax, 97}};
    for (const Known& known : kKnown) {
        const auto code = make_qr_code(std::string(known.length, 'a'));
        ASSERT_TRUE(code) << known.length;
        EXPECT_EQ(code->size, known.size) << known.length;
        EXPECT_EQ(code->dark.size(), static_cast<std::size_t>(known.size));
        const auto larger = make_qr_code(std::string(known.length + 1, 'a'));
        EXPECT_EQ(larger.has_value(), known.length < kQrBytesMax);
        if (larger) {
            EXPECT_EQ(larger->size, known.size + 4) << known.length;
        }
    }
}

TEST(QrCode, of_nothing_is_none) { EXPECT_FALSE(make_qr_code("")); }

TEST(QrCode, its_path_has_the_dark_modules_and_no_other) {
    QrCode code;
    code.size = 3;
    code.dark = {{true, true, false}, {false, false, false}, {true, false, true}};
    EXPECT_EQ(qr_path(code), "M0 0h2v1h-2zM0 2h1v1h-1zM2 2h1v1h-1z");
}

TEST(QrCode, begins_with_the_finder_pattern) {
    const auto code = make_qr_code("hello");
    ASSERT_TRUE(code);
    EXPECT_TRUE(qr_path(*code).starts_with("M0 0h7v1h-7z"));
}

}  // namespace
}  // namespace domicile::api::oidc
