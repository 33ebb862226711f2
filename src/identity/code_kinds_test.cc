// What holds for every code that goes to somebody's address: it is for one use, has an end, takes
// five tries, and the one before is of no use once there is another. (Codes of authenticator apps:
// mfa_test.cc; authorization codes: oauth_test.cc.)
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";
constexpr const char* kAnne = "anne@example.org";
constexpr Millis kHour{3'600'000};

using Journey = Task<Result<void>> (*)(Identity&);

struct Kind {
    const char* name;
    const char* word;  // in the subject of its mail
    Millis lifetime;
    const char* used;  // the reason when it comes again
    Journey prepare, ask;
    Task<Result<Done>> (*use)(Identity&, std::string code);
};

// Of the test that runs.
const Kind* kind = nullptr;
directory::testing::StillClock* now = nullptr;
std::string token;

Task<Result<void>> unconfirmed(Identity& identity) {
    auto request = sign_up_request();
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    co_return Result<void>();
}
Task<Result<void>> signed_in(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, kAnna, kPassword));
    token = tokens.access_token;
    co_return Result<void>();
}

Task<Result<void>> ask_for_reset(Identity& identity) {
    ForgotPasswordRequest request{"client1", kAnna};
    CO_TRY_VOID(co_await identity.forgot_password(std::move(request)));
    co_return Result<void>();
}
Task<Result<void>> ask_for_present(Identity& identity) {
    AttributeCodeRequest request{token, "email"};
    CO_TRY_VOID(co_await identity.attribute_code(std::move(request)));
    co_return Result<void>();
}
Task<Result<void>> ask_for_new(Identity& identity) {
    AttributesRequest request;
    request.access_token = token;
    request.attributes["email"] = kAnne;
    CO_TRY_VOID(co_await identity.update_attributes(std::move(request)));
    co_return Result<void>();
}

Task<Result<Done>> confirm(Identity& identity, std::string code) {
    ConfirmRequest request{"client1", kAnna, std::move(code)};
    co_return co_await identity.confirm_sign_up(std::move(request));
}
Task<Result<Done>> reset(Identity& identity, std::string code) {
    ResetPasswordRequest request{"client1", kAnna, std::move(code), "Anders-5678"};
    co_return co_await identity.reset_password(std::move(request));
}
Task<Result<Done>> prove(Identity& identity, std::string code) {
    ProveAttributeRequest request{token, "email", std::move(code)};
    co_return co_await identity.prove_attribute(std::move(request));
}

const Kind kKinds[] = {
    // Signing up again, since that prolongs the time to confirm too.
    {"sign_up", "verification", kHour, reason::kAlreadyConfirmed, unconfirmed, unconfirmed,
     confirm},
    {"password_reset", "reset", kHour, reason::kCodeExpired, signed_in, ask_for_reset, reset},
    {"present_address", "verification", kHour, reason::kCodeExpired, signed_in, ask_for_present,
     prove},
    {"new_address", "verification", kHour, reason::kCodeExpired, signed_in, ask_for_new, prove},
};

// The time passes, so that the newest mail is the newest.
Task<Result<std::string>> new_code(Identity& identity) {
    now->pass(Millis(1'000));
    CO_TRY_VOID(co_await kind->ask(identity));
    co_return co_await code_about(identity, kind->word);
}
// Why it was refused; empty when it was not.
Task<std::string> tried(Identity& identity, std::string code) {
    const auto done = co_await kind->use(identity, std::move(code));
    co_return done ? std::string() : done.error().reason;
}

class CodeKinds : public IdentityTest, public ::testing::WithParamInterface<Kind> {
  protected:
    CodeKinds() {
        kind = &GetParam();
        now = &clock_;
        config_.pools[0].code_hours = 1;
        config_.pools[0].clients[0].access_token_minutes = 1'440;
    }
    void check(Journey journey) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

Task<Result<void>> one_use(Identity& identity) {
    CO_TRY_VOID(co_await kind->prepare(identity));
    CO_TRY(const std::string code, co_await new_code(identity));
    EXPECT_EQ(co_await tried(identity, wrong_code(code)), reason::kCodeMismatch);
    EXPECT_EQ(co_await tried(identity, code), "");
    EXPECT_EQ(co_await tried(identity, code), kind->used);
    co_return Result<void>();
}
TEST_P(CodeKinds, is_for_one_use) { check(one_use); }

Task<Result<void>> five_tries(Identity& identity) {
    CO_TRY_VOID(co_await kind->prepare(identity));
    CO_TRY(const std::string code, co_await new_code(identity));
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(co_await tried(identity, wrong_code(code)), reason::kCodeMismatch) << i;
    }
    EXPECT_EQ(co_await tried(identity, code), reason::kCodeExpired);
    CO_TRY(std::string another, co_await new_code(identity));
    EXPECT_EQ(co_await tried(identity, std::move(another)), "");
    co_return Result<void>();
}
TEST_P(CodeKinds, takes_five_tries) { check(five_tries); }

Task<Result<void>> last_moment(Identity& identity) {
    CO_TRY_VOID(co_await kind->prepare(identity));
    CO_TRY(std::string code, co_await new_code(identity));
    pass(*now, identity, kind->lifetime - Millis(1));
    EXPECT_EQ(co_await tried(identity, std::move(code)), "");
    co_return Result<void>();
}
TEST_P(CodeKinds, is_good_to_the_last_moment) { check(last_moment); }

Task<Result<void>> too_late(Identity& identity) {
    CO_TRY_VOID(co_await kind->prepare(identity));
    CO_TRY(std::string code, co_await new_code(identity));
    pass(*now, identity, kind->lifetime);
    // Mismatch: an unconfirmed person may be gone by now.
    const std::string why = co_await tried(identity, std::move(code));
    EXPECT_TRUE(why == reason::kCodeExpired || why == reason::kCodeMismatch) << why;
    co_return Result<void>();
}
TEST_P(CodeKinds, has_an_end) { check(too_late); }

Task<Result<void>> replaced(Identity& identity) {
    CO_TRY_VOID(co_await kind->prepare(identity));
    CO_TRY(const std::string before, co_await new_code(identity));
    CO_TRY(const std::string after, co_await new_code(identity));
    if (before != after) {
        EXPECT_EQ(co_await tried(identity, before), reason::kCodeMismatch);
    }
    EXPECT_EQ(co_await tried(identity, after), "");
    co_return Result<void>();
}
TEST_P(CodeKinds, replaces_the_one_before) { check(replaced); }

INSTANTIATE_TEST_SUITE_P(All, CodeKinds, ::testing::ValuesIn(kKinds),
                         [](const auto& given) { return std::string(given.param.name); });

}  // namespace
}  // namespace domicile::identity::testing
