// Where the application's functions take part in sign-up and sign-in, and what they change.
#include "identity/triggers.h"

#include "crypto/jwt.h"
#include "identity/administration.h"
#include "identity/testing.h"
#include "identity/triggers_testing.h"

namespace domicile::identity::testing {
namespace {

// Notes what was asked; refuses the source that it is told to.
class FakeTriggers final : public SilentTriggers {
  public:
    io::Task<Result<PreSignUpAnswer>> pre_sign_up(TriggerEvent event) override {
        CO_TRY_VOID(noted(std::move(event)));
        co_return sign_up;
    }
    io::Task<Result<void>> ask(TriggerEvent event) override { co_return noted(std::move(event)); }
    io::Task<Result<TokenChanges>> pre_token_generation(TriggerEvent event,
                                                        config::TokenEvent version,
                                                        GroupChanges groups) override {
        CO_TRY_VOID(noted(std::move(event)));
        EXPECT_EQ(version, config::TokenEvent::v2);
        told_groups = std::move(groups);
        co_return changes;
    }

    std::vector<std::string> sources() {
        std::vector<std::string> out;
        for (const TriggerEvent& event : events) out.push_back(event.source);
        events.clear();
        return out;
    }

    PreSignUpAnswer sign_up;
    TokenChanges changes;
    GroupChanges told_groups;
    std::string refuses;
    std::vector<TriggerEvent> events;

  private:
    Result<void> noted(TriggerEvent event) {
        events.push_back(std::move(event));
        if (events.back().source != refuses) return {};
        return fail(Code::failed_precondition, "No.", reason::kTriggerRefused);
    }
};
FakeTriggers* fake = nullptr;  // of the test that runs

class TriggersTest : public IdentityTest {
  protected:
    TriggersTest() {
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        config::Triggers& triggers = config_.pools[0].triggers;
        triggers.pre_sign_up = "f";
        triggers.post_confirmation = "f";
        triggers.pre_authentication = "f";
        triggers.post_authentication = "f";
        triggers.pre_token_generation = {"f", config::TokenEvent::v2};
        triggers_ = fake = &functions_;
    }
    ~TriggersTest() override { fake = nullptr; }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }

  private:
    FakeTriggers functions_;
};

using Sources = std::vector<std::string>;
constexpr const char* kAnna = "anna@example.de";

json::object claims_of(const std::string& token) {
    const auto from = token.find('.') + 1;
    return *parse_json_object(*from_base64url(token.substr(from, token.find('.', from) - from)));
}

Task<Result<Tokens>> enter(Identity& identity, std::string password = kPassword) {
    PasswordRequest request{"client1", kAnna, std::move(password)};
    request.client_metadata = Attributes{{"device", "phone"}};
    return identity.sign_in_with_password(std::move(request));
}

Task<Result<void>> order(Identity& identity) {
    auto request = sign_up_request();
    request.validation_data = Attributes{{"captcha", "x"}};
    CO_TRY(const SignUpResult signed_up, co_await identity.sign_up(std::move(request)));
    EXPECT_FALSE(signed_up.confirmed);
    EXPECT_EQ(fake->events.at(0).pool_id, "eu-central-1_Health1");
    EXPECT_EQ(fake->events.at(0).client_id, "client1");
    EXPECT_EQ(fake->events.at(0).username, kAnna);
    EXPECT_EQ(fake->events.at(0).validation_data->at("captcha"), "x");
    EXPECT_FALSE(fake->events.at(0).attributes.contains("sub"));
    EXPECT_EQ(fake->sources(), (Sources{"PreSignUp_SignUp"}));
    CO_TRY(std::string code, co_await code_about(identity, "verification"));
    ConfirmRequest confirm{"client1", kAnna, std::move(code)};
    CO_TRY_VOID(co_await identity.confirm_sign_up(std::move(confirm)));
    EXPECT_EQ(fake->events.at(0).attributes.at("sub"), signed_up.sub);
    EXPECT_EQ(fake->events.at(0).attributes.at("cognito:user_status"), "CONFIRMED");
    EXPECT_EQ(fake->sources(), (Sources{"PostConfirmation_ConfirmSignUp"}));
    CO_TRY(const Tokens tokens, co_await enter(identity));
    EXPECT_EQ(fake->events.at(0).user_not_found, false);
    EXPECT_EQ(fake->events.at(0).validation_data->at("device"), "phone");
    EXPECT_EQ(fake->sources(),
              (Sources{"PreAuthentication_Authentication", "PostAuthentication_Authentication",
                       "TokenGeneration_Authentication"}));
    (void)co_await enter(identity, "Falsch-12345");
    EXPECT_EQ(fake->sources(), (Sources{"PreAuthentication_Authentication"}));
    RefreshRequest refresh{"client1", *tokens.refresh_token};
    CO_TRY_VOID(co_await identity.refresh(std::move(refresh)));
    EXPECT_EQ(fake->sources(), (Sources{"TokenGeneration_RefreshTokens"}));
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnna, kPassword));
    EXPECT_EQ(fake->sources(),
              (Sources{"PreAuthentication_Authentication", "PostAuthentication_Authentication",
                       "TokenGeneration_Authentication"}));
    co_return Result<void>();
}
Task<Result<void>> creating(Identity& identity) {
    AdminCreateRequest create;
    create.who = {"DOMKTEST", "eu-central-1"};
    create.pool = "Health1";
    create.username = kAnna;
    create.attributes = {{"email", kAnna}, {"custom:country", "DE"}};
    create.validation_data = Attributes{{"captcha", "x"}};
    create.client_metadata = Attributes{{"device", "phone"}};
    Administration& administration = identity.administration();
    fake->refuses = "PreSignUp_AdminCreateUser";
    const auto refused = co_await administration.create(create);
    EXPECT_EQ(refused.error().reason, reason::kTriggerRefused);
    AdminRequest about{create.who, "Health1", kAnna};
    const auto nobody = co_await administration.get(about);
    EXPECT_EQ(nobody.error().reason, reason::kUserUnknown);
    fake->refuses.clear();
    fake->sign_up = {true, true, true};
    fake->events.clear();
    CO_TRY(const PersonDescription made, co_await administration.create(create));
    EXPECT_EQ(made.status, "FORCE_CHANGE_PASSWORD");
    EXPECT_EQ(made.attributes.at("email_verified"), "false");
    const TriggerEvent& event = fake->events.at(0);
    EXPECT_EQ(event.username, kAnna);
    EXPECT_EQ(event.client_id, "CLIENT_ID_NOT_APPLICABLE");
    EXPECT_EQ(event.pool_id, "eu-central-1_Health1");
    EXPECT_EQ(event.validation_data->at("captcha"), "x");
    EXPECT_EQ(event.client_metadata->at("device"), "phone");
    EXPECT_EQ(event.attributes.at("email"), kAnna);
    CO_TRY_VOID(co_await administration.invite_again(create));
    const auto there = co_await administration.create(create);
    EXPECT_EQ(there.error().reason, reason::kUserExists);
    EXPECT_EQ(fake->sources(), (Sources{"PreSignUp_AdminCreateUser"}));
    co_return Result<void>();
}
TEST_F(TriggersTest, whom_an_administrator_makes_a_function_can_only_refuse) { check(creating); }

TEST_F(TriggersTest, each_has_its_place) { check(order); }

// Whoever asks learns from neither the answer nor the work whether there is somebody (I8).
Task<Result<void>> unknown(Identity& identity) {
    const auto nobody = co_await enter(identity);
    EXPECT_EQ(nobody.error().reason, reason::kWrongCredentials);
    EXPECT_EQ(fake->events.at(0).user_not_found, true);
    EXPECT_EQ(fake->events.at(0).username, kAnna);
    EXPECT_TRUE(fake->events.at(0).attributes.empty());
    EXPECT_EQ(fake->sources(), (Sources{"PreAuthentication_Authentication"}));
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    fake->events.clear();
    auto again = sign_up_request();
    CO_TRY_VOID(co_await identity.sign_up(std::move(again)));
    EXPECT_EQ(fake->sources(), (Sources{"PreSignUp_SignUp"}));
    co_return Result<void>();
}
TEST_F(TriggersTest, they_run_for_unknown_people_as_for_known_ones) { check(unknown); }

Task<Result<void>> refused(Identity& identity) {
    fake->refuses = "PreSignUp_SignUp";
    auto request = sign_up_request();
    const auto no_sign_up = co_await identity.sign_up(std::move(request));
    EXPECT_EQ(no_sign_up.error().reason, reason::kTriggerRefused);
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_TRUE(mails.empty());
    fake->refuses.clear();
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    for (const char* source :
         {"PreAuthentication_Authentication", "PostAuthentication_Authentication",
          "TokenGeneration_Authentication"}) {
        fake->refuses = source;
        const auto no_tokens = co_await enter(identity);
        EXPECT_EQ(no_tokens.error().reason, reason::kTriggerRefused) << source;
        const auto by_srp = co_await srp_sign_in(identity, kAnna, kPassword);
        EXPECT_EQ(by_srp.error().reason, reason::kTriggerRefused) << source;
    }
    fake->refuses.clear();
    CO_TRY_VOID(co_await enter(identity));
    co_return Result<void>();
}
TEST_F(TriggersTest, what_they_refuse_does_not_happen) { check(refused); }

Task<Result<void>> confirmed_at_once(Identity& identity) {
    for (const bool verify : {false, true}) {
        fake->sign_up = {true, verify, false};
        SignUpRequest request = sign_up_request();
        request.username = verify ? kAnna : "berta@example.de";
        request.attributes["email"] = request.username;
        PasswordRequest password{"client1", request.username, kPassword};
        fake->events.clear();
        CO_TRY(const SignUpResult result, co_await identity.sign_up(std::move(request)));
        EXPECT_TRUE(result.confirmed);
        EXPECT_FALSE(result.delivery);
        EXPECT_EQ(fake->sources(), (Sources{"PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"}));
        CO_TRY(const auto mails, co_await identity.outbox(10));
        EXPECT_TRUE(mails.empty());
        CO_TRY(const Tokens tokens, co_await identity.sign_in_with_password(std::move(password)));
        EXPECT_EQ(claims_of(tokens.id_token).at("email_verified"), verify);
    }
    co_return Result<void>();
}
TEST_F(TriggersTest, a_sign_up_may_be_confirmed_at_once) { check(confirmed_at_once); }

// The sign-up before that waits for its code goes; nobody else's address is taken.
Task<Result<void>> confirmed_later(Identity& identity) {
    SignUpRequest first = sign_up_request();
    CO_TRY_VOID(co_await identity.sign_up(first));
    fake->sign_up.confirm = true;
    SignUpRequest other = first;
    other.password = "Anderes-1234";
    const auto stranger = co_await identity.sign_up(std::move(other));
    EXPECT_EQ(stranger.error().reason, reason::kUserExists);
    CO_TRY(const SignUpResult again, co_await identity.sign_up(first));
    EXPECT_TRUE(again.confirmed);
    CO_TRY_VOID(co_await enter(identity));
    co_return Result<void>();
}
TEST_F(TriggersTest, a_repeated_sign_up_may_be_confirmed_too) { check(confirmed_later); }

Task<Result<void>> claims(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    Group group;
    group.name = "members";
    CO_TRY_VOID(co_await identity.administration().here().create_group(
        identity.administration().as("DOMKTEST"), "Health1", std::move(group)));
    AdminGroupRequest join{identity.administration().as("DOMKTEST"), "Health1", kAnna, "members"};
    CO_TRY_VOID(co_await identity.administration().add_to_group(std::move(join)));
    fake->changes.id.add = {{"tier", "gold"},
                            {"sub", "somebody"},
                            {"custom:region", "elsewhere"},
                            {"cognito:username", "root"}};
    fake->changes.id.suppress = {"email", "iss"};
    fake->changes.access.add = {{"limits", json::object{{"n", 1}}}, {"scope", "everything"}};
    fake->changes.access.add_scopes = {"read"};
    fake->changes.access.suppress_scopes = {"aws.cognito.signin.user.admin"};
    fake->changes.groups = GroupChanges{{"guests"}, {}, std::nullopt};
    CO_TRY(const Tokens tokens, co_await enter(identity));
    EXPECT_EQ(fake->told_groups.names, (Sources{"members"}));
    const json::object id = claims_of(tokens.id_token);
    EXPECT_EQ(id.at("tier"), "gold");
    EXPECT_NE(id.at("sub"), "somebody");
    EXPECT_EQ(id.at("custom:region"), "eu-central-1");
    EXPECT_EQ(id.at("cognito:username"), kAnna);
    EXPECT_FALSE(id.contains("email"));
    EXPECT_TRUE(id.contains("iss"));
    const json::object access = claims_of(tokens.access_token);
    EXPECT_EQ(access.at("limits"), (json::object{{"n", 1}}));
    EXPECT_EQ(access.at("scope"), "read");
    for (const json::object& token : {id, access}) {
        EXPECT_EQ(token.at("cognito:groups"), json::array{"guests"});
    }
    co_return Result<void>();
}
TEST_F(TriggersTest, tokens_say_what_is_asked_for_but_not_who_and_where_somebody_is) {
    check(claims);
}

}  // namespace
}  // namespace domicile::identity::testing
