// How passwords are kept: as the pool's clients need it, and anew when that changed.
#include "crypto/hash.h"
#include "identity/administration.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

// Of kPassword, made by passlib 1.7.4.
constexpr const char* kBcrypt = "$2b$04$sWx0Vu2sQrWGJqzNivsOUOt4bpPFVO8jFUvi6sn4pgk0OKINeC01C";
constexpr const char* kDjango =
    "pbkdf2_sha256$20$5mI3fhn3AB47$uEgSUgl1HnDqQu4kbPosiCDjPzDunvSEFO+ICGNTQGo=";

class StoredPasswordTest : public IdentityTest {
  protected:
    StoredPasswordTest() {
        clients().push_back(config::AuthFlow::user_password_auth);
        config_.pools[0].password.argon2id = {1024, 1, 1};
    }
    std::vector<config::AuthFlow>& clients() { return config_.pools[0].clients[0].flows; }
    void without_srp() { std::erase(clients(), config::AuthFlow::user_srp_auth); }
    void with_srp() { clients().push_back(config::AuthFlow::user_srp_auth); }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

Task<Result<Tokens>> sign_in(Identity& identity, std::string password) {
    PasswordRequest request{"client1", "anna@example.de", std::move(password)};
    co_return co_await identity.sign_in_with_password(std::move(request));
}

Task<Result<void>> in_by_password(Identity& identity) {
    const auto wrong = co_await sign_in(identity, "Falsch-1234");
    EXPECT_FALSE(wrong);
    EXPECT_EQ(wrong.error().reason, reason::kWrongCredentials);
    CO_TRY(const Tokens tokens, co_await sign_in(identity, kPassword));
    EXPECT_FALSE(tokens.access_token.empty());
    co_return Result<void>();
}

Task<Result<void>> in_by_srp(Identity& identity) {
    const auto wrong = co_await srp_sign_in(identity, "anna@example.de", "Falsch-1234");
    EXPECT_FALSE(wrong);
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, "anna@example.de", kPassword));
    EXPECT_FALSE(tokens.access_token.empty());
    co_return Result<void>();
}

Task<Result<void>> not_by_srp(Identity& identity) {
    const auto refused = co_await srp_sign_in(identity, "anna@example.de", kPassword);
    if (refused) co_return fail(Code::internal, "That should not have gone well.");
    EXPECT_EQ(refused.error().reason, reason::kWrongCredentials);
    co_return Result<void>();
}

TEST_F(StoredPasswordTest, a_pool_without_srp_keeps_what_no_srp_client_can_use) {
    without_srp();
    check(sign_up_and_confirm);
    check(in_by_password);
    with_srp();
    check(not_by_srp);
    check(in_by_password);  // and it is kept as a verifier from here on
    check(in_by_srp);
    without_srp();
    check(in_by_password);
    with_srp();
    check(not_by_srp);
}

TEST_F(StoredPasswordTest, a_dearer_hash_takes_the_place_of_a_cheap_one) {
    without_srp();
    check(sign_up_and_confirm);
    config_.pools[0].password.argon2id.iterations = 2;
    check(in_by_password);
    check(in_by_password);
}

Task<Result<void>> imported(Identity& identity, const char* hash) {
    AdminCreateRequest request;
    request.who.access_key_id = "DOMKTEST";
    request.pool = "Health1";
    request.username = "anna@example.de";
    request.attributes = {
        {"email", "anna@example.de"}, {"email_verified", "true"}, {"custom:country", "DE"}};
    request.password_hash = hash;
    CO_TRY(const PersonDescription made, co_await identity.administration().create(request));
    EXPECT_EQ(made.status, "CONFIRMED");
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_TRUE(mails.empty());
    co_return Result<void>();
}
Task<Result<void>> bcrypt_imported(Identity& identity) { return imported(identity, kBcrypt); }
Task<Result<void>> django_imported(Identity& identity) { return imported(identity, kDjango); }

TEST_F(StoredPasswordTest, who_was_imported_signs_in_with_the_password_of_before) {
    check(bcrypt_imported);
    check(not_by_srp);
    check(in_by_password);
    check(in_by_srp);
}

TEST_F(StoredPasswordTest, an_imported_hash_becomes_argon2id_where_no_client_speaks_srp) {
    without_srp();
    check(django_imported);
    check(in_by_password);
    check(in_by_password);
}

TEST_F(StoredPasswordTest, the_history_knows_an_imported_password) {
    config_.pools[0].password.history = 2;
    check(bcrypt_imported);
    check([](Identity& identity) -> Task<Result<void>> {
        ForgotPasswordRequest forgotten{"client1", "anna@example.de"};
        CO_TRY_VOID(co_await identity.forgot_password(std::move(forgotten)));
        CO_TRY(const std::string code, co_await code_about(identity, "reset"));
        ResetPasswordRequest same{"client1", "anna@example.de", code, kPassword};
        const auto refused = co_await identity.reset_password(std::move(same));
        EXPECT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, reason::kPasswordHistory);
        co_return Result<void>();
    });
}

TEST_F(StoredPasswordTest, a_broken_hash_or_one_beside_a_password_creates_nobody) {
    check([](Identity& identity) -> Task<Result<void>> {
        AdminCreateRequest request;
        request.who.access_key_id = "DOMKTEST";
        request.pool = "Health1";
        request.username = "anna@example.de";
        request.attributes = {{"email", "anna@example.de"}, {"custom:country", "DE"}};
        for (const char* hash : {"", "Sicher-1234", "$2b$31$abc", "$6$salt$hash"}) {
            request.password_hash = hash;
            const auto refused = co_await identity.administration().create(request);
            if (refused) co_return fail(Code::internal, "That should not have gone well.");
            EXPECT_EQ(refused.error().code, Code::invalid_argument) << hash;
        }
        request.password_hash = kBcrypt;
        request.password = kPassword;
        EXPECT_FALSE(co_await identity.administration().create(request));
        AdminRequest about{{"DOMKTEST", ""}, "Health1", "anna@example.de"};
        EXPECT_FALSE(co_await identity.administration().get(std::move(about)));
        co_return Result<void>();
    });
}

TEST_F(StoredPasswordTest, a_breached_password_is_refused_wherever_one_is_chosen) {
    check(sign_up_and_confirm);
    io::testing::TemporaryFolder folder;
    const std::string path = folder.file("breached");
    ASSERT_TRUE(
        io::system_files().write_atomic(path, to_hex(crypto::sha1("Geleakt-1234")) + ":3\n"));
    config_.pools[0].password.breached_file = path;
    check([](Identity& identity) -> Task<Result<void>> {
        auto other = sign_up_request();
        other.username = "bert@example.de";
        other.attributes["email"] = other.username;
        other.password = "Geleakt-1234";
        const auto signed_up = co_await identity.sign_up(std::move(other));
        EXPECT_FALSE(signed_up);
        EXPECT_EQ(signed_up.error().reason, reason::kPasswordPolicy);
        CO_TRY(const Tokens tokens, co_await sign_in(identity, kPassword));
        ChangePasswordRequest change{tokens.access_token, kPassword, "Geleakt-1234"};
        const auto changed = co_await identity.change_password(std::move(change));
        EXPECT_FALSE(changed);
        EXPECT_EQ(changed.error().reason, reason::kPasswordPolicy);
        ChangePasswordRequest good{tokens.access_token, kPassword, "Ungeleakt-1234"};
        CO_TRY_VOID(co_await identity.change_password(std::move(good)));
        co_return Result<void>();
    });
}

}  // namespace
}  // namespace domicile::identity::testing
