// Sign-in with challenges of the application's own: what the functions are told, that an answer
// counts once, and that nobody learns who exists.
#include "identity/custom_auth.h"

#include "identity/administration.h"
#include "identity/testing.h"
#include "identity/triggers_testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";
constexpr const char* kNobody = "nobody@example.de";

// Asks for the word until it is said, three times at most; after the password where that came.
class Application final : public SilentTriggers {
  public:
    io::Task<Result<NextChallenge>> define_auth_challenge(
        TriggerEvent event, std::vector<ChallengeResult> before) override {
        note(event);
        defined = before;
        if (next.fail || next.issue_tokens || !next.name.empty()) co_return next;
        if (before.size() == 1 && before[0].name == kSrpA) {
            co_return NextChallenge{kPasswordVerifier, false, false};
        }
        std::size_t asked = 0;
        for (const ChallengeResult& challenge : before) {
            if (challenge.name != kCustomChallenge) continue;
            if (challenge.result) co_return NextChallenge{"", true, false};
            ++asked;
        }
        if (asked == rounds) co_return NextChallenge{"", false, true};
        co_return NextChallenge{kCustomChallenge, false, false};
    }
    io::Task<Result<NewChallenge>> create_auth_challenge(TriggerEvent event,
                                                         std::vector<ChallengeResult> before,
                                                         std::string name) override {
        note(event);
        EXPECT_EQ(name, kCustomChallenge);
        co_return NewChallenge{
            {{"hint", "colour"}}, {{"word", "blue"}}, "round" + std::to_string(before.size())};
    }
    io::Task<Result<bool>> verify_auth_challenge(TriggerEvent event, Attributes hidden,
                                                 std::string answer) override {
        note(event);
        co_return hidden.at("word") == answer;
    }
    io::Task<Result<void>> ask(TriggerEvent event) override {
        note(event);
        co_return Result<void>();
    }

    void note(const TriggerEvent& event) { events.push_back(event); }
    std::vector<std::string> sources() {
        std::vector<std::string> out;
        for (const TriggerEvent& event : events) {
            out.push_back(event.source.substr(0, event.source.find('_')));
        }
        events.clear();
        return out;
    }

    std::size_t rounds = 3;
    NextChallenge next;  // whatever came before, if it says anything
    std::vector<ChallengeResult> defined;
    std::vector<TriggerEvent> events;
};
Application* app = nullptr;  // of the test that runs
config::Config* configured = nullptr;
directory::testing::StillClock* still = nullptr;

class CustomAuth : public IdentityTest {
  protected:
    CustomAuth() {
        config::Pool& pool = config_.pools[0];
        pool.clients[0].flows.push_back(config::AuthFlow::custom_auth);
        config::Client other = pool.clients[0];
        other.name = "other";
        other.id = "client2";
        pool.clients.push_back(other);
        pool.triggers.define_auth_challenge = "f";
        pool.triggers.create_auth_challenge = "f";
        pool.triggers.verify_auth_challenge = "f";
        pool.triggers.pre_authentication = "f";
        triggers_ = app = &application_;
        configured = &config_;
        still = &clock_;
    }
    ~CustomAuth() override {
        app = nullptr;
        configured = nullptr;
        still = nullptr;
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }

  private:
    Application application_;
};

Task<Result<Challenge>> started(Identity& identity, std::string username) {
    CustomStartRequest request{"client1", std::move(username), std::nullopt};
    request.client_metadata = Attributes{{"from", "start"}};
    CO_TRY(const Tokens tokens, co_await identity.start_custom(std::move(request)));
    if (!tokens.challenge) co_return fail(Code::not_found, "There is no challenge.");
    co_return *tokens.challenge;
}

Task<Result<Tokens>> answered(Identity& identity, std::string username, std::string session,
                              std::string answer) {
    CustomAnswerRequest request{"client1", std::move(username), std::move(session),
                                std::move(answer)};
    request.client_metadata = Attributes{{"from", "answer"}};
    return identity.answer_custom(std::move(request));
}

using Sources = std::vector<std::string>;

Task<Result<void>> rounds(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    app->events.clear();
    CO_TRY(const Challenge first, co_await started(identity, kAnna));
    EXPECT_EQ(first.name, kCustomChallenge);
    EXPECT_EQ(first.parameters, (Attributes{{"USERNAME", kAnna}, {"hint", "colour"}}));
    EXPECT_EQ(first.session.find("eu-central-1."), 0u);
    EXPECT_EQ(app->events.at(0).validation_data->at("from"), "start");
    EXPECT_FALSE(app->events.at(1).client_metadata);
    EXPECT_EQ(app->events.at(1).user_not_found, false);
    EXPECT_EQ(app->events.at(1).attributes.at("email"), kAnna);
    EXPECT_EQ(app->sources(),
              (Sources{"PreAuthentication", "DefineAuthChallenge", "CreateAuthChallenge"}));
    CO_TRY(const Tokens wrong, co_await answered(identity, kAnna, first.session, "red"));
    EXPECT_TRUE(wrong.access_token.empty());
    EXPECT_EQ(app->defined.size(), 1u);
    EXPECT_EQ(app->defined.at(0).name, kCustomChallenge);
    EXPECT_FALSE(app->defined.at(0).result);
    EXPECT_EQ(app->defined.at(0).metadata, "round0");
    EXPECT_EQ(app->events.at(1).client_metadata->at("from"), "answer");
    EXPECT_EQ(app->sources(), (Sources{"VerifyAuthChallengeResponse", "DefineAuthChallenge",
                                       "CreateAuthChallenge"}));
    CO_TRY(const Tokens right,
           co_await answered(identity, kAnna, wrong.challenge->session, "blue"));
    EXPECT_FALSE(right.access_token.empty());
    EXPECT_TRUE(app->defined.at(1).result);
    co_return Result<void>();
}
TEST_F(CustomAuth, challenges_follow_until_the_application_is_content) { check(rounds); }

Task<Result<void>> once(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Challenge asked, co_await started(identity, kAnna));
    const auto elses = co_await answered(identity, "berta@example.de", asked.session, "blue");
    EXPECT_EQ(elses.error().reason, reason::kSessionInvalid);
    CustomAnswerRequest other{"client2", kAnna, asked.session, "blue"};
    const auto other_client = co_await identity.answer_custom(std::move(other));
    EXPECT_EQ(other_client.error().reason, reason::kSessionInvalid);
    CO_TRY_VOID(co_await answered(identity, kAnna, asked.session, "red"));
    const auto again = co_await answered(identity, kAnna, asked.session, "blue");
    EXPECT_EQ(again.error().reason, reason::kSessionInvalid);
    CO_TRY(const Challenge late, co_await started(identity, kAnna));
    still->pass(CustomSession::kLifetime);
    const auto too_late = co_await answered(identity, kAnna, late.session, "blue");
    EXPECT_EQ(too_late.error().reason, reason::kSessionInvalid);
    const auto forged = co_await answered(identity, kAnna, "eu-central-1.AAAA", "blue");
    EXPECT_EQ(forged.error().reason, reason::kSessionInvalid);
    co_return Result<void>();
}
TEST_F(CustomAuth, a_session_is_for_one_answer_of_one_person_at_one_client) { check(once); }

// Nobody gets tokens whatever the functions say, and is asked like somebody until then.
Task<Result<void>> nobody(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Challenge known, co_await started(identity, kAnna));
    app->events.clear();
    CO_TRY(const Challenge unknown, co_await started(identity, kNobody));
    EXPECT_EQ(app->events.at(1).user_not_found, true);
    EXPECT_TRUE(app->events.at(1).attributes.empty());
    EXPECT_EQ(app->events.at(1).username, kNobody);
    EXPECT_EQ(app->sources(),
              (Sources{"PreAuthentication", "DefineAuthChallenge", "CreateAuthChallenge"}));
    EXPECT_EQ(unknown.name, known.name);
    EXPECT_EQ(unknown.session.size(), known.session.size());
    const auto right = co_await answered(identity, kNobody, unknown.session, "blue");
    EXPECT_EQ(right.error().reason, reason::kWrongCredentials);
    EXPECT_EQ(app->sources(), (Sources{"VerifyAuthChallengeResponse", "DefineAuthChallenge"}));
    configured->pools[0].reveal_existing = true;
    const auto told = co_await started(identity, kNobody);
    EXPECT_EQ(told.error().reason, reason::kUserUnknown);
    EXPECT_TRUE(app->events.empty());
    co_return Result<void>();
}
TEST_F(CustomAuth, nobody_is_asked_like_somebody_and_gets_no_tokens) { check(nobody); }

Task<Result<void>> changed(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Challenge asked, co_await started(identity, kAnna));
    Administration& admin = identity.administration();
    AdminRequest disable{admin.as("DOMKTEST"), "Health1", kAnna};
    CO_TRY_VOID(co_await admin.disable(std::move(disable)));
    const auto right = co_await answered(identity, kAnna, asked.session, "blue");
    EXPECT_EQ(right.error().reason, reason::kWrongCredentials);
    CO_TRY(const Challenge anew, co_await started(identity, kAnna));
    const auto disabled = co_await answered(identity, kAnna, anew.session, "blue");
    EXPECT_EQ(disabled.error().reason, reason::kDisabled);
    co_return Result<void>();
}
TEST_F(CustomAuth, whoever_was_changed_meanwhile_has_to_begin_again) { check(changed); }

Task<Result<void>> bounded(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    app->rounds = 1'000;
    std::size_t given = 0;
    for (const char* who : {kAnna, kNobody}) {
        CO_TRY(Challenge asked, co_await started(identity, who));
        std::string last;
        for (given = 1; given < 50 && last.empty(); ++given) {
            const auto next = co_await answered(identity, who, asked.session, "red");
            if (next) asked = *next->challenge;
            if (!next) last = next.error().reason;
        }
        EXPECT_EQ(last, reason::kWrongCredentials);
        EXPECT_EQ(given, CustomSession::kRoundsMax + 1);
        // Ten wrong answers: whoever goes on has to wait.
        const auto slowed = co_await started(identity, who);
        EXPECT_EQ(slowed.error().reason, reason::kTooManyAttempts);
    }
    co_return Result<void>();
}
TEST_F(CustomAuth, rounds_are_bounded_and_wrong_answers_slow_down) { check(bounded); }

Task<Result<void>> strange(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    for (const char* name : {"SMS_MFA", kPasswordVerifier, kSrpA}) {
        app->next = {name, false, false};
        const auto refused = co_await started(identity, kAnna);
        EXPECT_EQ(refused.error().reason, reason::kTriggerAnswer) << name;
    }
    app->next = {"", false, true};
    const auto failed = co_await started(identity, kAnna);
    EXPECT_EQ(failed.error().reason, reason::kWrongCredentials);
    std::erase(configured->pools[0].clients[0].flows, config::AuthFlow::custom_auth);
    const auto off = co_await started(identity, kAnna);
    EXPECT_EQ(off.error().reason, reason::kFlowNotEnabled);
    co_return Result<void>();
}
TEST_F(CustomAuth, what_the_application_cannot_ask_for_is_its_error) { check(strange); }

// The client's side of SRP within this flow; what the answer brings.
Task<Result<Tokens>> with_password(Identity& identity, std::string username, std::string password) {
    const std::string a = io::system_random().bytes(128);
    CustomStartRequest start{"client1", std::move(username), crypto::client_public(a)};
    CO_TRY(const Tokens begun, co_await identity.start_custom(std::move(start)));
    if (!begun.challenge) co_return fail(Code::not_found, "There is no challenge.");
    EXPECT_EQ(begun.challenge->name, kPasswordVerifier);
    const Attributes& said = begun.challenge->parameters;
    const std::string who = said.at("USER_ID_FOR_SRP");
    CO_TRY(const std::string key, crypto::client_session_key("Health1", who, password,
                                                             said.at("SALT"), a, said.at("SRP_B")));
    const std::string time = to_srp_timestamp(still->now());
    const std::string block = from_base64(said.at("SECRET_BLOCK")).value_or("");
    const std::string signature =
        to_base64(crypto::claim_signature(key, "Health1", who, block, time));
    SrpAnswerRequest answer{"client1", who, said.at("SECRET_BLOCK"), time, signature};
    co_return co_await identity.answer_srp(std::move(answer));
}

Task<Result<void>> after_srp(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens proven, co_await with_password(identity, kAnna, kPassword));
    EXPECT_TRUE(proven.access_token.empty());
    EXPECT_EQ(proven.challenge->name, kCustomChallenge);
    EXPECT_EQ(app->defined.size(), 2u);
    EXPECT_EQ(app->defined.at(1).name, kPasswordVerifier);
    EXPECT_TRUE(app->defined.at(1).result);
    CO_TRY(const Tokens in, co_await answered(identity, kAnna, proven.challenge->session, "blue"));
    EXPECT_FALSE(in.access_token.empty());
    for (const auto& [who, password] :
         {std::pair(kAnna, "Falsch-1234"), std::pair(kNobody, kPassword)}) {
        const auto wrong = co_await with_password(identity, who, password);
        EXPECT_EQ(wrong.error().reason, reason::kWrongCredentials) << who;
        EXPECT_EQ(app->defined.size(), 1u);
    }
    co_return Result<void>();
}
TEST_F(CustomAuth, the_password_may_come_first) { check(after_srp); }

}  // namespace
}  // namespace domicile::identity::testing
