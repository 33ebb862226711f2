// The whole life of a sign-in in one region: real SQLite, a real directory over a store in memory,
// the client's side of SRP from crypto.
#include "identity/identity.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "base/encoding.h"
#include "crypto/jwt.h"
#include "crypto/srp.h"
#include "directory/testing.h"
#include "identity/srp_block.h"
#include "io/files.h"
#include "io/runtime.h"
#include "io/testing.h"
#include "sql/engine_testing.h"

namespace domicile::identity {
namespace {

using io::Task;

constexpr const char* kPassword = "Sicher-1234";

config::Config make_config() {
    config::Config out;
    config::Jurisdiction eu;
    eu.name = "EU";
    eu.countries = {"DE"};
    eu.regions = {"eu-central-1"};
    out.jurisdictions.push_back(eu);
    config::Region region;
    region.name = "eu-central-1";
    out.regions.push_back(region);
    config::Client client;
    client.name = "web";
    client.id = "client1";
    config::Pool pool;
    pool.name = "health";
    pool.id_suffix = "Health1";
    pool.clients.push_back(client);
    out.pools.push_back(pool);
    return out;
}

class IdentityTest : public ::testing::Test {
  protected:
    IdentityTest() {
        database_ = sql::testing::open_database(folder_.file("data.db"));
        keys_ = sql::testing::open_database(folder_.file("keys.db"));
        audit_ = std::move(*audit::Log::open(io::system_files(), folder_.file("audit.log"),
                                             "eu-central-1", io::system_clock()));
    }
    ~IdentityTest() override {
        audit_.reset();
        database_.reset();
        keys_.reset();
    }

    // Runs a journey against an open identity.
    Result<void> run(Task<Result<void>> (*journey)(Identity&)) {
        return io::run_task<Result<void>>([this, journey] { return with_identity(this, journey); });
    }

    directory::testing::StillClock clock_;
    config::Config config_ = make_config();

  private:
    static Task<Result<void>> with_identity(IdentityTest* self,
                                            Task<Result<void>> (*journey)(Identity&)) {
        keyring::Keyring keyring(*self->keys_, io::system_random(), std::string(32, 'm'));
        CO_TRY_VOID(co_await keyring.open());
        directory::Options options;
        options.region = "eu-central-1";
        options.pepper.key = std::string(32, 'p');
        options.regions = {"eu-central-1"};
        directory::Directory directory(*self->store_, self->clock_, options);
        border::Options border_options;
        border_options.region = "eu-central-1";
        border::Border border(border_options, *self->audit_);
        Identity::Parts parts{self->config_,
                              self->policy_,
                              *self->database_,
                              keyring,
                              directory,
                              border,
                              *self->audit_,
                              self->clock_,
                              io::system_random(),
                              "eu-central-1",
                              8443,
                              {},
                              {}};
        Identity identity(std::move(parts));
        CO_TRY_VOID(co_await identity.open());
        auto done = co_await journey(identity);
        co_await identity.stop();
        co_return done;
    }

    io::testing::TemporaryFolder folder_;
    std::unique_ptr<sql::Database> database_, keys_;
    std::unique_ptr<audit::Log> audit_;
    std::shared_ptr<kv::Store> store_ = kv::make_memory_store();
    residency::Policy policy_ = config::make_policy(config_);
};

SignUpRequest sign_up_request() {
    return {"client1",
            "anna@example.de",
            kPassword,
            {{"email", "anna@example.de"}, {"custom:country", "DE"}}};
}

Task<Result<Tokens>> srp_sign_in(Identity& identity, std::string username, std::string password) {
    const std::string a = io::system_random().bytes(128);
    SrpStartRequest start{"client1", username, crypto::client_public(a)};
    CO_TRY(const SrpChallenge challenge, co_await identity.start_srp(std::move(start)));
    CO_TRY(const std::string key,
           crypto::client_session_key("Health1", challenge.user_id_for_srp, password,
                                      challenge.salt_hex, a, challenge.srp_b_hex));
    const std::string time = to_srp_timestamp(directory::testing::StillClock().now());
    const std::string block = from_base64(challenge.secret_block).value_or("");
    const std::string signature =
        to_base64(crypto::claim_signature(key, "Health1", challenge.user_id_for_srp, block, time));
    SrpAnswerRequest answer{"client1", challenge.user_id_for_srp, challenge.secret_block, time,
                            signature};
    co_return co_await identity.answer_srp(std::move(answer));
}

Task<Result<void>> sign_up_and_confirm(Identity& identity) {
    auto request = sign_up_request();
    CO_TRY(const SignUpResult signed_up, co_await identity.sign_up(std::move(request)));
    EXPECT_FALSE(signed_up.confirmed);
    EXPECT_EQ(signed_up.delivery->destination, "a***@e***");
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_EQ(mails.size(), 1u);
    const std::string& text = mails[0].text;
    ConfirmRequest confirm{"client1", "anna@example.de",
                           text.substr(text.find_first_of("0123456789"), 6)};
    co_return co_await identity.confirm_sign_up(std::move(confirm));
}

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
    ASSERT_TRUE(run(sign_up_only));
    EXPECT_EQ(run(sign_up_as_another).error().reason, reason::kUserExists);
    clock_.pass(Millis(3'600'001));
    const auto done = run(sign_up_as_another);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    EXPECT_TRUE(run(one_mail));  // the first one went with its person
}

TEST_F(IdentityTest, a_confirmed_person_stays_when_the_time_to_confirm_is_over) {
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
