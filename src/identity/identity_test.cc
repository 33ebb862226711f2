// The whole life of a sign-in in one region: real SQLite, a real directory over a store in memory,
// the client's side of SRP from crypto.
#include <array>
#include <cstdlib>

#include "crypto/jwt.h"
#include "identity/testing.h"

namespace domicile::identity {
namespace {

using io::Task;
using testing::IdentityTest;
using testing::kPassword;
using testing::sign_up_and_confirm;
using testing::sign_up_request;
using testing::srp_sign_in;

Task<Result<void>> whole_journey(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, "anna@example.de", kPassword));
    AccessTokenRequest who{tokens.access_token};
    CO_TRY(const User user, co_await identity.get_user(who));
    EXPECT_EQ(user.attributes.at("email_verified"), "true");
    CO_TRY(const bool resident, co_await identity.is_resident(user.sub));
    EXPECT_TRUE(resident);

    RefreshRequest refresh{"client1", *tokens.refresh_token};
    CO_TRY(const Tokens fresh, co_await identity.refresh(refresh));
    CO_TRY(const TokenPtr first, co_await identity.verifier().verify(tokens.access_token));
    CO_TRY(const TokenPtr second, co_await identity.verifier().verify(fresh.access_token));
    EXPECT_EQ(first->origin_jti, second->origin_jti);
    EXPECT_EQ(first->claims.at("auth_time"), second->claims.at("auth_time"));

    RevokeRequest revoke{"client1", *tokens.refresh_token};
    CO_TRY_VOID(co_await identity.revoke(std::move(revoke)));
    const auto cached = identity.verifier().lookup(fresh.access_token);
    EXPECT_EQ(cached.error().reason, reason::kAccessRevoked);
    const auto again = co_await identity.refresh(refresh);
    EXPECT_EQ(again.error().reason, reason::kRefreshRevoked);
    co_return Result<void>();
}

TEST_F(IdentityTest, sign_up_confirm_sign_in_refresh_and_revoke) {
    const auto done = run(whole_journey);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

// What an access token says about its signature, and whether the region takes it and publishes its
// key.
Task<Result<void>> check_signed_with(Identity& identity, std::string algorithm) {
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, "anna@example.de", kPassword));
    const std::array<std::string, 2> signed_ones = {tokens.access_token, tokens.id_token};
    for (const std::string& token : signed_ones) {
        const auto parsed = crypto::parse_jwt(token);
        EXPECT_EQ(crypto::to_string(parsed->alg), algorithm);
        EXPECT_NE(identity.jwks().find(parsed->kid), std::string::npos);
        EXPECT_NE(identity.combined_jwks().find(parsed->kid), std::string::npos);
    }
    CO_TRY_VOID(co_await identity.verifier().verify(tokens.access_token));
    co_return Result<void>();
}

Task<Result<void>> signed_with_rs256(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    co_return co_await check_signed_with(identity, "RS256");
}

Task<Result<void>> signed_with_es256(Identity& identity) {
    co_return co_await check_signed_with(identity, "ES256");
}

TEST_F(IdentityTest, tokens_are_signed_with_the_algorithm_of_the_client) {
    auto done = run(signed_with_rs256);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    config_.pools[0].clients[0].token_algorithm = config::TokenAlgorithm::es256;
    done = run(signed_with_es256);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

std::string first_jwks;

Task<Result<void>> keep_jwks(Identity& identity) {
    first_jwks = identity.jwks();
    co_return Result<void>();
}

Task<Result<void>> same_jwks(Identity& identity) {
    EXPECT_EQ(identity.jwks(), first_jwks);
    co_return Result<void>();
}

TEST_F(IdentityTest, the_signing_keys_outlive_a_restart) {
    ASSERT_TRUE(run(keep_jwks));
    const json::object document = *parse_json_object(first_jwks);
    EXPECT_EQ(document.at("keys").as_array().size(), 2U);
    ASSERT_TRUE(run(same_jwks));
}

Task<Result<void>> wrong_people(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    const auto wrong = co_await srp_sign_in(identity, "anna@example.de", "Falsch-1234");
    const auto nobody = co_await srp_sign_in(identity, "nobody@example.de", kPassword);
    EXPECT_EQ(wrong.error(), nobody.error());
    EXPECT_EQ(wrong.error().reason, reason::kWrongCredentials);
    SrpStartRequest start{"client1", "nobody@example.de", "abc"};
    CO_TRY(const SrpChallenge one, co_await identity.start_srp(start));
    CO_TRY(const SrpChallenge two, co_await identity.start_srp(start));
    start.username = "anna@example.de";
    CO_TRY(const SrpChallenge known, co_await identity.start_srp(start));
    EXPECT_EQ(one.salt_hex, two.salt_hex);
    EXPECT_EQ(one.secret_block.size(), known.secret_block.size());
    co_return Result<void>();
}

TEST_F(IdentityTest, an_unknown_person_looks_like_a_wrong_password) {
    const auto done = run(wrong_people);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

Task<Result<void>> sign_up_only(Identity& identity) {
    auto request = sign_up_request();
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    co_return Result<void>();
}

// The same address with another password: somebody else, as far as anybody can tell.
Task<Result<void>> sign_up_as_another(Identity& identity) {
    auto request = sign_up_request();
    request.password = "Anders-1234";
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    co_return Result<void>();
}

Task<Result<void>> one_mail(Identity& identity) {
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_EQ(mails.size(), 1u);
    co_return Result<void>();
}

TEST_F(IdentityTest, a_sign_up_that_is_not_confirmed_in_time_ends_and_frees_its_keys) {
    config_.pools[0].reveal_existing = true;
    ASSERT_TRUE(run(sign_up_only));
    EXPECT_EQ(run(sign_up_as_another).error().reason, reason::kUserExists);
    clock_.pass(Millis(3'600'001));
    const auto done = run(sign_up_as_another);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    EXPECT_TRUE(run(one_mail));  // the first one went with its person
}

TEST_F(IdentityTest, a_confirmed_person_stays_when_the_time_to_confirm_is_over) {
    config_.pools[0].reveal_existing = true;
    ASSERT_TRUE(run(sign_up_and_confirm));
    clock_.pass(Millis(3'600'001));
    EXPECT_EQ(run(sign_up_as_another).error().reason, reason::kUserExists);
}

Task<Result<void>> other_phone_later(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_only(identity));
    auto request = sign_up_request();
    request.attributes["phone_number"] = "+49301234567";
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    co_return co_await one_mail(identity);
}

TEST_F(IdentityTest, signing_up_again_with_other_identifiers_starts_over) {
    const auto done = run(other_phone_later);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

}  // namespace
}  // namespace domicile::identity
