#include "triggers/runner.h"

#include <gtest/gtest.h>

#include "io/runtime.h"
#include "io/testing.h"

namespace domicile::triggers {
namespace {

namespace reason = identity::reason;
using functions::Answer;

// Functions that say one thing after the other, and note what they were told.
struct Fake {
    std::vector<Result<Answer>> answers;
    std::vector<std::string> told;

    Runner::CallFunction caller() {
        return [this](std::string, functions::Call call) { return answer(std::move(call)); };
    }
    io::Task<Result<Answer>> answer(functions::Call call) {
        told.push_back(std::move(call.event));
        auto out = answers.front();
        if (answers.size() > 1) answers.erase(answers.begin());
        co_return out;
    }
};

identity::TriggerEvent sign_up() {
    identity::TriggerEvent out;
    out.function = "f";
    out.source = "PreSignUp_SignUp";
    return out;
}

Result<identity::PreSignUpAnswer> asked(Fake& fake) {
    Runner runner("r1", fake.caller(), io::system_random());
    return io::run_task<Result<identity::PreSignUpAnswer>>(
        [&runner] { return runner.pre_sign_up(sign_up()); });
}

std::unexpected<Error> timed_out() {
    return fail(Code::deadline_exceeded, "late", functions::reason::kTimedOut);
}

TEST(Runner, a_function_that_did_not_answer_is_asked_three_times_with_the_same) {
    Fake fake{{timed_out(), timed_out(), Answer{R"({"response":{"autoConfirmUser":true}})"}}, {}};
    const auto answer = asked(fake);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->confirm);
    ASSERT_EQ(fake.told.size(), 3u);
    EXPECT_EQ(fake.told[0], fake.told[2]);
}

TEST(Runner, after_three_tries_it_is_the_functions_fault) {
    Fake fake{{timed_out()}, {}};
    const auto answer = asked(fake);
    EXPECT_EQ(answer.error().reason, reason::kTriggerFailed);
    EXPECT_EQ(answer.error().message,
              "PreSignUp invocation failed due to error function_timed_out.");
    EXPECT_EQ(fake.told.size(), 3u);
}

TEST(Runner, what_a_function_says_counts_at_once) {
    Fake fake{{Answer{R"({"errorMessage":"Not from here"})", true}}, {}};
    const auto answer = asked(fake);
    EXPECT_EQ(answer.error().reason, reason::kTriggerRefused);
    EXPECT_EQ(answer.error().message, "PreSignUp failed with error Not from here.");
    EXPECT_EQ(fake.told.size(), 1u);
}

}  // namespace
}  // namespace domicile::triggers
