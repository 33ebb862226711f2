// Clients with a secret.
#include "identity/client_secrets.h"

#include <fstream>

#include "crypto/hash.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kSecret = "not for everybody";

std::string hash_for(const std::string& username, const std::string& secret = kSecret) {
    return to_base64(crypto::hmac_sha256(secret, username + "client1"));
}

class SecretTest : public IdentityTest {
  protected:
    SecretTest() {
        write(kSecret);
        config::Client& client = config_.pools[0].clients[0];
        client.flows.push_back(config::AuthFlow::user_password_auth);
        client.secret_file = folder_.file("secret");
        config::Client open;
        open.name = "open";
        open.id = "client2";
        config_.pools[0].clients.push_back(open);
    }
    void write(const std::string& text) { std::ofstream(folder_.file("secret")) << text << '\n'; }
    // The reason of the refusal; empty when there is none.
    std::string judged(std::string client, std::optional<std::string> hash) {
        const ClientSecrets secrets(config_, "");
        const auto done = io::run_task<Result<void>>(
            [&] { return secrets.check_hash(client, "anna@example.de", hash); });
        return done ? "" : std::string(done.error().reason) + ": " + done.error().message;
    }

    io::testing::TemporaryFolder folder_;
};

TEST_F(SecretTest, a_hash_is_asked_for_where_there_is_a_secret_and_nowhere_else) {
    EXPECT_EQ(judged("client1", hash_for("anna@example.de")), "");
    const std::string wrong = "client_secret: Unable to verify secret hash for client client1";
    EXPECT_EQ(judged("client1", hash_for("berta@example.de")), wrong);
    EXPECT_EQ(judged("client1", "x"), wrong);
    EXPECT_EQ(judged("client1", std::nullopt),
              "client_secret: Client client1 is configured for secret but secret was not received");
    EXPECT_EQ(judged("client2", std::nullopt), "");
    EXPECT_EQ(judged("client2", hash_for("anna@example.de")),
              "client_secret: Unable to verify secret hash for client client2");
    EXPECT_EQ(judged("unknown", std::nullopt), "") << "the operation says so";
}

TEST_F(SecretTest, a_changed_secret_counts_at_once) {
    write("another");
    EXPECT_NE(judged("client1", hash_for("anna@example.de")), "");
    EXPECT_EQ(judged("client1", hash_for("anna@example.de", "another")), "");
    config_.pools[0].clients[0].secret_file = folder_.file("none");
    EXPECT_EQ(judged("client1", hash_for("anna@example.de")),
              ": The secret of the client cannot be read.");
}

Task<Result<void>> refreshed(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    PasswordRequest entering{"client1", "anna@example.de", kPassword};
    CO_TRY(const Tokens tokens, co_await identity.sign_in_with_password(std::move(entering)));
    AccessTokenRequest who{tokens.access_token};
    CO_TRY(const User anna, co_await identity.get_user(std::move(who)));
    const RefreshRequest bare{"client1", *tokens.refresh_token};
    const auto missing = co_await identity.refresh(bare);
    EXPECT_EQ(missing.error().reason, reason::kClientSecret);
    RefreshRequest proven = bare;
    for (const std::string& name : {anna.username, anna.sub}) {
        proven.secret_hash = hash_for(name);
        CO_TRY_VOID(co_await identity.refresh(proven));
    }
    proven.secret_hash = hash_for("berta@example.de");
    const auto wrong = co_await identity.refresh(proven);
    EXPECT_EQ(wrong.error().reason, reason::kClientSecret);
    proven.secret_hash.reset();
    proven.client_secret = kSecret;
    CO_TRY_VOID(co_await identity.refresh(proven));
    proven.client_secret = "guessed";
    const auto guessed = co_await identity.refresh(proven);
    EXPECT_EQ(guessed.error().reason, reason::kClientSecret);
    co_return Result<void>();
}
TEST_F(SecretTest, new_tokens_are_for_clients_that_prove_the_secret) {
    const auto done = run(refreshed);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

}  // namespace
}  // namespace domicile::identity::testing
