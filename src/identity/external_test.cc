// People whom another provider names, at one region; the provider is played by the test.
#include "identity/external_testing.h"

namespace domicile::identity::testing {
namespace {

Task<Result<void>> whoever_comes_again_is_the_same(Identity& identity) {
    CO_TRY(const Tokens tokens, co_await sign_in(identity, "17"));
    CO_TRY(const TokenPtr id, co_await identity.verifier().verify(tokens.id_token));
    EXPECT_EQ(id->username, "Partner_17");
    EXPECT_EQ(id->claims.at("name").as_string(), "Otto");
    EXPECT_EQ(id->claims.at("identities").at(0).at("userId").as_string(), "17");
    EXPECT_EQ(id->claims.at("identities").at(0).at("providerName").as_string(), "Partner");
    played->attributes["name"] = "Otto II";
    CO_TRY(const Tokens again, co_await sign_in(identity, "17"));
    CO_TRY(const TokenPtr second, co_await identity.verifier().verify(again.id_token));
    EXPECT_EQ(second->sub, id->sub);
    EXPECT_EQ(second->claims.at("name").as_string(), "Otto II");
    co_return Result<void>();
}

Task<Result<void>> subjects_that_differ_in_case_are_two_people(Identity& identity) {
    played->attributes.erase("email");
    CO_TRY(const std::string small, co_await sub_of(identity, "a@b.example"));
    CO_TRY(const std::string large, co_await sub_of(identity, "A@b.example"));
    EXPECT_NE(small, large);
    co_return Result<void>();
}

Task<Result<void>> without_a_country_it_is_asked_for(Identity& identity) {
    static constexpr std::array kUnserved = {"US", "nowhere"};
    for (const char* said : kUnserved) {
        played->attributes["custom:country"] = said;
        CO_TRY(const ExternalOutcome outcome, co_await come(identity, "17"));
        EXPECT_EQ(outcome.missing, std::vector<std::string>{"custom:country"}) << said;
        EXPECT_FALSE(outcome.authorized.code);
    }
    Attributes answers{{"custom:country", "DE"}, {"email_verified", "true"}};
    CO_TRY(const ExternalOutcome outcome, co_await come(identity, "17", std::move(answers)));
    EXPECT_TRUE(outcome.authorized.code);
    co_return Result<void>();
}

Task<Result<void>> an_address_of_somebody_is_never_linked(Identity& identity) {
    CO_TRY_VOID(co_await testing::sign_up_and_confirm(identity));
    played->attributes["email"] = "Anna@example.de";
    const auto refused = co_await come(identity, "17");
    EXPECT_EQ(reason_of(refused), reason::kAddressTaken);
    // An address that the provider does not vouch for takes nothing from anybody.
    played->attributes["email_verified"] = "false";
    const auto taken = co_await come(identity, "17");
    EXPECT_TRUE(taken);
    // Nor does it become theirs by a word later.
    played->attributes["email_verified"] = "true";
    CO_TRY(const Tokens tokens, co_await sign_in(identity, "17"));
    CO_TRY(const TokenPtr id, co_await identity.verifier().verify(tokens.id_token));
    EXPECT_FALSE(id->claims.at("email_verified").as_bool());
    co_return Result<void>();
}

Task<Result<void>> an_address_that_is_vouched_for_is_theirs_alone(Identity& identity) {
    CO_TRY_VOID(co_await sign_in(identity, "17"));
    SignUpRequest request = testing::sign_up_request();
    request.username = request.attributes["email"] = "otto@partner.example";
    // Answered as if it were free, and it is nobody's: theirs is the address as before.
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    PasswordRequest other{"client1", "otto@partner.example", kPassword};
    const auto nobody = co_await identity.sign_in_with_password(std::move(other));
    EXPECT_EQ(reason_of(nobody), reason::kWrongCredentials);
    co_return Result<void>();
}

Task<Result<void>> they_have_no_password(Identity& identity) {
    CO_TRY(const Tokens tokens, co_await sign_in(identity, "17"));
    PasswordRequest request{"client1", "Partner_17", ""};
    const auto by_password = co_await identity.sign_in_with_password(std::move(request));
    EXPECT_EQ(reason_of(by_password), reason::kWrongCredentials);
    const auto by_srp = co_await testing::srp_sign_in(identity, "Partner_17", kPassword);
    EXPECT_EQ(reason_of(by_srp), reason::kWrongCredentials);
    ChangePasswordRequest change{tokens.access_token, "", "Anders-1234"};
    const auto changed = co_await identity.change_password(std::move(change));
    EXPECT_EQ(reason_of(changed), reason::kWrongCredentials);
    ForgotPasswordRequest forgot{"client1", "Partner_17"};
    CO_TRY_VOID(co_await identity.forgot_password(std::move(forgot)));
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_TRUE(mails.empty());
    co_return Result<void>();
}

Task<Result<void>> nobody_signs_up_under_their_names(Identity& identity) {
    SignUpRequest request = testing::sign_up_request();
    request.username = "Partner_17";
    const auto refused = co_await identity.sign_up(std::move(request));
    EXPECT_EQ(reason_of(refused), reason::kSchema);
    co_return Result<void>();
}

Task<Result<void>> only_providers_of_the_client_are_asked(Identity& identity) {
    Attributes nothing;
    const auto other = co_await come(identity, "17", nothing, "Another");
    EXPECT_EQ(reason_of(other), reason::kProviderUnknown);
    const auto no_proof = co_await come(identity, "");
    EXPECT_EQ(reason_of(no_proof), reason::kProviderAnswer);
    co_return Result<void>();
}

Task<Result<void>> who_leaves_may_begin_anew(Identity& identity) {
    CO_TRY(const Tokens tokens, co_await sign_in(identity, "17"));
    CO_TRY(const TokenPtr before, co_await identity.verifier().verify(tokens.id_token));
    AccessTokenRequest leave{tokens.access_token};
    CO_TRY_VOID(co_await identity.delete_user(std::move(leave)));
    CO_TRY(const std::string sub, co_await sub_of(identity, "17"));
    EXPECT_NE(sub, before->sub);
    co_return Result<void>();
}

TEST_F(ExternalTest, whoever_comes_again_is_the_same) {
    ASSERT_TRUE(run(whoever_comes_again_is_the_same));
}
TEST_F(ExternalTest, subjects_that_differ_in_case_are_two_people) {
    ASSERT_TRUE(run(subjects_that_differ_in_case_are_two_people));
}
TEST_F(ExternalTest, without_a_country_it_is_asked_for) {
    ASSERT_TRUE(run(without_a_country_it_is_asked_for));
}
TEST_F(ExternalTest, an_address_of_somebody_is_never_linked) {
    ASSERT_TRUE(run(an_address_of_somebody_is_never_linked));
}
TEST_F(ExternalTest, an_address_that_is_vouched_for_is_theirs_alone) {
    ASSERT_TRUE(run(an_address_that_is_vouched_for_is_theirs_alone));
}
TEST_F(ExternalTest, they_have_no_password) { ASSERT_TRUE(run(they_have_no_password)); }
TEST_F(ExternalTest, nobody_signs_up_under_their_names) {
    ASSERT_TRUE(run(nobody_signs_up_under_their_names));
}
TEST_F(ExternalTest, only_providers_of_the_client_are_asked) {
    ASSERT_TRUE(run(only_providers_of_the_client_are_asked));
}
TEST_F(ExternalTest, who_leaves_may_begin_anew) { ASSERT_TRUE(run(who_leaves_may_begin_anew)); }

TEST(ExternalName, a_subject_that_could_be_taken_for_something_else_is_hashed) {
    EXPECT_EQ(external_username("P-1", "auth0|17"), "P-1_auth0|17");
    for (const std::string& subject : {std::string("a@b"), std::string("~x"), std::string("a b"),
                                       std::string("\xc3\xa4"), std::string(200, 'x')}) {
        const std::string name = external_username("P-1", subject);
        EXPECT_TRUE(name.starts_with("P-1_~")) << name;
        EXPECT_EQ(name.size(), 4u + 1 + 43);
        EXPECT_EQ(directory::kind_of_username(name), directory::IdentifierKind::username);
    }
    EXPECT_NE(external_username("P", "a@b"), external_username("P", "A@b"));
}

}  // namespace
}  // namespace domicile::identity::testing
