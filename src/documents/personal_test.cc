#include "documents/personal.h"

#include <gtest/gtest.h>

#include <string>

namespace domicile::documents {
namespace {

using enum Personal;

struct Case {
    Personal kind;
    const char* text;
};

// None of these is anybody's: they are from the documents that define the forms, or made up and
// given the right check digit.
constexpr Case kPersonal[] = {
    {email, "anna@example.com"},
    {email, "write to <Anna.O'Neil+x@mail.example.co.uk>."},
    {email, "анна@пример.рф"},
    {phone, "+491701234567"},
    {phone, "call +49 (0)170 123-4567 now"},
    {phone, "tel:+1-212-555-0123"},
    {phone, "(212) 555-0123"},
    {phone, "212.555.0123"},
    {phone, "020 7946 0958"},
    {phone, "0170 1234567"},
    {phone, "030/12345678"},
    {phone, "01 23 45 67 89"},
    {card, "4111111111111111"},
    {card, "paid with 5555 5555 5555 4444, thanks"},
    {card, "3782-822463-10005"},
    {card, "36227206271667"},
    {card, "6011000990139424"},
    {iban, "DE89370400440532013000"},
    {iban, "GB29 NWBK 6016 1331 9268 19"},
    {iban, "account fr1420041010050500013m02606"},
    {national_id, "078-05-1120"},
    {national_id, "AB 12 34 56 C"},
    {national_id, "ab123456c"},
    {national_id, "12345678Z"},
    {national_id, "X1234567L"},
    {national_id, "RSSMRA85T10A562S"},
    {national_id, "1 85 05 78 006 084 91"},
    {national_id, "255081416802538"},
    {national_id, "529.982.247-25"},
    {national_id, "44051401359"},
    {national_id, "86095742719"},
    {national_id, "811228-9874"},
    {national_id, "19811228-9874"},
    {national_id, "11010519491231002X"},
};

TEST(LooksPersonal, what_is_written_like_something_about_a_person) {
    for (const auto& [kind, text] : kPersonal) {
        const auto found = looks_personal(text);
        ASSERT_TRUE(found) << text;
        EXPECT_EQ(*found, kind) << text;
    }
}

TEST(LooksPersonal, within_a_longer_text_too) {
    for (const auto& [kind, text] : kPersonal)
        EXPECT_TRUE(looks_personal("Ref.: 77, \"" + std::string(text) + "\"; see page 12")) << text;
}

TEST(LooksPersonal, one_wrong_digit_is_no_card_no_account_and_no_national_number) {
    for (const char* text : {"4111111111111112", "DE88370400440532013000", "12345678A",
                             "RSSMRA85T10A562T", "255081416802539", "529.982.247-26", "44051401358",
                             "86095742710", "811228-9875", "110105194912310021"})
        EXPECT_FALSE(looks_personal(text)) << text;
}

TEST(LooksPersonal, what_tables_of_products_and_settings_hold_does_not) {
    for (const char* text : {"",
                             "@",
                             "a@b",
                             "@scope/package",
                             "user@localhost",
                             "Blue bicycle, 28 inch",
                             "C++ 20",
                             "1.25.300",
                             "10.0.0.1",
                             "192.168.100.200:8080",
                             "2026-11-26T18:14:00+01:00",
                             "26/11/2026",
                             "4006381333931",
                             "https://example.com/a?b=1&c=2",
                             "EUR 1 299.99",
                             "SKU-0042-1337",
                             "3f29a3a8-9a51-4e3b-8f0e-0d8a51e0c3aa",
                             "00:1A:2B:3C:4D:5E",
                             "1732644840123",
                             "12 345 678",
                             "9780306406157",
                             "v2.10.3+build.5",
                             "de89370400440532013000ff"})
        EXPECT_FALSE(looks_personal(text)) << text;
}

TEST(LooksPersonal, hexadecimal_digests_seldom_do) {
    // Each is a digest in hex: of 10,000, a handful may be refused by chance.
    std::uint64_t state = 88172645463325252ULL;
    int refused = 0;
    for (int i = 0; i < 10'000; ++i) {
        std::string digest;
        while (digest.size() < 32) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            digest += "0123456789abcdef"[state >> 60];
        }
        refused += looks_personal(digest) ? 1 : 0;
    }
    EXPECT_LE(refused, 2);
}

TEST(LooksPersonal, among_numbers_only_what_chance_seldom_makes) {
    EXPECT_EQ(number_looks_personal("4111111111111111"), card);
    EXPECT_EQ(number_looks_personal("255081416802538"), national_id);
    for (const char* digits : {"1732644840123", "44051401359", "12345678", "0.5", "491701234567"})
        EXPECT_FALSE(number_looks_personal(digits)) << digits;
}

TEST(LooksPersonal, a_long_text_takes_no_longer_than_its_length) {
    std::string text;
    while (text.size() < (64 << 10)) text += "12 34-5/6.7 ";
    EXPECT_FALSE(looks_personal(text));
    EXPECT_TRUE(looks_personal(text + "x anna@example.com"));
}

}  // namespace
}  // namespace domicile::documents
