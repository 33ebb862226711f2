#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"

namespace domicile {
namespace {

TEST(encoding, base64_round_trips_and_has_one_form_per_value) {
    for (const std::string& bytes : {std::string(), std::string("f"), std::string("fo"),
                                     std::string("foo"), std::string("\xff\x00\xfe", 3)}) {
        EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
        EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    }
    // RFC 4648, 10
    EXPECT_EQ(to_base64("fo"), "Zm8=");
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(from_base64("Zm9vYg=="), "foob");
    EXPECT_EQ(from_base64url("_-8"), "\xff\xef");
    for (std::size_t place = 0; place < 7; ++place) {  // in a whole group and behind the last one
        std::string text = "Zm9vYmE";
        text[place] = '*';
        EXPECT_FALSE(from_base64url(text)) << text;
    }
    EXPECT_FALSE(from_base64("Zm9="));  // left-over bits set
    EXPECT_FALSE(from_base64("Zm8"));   // no padding
    EXPECT_FALSE(from_base64url("Zm8="));
    EXPECT_FALSE(from_base64("Z==="));
    EXPECT_FALSE(from_base64("Zm8 "));
}

TEST(encoding, hex_and_percent_forms_refuse_what_is_broken) {
    EXPECT_EQ(to_hex("\x01\xff"), "01ff");
    EXPECT_EQ(from_hex("01Ff"), "\x01\xff");
    EXPECT_FALSE(from_hex("1"));
    EXPECT_FALSE(from_hex("0g"));
    EXPECT_EQ(percent_encode("a b/ü"), "a%20b%2F%C3%BC");
    EXPECT_EQ(percent_encode("a/b", true), "a/b");
    EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
    EXPECT_FALSE(percent_decode("%2"));
    EXPECT_FALSE(percent_decode("%zz"));
}

TEST(encoding, utf8_check_refuses_overlong_surrogates_and_truncation) {
    EXPECT_TRUE(is_utf8("Pässw0rd \xf0\x9f\x8f\xa0"));
    EXPECT_FALSE(is_utf8("\xc0\xaf"));
    EXPECT_FALSE(is_utf8("\xe0\x80\x80"));
    EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
    EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
    EXPECT_FALSE(is_utf8("\xe2\x82"));
    EXPECT_FALSE(is_utf8("\x80"));
}

TEST(encoding, uuid_has_version_and_variant_bits) {
    std::array<std::uint8_t, 16> bytes{};
    bytes.fill(0xff);
    EXPECT_EQ(uuid_from(bytes), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    EXPECT_TRUE(is_uuid(uuid_from(bytes)));
    EXPECT_FALSE(is_uuid("ffffffff-ffff-4fff-bfff-fffffffffff"));
    for (std::uint8_t i = 0; i < 16; ++i) bytes[i] = i * 16 + (15 - i);
    EXPECT_EQ(uuid_from(bytes), "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0");
}

TEST(encoding, only_the_case_of_letters_is_ignored) {
    EXPECT_TRUE(equals_ignore_case("", ""));
    EXPECT_FALSE(equals_ignore_case("ab", "abc"));
    const auto lower = [](int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
    for (std::size_t size = 1; size <= 20; ++size) {
        std::string a(size, 'q'), b(size, 'Q');
        for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
            for (int x = 0; x < 256; ++x) {
                for (int y = 0; y < 256; ++y) {
                    a[at] = static_cast<char>(x);
                    b[at] = static_cast<char>(y);
                    ASSERT_EQ(equals_ignore_case(a, b), lower(x) == lower(y))
                        << x << " and " << y << " at " << at << " of " << size;
                }
            }
            a[at] = 'q';
            b[at] = 'Q';
        }
    }
}

TEST(time, forms_are_those_of_the_rfcs) {
    const Timestamp time{1795378613123};
    EXPECT_EQ(to_rfc3339(time), "2026-11-22T20:16:53.123Z");
    EXPECT_EQ(to_http_date(time), "Sun, 22 Nov 2026 20:16:53 GMT");
    EXPECT_EQ(to_amz_date(time), "20261122T201653Z");
    EXPECT_EQ(parse_http_date(to_http_date(time)), Timestamp{1795378613000});
    EXPECT_EQ(parse_amz_date("20261122T201653Z"), Timestamp{1795378613000});
    EXPECT_FALSE(parse_amz_date("20261322T201653Z"));
    EXPECT_FALSE(parse_http_date("Sun, 22 Nov 2026 20:16:5x GMT"));
    EXPECT_FALSE(parse_http_date("Mon, 22 Nov 2026 20:16:53 GMT"));  // it was a Sunday
    EXPECT_FALSE(parse_http_date("Sun,X22-Nov-2026 20.16.53 GMT"));
    EXPECT_FALSE(parse_http_date("Sun, 22 Nov 2026 20:16:60 GMT"));
    EXPECT_FALSE(parse_amz_date("20261122T201660Z"));
}

TEST(json, refuses_bad_utf8_duplicates_depth_and_trailing_bytes) {
    EXPECT_TRUE(parse_json(R"({"a":[1,{"a":2}]})"));
    EXPECT_EQ(parse_json("{\"a\":\"\xff\"}").error().code, Code::malformed);
    EXPECT_EQ(parse_json(R"({"a":1,"a":2})").error().code, Code::malformed);
    EXPECT_EQ(parse_json(R"({"a":{"b":1,"b":2}})").error().code, Code::malformed);
    EXPECT_EQ(parse_json("{} x").error().code, Code::malformed);
    EXPECT_EQ(parse_json("").error().code, Code::malformed);
    EXPECT_EQ(parse_json("[1e9999]").error().code, Code::malformed)
        << "no double, no JSON to write";
    EXPECT_EQ(parse_json(std::string(40, '[') + std::string(40, ']')).error().code,
              Code::malformed);
    EXPECT_EQ(parse_json("[1,2,3]", {.bytes_max = 3}).error().code, Code::too_large);
}

TEST(json, accessors_name_the_member_that_is_wrong) {
    const json::object object = parse_json_object(R"({"s":"x","n":null,"i":3})").value();
    EXPECT_EQ(require_string(object, "s"), "x");
    EXPECT_EQ(optional_string(object, "n").value(), std::nullopt);
    EXPECT_NE(optional_string(object, "i").error().message.find("'i'"), std::string::npos);
    EXPECT_EQ(require_string(object, "n").error().code, Code::invalid_argument);
}

TEST(result, codes_have_names_that_read_back) {
    for (int i = 0; i < 16; ++i) {
        const auto code = static_cast<Code>(i);
        EXPECT_EQ(code_from_string(to_string(code)), code);
    }
}

TEST(log, writes_one_json_object_a_line_and_escapes_values) {
    std::string out;
    log::configure(
        log::Level::info, [&](std::string_view line) { out += line; },
        [] { return std::string("T"); }, "r");
    log::info("started", {{"port", 8443}, {"name", "a\"b\n"}});
    log::debug("hidden");
    log::configure(log::Level::info, nullptr, nullptr, "");
    EXPECT_EQ(
        out,
        "{\"time\":\"T\",\"level\":\"info\",\"region\":\"r\",\"event\":\"started\",\"port\":8443,"
        "\"name\":\"a\\\"b\\n\"}\n");
}

}  // namespace
}  // namespace domicile
