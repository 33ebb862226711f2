// Sign-in with a code that is mailed (EMAIL_OTP): for one use, for one session, with bounds on
// mails and on guesses, and the same for people who do not exist.
#include "identity/administration.h"
#include "identity/passkeys.h"
#include "identity/testing.h"
#include "identity/triggers_testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";
constexpr const char* kNobody = "otto@example.de";

directory::testing::StillClock* now = nullptr;  // of the test that runs

// Hears what functions are asked.
class Listener final : public SilentTriggers {
  public:
    io::Task<Result<void>> ask(TriggerEvent event) override {
        sources.push_back(event.source);
        const bool refuses = refused == event.source;
        if (refuses) co_return fail(Code::failed_precondition, "No.", reason::kTriggerRefused);
        co_return Result<void>();
    }
    io::Task<Result<MessageWords>> custom_message(TriggerEvent event, bool) override {
        sources.push_back(event.source);
        if (event.source != "CustomMessage_Authentication") co_return MessageWords();
        co_return MessageWords{"Hello", "<b>{####}</b>", std::nullopt};
    }
    std::vector<std::string> sources;
    std::string refused;
};

class MailedCode : public IdentityTest {
  protected:
    MailedCode() {
        config::Pool& pool = config_.pools[0];
        pool.clients[0].flows.push_back(config::AuthFlow::user_auth);
        pool.email_otp = true;
        now = &clock_;
    }
    ~MailedCode() override { now = nullptr; }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

Task<Result<Tokens>> ask_for_code(Identity& identity, std::string username,
                                  std::optional<std::string> preferred = kByMail) {
    ChoiceRequest request;
    request.client_id = "client1";
    request.username = std::move(username);
    request.preferred = std::move(preferred);
    return identity.passkeys().choose(std::move(request));
}

Task<Result<Tokens>> answer_with(Identity& identity, Challenge asked, std::string code,
                                 std::string username = kAnna) {
    ChoiceAnswerRequest request;
    request.client_id = "client1";
    request.challenge = asked.name;
    request.session = asked.session;
    request.proof.username = std::move(username);
    request.proof.code = std::move(code);
    return identity.passkeys().answer(std::move(request));
}

// Why it was refused; empty when it was not.
Task<std::string> tried_with(Identity& identity, Challenge asked, std::string code,
                             std::string username = kAnna) {
    const auto done =
        co_await answer_with(identity, std::move(asked), std::move(code), std::move(username));
    co_return done ? std::string() : done.error().reason;
}

Task<Result<std::string>> mailed_code(Identity& identity) {
    CO_TRY(const auto mails, co_await identity.outbox(1));
    if (mails.empty()) co_return fail(Code::not_found, "There is no mail.");
    EXPECT_EQ(mails[0].to, kAnna);
    const std::size_t at = mails[0].text.find_first_of("0123456789");
    co_return mails[0].text.substr(at, 8);
}

struct Asked {
    Challenge challenge;
    std::string code;
};
// The time passes, so that the newest mail is the newest.
Task<Result<Asked>> asked_code(Identity& identity) {
    now->pass(Millis(1'000));
    CO_TRY(const Tokens asked, co_await ask_for_code(identity, kAnna));
    Asked out{*asked.challenge, ""};
    CO_TRY(out.code, co_await mailed_code(identity));
    co_return out;
}

std::string other_code(std::string code) { return wrong_code(std::move(code)); }

Task<Result<void>> whole_way(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Asked asked, co_await asked_code(identity));
    EXPECT_EQ(asked.challenge.name, "EMAIL_OTP");
    EXPECT_EQ(asked.challenge.available,
              (std::vector<std::string>{"PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"}));
    EXPECT_EQ(asked.challenge.parameters, (Attributes{{"CODE_DELIVERY_DELIVERY_MEDIUM", "EMAIL"},
                                                      {"CODE_DELIVERY_DESTINATION", "a***@e***"}}));
    EXPECT_EQ(asked.code.find_first_not_of("0123456789"), asked.code.npos);
    CO_TRY(const auto mails, co_await identity.outbox(1));
    EXPECT_EQ(mails[0].subject, "Your sign-in code");
    CO_TRY(const Tokens got, co_await answer_with(identity, asked.challenge, asked.code));
    EXPECT_FALSE(got.challenge);
    EXPECT_TRUE(got.refresh_token);
    AccessTokenRequest asks{got.access_token};
    CO_TRY(const AuthFactors has, co_await identity.passkeys().factors(std::move(asks)));
    EXPECT_EQ(has.factors, (std::vector<std::string>{"PASSWORD", "EMAIL_OTP"}));
    co_return Result<void>();
}
TEST_F(MailedCode, signs_somebody_in) { check(whole_way); }

Task<Result<void>> chosen(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    now->pass(Millis(1'000));
    CO_TRY(const Tokens list, co_await ask_for_code(identity, kAnna, std::nullopt));
    EXPECT_EQ(list.challenge->name, "SELECT_CHALLENGE");
    CO_TRY(const auto before, co_await identity.outbox(10));
    EXPECT_EQ(before.size(), 1u);
    ChoiceAnswerRequest request;
    request.client_id = "client1";
    request.challenge = list.challenge->name;
    request.session = list.challenge->session;
    request.choice = "EMAIL_OTP";
    request.proof.username = kAnna;
    CO_TRY(const Tokens asked, co_await identity.passkeys().answer(std::move(request)));
    EXPECT_EQ(asked.challenge->name, "EMAIL_OTP");
    CO_TRY(std::string code, co_await mailed_code(identity));
    CO_TRY_VOID(co_await answer_with(identity, *asked.challenge, std::move(code)));
    co_return Result<void>();
}
TEST_F(MailedCode, can_be_chosen_from_the_list) { check(chosen); }

Task<Result<void>> one_use_of_it(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Asked asked, co_await asked_code(identity));
    EXPECT_EQ(co_await tried_with(identity, asked.challenge, other_code(asked.code)),
              reason::kCodeMismatch);
    EXPECT_EQ(co_await tried_with(identity, asked.challenge, asked.code), "");
    EXPECT_EQ(co_await tried_with(identity, asked.challenge, asked.code), reason::kCodeExpired);
    co_return Result<void>();
}
TEST_F(MailedCode, is_for_one_use) { check(one_use_of_it); }

Task<Result<void>> five_tries_of_it(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Asked asked, co_await asked_code(identity));
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(co_await tried_with(identity, asked.challenge, other_code(asked.code)),
                  reason::kCodeMismatch);
    }
    EXPECT_EQ(co_await tried_with(identity, asked.challenge, asked.code), reason::kCodeExpired);
    co_return Result<void>();
}
TEST_F(MailedCode, takes_five_tries) { check(five_tries_of_it); }

// Ten are free; those of other sessions count too.
Task<Result<void>> many_sessions(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    for (const char* name : {kAnna, kNobody}) {
        Asked last;
        for (int i = 0; i < 10; ++i) {
            if (i % 5 == 0) {
                now->pass(Millis(1'000));
                CO_TRY(const Tokens asked, co_await ask_for_code(identity, name));
                last.challenge = *asked.challenge;
                CO_TRY(last.code, co_await mailed_code(identity));
            }
            EXPECT_EQ(co_await tried_with(identity, last.challenge, other_code(last.code), name),
                      reason::kCodeMismatch)
                << name << i;
        }
        CO_TRY(const Tokens asked, co_await ask_for_code(identity, name));
        EXPECT_EQ(co_await tried_with(identity, *asked.challenge, "00000000", name),
                  reason::kTooManyAttempts)
            << name;
    }
    co_return Result<void>();
}
TEST_F(MailedCode, guesses_are_delayed_over_all_sessions_of_a_name) { check(many_sessions); }

Task<Result<void>> to_the_end(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Asked first, co_await asked_code(identity));
    pass(*now, identity, Challenges::kLifetime - Millis(1));
    EXPECT_EQ(co_await tried_with(identity, first.challenge, first.code), "");
    CO_TRY(const Asked second, co_await asked_code(identity));
    pass(*now, identity, Challenges::kLifetime);
    EXPECT_EQ(co_await tried_with(identity, second.challenge, second.code),
              reason::kSessionInvalid);
    co_return Result<void>();
}
TEST_F(MailedCode, is_good_for_as_long_as_its_session) { check(to_the_end); }

Task<Result<void>> two_sessions(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Asked first, co_await asked_code(identity));
    CO_TRY(const Asked second, co_await asked_code(identity));
    if (first.code != second.code) {
        EXPECT_EQ(co_await tried_with(identity, second.challenge, first.code),
                  reason::kCodeMismatch);
    }
    EXPECT_EQ(co_await tried_with(identity, first.challenge, second.code, kNobody),
              reason::kSessionInvalid);
    // Somebody else who asks takes nobody's code away.
    EXPECT_EQ(co_await tried_with(identity, first.challenge, first.code), "");
    EXPECT_EQ(co_await tried_with(identity, second.challenge, second.code), "");
    co_return Result<void>();
}
TEST_F(MailedCode, is_for_the_session_that_asked_for_it) { check(two_sessions); }

Task<Result<void>> five_mails(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    for (const char* name : {kAnna, kNobody}) {
        for (int i = 0; i < 5; ++i) CO_TRY_VOID(co_await ask_for_code(identity, name));
        const auto sixth = co_await ask_for_code(identity, name);
        EXPECT_EQ(sixth.error().reason, reason::kTooManyAttempts);
    }
    CO_TRY(const auto mails, co_await identity.outbox(100));
    EXPECT_EQ(mails.size(), 6u);
    now->pass(Millis(1'001));
    CO_TRY_VOID(co_await ask_for_code(identity, kAnna));
    const auto eighth = co_await ask_for_code(identity, kAnna);
    EXPECT_EQ(eighth.error().reason, reason::kTooManyAttempts);
    co_return Result<void>();
}
TEST_F(MailedCode, the_sixth_mail_has_to_wait) { check(five_mails); }

Task<Result<void>> alike(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Asked known, co_await asked_code(identity));
    CO_TRY(const Tokens answered, co_await ask_for_code(identity, kNobody));
    const Challenge& unknown = *answered.challenge;
    EXPECT_EQ(unknown.name, known.challenge.name);
    EXPECT_EQ(unknown.available, known.challenge.available);
    EXPECT_EQ(unknown.session.size(), known.challenge.session.size());
    EXPECT_EQ(unknown.parameters.at("CODE_DELIVERY_DESTINATION"), "o***@e***");
    EXPECT_EQ(unknown.parameters.size(), known.challenge.parameters.size());
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(co_await tried_with(identity, unknown, known.code, kNobody),
                  reason::kCodeMismatch);
    }
    EXPECT_EQ(co_await tried_with(identity, unknown, known.code, kNobody), reason::kCodeExpired);
    CO_TRY(const auto mails, co_await identity.outbox(100));
    EXPECT_EQ(mails.size(), 2u);
    co_return Result<void>();
}
TEST_F(MailedCode, is_asked_of_nobody_as_of_somebody) {
    static_assert(std::string_view(kAnna).size() == std::string_view(kNobody).size());
    check(alike);
}

Task<Result<void>> not_proven(Identity& identity) {
    SignUpRequest request = sign_up_request();
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    CO_TRY_VOID(co_await ask_for_code(identity, kAnna));
    CO_TRY(const auto mails, co_await identity.outbox(100));
    EXPECT_EQ(mails.size(), 1u);  // of the sign-up
    co_return Result<void>();
}
TEST_F(MailedCode, goes_to_no_address_that_is_not_proven) { check(not_proven); }

Task<Result<void>> changed_meanwhile(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Asked asked, co_await asked_code(identity));
    Administration& admin = identity.administration();
    AdminRequest disable{admin.as("DOMKTEST"), "Health1", kAnna};
    CO_TRY_VOID(co_await admin.disable(std::move(disable)));
    EXPECT_EQ(co_await tried_with(identity, asked.challenge, asked.code), reason::kCodeMismatch);
    AdminRequest enable{admin.as("DOMKTEST"), "Health1", kAnna};
    CO_TRY_VOID(co_await admin.enable(std::move(enable)));
    EXPECT_EQ(co_await tried_with(identity, asked.challenge, asked.code), reason::kCodeMismatch);
    CO_TRY(const Asked another, co_await asked_code(identity));
    EXPECT_EQ(co_await tried_with(identity, another.challenge, another.code), "");
    co_return Result<void>();
}
TEST_F(MailedCode, is_void_once_the_person_is_changed) { check(changed_meanwhile); }

Task<Result<void>> second_factor_follows(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Asked asked, co_await asked_code(identity));
    CO_TRY(const Tokens next, co_await answer_with(identity, asked.challenge, asked.code));
    EXPECT_EQ(next.challenge->name, "MFA_SETUP");
    co_return Result<void>();
}
TEST_F(MailedCode, counts_for_one_factor) {
    config_.pools[0].mfa = config::Mfa::required;
    check(second_factor_follows);
}

Task<Result<void>> not_offered(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens asked, co_await ask_for_code(identity, kAnna));
    EXPECT_EQ(asked.challenge->name, "SELECT_CHALLENGE");
    EXPECT_EQ(asked.challenge->available, (std::vector<std::string>{"PASSWORD", "PASSWORD_SRP"}));
    CO_TRY(const auto mails, co_await identity.outbox(100));
    EXPECT_EQ(mails.size(), 1u);
    co_return Result<void>();
}
TEST_F(MailedCode, is_not_offered_unless_the_pool_says_so) {
    config_.pools[0].email_otp = false;
    check(not_offered);
}

Task<Result<void>> revealed(Identity& identity) {
    const auto nobody = co_await ask_for_code(identity, kNobody);
    EXPECT_EQ(nobody.error().reason, reason::kUserUnknown);
    SignUpRequest request = sign_up_request();
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    const auto unproven = co_await ask_for_code(identity, kAnna);
    EXPECT_EQ(unproven.error().reason, reason::kSchema);
    co_return Result<void>();
}
TEST_F(MailedCode, where_people_are_revealed_it_is_said_that_there_is_none) {
    config_.pools[0].reveal_existing = true;
    check(revealed);
}

Listener* listener = nullptr;  // of the test that runs
Task<Result<void>> functions(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    for (const char* name : {kAnna, kNobody}) {
        listener->sources.clear();
        now->pass(Millis(1'000));
        CO_TRY_VOID(co_await ask_for_code(identity, name));
        EXPECT_EQ(listener->sources, (std::vector<std::string>{"PreAuthentication_Authentication",
                                                               "CustomMessage_Authentication"}));
    }
    CO_TRY(const auto mails, co_await identity.outbox(1));
    EXPECT_EQ(mails[0].subject, "Hello");
    EXPECT_EQ(mails[0].text.substr(0, 3), "<b>");
    EXPECT_TRUE(mails[0].html);
    listener->refused = "PreAuthentication_Authentication";
    const auto refused = co_await ask_for_code(identity, kAnna);
    EXPECT_EQ(refused.error().reason, reason::kTriggerRefused);
    CO_TRY(const auto no_more, co_await identity.outbox(100));
    EXPECT_EQ(no_more.size(), 2u);
    co_return Result<void>();
}
TEST_F(MailedCode, functions_may_refuse_it_and_write_its_mail) {
    Listener own;
    triggers_ = listener = &own;
    config_.pools[0].triggers.pre_authentication = "f";
    config_.pools[0].triggers.custom_message = "f";
    check(functions);
    listener = nullptr;
}

}  // namespace
}  // namespace domicile::identity::testing
