// Pools whose people are each region's own (ADR 0033): `residency: triggers`.
#include "base/encoding.h"
#include "crypto/srp.h"
#include "identity/administration.h"
#include "identity/external.h"
#include "identity/oauth.h"
#include "identity/regions_testing.h"
#include "identity/testing.h"
#include "identity/triggers_testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnn = "ann@example.org";
constexpr const char* kOtherPassword = "Anders-1234";

// Why it was refused; empty when it was not.
template <class T>
Task<std::string> refusal(Task<Result<T>> task) {
    const auto done = co_await std::move(task);
    co_return done ? std::string() : done.error().reason;
}

// ---- Three regions -----------------------------------------------------------------------------

// As when no quorum is there.
class AwayStore final : public kv::Store {
  public:
    Task<Result<kv::TransactionResult>> commit(kv::Transaction) override { co_return away(); }
    Task<Result<std::optional<kv::Entry>>> get(std::string) override { co_return away(); }
    Task<Result<std::vector<kv::Entry>>> range(std::string, std::string, std::size_t) override {
        co_return away();
    }
    Task<Result<std::vector<kv::Change>>> changes(std::int64_t, std::size_t) override {
        co_return away();
    }

  private:
    static std::unexpected<Error> away() { return fail(Code::unavailable, "Away."); }
};

// Signs people up at the region of their country, and in where they say that they are.
class Placement final : public SilentTriggers {
  public:
    Task<Result<PreSignUpAnswer>> pre_sign_up(TriggerEvent event) override {
        const auto country = event.attributes.find("custom:country");
        for (std::size_t i = 0; i < kRegions.size(); ++i) {
            const bool is_here = event.pool_id == kRegions[i] + "_Health1";
            if (is_here && country->second == kCountries[i]) co_return PreSignUpAnswer();
        }
        co_return fail(Code::failed_precondition, "Sign up at home.", reason::kTriggerRefused);
    }
    Task<Result<void>> ask(TriggerEvent event) override {
        asked.push_back(event.pool_id + (*event.user_not_found ? " unknown" : " known"));
        co_return Result<void>();
    }
    std::vector<std::string> asked;
};

class StandingAlone : public ::testing::Test {
  protected:
    StandingAlone() { world_.config.pools[0].residency = config::Residency::triggers; }
    void check(Journey journey) {
        const auto done = run_in_regions(world_, journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
    // Of the directory that are no public keys of regions.
    std::size_t entries_about_people() {
        return io::run_task<Result<std::vector<kv::Entry>>>(
                   [&] { return world_.store->range("k/", "", 100); })
                   .value()
                   .size() +
               io::run_task<Result<std::vector<kv::Entry>>>(
                   [&] { return world_.store->range("f/", "", 100); })
                   .value()
                   .size();
    }
    bool anything_crossed() {
        for (const std::string& region : kRegions) {
            const auto log = io::system_files().read(world_.folder.file(region + ".log"), 1 << 20);
            if (!log || log->find("crossing") != std::string::npos) return true;
        }
        return false;
    }
    World world_;
};

Task<Result<SignUpResult>> settle_at(Nodes& nodes, std::size_t at, std::string country,
                                     std::string password) {
    auto request = person_of(country);
    request.password = std::move(password);
    CO_TRY(SignUpResult made, co_await nodes[at]->identity.sign_up(std::move(request)));
    CO_TRY(std::string code, co_await code_at(nodes, at, "verification"));
    ConfirmRequest confirm{"client1", kAnn, std::move(code)};
    CO_TRY_VOID(co_await nodes[at]->identity.confirm_sign_up(std::move(confirm)));
    co_return made;
}

Task<Result<void>> two_people(Nodes& nodes) {
    CO_TRY(const SignUpResult first, co_await settle_at(nodes, kAu, "DE", kPasswordOfAnn));
    CO_TRY(const SignUpResult second, co_await settle_at(nodes, kUs, "XX", kOtherPassword));
    EXPECT_NE(first.sub, second.sub);
    for (std::size_t at : {kAu, kEu, kUs}) {
        for (const auto& [made, home] : {std::pair{first, kAu}, std::pair{second, kUs}}) {
            CO_TRY(const bool resident, co_await nodes[at]->identity.is_resident(made.sub));
            EXPECT_EQ(resident, at == home) << kRegions[at];
        }
        const auto as_first = co_await refusal(sign_in_at(nodes, at, kPasswordOfAnn));
        EXPECT_EQ(as_first, at == kAu ? "" : reason::kWrongCredentials) << kRegions[at];
        const auto as_second = co_await refusal(sign_in_at(nodes, at, kOtherPassword));
        EXPECT_EQ(as_second, at == kUs ? "" : reason::kWrongCredentials) << kRegions[at];
        CO_TRY(const std::size_t mails, co_await mails_at(nodes, at));
        EXPECT_EQ(mails, at == kEu ? 0u : 1u) << kRegions[at];
    }
    // Asked for where nobody is, as if there were somebody.
    ForgotPasswordRequest forgotten{"client1", kAnn};
    CO_TRY(const CodeDelivery sent,
           co_await nodes[kEu]->identity.forgot_password(std::move(forgotten)));
    EXPECT_EQ(sent.destination, "a***@e***");
    ConfirmRequest confirm{"client1", kAnn, "123456"};
    const auto guess = co_await refusal(nodes[kEu]->identity.confirm_sign_up(std::move(confirm)));
    EXPECT_EQ(guess, reason::kCodeMismatch);
    CO_TRY(const Tokens tokens, co_await sign_in_at(nodes, kUs, kOtherPassword));
    AccessTokenRequest leaving{tokens.access_token};
    CO_TRY_VOID(co_await nodes[kUs]->identity.delete_user(std::move(leaving)));
    CO_TRY_VOID(co_await sign_in_at(nodes, kAu, kPasswordOfAnn));
    CO_TRY_VOID(co_await settle_at(nodes, kEu, "US", kOtherPassword));
    co_return Result<void>();
}

TEST_F(StandingAlone, one_address_is_somebody_else_in_each_region_and_nobody_hears_of_others) {
    check(two_people);
    EXPECT_EQ(entries_about_people(), 0u);
    EXPECT_FALSE(anything_crossed());
}

TEST_F(StandingAlone, a_region_needs_no_directory_for_its_people) {
    world_.store = std::make_shared<AwayStore>();
    check(two_people);
}

Task<Result<SrpAnswerRequest>> srp_at(Nodes& nodes, std::size_t at) {
    const std::string a(128, 'a');
    SrpStartRequest start{"client1", kAnn, crypto::client_public(a)};
    CO_TRY(const SrpChallenge challenge, co_await nodes[at]->identity.start_srp(std::move(start)));
    const std::string time = to_srp_timestamp(io::system_clock().now());
    CO_TRY(const std::string key,
           crypto::client_session_key("Health1", challenge.user_id_for_srp, kPasswordOfAnn,
                                      challenge.salt_hex, a, challenge.srp_b_hex));
    const std::string block = from_base64(challenge.secret_block).value_or("");
    const std::string signature =
        to_base64(crypto::claim_signature(key, "Health1", challenge.user_id_for_srp, block, time));
    co_return SrpAnswerRequest{"client1", challenge.user_id_for_srp, challenge.secret_block, time,
                               signature};
}

Task<Result<void>> brought_elsewhere(Nodes& nodes) {
    CO_TRY_VOID(co_await settle_at(nodes, kAu, "AU", kPasswordOfAnn));
    CO_TRY(const Tokens tokens, co_await sign_in_at(nodes, kAu, kPasswordOfAnn));
    CO_TRY(const SrpAnswerRequest proof, co_await srp_at(nodes, kAu));
    for (std::size_t at : {kEu, kUs, kAu}) {
        const bool is_home = at == kAu;
        Identity& identity = nodes[at]->identity;
        const auto said = [&](const char* otherwise) { return is_home ? "" : otherwise; };
        AccessTokenRequest own{tokens.access_token};
        const auto user = co_await refusal(identity.get_user(std::move(own)));
        EXPECT_EQ(user, said(reason::kAccessInvalid)) << kRegions[at];
        RefreshRequest refresh{"client1", *tokens.refresh_token};
        const auto refreshed = co_await refusal(identity.refresh(std::move(refresh)));
        EXPECT_EQ(refreshed, said(reason::kRefreshInvalid)) << kRegions[at];
        const auto proven = co_await refusal(identity.answer_srp(proof));
        EXPECT_EQ(proven, said(reason::kWrongCredentials)) << kRegions[at];
        InspectRequest inspect{"client1", tokens.access_token};
        CO_TRY(const TokenState state, co_await identity.oauth().inspect(std::move(inspect)));
        EXPECT_EQ(state.active, is_home) << kRegions[at];
        // What it says of itself is believed everywhere, so that APIs can go by it.
        CO_TRY(const TokenPtr token, co_await identity.verifier().verify(tokens.access_token));
        EXPECT_EQ(token->home, kRegions[kAu]);
        RevokeRequest revoke{"client1", *tokens.refresh_token};
        CO_TRY_VOID(co_await identity.revoke(std::move(revoke)));
    }
    RefreshRequest refresh{"client1", *tokens.refresh_token};
    const auto refreshed = co_await refusal(nodes[kAu]->identity.refresh(std::move(refresh)));
    EXPECT_EQ(refreshed, reason::kRefreshRevoked);
    co_return Result<void>();
}

TEST_F(StandingAlone, what_one_region_gave_out_is_unknown_to_the_others) {
    check(brought_elsewhere);
    EXPECT_FALSE(anything_crossed());
}

Task<Result<void>> sessions_elsewhere(Nodes& nodes) {
    CO_TRY_VOID(co_await settle_at(nodes, kAu, "AU", kPasswordOfAnn));
    CO_TRY(const Tokens asked, co_await sign_in_at(nodes, kAu, kPasswordOfAnn));
    EXPECT_EQ(asked.challenge->name, kMfaSetup);
    for (std::size_t at : {kEu, kAu}) {
        AssociateRequest associate{std::nullopt, asked.challenge->session};
        const auto done = co_await refusal(nodes[at]->identity.associate(std::move(associate)));
        EXPECT_EQ(done, at == kAu ? "" : reason::kSessionInvalid) << kRegions[at];
    }
    co_return Result<void>();
}

TEST_F(StandingAlone, a_challenge_goes_on_where_it_began_and_nowhere_else) {
    world_.config.pools[0].mfa = config::Mfa::required;
    check(sessions_elsewhere);
    EXPECT_FALSE(anything_crossed());
}

template <class Request>
Task<Code> sent(Nodes& nodes, const char* type, Request request) {
    json::value payload = to_message(request);
    const Instant deadline = io::deadline_in(Millis(5'000));
    const auto answer =
        co_await nodes[kUs]->border.call(kRegions[kAu], type, std::move(payload), deadline);
    co_return answer ? Code::internal : answer.error().code;
}

// A region of another version, or one that lies.
Task<Result<void>> asked_all_the_same(Nodes& nodes) {
    CO_TRY_VOID(co_await settle_at(nodes, kAu, "AU", kPasswordOfAnn));
    CO_TRY(const Tokens tokens, co_await sign_in_at(nodes, kAu, kPasswordOfAnn));
    std::vector<Code> refused;
    PasswordRequest password{"client1", kAnn, kPasswordOfAnn};
    refused.push_back(co_await sent(nodes, message::kPassword, password));
    refused.push_back(co_await sent(nodes, message::kWithdraw, password));
    AccessTokenRequest own{tokens.access_token};
    refused.push_back(co_await sent(nodes, message::kGetUser, own));
    AdminCreateRequest creation;
    creation.pool = "Health1";
    creation.username = "bob@example.org";
    refused.push_back(co_await sent(nodes, message::kAdminCreate, creation));
    AddressNotice notice{"Health1", to_base64(std::string(16, 'k'))};
    refused.push_back(co_await sent(nodes, message::kAddressWanted, notice));
    BrowserSignIn browser;
    browser.asked.client_id = "client1";
    refused.push_back(co_await sent(nodes, message::kOAuthSignIn, browser));
    EXPECT_EQ(refused, std::vector(6, Code::permission_denied));
    co_return Result<void>();
}

TEST_F(StandingAlone, other_regions_are_told_nothing) { check(asked_all_the_same); }

Task<Result<void>> administered_where_they_are(Nodes& nodes) {
    AdminCreateRequest creation;
    creation.who.access_key_id = "DOMKTEST";
    creation.pool = "Health1";
    creation.username = kAnn;
    creation.attributes = {{"email", kAnn}, {"custom:country", "DE"}};
    creation.send_mail = false;
    for (std::size_t at : {kAu, kUs}) {
        CO_TRY(const auto made, co_await nodes[at]->identity.administration().create(creation));
        const AdminRequest by_sub{creation.who, "Health1", made.sub};
        for (std::size_t asked : {kAu, kEu, kUs}) {
            const auto found =
                co_await refusal(nodes[asked]->identity.administration().get(by_sub));
            EXPECT_EQ(found, asked == at ? "" : reason::kUserUnknown) << kRegions[asked];
        }
    }
    const AdminRequest by_name{creation.who, "Health1", kAnn};
    CO_TRY_VOID(co_await nodes[kAu]->identity.administration().remove(by_name));
    CO_TRY_VOID(co_await nodes[kUs]->identity.administration().get(by_name));
    co_return Result<void>();
}

TEST_F(StandingAlone, people_are_administered_in_their_region) {
    check(administered_where_they_are);
    EXPECT_EQ(entries_about_people(), 0u);
    EXPECT_FALSE(anything_crossed());
}

Placement* placement = nullptr;  // of the test that runs

Task<Result<void>> placed(Nodes& nodes) {
    auto wrong = person_of("AU");
    const auto refused = co_await nodes[kUs]->identity.sign_up(std::move(wrong));
    EXPECT_EQ(refused.error().reason, reason::kTriggerRefused);
    EXPECT_EQ(refused.error().message, "Sign up at home.");
    CO_TRY_VOID(co_await settle_at(nodes, kAu, "AU", kPasswordOfAnn));
    CO_TRY_VOID(co_await sign_in_at(nodes, kAu, kPasswordOfAnn));
    (void)co_await sign_in_at(nodes, kUs, kPasswordOfAnn);
    EXPECT_EQ(placement->asked, (std::vector<std::string>{"ap-southeast-2_Health1 known",
                                                          "us-east-2_Health1 unknown"}));
    co_return Result<void>();
}

TEST_F(StandingAlone, functions_of_the_region_that_is_asked_place_people) {
    Placement own;
    placement = &own;
    world_.triggers = &own;
    world_.config.pools[0].triggers.pre_sign_up = "f";
    world_.config.pools[0].triggers.pre_authentication = "f";
    check(placed);
    EXPECT_FALSE(anything_crossed());
    placement = nullptr;
}

// ---- One of them -------------------------------------------------------------------------------

class AloneTest : public IdentityTest {
  protected:
    AloneTest() {
        config_.pools[0].residency = config::Residency::triggers;
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
    Result<void> start() {
        return run([](Identity&) -> Task<Result<void>> { co_return Result<void>(); });
    }
};

TEST_F(AloneTest, a_sign_up_that_is_not_confirmed_ends_with_its_keys) {
    check([](Identity& identity) -> Task<Result<void>> {
        auto request = sign_up_request();
        CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
        co_return Result<void>();
    });
    EXPECT_EQ(rows_of("region_keys"), 2);  // the address and the sub
    clock_.pass(Millis(3'600'001));
    ASSERT_TRUE(start());
    EXPECT_EQ(rows_of("identity_users"), 0);
    EXPECT_EQ(rows_of("region_keys"), 0);
}

Task<Result<void>> address_taken_here(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    auto again = sign_up_request();
    again.password = kOtherPassword;
    CO_TRY(const SignUpResult hidden, co_await identity.sign_up(std::move(again)));
    EXPECT_FALSE(hidden.confirmed);
    CO_TRY(const bool resident, co_await identity.is_resident(hidden.sub));
    EXPECT_FALSE(resident);
    CO_TRY(const std::size_t mails, co_await mails_once(identity, 2));
    EXPECT_EQ(mails, 2u);  // her code, and that somebody wants the address
    co_return Result<void>();
}

TEST_F(AloneTest, an_address_is_one_persons_within_the_region) { check(address_taken_here); }

Task<Result<void>> address_changed(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    PasswordRequest enter{"client1", "anna@example.de", kPassword};
    CO_TRY(const Tokens tokens, co_await identity.sign_in_with_password(std::move(enter)));
    // No country leads to another home.
    AttributesRequest change{
        tokens.access_token,
        {{"email", "anne@example.de"}, {"custom:country", "US"}, {"name", "Anne"}}};
    CO_TRY_VOID(co_await identity.update_attributes(std::move(change)));
    CO_TRY(const auto mails, co_await identity.outbox(10));
    std::string code;
    for (const Mail& mail : mails) {
        if (mail.to != "anne@example.de") continue;
        code = mail.text.substr(mail.text.find_first_of("0123456789"), 6);
    }
    ProveAttributeRequest prove{tokens.access_token, "email", std::move(code)};
    CO_TRY_VOID(co_await identity.prove_attribute(std::move(prove)));
    PasswordRequest renamed{"client1", "anne@example.de", kPassword};
    CO_TRY_VOID(co_await identity.sign_in_with_password(std::move(renamed)));
    PasswordRequest former{"client1", "anna@example.de", kPassword};
    const auto old = co_await refusal(identity.sign_in_with_password(std::move(former)));
    EXPECT_EQ(old, reason::kWrongCredentials);
    co_return Result<void>();
}

TEST_F(AloneTest, a_new_address_takes_the_place_of_the_old_one) {
    check(address_changed);
    EXPECT_EQ(rows_of("region_keys"), 2);
}

TEST_F(AloneTest, who_leaves_leaves_no_key) {
    check([](Identity& identity) -> Task<Result<void>> {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, "anna@example.de", kPassword));
        AccessTokenRequest leaving{tokens.access_token};
        CO_TRY_VOID(co_await identity.delete_user(std::move(leaving)));
        co_return Result<void>();
    });
    EXPECT_EQ(rows_of("identity_users"), 0);
    EXPECT_EQ(rows_of("region_keys"), 0);
}

// Says whom a former directory knows; a country that nobody serves.
class FormerPeople final : public SilentTriggers {
  public:
    Task<Result<MigratedUser>> migrate_user(TriggerEvent, std::optional<std::string>) override {
        co_return MigratedUser{{{"email", kAnn}, {"custom:country", "XX"}}, true};
    }
};

TEST_F(AloneTest, people_of_a_former_directory_are_at_home_where_they_come) {
    FormerPeople former;
    triggers_ = &former;
    config_.pools[0].triggers.user_migration = "f";
    check([](Identity& identity) -> Task<Result<void>> {
        PasswordRequest enter{"client1", kAnn, kPassword};
        CO_TRY_VOID(co_await identity.sign_in_with_password(std::move(enter)));
        co_return Result<void>();
    });
    EXPECT_EQ(rows_of("region_keys"), 2);
}

// A provider that says no country.
class Elsewhere final : public ExternalProviders {
  public:
    Task<Result<ExternalPerson>> identify(const config::Pool*, ExternalProof) override {
        co_return ExternalPerson{"17", {{"email", kAnn}, {"email_verified", "true"}}};
    }
};

Task<Result<void>> from_elsewhere(Identity& identity) {
    BrowserExternal request;
    request.asked.client_id = "client1";
    request.asked.redirect_uri = "https://app.example/cb";
    request.asked.scope = "openid";
    request.asked.code_challenge = std::string(43, 'c');
    request.proof.provider = "Partner";
    for (int i = 0; i < 2; ++i) {
        CO_TRY(const ExternalOutcome outcome, co_await identity.oauth().external(request));
        EXPECT_TRUE(outcome.missing.empty());
        EXPECT_TRUE(outcome.authorized.code);
    }
    co_return Result<void>();
}

TEST_F(AloneTest, who_comes_from_another_provider_is_not_asked_for_a_country) {
    Elsewhere provider;
    providers_ = &provider;
    config::OAuth oauth;
    oauth.redirect_uris = {"https://app.example/cb"};
    oauth.identity_providers = {"COGNITO", "Partner"};
    config_.pools[0].clients[0].oauth = oauth;
    config::IdentityProvider partner;
    partner.name = "Partner";
    config_.pools[0].identity_providers.push_back(partner);
    check(from_elsewhere);
    EXPECT_EQ(rows_of("identity_users"), 1);
    EXPECT_EQ(rows_of("region_keys"), 3);  // the name, the address, the sub
}

TEST_F(AloneTest, a_pool_that_has_people_does_not_start_with_another_residency) {
    using config::Residency;
    for (const Residency first : {Residency::triggers, Residency::directory}) {
        SCOPED_TRACE(static_cast<int>(first));
        const Residency second =
            first == Residency::triggers ? Residency::directory : Residency::triggers;
        config_.pools[0].residency = second;
        ASSERT_TRUE(start());  // nobody is there
        config_.pools[0].residency = first;
        check(sign_up_and_confirm);
        config_.pools[0].residency = second;
        const auto refused = start();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::failed_precondition);
        EXPECT_NE(refused.error().message.find("pools.health.residency"), std::string::npos);
        config_.pools[0].residency = first;
        check([](Identity& identity) -> Task<Result<void>> {
            CO_TRY(const Tokens tokens,
                   co_await srp_sign_in(identity, "anna@example.de", kPassword));
            AccessTokenRequest leaving{tokens.access_token};
            CO_TRY_VOID(co_await identity.delete_user(std::move(leaving)));
            co_return Result<void>();
        });
    }
}

}  // namespace
}  // namespace domicile::identity::testing
