#include "identity/token_cache.h"

#include <gtest/gtest.h>

namespace domicile::identity {
namespace {

TokenPtr verified() { return std::make_shared<const VerifiedToken>(); }

// As long as real ones: what is hashed is their end only.
std::string token(char head, char signature) {
    return std::string(300, head) + '.' + std::string(600, 'c') + '.' + std::string(342, signature);
}

TEST(token_cache, a_hit_is_the_whole_token_under_the_same_key_set) {
    TokenCache cache(100);
    const TokenPtr good = verified();
    cache.add(token('a', 's'), good, 7);
    EXPECT_EQ(cache.find(token('a', 's'), 7), good);
    EXPECT_EQ(cache.find(token('a', 's'), 8), nullptr) << "another key set";
    EXPECT_EQ(cache.find(token('b', 's'), 7), nullptr) << "another head over the same signature";
    EXPECT_EQ(cache.find(token('a', 't'), 7), nullptr);
    EXPECT_EQ(cache.find(token('a', 's') + 's', 7), nullptr);
    EXPECT_EQ(cache.find(token('a', 's').substr(1), 7), nullptr);
    EXPECT_EQ(cache.find("", 7), nullptr);
    EXPECT_EQ(cache.find(token('a', 's'), 7), good) << "a miss changes nothing";
}

TEST(token_cache, is_bounded_and_forgets_the_oldest) {
    TokenCache cache(16);
    for (int i = 0; i < 1000; ++i) {
        std::string each = token('a', 's');
        each += std::to_string(i);
        cache.add(each, verified(), 1);
        EXPECT_NE(cache.find(each, 1), nullptr);
    }
    EXPECT_LE(cache.size(), 16U);
}

}  // namespace
}  // namespace domicile::identity
