#include "triggers/challenge_event.h"

#include <gtest/gtest.h>

namespace domicile::triggers {
namespace {

namespace reason = identity::reason;
using identity::ChallengeResult;

identity::TriggerEvent event(std::string source) {
    identity::TriggerEvent out;
    out.source = std::move(source);
    out.pool_id = "r1_P1";
    out.client_id = "c1";
    out.username = "anna";
    out.attributes = {{"email", "anna@example.de"}};
    out.user_not_found = false;
    return out;
}

const std::vector<ChallengeResult> kBefore = {{"SRP_A", true, std::nullopt},
                                              {"CUSTOM_CHALLENGE", false, "CAPTCHA"}};

TEST(ChallengeEvent, what_was_answered_is_told_in_order) {
    const auto told = define_event(event("DefineAuthChallenge_Authentication"), "r1", kBefore);
    EXPECT_EQ(json::serialize(told),
              R"({"version":"1","triggerSource":"DefineAuthChallenge_Authentication",)"
              R"("region":"r1","userPoolId":"r1_P1","userName":"anna",)"
              R"("callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown","clientId":"c1"},)"
              R"("request":{"userAttributes":{"email":"anna@example.de"},"userNotFound":false,)"
              R"("session":[{"challengeName":"SRP_A","challengeResult":true,)"
              R"("challengeMetadata":null},{"challengeName":"CUSTOM_CHALLENGE",)"
              R"("challengeResult":false,"challengeMetadata":"CAPTCHA"}]},)"
              R"("response":{"challengeName":null,"issueTokens":null,)"
              R"("failAuthentication":null}})");
}

TEST(ChallengeEvent, who_makes_and_who_judges_a_challenge_get_what_they_need) {
    const auto made =
        create_event(event("CreateAuthChallenge_Authentication"), "r1", kBefore, "CUSTOM_CHALLENGE")
            .at("request");
    EXPECT_EQ(made.at("challengeName"), "CUSTOM_CHALLENGE");
    EXPECT_EQ(made.at("session").as_array().size(), 2u);
    auto answered = event("VerifyAuthChallengeResponse_Authentication");
    answered.client_metadata = identity::Attributes{{"from", "app"}};
    const auto judged = verify_event(answered, "r1", {{"word", "blue"}}, "red").at("request");
    EXPECT_EQ(judged.at("privateChallengeParameters"), (json::object{{"word", "blue"}}));
    EXPECT_EQ(judged.at("challengeAnswer"), "red");
    EXPECT_EQ(judged.at("clientMetadata").at("from"), "app");
}

TEST(ChallengeAnswer, one_of_three_things_comes_next) {
    const auto next = read_define(R"({"response":{"challengeName":"CUSTOM_CHALLENGE",)"
                                  R"("issueTokens":false,"failAuthentication":null}})");
    ASSERT_TRUE(next);
    EXPECT_EQ(next->name, "CUSTOM_CHALLENGE");
    EXPECT_FALSE(next->issue_tokens || next->fail);
    const auto tokens = read_define(R"({"response":{"issueTokens":true}})");
    EXPECT_TRUE(tokens->issue_tokens && !tokens->fail);
    const auto both = read_define(R"({"response":{"issueTokens":true,"failAuthentication":true}})");
    EXPECT_TRUE(both->fail && !both->issue_tokens);
    for (const char* text : {R"({"response":{}})", R"({"response":{"challengeName":""}})",
                             R"({"response":{"issueTokens":"true"}})", "{}", "null"}) {
        EXPECT_EQ(read_define(text).error().reason, reason::kTriggerAnswer) << text;
    }
}

TEST(ChallengeAnswer, a_challenge_is_texts_of_a_bounded_size) {
    const auto made =
        read_create(R"({"response":{"publicChallengeParameters":{"hint":"x"},)"
                    R"("privateChallengeParameters":{"word":"blue"},"challengeMetadata":"WORD"}})");
    ASSERT_TRUE(made);
    EXPECT_EQ(made->shown.at("hint"), "x");
    EXPECT_EQ(made->hidden.at("word"), "blue");
    EXPECT_EQ(made->metadata, "WORD");
    EXPECT_TRUE(read_create(R"({"response":{}})"));
    const std::string large(kParametersBytesMax, 'x');
    for (const std::string& text :
         {std::string(R"({"response":{"publicChallengeParameters":{"n":1}}})"),
          R"({"response":{"privateChallengeParameters":{"n":")" + large + R"("}}})",
          R"({"response":{"challengeMetadata":")" + large + R"("}})"}) {
        EXPECT_EQ(read_create(text).error().reason, reason::kTriggerAnswer);
    }
}

TEST(ChallengeAnswer, an_answer_is_right_only_where_that_is_said) {
    EXPECT_TRUE(*read_verify(R"({"response":{"answerCorrect":true}})"));
    EXPECT_FALSE(*read_verify(R"({"response":{}})"));
    EXPECT_FALSE(read_verify(R"({"response":{"answerCorrect":"true"}})"));
}

}  // namespace
}  // namespace domicile::triggers
