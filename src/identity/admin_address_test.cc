// Addresses that administrators change: in force at once, found by everywhere, and never half done.
#include "identity/administration.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";
constexpr const char* kAnne = "Anne@example.org";
constexpr const char* kBert = "bert@example.de";
constexpr const char* kPhone = "+4915112345678";
constexpr const char* kOtherPhone = "+4915187654321";

class AdminAddressTest : public IdentityTest {
  protected:
    AdminAddressTest() {
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        self_ = this;
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
    static AdminAddressTest* self_;  // of the test that runs

  public:
    static int& commits_left() { return self_->store_->commits_left; }
};
AdminAddressTest* AdminAddressTest::self_ = nullptr;

// Without a number if there is none; the address is proven.
Task<Result<void>> make(Identity& identity, std::string username, std::string email,
                        std::string phone = "") {
    AdminCreateRequest request;
    request.who.access_key_id = "DOMKTEST";
    request.pool = "Health1";
    request.username = username;
    request.attributes["custom:country"] = "DE";
    if (!email.empty()) request.attributes["email"] = std::move(email);
    if (!phone.empty()) request.attributes["phone_number"] = std::move(phone);
    request.attributes["email_verified"] = "true";
    request.send_mail = false;
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await admin.create(std::move(request)));
    AdminPasswordRequest permanent{{"DOMKTEST", ""}, "Health1", username, kPassword, true};
    CO_TRY_VOID(co_await admin.set_password(std::move(permanent)));
    co_return Result<void>();
}

// Why it was refused; empty when it was not.
Task<std::string> write(Identity& identity, std::string username, Attributes attributes) {
    AdminAttributesRequest request{
        {"DOMKTEST", ""}, "Health1", std::move(username), std::move(attributes)};
    const auto done = co_await identity.administration().update(std::move(request));
    if (done) co_return std::string();
    const std::string& reason = done.error().reason;
    co_return reason.empty() ? std::string(to_string(done.error().code)) : reason;
}

Task<std::string> set(Identity& identity, std::string username, std::string name,
                      std::string value) {
    Attributes attributes;
    attributes[std::move(name)] = std::move(value);
    co_return co_await write(identity, std::move(username), std::move(attributes));
}

Task<Result<PersonDescription>> look(Identity& identity, std::string username) {
    AdminRequest request{{"DOMKTEST", ""}, "Health1", std::move(username)};
    return identity.administration().get(std::move(request));
}

Task<Result<Tokens>> sign_in(Identity& identity, std::string username) {
    PasswordRequest request{"client1", std::move(username), kPassword};
    return identity.sign_in_with_password(std::move(request));
}

Task<Result<void>> another_address(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await sign_in(identity, kAnna));
    ForgotPasswordRequest forgotten{"client1", kAnna};
    CO_TRY_VOID(co_await identity.forgot_password(std::move(forgotten)));
    CO_TRY(const std::string code, co_await code_about(identity, "reset"));
    Attributes wanted{{"email", kAnne}, {"name", "Anne"}};
    EXPECT_EQ(co_await write(identity, kAnna, std::move(wanted)), "");

    const auto old = co_await look(identity, kAnna);
    EXPECT_EQ(old.error().reason, reason::kUserUnknown);
    CO_TRY(const PersonDescription now, co_await look(identity, "anne@Example.org"));
    EXPECT_EQ(now.username, kAnne);
    EXPECT_EQ(now.attributes.at("email"), kAnne);
    EXPECT_EQ(now.attributes.at("email_verified"), "false");
    EXPECT_EQ(now.attributes.at("name"), "Anne");
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnne, kPassword));
    AccessTokenRequest who{tokens.access_token};
    CO_TRY_VOID(co_await identity.get_user(std::move(who)));  // sessions go on
    // Whoever reads the old address has no way in.
    for (const char* name : {kAnna, kAnne}) {
        ResetPasswordRequest reset{"client1", name, code, "Anders-5678"};
        const auto opened = co_await identity.reset_password(std::move(reset));
        EXPECT_FALSE(opened) << name;
    }
    CO_TRY_VOID(co_await make(identity, kAnna, kAnna));  // the old one is free
    co_return Result<void>();
}
TEST_F(AdminAddressTest, an_address_that_is_said_is_in_force_at_once_and_not_proven) {
    check(another_address);
}

Task<Result<void>> said_to_be_proven(Identity& identity) {
    CO_TRY_VOID(co_await make(identity, "anna", kAnna));
    const auto verified = [](const PersonDescription& person) {
        return person.attributes.at("email_verified");
    };
    // The same one in another writing is no other.
    EXPECT_EQ(co_await set(identity, "anna", "email", "ANNA@example.de"), "");
    CO_TRY(PersonDescription person, co_await look(identity, "anna"));
    EXPECT_EQ(person.attributes.at("email"), "ANNA@example.de");
    EXPECT_EQ(verified(person), "true");
    EXPECT_EQ(co_await set(identity, "anna", "email", kAnne), "");
    CO_TRY(person, co_await look(identity, "anna"));
    EXPECT_EQ(person.username, "anna");
    EXPECT_EQ(verified(person), "false");
    EXPECT_EQ(co_await set(identity, "anna", "email_verified", "true"), "");
    CO_TRY(person, co_await look(identity, "anna"));
    EXPECT_EQ(verified(person), "true");
    Attributes back{{"email", kAnna}, {"email_verified", "true"}};
    EXPECT_EQ(co_await write(identity, "anna", std::move(back)), "");
    CO_TRY(person, co_await look(identity, "anna"));
    EXPECT_EQ(verified(person), "true");
    EXPECT_EQ(person.attributes.at("email"), kAnna);
    co_return Result<void>();
}
TEST_F(AdminAddressTest, who_says_that_an_address_is_proven_is_believed) {
    check(said_to_be_proven);
}

Task<Result<void>> taken(Identity& identity) {
    CO_TRY_VOID(co_await make(identity, "anna", kAnna, kPhone));
    CO_TRY_VOID(co_await make(identity, "bert", kBert));
    EXPECT_EQ(co_await set(identity, "bert", "email", kAnna), reason::kAliasExists);
    EXPECT_EQ(co_await set(identity, "bert", "phone_number", kPhone), reason::kAliasExists);
    // One of two is enough, and then neither is theirs.
    Attributes both{{"email", kAnne}, {"phone_number", kPhone}};
    EXPECT_EQ(co_await write(identity, "bert", std::move(both)), reason::kAliasExists);
    CO_TRY(const PersonDescription bert, co_await look(identity, "bert"));
    EXPECT_EQ(bert.attributes.at("email"), kBert);
    EXPECT_FALSE(bert.attributes.contains("phone_number"));
    EXPECT_EQ(co_await set(identity, "anna", "email", kAnne), "");
    EXPECT_EQ(co_await set(identity, "bert", "email", kAnna), "");
    co_return Result<void>();
}
TEST_F(AdminAddressTest, an_address_of_somebody_else_is_refused) { check(taken); }

Task<Result<void>> phones(Identity& identity) {
    CO_TRY_VOID(co_await make(identity, "anna", kAnna));
    for (int i = 0; i < 10; ++i) {
        Attributes both{{"email", kAnne}, {"phone_number", kPhone}};
        both["phone_number_verified"] = "true";
        EXPECT_EQ(co_await write(identity, "anna", std::move(both)), "");
        CO_TRY(const PersonDescription there, co_await look(identity, "anna"));
        EXPECT_EQ(there.attributes.at("phone_number_verified"), "true");
        EXPECT_EQ(there.attributes.at("email_verified"), "false");
        EXPECT_EQ(co_await set(identity, "anna", "phone_number", kOtherPhone), "");
        Attributes back{{"phone_number", ""}, {"email", kAnna}};
        EXPECT_EQ(co_await write(identity, "anna", std::move(back)), "");
        EXPECT_EQ(co_await set(identity, "anna", "phone_number", ""), "");
    }
    CO_TRY(const PersonDescription anna, co_await look(identity, "anna"));
    EXPECT_FALSE(anna.attributes.contains("phone_number"));
    EXPECT_FALSE(anna.attributes.contains("phone_number_verified"));
    EXPECT_EQ(co_await set(identity, "anna", "email", ""), "");
    CO_TRY_VOID(co_await make(identity, kAnna, "", kPhone));
    CO_TRY_VOID(co_await make(identity, "cleo", "", kOtherPhone));
    CO_TRY_VOID(co_await sign_in(identity, "anna"));
    const std::string name = "x+4915100000002";  // is no number
    CO_TRY_VOID(co_await make(identity, name, "", "+4915100000002"));
    EXPECT_EQ(co_await set(identity, name, "phone_number", "+4915100000003"), "");
    CO_TRY_VOID(co_await sign_in(identity, name));
    co_return Result<void>();
}
TEST_F(AdminAddressTest, numbers_come_and_go_and_what_went_is_anybodys) { check(phones); }

Task<Result<void>> amid_a_wish(Identity& identity) {
    CO_TRY_VOID(co_await make(identity, "anna", kAnna));
    CO_TRY(const Tokens tokens, co_await sign_in(identity, "anna"));
    for (const char* said : {kAnne, "other@example.de"}) {
        AttributesRequest wish{tokens.access_token, {{"email", kAnne}}};
        CO_TRY_VOID(co_await identity.update_attributes(std::move(wish)));
        CO_TRY(const std::string code, co_await code_about(identity, "verification"));
        EXPECT_EQ(co_await set(identity, "anna", "email", said), "");
        ProveAttributeRequest prove{tokens.access_token, "email", code};
        const auto late = co_await identity.prove_attribute(std::move(prove));
        EXPECT_EQ(late.error().reason, reason::kCodeExpired);
        CO_TRY(const PersonDescription anna, co_await look(identity, "anna"));
        EXPECT_EQ(anna.attributes.at("email"), said);
        EXPECT_EQ(co_await set(identity, "anna", "email", kAnna), "");
    }
    co_return Result<void>();
}
// Opening replays what was given up.
Task<Result<void>> take_what_was_wished(Identity& identity) {
    CO_TRY_VOID(co_await make(identity, kAnne, kAnne));
    co_return Result<void>();
}
TEST_F(AdminAddressTest, what_the_person_had_asked_for_is_over) {
    check(amid_a_wish);
    check(take_what_was_wished);
}

Task<Result<void>> unconfirmed(Identity& identity) {
    auto request = sign_up_request();
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    EXPECT_EQ(co_await set(identity, kAnna, "email", kAnne), reason::kSchema);
    EXPECT_EQ(co_await set(identity, kAnna, "name", "Anna"), "");
    co_return Result<void>();
}
TEST_F(AdminAddressTest, who_is_not_confirmed_keeps_the_address_that_the_code_went_to) {
    check(unconfirmed);
}

Task<Result<void>> settle(Identity& identity) { return make(identity, kAnna, kAnna); }
// Out of reach after so many changes of the directory: of the claim, the hand-over, the old key.
Task<Result<void>> cut_off(Identity& identity) {
    const int reached = AdminAddressTest::commits_left();
    EXPECT_EQ(co_await set(identity, kAnna, "email", kAnne), "unavailable");
    AdminAddressTest::commits_left() = -1;
    if (reached == 0) {
        CO_TRY(const PersonDescription same, co_await look(identity, kAnna));
        EXPECT_EQ(same.attributes.at("email"), kAnna);
    }
    co_return Result<void>();
}
// Opening replays.
Task<Result<void>> is_anna(Identity& identity) {
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnna, kPassword));
    CO_TRY_VOID(co_await make(identity, kAnne, kAnne));
    co_return Result<void>();
}
Task<Result<void>> is_anne(Identity& identity) {
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnne, kPassword));
    CO_TRY_VOID(co_await make(identity, kAnna, kAnna));
    co_return Result<void>();
}
TEST_F(AdminAddressTest, a_change_that_cannot_be_begun_is_none) {
    check(settle);
    commits_left() = 0;
    check(cut_off);
    check(is_anna);
}
TEST_F(AdminAddressTest, a_change_that_is_on_record_is_finished_later) {
    for (const int reached : {1, 2}) {
        SCOPED_TRACE(reached);
        check(settle);
        commits_left() = reached;
        check(cut_off);
        check(is_anne);
        check([](Identity& identity) -> Task<Result<void>> {
            for (const char* name : {kAnna, kAnne}) {
                AdminRequest request{{"DOMKTEST", ""}, "Health1", name};
                CO_TRY_VOID(co_await identity.administration().remove(std::move(request)));
            }
            co_return Result<void>();
        });
    }
}

}  // namespace
}  // namespace domicile::identity::testing
