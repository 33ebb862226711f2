// Signing in for the pages of one's own account, and what they work with: a token of the browser's
// session, for minutes.
#include "identity/oauth.h"
#include "identity/passkeys.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";

directory::testing::StillClock* now = nullptr;  // of the test that runs

Authorization for_account() {
    Authorization out;
    out.client_id = "client1";
    out.own_account = true;
    return out;
}

class OwnAccount : public IdentityTest {
  protected:
    OwnAccount() {
        config_.pools[0].clients[0].oauth.emplace().redirect_uris = {"https://app.example/cb"};
        now = &clock_;
    }
    ~OwnAccount() override { now = nullptr; }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

Task<Result<Authorized>> enter(Identity& identity) {
    BrowserSignIn request{for_account(), kAnna, kPassword};
    request.offers_passkey = true;
    return identity.oauth().sign_in(std::move(request));
}

// Anna's browser, signed in.
Task<Result<std::string>> browser_of_anna(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Authorized entered, co_await enter(identity));
    EXPECT_FALSE(entered.code);
    EXPECT_FALSE(entered.offers_passkey.value_or(false));
    co_return entered.browser_session.value_or("");
}

Task<Result<BrowserAccess>> visit(Identity& identity, std::string browser,
                                  std::optional<std::int64_t> max_age = std::nullopt) {
    BrowserAccount request{for_account(), std::move(browser), max_age};
    return identity.oauth().account(std::move(request));
}

Task<Result<void>> change(Identity& identity, std::string access_token) {
    ChangePasswordRequest request{std::move(access_token), kPassword, "Neues-12345"};
    CO_TRY_VOID(co_await identity.change_password(std::move(request)));
    co_return Result<void>();
}

Task<Result<void>> changed(Identity& identity) {
    CO_TRY(const std::string browser, co_await browser_of_anna(identity));
    CO_TRY(const Tokens other, co_await srp_sign_in(identity, kAnna, kPassword));
    CO_TRY(const BrowserAccess who, co_await visit(identity, browser, kBrowserFreshSeconds));
    EXPECT_EQ(who.username, kAnna);
    EXPECT_FALSE(who.external);
    CO_TRY_VOID(co_await change(identity, who.access_token));
    AccessTokenRequest others{other.access_token};
    const auto gone = co_await identity.get_user(std::move(others));
    EXPECT_EQ(gone.error().reason, reason::kAccessRevoked);
    // The browser itself is spared.
    CO_TRY(const BrowserAccess again, co_await visit(identity, browser));
    AccessTokenRequest own{again.access_token};
    CO_TRY_VOID(co_await identity.passkeys().factors(std::move(own)));
    co_return Result<void>();
}
TEST_F(OwnAccount, is_changed_with_a_token_of_the_browsers_session) { check(changed); }

Task<Result<void>> ended(Identity& identity) {
    CO_TRY(const std::string browser, co_await browser_of_anna(identity));
    CO_TRY(const BrowserAccess who, co_await visit(identity, browser));
    BrowserEnd end{browser};
    CO_TRY_VOID(co_await identity.oauth().end(std::move(end)));
    const auto refused = co_await visit(identity, browser);
    EXPECT_EQ(refused.error().reason, reason::kSessionInvalid);
    const auto late = co_await change(identity, who.access_token);
    EXPECT_EQ(late.error().reason, reason::kAccessRevoked);
    const auto none = co_await visit(identity, "eu-central-1.x");
    EXPECT_EQ(none.error().reason, reason::kSessionInvalid);
    co_return Result<void>();
}
TEST_F(OwnAccount, ends_with_the_browsers_session) { check(ended); }

Task<Result<void>> alone(Identity& identity) {
    CO_TRY(const std::string browser, co_await browser_of_anna(identity));
    CO_TRY(const Authorized other, co_await enter(identity));
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, kAnna, kPassword));
    CO_TRY(const BrowserAccess who, co_await visit(identity, browser));
    AccessTokenRequest ends{who.access_token};
    CO_TRY_VOID(co_await identity.oauth().end_others(std::move(ends)));
    const auto gone = co_await visit(identity, other.browser_session.value_or(""));
    EXPECT_EQ(gone.error().reason, reason::kSessionInvalid);
    AccessTokenRequest late{tokens.access_token};
    const auto refused = co_await identity.oauth().end_others(std::move(late));
    EXPECT_EQ(refused.error().reason, reason::kAccessRevoked);
    CO_TRY_VOID(co_await visit(identity, browser));
    co_return Result<void>();
}
TEST_F(OwnAccount, ends_all_other_sessions) { check(alone); }

Task<Result<void>> stale(Identity& identity) {
    CO_TRY(const std::string browser, co_await browser_of_anna(identity));
    CO_TRY(const BrowserAccess first, co_await visit(identity, browser, kBrowserFreshSeconds));
    pass(*now, identity, Millis(kBrowserFreshSeconds * 1'000));
    CO_TRY_VOID(co_await visit(identity, browser));
    const auto refused = co_await visit(identity, browser, kBrowserFreshSeconds);
    EXPECT_EQ(refused.error().reason, reason::kSessionInvalid);
    const auto late = co_await change(identity, first.access_token);
    EXPECT_EQ(late.error().reason, reason::kAccessExpired);
    co_return Result<void>();
}
TEST_F(OwnAccount, is_changed_by_whoever_was_there_just_now) { check(stale); }

Task<Result<void>> granted(Identity& identity) {
    CO_TRY(const std::string browser, co_await browser_of_anna(identity));
    BrowserResume resume{for_account(), browser, {}, {}};
    const auto refused = co_await identity.oauth().resume(std::move(resume));
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
    co_return Result<void>();
}
TEST_F(OwnAccount, grants_nothing_to_a_client) { check(granted); }

Task<Result<void>> no_pages(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    const auto refused = co_await enter(identity);
    EXPECT_EQ(refused.error().reason, reason::kGrantNotAllowed);
    const auto nobody = co_await visit(identity, "eu-central-1.x");
    EXPECT_EQ(nobody.error().reason, reason::kGrantNotAllowed);
    co_return Result<void>();
}
TEST_F(OwnAccount, needs_a_client_that_signs_people_in_here) {
    config_.pools[0].clients[0].oauth.reset();
    check(no_pages);
}

}  // namespace
}  // namespace domicile::identity::testing
