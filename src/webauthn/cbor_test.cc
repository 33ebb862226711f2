// CBOR as RFC 8949 (appendix A) and CTAP2 have it, and what is refused of it.
#include "webauthn/cbor.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace domicile::webauthn::cbor {
namespace {

Result<Value> read(std::string_view hex) { return decode(*from_hex(hex)); }

void expect_refused(std::string_view hex) { EXPECT_FALSE(read(hex)) << hex; }

TEST(Cbor, numbers_are_read_as_rfc_8949_writes_them) {
    const std::pair<const char*, std::int64_t> kNumbers[] = {{"00", 0},
                                                             {"17", 23},
                                                             {"1818", 24},
                                                             {"1903e8", 1000},
                                                             {"1a000f4240", 1000000},
                                                             {"1b000000e8d4a51000", 1000000000000},
                                                             {"20", -1},
                                                             {"3863", -100},
                                                             {"3903e7", -1000},
                                                             {"1b7fffffffffffffff", INT64_MAX},
                                                             {"3b7fffffffffffffff", INT64_MIN}};
    for (const auto& [hex, number] : kNumbers) {
        const auto value = read(hex);
        ASSERT_TRUE(value) << hex;
        EXPECT_EQ(value->kind, Kind::integer);
        EXPECT_EQ(value->number, number) << hex;
    }
}

TEST(Cbor, texts_lists_and_maps_are_read) {
    const auto value = read("a3616101616282020344010203042040f6");  // {"a": 1, "b": [2, 3], ...}
    EXPECT_FALSE(value);                                            // its third key is bytes
    const auto good = read("a361610161628202030a8240f6");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->find("a")->number, 1);
    EXPECT_EQ(good->find("b")->items.size(), 2u);
    EXPECT_EQ(good->find(10)->items[0].kind, Kind::bytes);
    EXPECT_EQ(good->find(10)->items[1].kind, Kind::null);
    EXPECT_EQ(good->find("c"), nullptr);
    EXPECT_EQ(good->find(11), nullptr);
}

TEST(Cbor, what_has_two_readings_is_refused) {
    for (const char* hex : {
             "1800", "1817", "190017", "1900ff", "1a0000ffff",
             "1b00000000ffffffff",  // could be shorter
             "5801"
             "61",
             "5f4161ff", "7f6161ff", "9f01ff",
             "bf6161"
             "01ff",                                      // open lengths
             "a2616101616102", "a201010102",              // a key twice
             "61ff", "62c080",                            // no UTF-8
             "1b8000000000000000", "3b8000000000000000",  // too large
         }) {
        expect_refused(hex);
    }
}

TEST(Cbor, what_authenticators_do_not_write_is_refused) {
    for (const char* hex : {"c001", "f7", "f93c00", "fb3ff199999999999a", "f820", "e0", "ff", "1c",
                            "a1f401", "a1810101"}) {
        expect_refused(hex);
    }
}

TEST(Cbor, what_is_cut_or_followed_is_refused) {
    const std::string whole = "a261610161628202f5";
    ASSERT_TRUE(read(whole));
    for (std::size_t size = 0; size < whole.size(); size += 2)
        expect_refused(whole.substr(0, size));
    expect_refused(whole + "00");
    std::string rest = *from_hex(whole + "00");
    std::string_view view = rest;
    ASSERT_TRUE(take(view));
    EXPECT_EQ(view, std::string_view("\0", 1));
}

TEST(Cbor, depth_and_number_are_bounded_and_lengths_take_no_memory) {
    std::string deep(2 * kDepthMax, '8');
    for (std::size_t i = 1; i < deep.size(); i += 2) deep[i] = '1';
    EXPECT_TRUE(read(deep + "00"));
    expect_refused("81" + deep + "00");
    std::string many = "990200";  // 512 in the list, and the list
    for (std::size_t i = 0; i < 512; ++i) many += "00";
    expect_refused(many);
    expect_refused("9b7fffffffffffffff");
    expect_refused("bb7fffffffffffffff");
    expect_refused("5b7fffffffffffffff");
}

}  // namespace
}  // namespace domicile::webauthn::cbor
