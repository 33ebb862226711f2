#include "identity/oauth.h"

#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "identity/testing.h"

namespace domicile::identity {
namespace {

using testing::IdentityTest;
using testing::kPassword;
using testing::Task;

constexpr const char* kCallback = "https://app.example/cb";
constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

Authorization asked(std::string scope = "openid email") {
    return {"client1", kCallback, std::move(scope), "n-1", to_base64url(crypto::sha256(kVerifier))};
}

template <class T>
std::string reason_of(const Result<T>& result) {
    return result ? "" : result.error().reason;
}

class OAuthTest : public IdentityTest {
  protected:
    OAuthTest() {
        config::OAuth oauth;
        oauth.redirect_uris = {kCallback};
        oauth.scopes.emplace_back(config::kUserPoolScope);
        config::Client& client = config_.pools[0].clients[0];
        client.oauth = oauth;
        config::Client server;
        server.name = server.id = "server";
        server.secret_file = "server.secret";
        server.oauth.emplace();
        server.oauth->scopes = {"openid", "diary/read", "diary/write"};
        server.oauth->grants = {config::Grant::client_credentials};
        config_.pools[0].clients.push_back(server);
    }
};

Task<Result<Authorized>> sign_in(Identity& identity, Authorization what) {
    CO_TRY_VOID(co_await testing::sign_up_and_confirm(identity));
    BrowserSignIn request{std::move(what), "anna@example.de", kPassword};
    co_return co_await identity.oauth().sign_in(std::move(request));
}

Task<Result<GrantedTokens>> redeem(Identity& identity, std::string code) {
    RedeemRequest request{"client1", std::move(code), kCallback, kVerifier};
    co_return co_await identity.oauth().redeem(std::move(request));
}

Task<Result<void>> tokens_say_what_was_asked_for(Identity& identity) {
    CO_TRY(const Authorized authorized, co_await sign_in(identity, asked()));
    CO_TRY(const GrantedTokens granted, co_await redeem(identity, authorized.code.value_or("")));
    EXPECT_EQ(granted.scope, "openid email");
    EXPECT_TRUE(granted.tokens.refresh_token);
    CO_TRY(const TokenPtr id, co_await identity.verifier().verify(granted.tokens.id_token));
    const json::object& claims = id->claims;
    EXPECT_EQ(claims.at("nonce").as_string(), "n-1");
    EXPECT_EQ(claims.at("at_hash").as_string(),
              to_base64url(crypto::sha256(granted.tokens.access_token).substr(0, 16)));
    EXPECT_EQ(claims.at("email").as_string(), "anna@example.de");
    EXPECT_FALSE(claims.contains("custom:country"));
    EXPECT_TRUE(claims.contains("auth_time"));
    co_return Result<void>();
}

Task<Result<void>> a_code_is_used_once(Identity& identity) {
    CO_TRY(const Authorized authorized, co_await sign_in(identity, asked()));
    const std::string code = authorized.code.value_or("");
    CO_TRY(const GrantedTokens granted, co_await redeem(identity, code));
    const auto again = co_await redeem(identity, code);
    EXPECT_EQ(reason_of(again), reason::kGrantInvalid);
    // And what came of it is over: somebody else had the code.
    const auto access = co_await identity.verifier().verify(granted.tokens.access_token);
    EXPECT_EQ(reason_of(access), reason::kAccessRevoked);
    RefreshRequest refresh{"client1", granted.tokens.refresh_token.value_or(""), true};
    const auto refused = co_await identity.oauth().refresh(std::move(refresh));
    EXPECT_EQ(reason_of(refused), reason::kRefreshRevoked);
    co_return Result<void>();
}

Task<Result<void>> has_a_code(Identity& identity) {
    CO_TRY(const Authorized authorized, co_await sign_in(identity, asked()));
    EXPECT_TRUE(authorized.code);
    co_return Result<void>();
}
Task<Result<void>> leaves(Identity& identity) {
    CO_TRY(const Tokens tokens,
           co_await testing::srp_sign_in(identity, "anna@example.de", kPassword));
    AccessTokenRequest request{tokens.access_token};
    CO_TRY_VOID(co_await identity.delete_user(std::move(request)));
    co_return Result<void>();
}

Task<Result<void>> the_verifier_must_fit(Identity& identity) {
    CO_TRY(const Authorized authorized, co_await sign_in(identity, asked()));
    const std::string code = authorized.code.value_or("");
    RedeemRequest wrong{"client1", code, kCallback, std::string(43, 'x')};
    const auto refused = co_await identity.oauth().redeem(std::move(wrong));
    EXPECT_EQ(reason_of(refused), reason::kGrantInvalid);
    const auto right = co_await redeem(identity, code);
    EXPECT_EQ(reason_of(right), reason::kGrantInvalid);
    co_return Result<void>();
}

Task<Result<void>> the_home_checks_again(Identity& identity) {
    CO_TRY_VOID(co_await testing::sign_up_and_confirm(identity));
    Authorization elsewhere = asked(), more = asked("openid admin"), bare = asked();
    elsewhere.redirect_uri = "https://evil.example/";
    bare.code_challenge.reset();
    const std::vector<std::pair<Authorization, const char*>> cases = {
        {elsewhere, reason::kRedirectUri},
        {more, reason::kScopeInvalid},
        {bare, reason::kProofKey}};
    for (const auto& [what, why] : cases) {
        BrowserSignIn request{what, "anna@example.de", kPassword};
        const auto refused = co_await identity.oauth().sign_in(std::move(request));
        EXPECT_EQ(reason_of(refused), why);
    }
    co_return Result<void>();
}

Task<Result<void>> a_scope_bounds_the_access_token(Identity& identity) {
    CO_TRY(const Authorized narrow, co_await sign_in(identity, asked("openid")));
    CO_TRY(const GrantedTokens granted, co_await redeem(identity, narrow.code.value_or("")));
    AccessTokenRequest call{granted.tokens.access_token};
    const auto refused = co_await identity.get_user(std::move(call));
    EXPECT_EQ(reason_of(refused), reason::kScopeMissing);

    BrowserResume resume{
        asked("aws.cognito.signin.user.admin"), narrow.browser_session.value_or(""), {}, {}};
    CO_TRY(const Authorized wide, co_await identity.oauth().resume(std::move(resume)));
    EXPECT_FALSE(wide.browser_session);
    CO_TRY(const GrantedTokens more, co_await redeem(identity, wide.code.value_or("")));
    EXPECT_EQ(more.tokens.id_token, "");
    AccessTokenRequest own{more.tokens.access_token};
    CO_TRY(const User user, co_await identity.get_user(std::move(own)));
    AccessTokenRequest info{more.tokens.access_token};
    const auto not_openid = co_await identity.oauth().user(std::move(info));
    EXPECT_EQ(reason_of(not_openid), reason::kScopeMissing);
    co_return Result<void>();
}

Task<Result<void>> a_session_of_a_browser_ends(Identity& identity) {
    CO_TRY(const Authorized first, co_await sign_in(identity, asked()));
    const std::string kept = first.browser_session.value_or("");
    BrowserResume other{asked(), kept, {}, "somebody else"};
    const auto stranger = co_await identity.oauth().resume(std::move(other));
    EXPECT_FALSE(stranger);
    BrowserResume old{asked(), kept, 0, {}};
    const auto aged = co_await identity.oauth().resume(std::move(old));
    EXPECT_FALSE(aged);
    BrowserEnd end{kept};
    CO_TRY_VOID(co_await identity.oauth().end(std::move(end)));
    BrowserResume late{asked(), kept, {}, {}};
    const auto refused = co_await identity.oauth().resume(std::move(late));
    EXPECT_EQ(reason_of(refused), reason::kSessionInvalid);
    co_return Result<void>();
}

Task<Result<void>> a_hint_is_a_token_of_this_region(Identity& identity) {
    CO_TRY(const Authorized authorized, co_await sign_in(identity, asked()));
    CO_TRY(const GrantedTokens granted, co_await redeem(identity, authorized.code.value_or("")));
    CO_TRY(const OAuth::Hint hint, co_await identity.oauth().read_hint(granted.tokens.id_token));
    EXPECT_EQ(hint.client_id, "client1");
    std::string forged = granted.tokens.id_token;
    forged.back() = forged.back() == 'A' ? 'Q' : 'A';
    const auto tampered = co_await identity.oauth().read_hint(std::move(forged));
    EXPECT_FALSE(tampered);
    const auto none = co_await identity.oauth().read_hint("x");
    EXPECT_FALSE(none);
    co_return Result<void>();
}

Task<Result<void>> a_client_acts_for_itself(Identity& identity) {
    OAuth& oauth = identity.oauth();
    CO_TRY(const GrantedTokens all, co_await oauth.client_token("server", ""));
    EXPECT_EQ(all.scope, "diary/read diary/write");
    EXPECT_FALSE(all.tokens.refresh_token);
    CO_TRY(const GrantedTokens one, co_await oauth.client_token("server", "diary/write"));
    EXPECT_EQ(one.scope, "diary/write");
    const auto about_people = co_await oauth.client_token("server", "diary/read openid");
    EXPECT_EQ(reason_of(about_people), reason::kScopeInvalid);
    const auto other = co_await oauth.client_token("client1", "");
    EXPECT_EQ(reason_of(other), reason::kGrantNotAllowed);

    InspectRequest request{"server", one.tokens.access_token};
    CO_TRY(const TokenState state, co_await oauth.inspect(request));
    EXPECT_TRUE(state.active);
    EXPECT_EQ(state.sub, "server");
    EXPECT_EQ(state.scope, "diary/write");
    request.token.back() = request.token.back() == 'A' ? 'Q' : 'A';
    CO_TRY(const TokenState forged, co_await oauth.inspect(request));
    EXPECT_FALSE(forged.active);
    // It is nobody's: what is about people does not take it.
    const auto verified = co_await identity.verifier().verify(one.tokens.access_token);
    EXPECT_EQ(reason_of(verified), reason::kAccessInvalid);
    co_return Result<void>();
}

TEST_F(OAuthTest, tokens_say_what_was_asked_for) {
    EXPECT_TRUE(run(tokens_say_what_was_asked_for));
}
TEST_F(OAuthTest, a_code_that_is_used_twice_ends_its_session) {
    EXPECT_TRUE(run(a_code_is_used_once));
}
TEST_F(OAuthTest, who_leaves_leaves_no_code_behind) {
    EXPECT_TRUE(run(has_a_code));
    EXPECT_EQ(rows_of("identity_authorization_codes"), 1);
    EXPECT_TRUE(run(leaves));
    EXPECT_EQ(rows_of("identity_authorization_codes"), 0);
}
TEST_F(OAuthTest, the_verifier_must_fit_the_challenge) { EXPECT_TRUE(run(the_verifier_must_fit)); }
TEST_F(OAuthTest, the_home_checks_again_what_was_asked_for) {
    EXPECT_TRUE(run(the_home_checks_again));
}
TEST_F(OAuthTest, a_scope_bounds_the_access_token) {
    EXPECT_TRUE(run(a_scope_bounds_the_access_token));
}
TEST_F(OAuthTest, a_session_of_a_browser_ends) { EXPECT_TRUE(run(a_session_of_a_browser_ends)); }
TEST_F(OAuthTest, a_hint_is_a_token_of_this_region) {
    EXPECT_TRUE(run(a_hint_is_a_token_of_this_region));
}

TEST_F(OAuthTest, a_client_acts_for_itself) { EXPECT_TRUE(run(a_client_acts_for_itself)); }

}  // namespace
}  // namespace domicile::identity
