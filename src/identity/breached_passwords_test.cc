#include "identity/breached_passwords.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "io/testing.h"

namespace domicile::identity {
namespace {

class BreachedPasswords : public ::testing::Test {
  protected:
    // The file holds these lines.
    void write(const std::string& text) {
        ASSERT_TRUE(io::system_files().write_atomic(path_, text));
    }
    Result<bool> knows(std::string_view password) {
        return is_breached(io::system_files(), path_, password);
    }
    static std::string line(const std::string& password, const std::string& end) {
        std::string out = to_hex(crypto::sha1(password));
        std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
        return out + end;
    }
    static std::string sorted(int count, const std::string& end) {
        std::vector<std::string> lines;
        for (int i = 0; i < count; ++i) lines.push_back(line("p" + std::to_string(i), end));
        std::ranges::sort(lines);
        std::string out;
        for (const std::string& one : lines) out += one;
        return out;
    }

    io::testing::TemporaryFolder folder_;
    std::string path_ = folder_.file("breached");
};

TEST_F(BreachedPasswords, each_one_of_the_list_is_found_and_no_other) {
    for (const std::string& end : std::vector<std::string>{":1\n", ":37359195\r\n", "\n"}) {
        for (const int count : {1, 2, 3, 200}) {
            write(sorted(count, end));
            for (int i = 0; i < count; ++i) {
                ASSERT_EQ(knows("p" + std::to_string(i)), true) << i << " of " << count;
            }
            for (int i = 0; i < 100; ++i) {
                ASSERT_EQ(knows("q" + std::to_string(i)), false) << i << " beside " << count;
            }
        }
    }
}

TEST_F(BreachedPasswords, lines_may_differ_in_length_and_the_last_one_may_have_no_end) {
    std::vector<std::string> lines;
    for (int i = 0; i < 64; ++i) {
        lines.push_back(line("p" + std::to_string(i), ":" + std::string(1 + i % 60, '9') + "\n"));
    }
    std::ranges::sort(lines);
    std::string text;
    for (const std::string& one : lines) text += one;
    text.pop_back();
    write(text);
    for (int i = 0; i < 64; ++i) ASSERT_EQ(knows("p" + std::to_string(i)), true) << i;
    EXPECT_EQ(knows("q"), false);
}

TEST_F(BreachedPasswords, lower_case_is_taken) {
    write(to_hex(crypto::sha1("p0")) + ":1\n");
    EXPECT_EQ(knows("p0"), true);
    EXPECT_EQ(knows("p1"), false);
}

TEST_F(BreachedPasswords, an_empty_list_knows_nothing) {
    write("");
    EXPECT_EQ(knows("p"), false);
}

TEST_F(BreachedPasswords, what_is_no_list_or_not_there_is_said_so) {
    const auto is_unavailable = [&] {
        const auto known = knows("p");
        return !known && known.error().code == Code::unavailable;
    };
    EXPECT_TRUE(is_unavailable()) << "there is no file";
    for (const std::string& text :
         {std::string("password\n123456\n"), std::string(5000, 'A'), line("p", "x\n"),
          std::string("\n\n\n"), line("p", ":" + std::string(200, '1') + "\n")}) {
        write(text);
        EXPECT_TRUE(is_unavailable()) << text.substr(0, 60);
    }
}

}  // namespace
}  // namespace domicile::identity
