// Names that people sign in with beside their user name.
#include "identity/aliases.h"

#include "identity/administration.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kMail = "anna@example.de";

class AliasesTest : public IdentityTest {
  protected:
    AliasesTest() {
        using config::Alias;
        config::Pool& pool = config_.pools[0];
        pool.aliases = {Alias::email, Alias::phone_number, Alias::preferred_username};
        pool.clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        pool.reveal_existing = true;
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

Task<Result<void>> make(Identity& identity, std::string username, Attributes attributes) {
    AdminCreateRequest request;
    request.who.access_key_id = "DOMKTEST";
    request.pool = "Health1";
    request.username = username;
    request.attributes = std::move(attributes);
    request.attributes["custom:country"] = "DE";
    request.send_mail = false;
    CO_TRY_VOID(co_await identity.administration().create(std::move(request)));
    AdminPasswordRequest permanent{{"DOMKTEST", ""}, "Health1", username, kPassword, true};
    CO_TRY_VOID(co_await identity.administration().set_password(std::move(permanent)));
    co_return Result<void>();
}

Task<Result<Tokens>> sign_in(Identity& identity, std::string name) {
    PasswordRequest request{"client1", std::move(name), kPassword};
    co_return co_await identity.sign_in_with_password(std::move(request));
}

Task<bool> gets_in(Identity& identity, std::string name) {
    const auto tokens = co_await sign_in(identity, std::move(name));
    co_return tokens.has_value();
}

// Why an attribute could not be written; empty when it was.
Task<std::string> write(Identity& identity, std::string who, std::string name, std::string value) {
    const auto tokens = co_await sign_in(identity, std::move(who));
    if (!tokens) co_return "no tokens";
    AttributesRequest request;
    request.access_token = tokens->access_token;
    request.attributes[std::move(name)] = std::move(value);
    const auto done = co_await identity.update_attributes(std::move(request));
    if (done) co_return std::string();
    co_return done.error().reason;
}

Task<Result<void>> proven_addresses(Identity& identity) {
    const Attributes proven{{"email", kMail},
                            {"email_verified", "true"},
                            {"phone_number", "+4915112345678"},
                            {"phone_number_verified", "false"}};
    CO_TRY_VOID(co_await make(identity, "anna", proven));
    EXPECT_TRUE(co_await gets_in(identity, "anna"));
    EXPECT_TRUE(co_await gets_in(identity, "Anna@example.DE"));
    EXPECT_FALSE(co_await gets_in(identity, "+4915112345678"));
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, kMail, kPassword));
    AccessTokenRequest own{tokens.access_token};
    CO_TRY(const User user, co_await identity.get_user(std::move(own)));
    EXPECT_EQ(user.username, "anna");

    Attributes flag{{"phone_number_verified", "true"}};
    AdminAttributesRequest prove{{"DOMKTEST", ""}, "Health1", kMail, std::move(flag)};
    CO_TRY_VOID(co_await identity.administration().update(std::move(prove)));
    EXPECT_TRUE(co_await gets_in(identity, "+4915112345678"));
    co_return Result<void>();
}
TEST_F(AliasesTest, addresses_let_people_in_once_they_are_proven) { check(proven_addresses); }

Task<Result<void>> confirmed_by_code(Identity& identity) {
    SignUpRequest request{
        "client1", "anna", kPassword, {{"email", kMail}, {"custom:country", "DE"}}};
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    EXPECT_FALSE(co_await gets_in(identity, kMail));
    CO_TRY(const std::string code, co_await code_about(identity, "verification"));
    ConfirmRequest confirm{"client1", "anna", code};
    CO_TRY_VOID(co_await identity.confirm_sign_up(std::move(confirm)));
    EXPECT_TRUE(co_await gets_in(identity, kMail));
    co_return Result<void>();
}
TEST_F(AliasesTest, a_confirmed_sign_up_proves_its_address) { check(confirmed_by_code); }

Task<Result<void>> forgotten(Identity& identity) {
    const Attributes proven{{"email", kMail}, {"email_verified", "true"}};
    CO_TRY_VOID(co_await make(identity, "anna", proven));
    ForgotPasswordRequest forgot{"client1", kMail};
    CO_TRY_VOID(co_await identity.forgot_password(std::move(forgot)));
    CO_TRY(const std::string code, co_await code_about(identity, "reset"));
    ResetPasswordRequest reset{"client1", "anna", code, "Anders-5678"};
    CO_TRY_VOID(co_await identity.reset_password(std::move(reset)));
    CO_TRY_VOID(co_await srp_sign_in(identity, kMail, "Anders-5678"));
    co_return Result<void>();
}
TEST_F(AliasesTest, a_code_asked_for_by_one_name_is_good_with_another) { check(forgotten); }

Task<Result<void>> preferred(Identity& identity) {
    const Attributes none, bertie{{"preferred_username", "bertie"}};
    CO_TRY_VOID(co_await make(identity, "anna", none));
    CO_TRY_VOID(co_await make(identity, "bert", bertie));
    EXPECT_TRUE(co_await gets_in(identity, "bertie"));
    for (const char* taken : {"bert", "bertie"}) {
        EXPECT_EQ(co_await write(identity, "anna", "preferred_username", taken),
                  reason::kAliasExists)
            << taken;
    }
    EXPECT_EQ(co_await write(identity, "anna", "preferred_username", "a@example.de"),
              reason::kAttribute);
    EXPECT_EQ(co_await write(identity, "anna", "preferred_username", "annie"), "");
    EXPECT_TRUE(co_await gets_in(identity, "annie"));
    EXPECT_EQ(co_await write(identity, "annie", "preferred_username", "nan"), "");
    EXPECT_TRUE(co_await gets_in(identity, "nan"));
    EXPECT_FALSE(co_await gets_in(identity, "annie"));
    EXPECT_EQ(co_await write(identity, "bert", "preferred_username", "annie"), "");  // is free
    EXPECT_FALSE(co_await gets_in(identity, "bertie"));

    const auto twice = co_await make(identity, "nan", none);
    EXPECT_EQ(twice.error().reason, reason::kUserExists);
    EXPECT_EQ(co_await write(identity, "nan", "preferred_username", ""), "");
    EXPECT_FALSE(co_await gets_in(identity, "nan"));
    EXPECT_TRUE(co_await gets_in(identity, "anna"));
    CO_TRY_VOID(co_await make(identity, "nan", none));
    co_return Result<void>();
}
TEST_F(AliasesTest, a_preferred_user_name_is_one_persons_and_may_change) { check(preferred); }

Task<Result<void>> forms(Identity& identity) {
    for (const char* name : {kMail, "+4915112345678"}) {
        SignUpRequest request{
            "client1", name, kPassword, {{"email", kMail}, {"custom:country", "DE"}}};
        const auto refused = co_await identity.sign_up(std::move(request));
        EXPECT_EQ(refused.error().reason, reason::kSchema) << name;
    }
    SignUpRequest early{"client1",
                        "anna",
                        kPassword,
                        {{"email", kMail}, {"custom:country", "DE"}, {"preferred_username", "an"}}};
    const auto refused = co_await identity.sign_up(std::move(early));
    EXPECT_EQ(refused.error().reason, reason::kSchema);
    co_return Result<void>();
}
TEST_F(AliasesTest, user_names_have_no_form_of_an_alias) { check(forms); }

Task<Result<void>> gone(Identity& identity) {
    const Attributes none, annie{{"preferred_username", "annie"}};
    CO_TRY_VOID(co_await make(identity, "anna", annie));
    AdminRequest removal{{"DOMKTEST", ""}, "Health1", "annie"};
    CO_TRY_VOID(co_await identity.administration().remove(std::move(removal)));
    CO_TRY_VOID(co_await make(identity, "annie", none));
    co_return Result<void>();
}
TEST_F(AliasesTest, an_alias_goes_with_its_person) { check(gone); }

}  // namespace
}  // namespace domicile::identity::testing
