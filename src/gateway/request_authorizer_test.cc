#include "gateway/request_authorizer.h"

#include <gtest/gtest.h>

namespace domicile::gateway {
namespace {

GrantPtr grant(std::string caller) {
    auto out = std::make_shared<Grant>();
    out->caller = std::move(caller);
    return out;
}

TEST(GrantCache, an_answer_counts_until_its_end) {
    GrantCache cache;
    cache.add("k", grant("a"), 10, Instant{1000});
    EXPECT_EQ(cache.find("k", Instant{999})->caller, "a");
    EXPECT_EQ(cache.find("k", Instant{1000}), nullptr);
    EXPECT_EQ(cache.find("other", Instant{0}), nullptr);
    cache.add("k", grant("b"), 10, Instant{2000});
    EXPECT_EQ(cache.find("k", Instant{1000})->caller, "b");
    EXPECT_EQ(cache.size(), 1U);
}

TEST(GrantCache, is_bounded_in_number_and_size_and_the_oldest_goes_first) {
    GrantCache cache;
    for (std::size_t i = 0; i <= GrantCache::kEntriesMax; ++i)
        cache.add(std::to_string(i), grant("a"), 1, Instant{1000});
    EXPECT_EQ(cache.size(), GrantCache::kEntriesMax);
    EXPECT_EQ(cache.find("0", Instant{0}), nullptr);
    EXPECT_NE(cache.find("1", Instant{0}), nullptr);
    cache.add("large", grant("a"), GrantCache::kBytesMax - 10, Instant{1000});
    EXPECT_EQ(cache.size(), 11U);
    EXPECT_NE(cache.find("large", Instant{0}), nullptr);
}

TEST(RequestAuthorizer, a_missing_or_empty_identity_source_is_none) {
    config::AuthorizerFunction options;
    options.headers = {"Authorization", "X-Tenant"};
    options.query = {"key"};
    const RequestAuthorizer authorizer("gate", options);
    http::Headers headers;
    headers.add("authorization", "a");
    EXPECT_FALSE(authorizer.sources_of(headers, "key=k").has_value());
    headers.add("X-TENANT", "t");
    EXPECT_FALSE(authorizer.sources_of(headers, "").has_value());
    EXPECT_FALSE(authorizer.sources_of(headers, "key=").has_value());
    EXPECT_FALSE(authorizer.sources_of(headers, "kex=k").has_value());
    using Sources = functions::IdentitySources;
    EXPECT_EQ(authorizer.sources_of(headers, "x=1&%6bey=k%20"), (Sources{"a", "t", "k "}));
    // All of what the function sees under these names tells callers apart.
    headers.add("Authorization", "b");
    EXPECT_EQ(authorizer.sources_of(headers, "key=k&key=l"), (Sources{"a,b", "t", "k,l"}));
}

}  // namespace
}  // namespace domicile::gateway
