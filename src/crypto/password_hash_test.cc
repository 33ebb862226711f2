#include "crypto/password_hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace domicile::crypto {
namespace {

const std::string kPassword = "Correct-Horse-9 ä";
const std::string kSalt(16, 's');
constexpr Argon2Cost kCheap{64, 1, 1};

struct Vector {
    const char* what;
    const char* encoded;
};
// Made by passlib 1.7.4 of kPassword.
const std::vector<Vector> kOthers = {
    {"argon2id", "$argon2id$v=19$m=64,t=2,p=2$4FxL6T3HOEeoVeqds3bu/Q$x+nHngKdJ3C0H62wO1M5mA"},
    {"argon2i", "$argon2i$v=19$m=64,t=2,p=2$VooR4nyPUUoJgfD+PyfEWA$9EzFZVy7Tn95ulOOhbA+MA"},
    {"argon2d", "$argon2d$v=19$m=64,t=2,p=2$rzVGiJHynvM+Z8y5txYipA$izSMyKxSiGgwbm0FKR6Rtg"},
    {"bcrypt 2b", "$2b$04$vwXB9oMeLkwxBlFwbXnciuCV7zQocVea.kN8AQ4WgF1jt1NCLppHi"},
    {"bcrypt 2a", "$2a$04$HwhkeQ0SBpDp7c1a50hcu.W7rAJtNUaabFCt2/tdZtBBoEPxyt1Aa"},
    {"bcrypt 2y", "$2y$04$mCykn.hsWxw3iA0tpS/sKuqRM2/0fd1GviCQay0cCRuIqTKo/Rj7a"},
    {"scrypt",
     "$scrypt$ln=6,r=8,p=2$sXZurdV6T4kRwvjfu9e6Fw$adXLNgy86nvixrobMRdwky4uOgkCnvMBkf2x11wzRWQ"},
    {"PBKDF2 SHA-1", "$pbkdf2$20$HCNEiHHOmdNaC6H0fi.FUA$NtgeFBdeUXDfYFW5TYiX7gpdba0"},
    {"PBKDF2 SHA-256",
     "$pbkdf2-sha256$20$fe89p9R6790bgxDCGKN0Tg$55fCJm6jrqS2TsMtIY2XbcmdHZTPfM5GCOyxujNkND4"},
    {"PBKDF2 SHA-512",
     "$pbkdf2-sha512$20$v3cOIWRMSYkxxnhvLUUIQQ$"
     "OlZDvRecfQwS7mdlap7McRqvyfGqSVVowM4V99ILpW6uV8U5hraebs/hh22mFflXGLrcKuD3JNuj9Z.Tc5BZvA"},
    {"Django SHA-256",
     "pbkdf2_sha256$20$KwORWYsgNyhy$mwf9mZBT4mXFjzi8nzAp6eDCIVnAoIwHGtWFddZgHbk="},
    {"Django SHA-1", "pbkdf2_sha1$20$Nmz73fbXEUZ5$qyBaNS1OLJOaNEbJGPbuHMSKToE="},
};

TEST(password_hash, what_passlib_made_fits_its_password_and_no_other) {
    for (const auto& [what, encoded] : kOthers) {
        EXPECT_TRUE(check_password_hash(encoded)) << what;
        EXPECT_EQ(fits_password_hash(encoded, kPassword), true) << what;
        EXPECT_EQ(fits_password_hash(encoded, kPassword + "x"), false) << what;
        EXPECT_EQ(fits_password_hash(encoded, ""), false) << what;
    }
}

// RFC 9106 has vectors only with a secret and associated data; this one is the first of the
// reference implementation's own tests of Argon2id.
TEST(password_hash, the_reference_implementations_vector_fits) {
    EXPECT_EQ(fits_password_hash("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
                                 "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                                 "password"),
              true);
}

TEST(password_hash, ours_fits_its_password_and_says_its_cost) {
    const auto made = argon2id(kPassword, kSalt, kCheap);
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->starts_with("$argon2id$v=19$m=64,t=1,p=1$c3Nzc3Nzc3Nzc3Nzc3Nzcw$")) << *made;
    EXPECT_EQ(fits_password_hash(*made, kPassword), true);
    EXPECT_EQ(fits_password_hash(*made, kPassword + " "), false);
    EXPECT_TRUE(is_argon2id_of(*made, kCheap));
    EXPECT_FALSE(is_argon2id_of(*made, Argon2Cost()));
    EXPECT_FALSE(is_argon2id_of(kOthers[1].encoded, {64, 2, 2})) << "that is Argon2i";
}

TEST(password_hash, a_decoy_is_always_the_same_and_fits_nothing) {
    const std::string decoy = decoy_argon2id("key", "ada", kCheap);
    EXPECT_EQ(decoy, decoy_argon2id("key", "ada", kCheap));
    EXPECT_NE(decoy, decoy_argon2id("key", "bob", kCheap));
    EXPECT_TRUE(is_argon2id_of(decoy, kCheap));
    EXPECT_EQ(decoy.size(), argon2id(kPassword, kSalt, kCheap)->size());
    EXPECT_EQ(fits_password_hash(decoy, "ada"), false);
}

TEST(password_hash, a_password_with_a_nul_is_not_the_part_before_it) {
    const std::string with_nul = kPassword + std::string(1, '\0');
    for (const auto& [what, encoded] : kOthers) {
        if (std::string_view(what).starts_with("PBKDF2"))
            continue;  // HMAC pads short keys with NULs
        if (std::string_view(what).starts_with("Django")) continue;
        if (std::string_view(what) == "scrypt") continue;
        EXPECT_EQ(fits_password_hash(encoded, with_nul), false) << what;
    }
}

TEST(password_hash, forms_that_are_not_taken_say_so) {
    for (const char* encoded :
         {"", "$", "plain", "$1$salt$hash", "$6$rounds=5000$salt$hash", "$y$j9T$salt$hash",
          "$pbkdf2-md5$20$c2FsdHNhbHQ$c2FsdHNhbHQ", "pbkdf2_$20$salt$c2FsdHNhbHQ=",
          "argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0"}) {
        const auto checked = check_password_hash(encoded);
        ASSERT_FALSE(checked) << encoded;
        EXPECT_EQ(checked.error().code, Code::unsupported) << encoded;
    }
}

TEST(password_hash, broken_ones_are_refused) {
    constexpr const char* kEnd = "$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0";
    std::vector<std::string> broken;
    for (const char* cost :
         {"v=16$m=64,t=1,p=1", "v=19$m=64,t=1", "v=19$m=64,t=0,p=1", "v=19$m=7,t=1,p=1",
          "v=19$m=64,t=1,p=0", "v=19$m=-64,t=1,p=1", "v=19$m=064,t=1,p=1", "v=19$t=1,m=64,p=1",
          "v=19$m=4294967297,t=1,p=1", "v=19$m=64,t=1,p=1,x=1", "v=19$m=15,t=1,p=2"}) {
        broken.push_back(std::string("$argon2id$") + cost + kEnd);
    }
    for (const char* cost : {"ln=0,r=8,p=1", "ln=4,r=0,p=1", "ln=4,r=8,p=0", "ln=4,r=8", "4,8,1"}) {
        broken.push_back(std::string("$scrypt$") + cost + kEnd);
    }
    for (const char* cost : {"0", "", "x", "i=", "1 "}) {
        broken.push_back(std::string("$pbkdf2-sha256$") + cost + kEnd);
    }
    const std::string bcrypt = kOthers[3].encoded;
    broken.push_back(bcrypt.substr(0, bcrypt.size() - 1));
    broken.push_back(bcrypt + "a");
    broken.push_back("$2b$03$" + bcrypt.substr(7));
    broken.push_back("$2b$4x$" + bcrypt.substr(7));
    broken.push_back(bcrypt.substr(0, 20) + ":" + bcrypt.substr(21));
    broken.push_back("$argon2id$v=19$m=64,t=1,p=1$c2FsdA$c2FsdHNhbHRzYWx0");  // a short salt
    broken.push_back("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c2FsdA");       // a short hash
    broken.push_back("$argon2id$v=19$m=64,t=1,p=1$c2Fsd!NhbHQ$c2FsdHNhbHRzYWx0");
    broken.push_back("$scrypt$ln=4,r=8,p=1$c2FsdHNhbHQ$" + std::string(88, 'A'));  // a long hash
    broken.push_back("$argon2id$" + std::string(600, 'a'));
    for (const std::string& encoded : broken) {
        const auto checked = check_password_hash(encoded);
        ASSERT_FALSE(checked) << encoded;
        EXPECT_EQ(checked.error().code, Code::invalid_argument) << encoded;
        EXPECT_FALSE(fits_password_hash(encoded, "x")) << encoded;
    }
}

TEST(password_hash, what_would_cost_too_much_is_refused_before_it_costs_anything) {
    constexpr const char* kEnd = "$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0";
    for (const std::string cost :
         {"$argon2id$v=19$m=262145,t=1,p=1", "$argon2id$v=19$m=262144,t=5,p=1",
          "$argon2id$v=19$m=4294967295,t=4294967295,p=1", "$argon2id$v=19$m=1024,t=1,p=17",
          "$scrypt$ln=19,r=8,p=1", "$scrypt$ln=63,r=8,p=1", "$scrypt$ln=1,r=1024,p=1025",
          "$scrypt$ln=16,r=8,p=17", "$pbkdf2-sha256$4000001"}) {
        const auto checked = check_password_hash(cost + kEnd);
        ASSERT_FALSE(checked) << cost;
        EXPECT_TRUE(checked.error().message.contains("costs more")) << checked.error().message;
    }
    EXPECT_FALSE(check_password_hash("$2b$15$" + std::string(kOthers[3].encoded).substr(7)));
    EXPECT_TRUE(check_password_hash(std::string("$argon2id$v=19$m=262144,t=4,p=1") + kEnd));
    EXPECT_TRUE(check_password_hash(std::string("$scrypt$ln=17,r=8,p=1") + kEnd));
}

}  // namespace
}  // namespace domicile::crypto
