#include "api/cognito/limited.h"

#include <gtest/gtest.h>

#include "identity/wrong_answers.h"

namespace domicile::api::cognito {
namespace {

using limits::Kind;
namespace reason = identity::reason;

Outcome<json::object> refused(const Error& error) { return std::unexpected(to_dialect(error)); }
Error because(const char* why, Code code = Code::unauthenticated) { return {code, "", why}; }

TEST(limited, what_asks_for_mails_or_people_is_counted_whatever_comes_of_it) {
    for (const char* name : {"SignUp", "ResendConfirmationCode", "ForgotPassword"})
        EXPECT_EQ(limited_as(name, {}), Kind::request) << name;
    const json::object by_mail{{"AuthFlow", "USER_AUTH"},
                               {"AuthParameters", {{"PREFERRED_CHALLENGE", "EMAIL_OTP"}}}};
    EXPECT_EQ(limited_as("InitiateAuth", by_mail), Kind::request);
    const json::object chosen{{"ChallengeName", "SELECT_CHALLENGE"},
                              {"ChallengeResponses", {{"ANSWER", "EMAIL_OTP"}}}};
    EXPECT_EQ(limited_as("RespondToAuthChallenge", chosen), Kind::request);
    const json::object answered{{"ChallengeName", "EMAIL_OTP"},
                                {"ChallengeResponses", {{"EMAIL_OTP_CODE", "12345678"}}}};
    EXPECT_EQ(limited_as("RespondToAuthChallenge", answered), Kind::guess);
    EXPECT_TRUE(counts(Kind::request, json::object()));
    EXPECT_TRUE(counts(Kind::request, refused(because(reason::kUserExists, Code::already_exists))));
    EXPECT_TRUE(counts(Kind::request,
                       refused(because(reason::kTooManyAttempts, Code::resource_exhausted))));
}

TEST(limited, what_may_be_a_guess_counts_if_it_is_wrong) {
    for (const char* name : {"ConfirmSignUp", "ConfirmForgotPassword", "RespondToAuthChallenge",
                             "RevokeToken", "InitiateAuth"})
        EXPECT_EQ(limited_as(name, {}), Kind::guess) << name;
    EXPECT_FALSE(counts(Kind::guess, json::object()));
    for (const char* why : {reason::kWrongCredentials, reason::kUserUnknown, reason::kCodeMismatch,
                            reason::kCodeExpired, reason::kSessionInvalid, reason::kTotpMismatch,
                            reason::kClientSecret})
        EXPECT_TRUE(counts(Kind::guess, refused(because(why)))) << why;
    for (const char* why : {reason::kNotConfirmed, reason::kResetRequired, reason::kPasswordPolicy,
                            reason::kRefreshExpired, reason::kTooManyAttempts})
        EXPECT_FALSE(counts(Kind::guess, refused(because(why)))) << why;
}

TEST(limited, people_who_are_signed_in_are_not_counted) {
    for (const char* name : {"GetUser", "ChangePassword", "GlobalSignOut", "UpdateUserAttributes",
                             "GetTokensFromRefreshToken", "VerifySoftwareToken"})
        EXPECT_FALSE(limited_as(name, {})) << name;
    EXPECT_FALSE(limited_as("InitiateAuth", {{"AuthFlow", "REFRESH_TOKEN_AUTH"}}));
    EXPECT_FALSE(limited_as("InitiateAuth", {{"AuthFlow", "REFRESH_TOKEN"}}));
    EXPECT_TRUE(limited_as("InitiateAuth", {{"AuthFlow", "USER_SRP_AUTH"}}));
    EXPECT_TRUE(limited_as("InitiateAuth", {{"AuthFlow", 7}}));
}

TEST(limited, what_was_not_done_does_not_count) {
    for (const Kind kind : {Kind::guess, Kind::request}) {
        EXPECT_FALSE(counts(kind, refused({Code::unavailable, "", ""})));
        EXPECT_FALSE(counts(kind, refused({Code::internal, "", ""})));
        EXPECT_FALSE(counts(kind, refused(because(reason::kNotInRegion, Code::misdirected))));
        EXPECT_FALSE(counts(kind, refused(because(reason::kUnknownClient, Code::not_found))));
        EXPECT_FALSE(counts(kind, std::unexpected(invalid_parameter("Username is missing."))));
    }
}

TEST(limited, a_refusal_says_when_to_come_again) {
    const DialectError error = to_dialect(limits::Refusal{limits::By::address, 7});
    EXPECT_EQ(error.status, 400);
    EXPECT_EQ(error.type, "TooManyRequestsException");
    EXPECT_EQ(error.retry_after_seconds, 7);
}

TEST(limited, the_client_is_the_one_that_is_named) {
    EXPECT_EQ(client_of({{"ClientId", "client1"}}), "client1");
    EXPECT_EQ(client_of({{"ClientId", 1}}), "");
    EXPECT_EQ(client_of({}), "");
}

}  // namespace
}  // namespace domicile::api::cognito
