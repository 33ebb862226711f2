#include "api/oidc/qr_code.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::api::oidc {
namespace {

std::string drawn(const QrCode& code) {
    std::string out;
    for (const std::vector<bool>& row : code.dark) {
        if (!out.empty()) out += '\n';
        for (const bool dark : row) out += dark ? '#' : '.';
    }
    return out;
}

// Drawn by somebody else's encoder (npm's qrcode-terminal), as are the digests below.
TEST(QrCode, is_what_others_draw) {
    const auto code = make_qr_code("otpauth://totp/a?secret=", 3);
    ASSERT_TRUE(code);
    EXPECT_EQ(drawn(*code),
              "#######.#.###.#.#.#######\n"
              "#.....#.#...###.#.#.....#\n"
              "#.###.#..#.#####..#.###.#\n"
              "#.###.#.#.##.##.#.#.###.#\n"
              "#.###.#....##.##..#.###.#\n"
              "#.....#...#.###...#.....#\n"
              "#######.#.#.#.#.#.#######\n"
              "........##.#.............\n"
              "#.##.###.#..#.#.#.#..#.##\n"
              "#####....##.#...#....#.#.\n"
              "......####...##.#.##.....\n"
              "#.#.##.......###.##.###..\n"
              "#######.#..#.##..##.#####\n"
              "..##......##...#..#.#...#\n"
              ".#..#.##.#..#...##.#####.\n"
              "#.####.#....#..#..#.#..#.\n"
              "..#..###.#.#.#..#######.#\n"
              "........##..##.##...###.#\n"
              "#######.#.###.#.#.#.#..##\n"
              "#.....#.#.#.#..##...##.#.\n"
              "#.###.#..#.#..#.######..#\n"
              "#.###.#.###.#.##.####..##\n"
              "#.###.#.#####..#.##.#..#.\n"
              "#.....#.....##.#.###.##..\n"
              "#######.####.#...#..#####");
}

std::string text_of(std::size_t length) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789:/?&=%-";
    std::string out;
    for (std::size_t i = 0; i < length; ++i) out += kLetters[i * 31 % kLetters.size()];
    return out;
}

// The longest text of a version each, so that every byte of it is data.
TEST(QrCode, grows_with_the_text) {
    struct Known {
        std::size_t length;
        int mask, size;
        const char* digest;
    };
    const Known kKnown[] = {
        {14, 0, 21, "dd0a25c85144014d38b6694d84cfa667"},
        {84, 1, 37, "849965f15685a23532c89aa6d5b1348a"},
        {122, 2, 45, "ee1f783c1659f91829696b815ef93db8"},
        {180, 4, 53, "bbbe0510cf284f4999219e2a3a9b9b53"},
        {213, 5, 57, "dc73a2cf75394c1240513e44341efc11"},
        {362, 6, 73, "b978b22421e05900a5f2407ffbf4bf28"},
        {666, 7, 97, "530a2a93798c0af4cacf3278b9044e39"},
        {152, 3, 49, "4ffa4bd9cc863513ab33a4dee85d52d6"},
    };
    for (const Known& known : kKnown) {
        const auto code = make_qr_code(text_of(known.length), known.mask);
        ASSERT_TRUE(code) << known.length;
        EXPECT_EQ(code->size, known.size) << known.length;
        const std::string digest = to_hex(crypto::sha256(drawn(*code)));
        EXPECT_EQ(digest.substr(0, 32), known.digest) << known.length;
        const auto larger = make_qr_code(text_of(known.length + 1), known.mask);
        EXPECT_EQ(larger.has_value(), known.length < kQrBytesMax);
        if (larger) {
            EXPECT_EQ(larger->size, known.size + 4) << known.length;
        }
    }
}

TEST(QrCode, takes_one_of_the_eight_masks_by_itself) {
    const std::string text = text_of(150);
    const std::string chosen = drawn(*make_qr_code(text));
    int same = 0;
    for (int mask = 0; mask < 8; ++mask) {
        if (drawn(*make_qr_code(text, mask)) == chosen) ++same;
    }
    EXPECT_EQ(same, 1);
}

TEST(QrCode, its_path_has_the_dark_modules_and_no_other) {
    const auto code = make_qr_code("hello");
    ASSERT_TRUE(code);
    const std::string path = qr_path(*code);
    EXPECT_TRUE(path.starts_with("M0 0h7v1h-7z"));
    EXPECT_EQ(path.find_first_not_of("M0123456789 hv-z"), path.npos);
}

}  // namespace
}  // namespace domicile::api::oidc
