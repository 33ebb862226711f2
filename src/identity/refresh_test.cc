// Refresh tokens for one use: each use gives the next one, and one that is used again ends the
// session.
#include <gtest/gtest.h>

#include "identity/testing.h"

namespace domicile::identity {
namespace {

using testing::srp_sign_in;
using testing::Task;

constexpr const char* kAnna = "anna@example.de";

// What one journey leaves to the next.
struct Kept {
    Tokens tokens;
    std::string first, second;
};
Kept kept;

class RefreshTest : public testing::IdentityTest {
  protected:
    RefreshTest() {
        kept = {};
        rotate(30);
    }
    void rotate(int grace_seconds) {
        config_.pools[0].clients[0].refresh_token_rotation = config::RefreshRotation{grace_seconds};
    }
    void succeeds(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        EXPECT_TRUE(done) << done.error().message;
    }
};

Task<Result<Tokens>> use(Identity& identity, std::string token) {
    RefreshRequest request{"client1", std::move(token), true};
    co_return co_await identity.refresh(std::move(request));
}
// The reason of the refusal, or nothing.
Task<std::string> refusal(Identity& identity, std::string token) {
    const auto answer = co_await use(identity, std::move(token));
    co_return answer ? std::string() : answer.error().reason;
}
Task<std::string> refusal_of_access(Identity& identity, std::string token) {
    AccessTokenRequest request{std::move(token)};
    const auto answer = co_await identity.get_user(std::move(request));
    co_return answer ? std::string() : answer.error().reason;
}

Task<Result<void>> use_twice(Identity& identity) {
    CO_TRY_VOID(co_await testing::sign_up_and_confirm(identity));
    CO_TRY(kept.tokens, co_await srp_sign_in(identity, kAnna, testing::kPassword));
    kept.first = *kept.tokens.refresh_token;
    CO_TRY(Tokens second, co_await use(identity, kept.first));
    EXPECT_TRUE(second.refresh_token && *second.refresh_token != kept.first);
    kept.second = second.refresh_token.value_or("");
    // Its answer may have got lost.
    CO_TRY(const Tokens again, co_await use(identity, kept.first));
    EXPECT_TRUE(again.refresh_token && *again.refresh_token != kept.first);
    co_return Result<void>();
}
Task<Result<void>> use_a_copy(Identity& identity) {
    EXPECT_EQ(co_await refusal(identity, kept.first), reason::kRefreshReused);
    EXPECT_EQ(co_await refusal(identity, kept.second), reason::kRefreshRevoked);
    EXPECT_EQ(co_await refusal_of_access(identity, kept.tokens.access_token),
              reason::kAccessRevoked);
    co_return Result<void>();
}

TEST_F(RefreshTest, a_token_that_is_used_again_after_its_grace_ends_the_session) {
    succeeds(use_twice);
    clock_.pass(Millis(30'000));
    succeeds(use_a_copy);
}

Task<Result<void>> use_the_next(Identity& identity) {
    CO_TRY(const Tokens third, co_await use(identity, kept.second));
    EXPECT_EQ(co_await refusal_of_access(identity, third.access_token), "");
    // Two uses ago: nobody's answer got lost.
    EXPECT_EQ(co_await refusal(identity, kept.first), reason::kRefreshReused);
    EXPECT_EQ(co_await refusal(identity, third.refresh_token.value_or("")),
              reason::kRefreshRevoked);
    co_return Result<void>();
}

TEST_F(RefreshTest, grace_is_for_the_last_token_only) {
    succeeds(use_twice);
    succeeds(use_the_next);
}

Task<Result<void>> use_at_once(Identity& identity) {
    CO_TRY_VOID(co_await testing::sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, kAnna, testing::kPassword));
    std::vector<Task<std::string>> uses;
    for (int i = 0; i < 4; ++i) uses.push_back(refusal(identity, *tokens.refresh_token));
    const std::vector<std::string> reasons = co_await io::testing::gather(std::move(uses));
    EXPECT_LE(std::ranges::count(reasons, ""), 1);
    EXPECT_GE(std::ranges::count(reasons, reason::kRefreshReused), 1);
    EXPECT_EQ(co_await refusal_of_access(identity, tokens.access_token), reason::kAccessRevoked);
    co_return Result<void>();
}

TEST_F(RefreshTest, of_two_at_once_without_grace_one_is_a_copy) {
    rotate(0);
    succeeds(use_at_once);
}

Task<Result<void>> use_without_room(Identity& identity) {
    CO_TRY_VOID(co_await testing::sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, kAnna, testing::kPassword));
    RefreshRequest request{"client1", *tokens.refresh_token, false};
    const auto answer = co_await identity.refresh(std::move(request));
    EXPECT_EQ(answer.error().reason, reason::kFlowNotEnabled);
    EXPECT_EQ(co_await refusal(identity, *tokens.refresh_token), "");  // it was not used up
    co_return Result<void>();
}

TEST_F(RefreshTest, who_cannot_be_given_the_next_token_uses_none_up) { succeeds(use_without_room); }

}  // namespace
}  // namespace domicile::identity
