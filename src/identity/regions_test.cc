// What people do at a region that is not their home.
#include "base/encoding.h"
#include "identity/administration.h"
#include "identity/regions_testing.h"

namespace domicile::identity::testing {
namespace {

Result<void> run(Journey journey) {
    World world;
    return run_in_regions(world, journey);
}

Task<Result<void>> wrong_endpoints(Nodes& nodes) {
    auto request = person_of("AU");
    CO_TRY(const SignUpResult made, co_await nodes[kUs]->identity.sign_up(std::move(request)));
    CO_TRY(const auto mails, co_await nodes[kAu]->identity.outbox(10));
    EXPECT_EQ(mails.size(), 1u);
    const std::string& text = mails.at(0).text;
    ConfirmRequest confirm{"client1", "ann@example.org",
                           text.substr(text.find_first_of("0123456789"), 6)};
    CO_TRY_VOID(co_await nodes[kEu]->identity.confirm_sign_up(std::move(confirm)));
    PasswordRequest password{"client1", "ann@example.org", kPasswordOfAnn};
    CO_TRY(const Tokens tokens,
           co_await nodes[kUs]->identity.sign_in_with_password(std::move(password)));
    AccessTokenRequest who{tokens.access_token};
    CO_TRY(const User user, co_await nodes[kEu]->identity.get_user(std::move(who)));
    EXPECT_EQ(user.sub, made.sub);
    for (std::size_t at : {kAu, kEu, kUs}) {
        CO_TRY(const bool resident, co_await nodes[at]->identity.is_resident(made.sub));
        EXPECT_EQ(resident, at == kAu) << kRegions[at];
        CO_TRY(const std::size_t count, co_await mails_at(nodes, at));
        EXPECT_EQ(count, at == kAu ? 1u : 0u) << kRegions[at];
    }
    co_return Result<void>();
}

TEST(Regions, a_person_signed_up_through_wrong_endpoints_is_at_home_only) {
    const auto done = run(wrong_endpoints);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

// Somebody of Australia, by way of the two others.
Task<Result<void>> settle(Nodes& nodes) {
    auto request = person_of("AU");
    CO_TRY_VOID(co_await nodes[kUs]->identity.sign_up(std::move(request)));
    CO_TRY(std::string code, co_await code_at(nodes, kAu, "verification"));
    ConfirmRequest confirm{"client1", "ann@example.org", std::move(code)};
    CO_TRY_VOID(co_await nodes[kEu]->identity.confirm_sign_up(std::move(confirm)));
    co_return Result<void>();
}

Task<Result<void>> passwords_elsewhere(Nodes& nodes) {
    CO_TRY_VOID(co_await settle(nodes));
    ForgotPasswordRequest forgotten{"client1", "ann@example.org"};
    CO_TRY_VOID(co_await nodes[kUs]->identity.forgot_password(std::move(forgotten)));
    CO_TRY(std::string code, co_await code_at(nodes, kAu, "reset"));
    ResetPasswordRequest reset{"client1", "ann@example.org", std::move(code), "Anders-1234"};
    CO_TRY_VOID(co_await nodes[kEu]->identity.reset_password(std::move(reset)));
    CO_TRY(const Tokens tokens, co_await sign_in_at(nodes, kUs, "Anders-1234"));
    ChangePasswordRequest change{tokens.access_token, "Anders-1234", "Drittes-1234"};
    CO_TRY_VOID(co_await nodes[kUs]->identity.change_password(std::move(change)));
    CO_TRY_VOID(co_await sign_in_at(nodes, kEu, "Drittes-1234"));
    for (std::size_t at : {kEu, kUs}) {
        CO_TRY(const std::size_t count, co_await mails_at(nodes, at));
        EXPECT_EQ(count, 0u) << kRegions[at];
    }
    co_return Result<void>();
}

TEST(Regions, a_password_is_replaced_and_changed_through_wrong_endpoints) {
    const auto done = run(passwords_elsewhere);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

Task<Result<void>> corrected_country(Nodes& nodes) {
    auto mistaken = person_of("US");
    CO_TRY_VOID(co_await nodes[kUs]->identity.sign_up(std::move(mistaken)));
    auto stranger = person_of("DE");
    stranger.password = "Anders-1234";
    CO_TRY_VOID(co_await nodes[kUs]->identity.sign_up(std::move(stranger)));
    CO_TRY(const std::size_t at_strangers, co_await mails_at(nodes, kEu, "verification"));
    EXPECT_EQ(at_strangers, 0u);
    auto corrected = person_of("DE");
    CO_TRY_VOID(co_await nodes[kUs]->identity.sign_up(std::move(corrected)));
    CO_TRY(const std::size_t abandoned, co_await mails_at(nodes, kUs));
    EXPECT_EQ(abandoned, 0u);
    CO_TRY(const std::size_t at_home, co_await mails_at(nodes, kEu, "verification"));
    EXPECT_EQ(at_home, 1u);
    co_return Result<void>();
}

TEST(Regions, a_corrected_country_moves_an_unconfirmed_sign_up_for_whoever_knows_the_password) {
    const auto done = run(corrected_country);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

// Whoever lives where signs up with Ann's address at their own home, through the region beside it.
Task<Result<void>> wanted_elsewhere(Nodes& nodes) {
    CO_TRY_VOID(co_await settle(nodes));
    for (std::size_t home : {kEu, kUs, kAu}) {
        auto request = person_of(kCountries[home]);
        request.password = "Anders-1234";
        const std::size_t through = (home + 1) % kRegions.size();
        CO_TRY(const SignUpResult asked,
               co_await nodes[through]->identity.sign_up(std::move(request)));
        EXPECT_FALSE(asked.confirmed);
        EXPECT_EQ(asked.delivery->destination, "a***@e***");
        CO_TRY(const bool resident, co_await nodes[home]->identity.is_resident(asked.sub));
        EXPECT_FALSE(resident);
        ConfirmRequest confirm{"client1", "ann@example.org", "123456"};
        const auto wrong = co_await nodes[through]->identity.confirm_sign_up(std::move(confirm));
        EXPECT_EQ(wrong.error().reason, reason::kCodeMismatch) << kRegions[home];
    }
    CO_TRY_VOID(co_await mails_once(nodes[kAu]->identity, 2));
    for (std::size_t at : {kAu, kEu, kUs}) {
        CO_TRY(const std::size_t count, co_await mails_at(nodes, at));
        EXPECT_EQ(count, at == kAu ? 2u : 0u) << kRegions[at];  // her own code, and one notice
    }
    CO_TRY_VOID(co_await sign_in_at(nodes, kEu, kPasswordOfAnn));
    const auto others = co_await sign_in_at(nodes, kEu, "Anders-1234");
    EXPECT_EQ(others.error().reason, reason::kWrongCredentials);
    co_return Result<void>();
}

TEST(Regions, the_owner_of_an_address_is_told_at_home_that_somebody_wants_it_elsewhere) {
    const auto done = run(wanted_elsewhere);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

// What a region says that means no good.
Task<Result<void>> told_lies(Nodes& nodes) {
    CO_TRY_VOID(co_await settle(nodes));
    using Kind = directory::IdentifierKind;
    const auto key = nodes[kUs]->directory.key("Health1", Kind::email, "ann@example.org");
    const std::string text = to_base64(key.bytes);
    std::vector<AddressNotice> notices;
    notices.push_back({"Health1", text});
    notices.push_back({"Health1", text});
    notices.push_back({"Other", text});
    notices.push_back({"Health1", "x"});
    notices.push_back({"Health1", to_base64(std::string(16, 'x'))});
    for (const AddressNotice& notice : notices) {
        json::value payload = to_message(notice);
        const Instant deadline = io::deadline_in(Millis(5'000));
        (void)co_await nodes[kUs]->border.call(kRegions[kAu], message::kAddressWanted,
                                               std::move(payload), deadline);
    }
    CO_TRY(const std::size_t mails, co_await mails_at(nodes, kAu));
    EXPECT_EQ(mails, 2u);
    co_return Result<void>();
}

TEST(Regions, a_region_that_tells_of_an_address_again_and_again_causes_one_mail) {
    const auto done = run(told_lies);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

Task<Result<void>> administered(Nodes& nodes) {
    CO_TRY_VOID(co_await settle(nodes));
    const AdminRequest request{{"DOMKTEST", ""}, "Health1", "ann@example.org"};
    CO_TRY_VOID(co_await nodes[kAu]->identity.administration().get(request));
    const auto far = co_await nodes[kEu]->identity.administration().get(request);
    EXPECT_EQ(far.error().reason, reason::kPersonElsewhere);
    // A region that sends it all the same.
    json::value payload = to_message(request);
    const Instant deadline = io::deadline_in(Millis(5'000));
    const auto sent = co_await nodes[kEu]->border.call(kRegions[kAu], message::kAdminGet,
                                                       std::move(payload), deadline);
    EXPECT_EQ(sent.error().code, Code::permission_denied);
    AdminCreateRequest creation;
    creation.pool = "Health1";
    creation.username = "bob@example.org";
    creation.attributes = {{"email", "bob@example.org"}, {"custom:country", "US"}};
    CO_TRY(const auto made,
           co_await nodes[kEu]->identity.administration().create(std::move(creation)));
    for (std::size_t at : {kAu, kEu, kUs}) {
        CO_TRY(const bool resident, co_await nodes[at]->identity.is_resident(made.sub));
        EXPECT_EQ(resident, at == kUs) << kRegions[at];
    }
    co_return Result<void>();
}

TEST(Regions, administrators_of_another_jurisdiction_create_people_and_do_no_more) {
    const auto done = run(administered);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

}  // namespace
}  // namespace domicile::identity::testing
