#include "triggers/event.h"

#include <gtest/gtest.h>

namespace domicile::triggers {
namespace {

namespace reason = identity::reason;
using config::TokenEvent;

identity::TriggerEvent event(std::string source) {
    identity::TriggerEvent out;
    out.source = std::move(source);
    out.pool_id = "r1_P1";
    out.client_id = "c1";
    out.username = "anna@example.de";
    out.attributes = {{"email", "anna@example.de"}};
    return out;
}

TEST(TriggerEvent, a_sign_up_is_told_with_what_the_client_sent) {
    auto sign_up = event("PreSignUp_SignUp");
    sign_up.validation_data = identity::Attributes{{"captcha", "x"}};
    sign_up.client_metadata = identity::Attributes{{"from", "app"}};
    const json::object told = pre_sign_up_event(sign_up, "r1");
    EXPECT_EQ(json::serialize(told),
              R"({"version":"1","triggerSource":"PreSignUp_SignUp","region":"r1",)"
              R"("userPoolId":"r1_P1","userName":"anna@example.de",)"
              R"("callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown","clientId":"c1"},)"
              R"("request":{"userAttributes":{"email":"anna@example.de"},)"
              R"("clientMetadata":{"from":"app"},"validationData":{"captcha":"x"}},)"
              R"("response":{"autoConfirmUser":false,"autoVerifyEmail":false,)"
              R"("autoVerifyPhone":false}})");
    const json::object bare = pre_sign_up_event(event("PreSignUp_SignUp"), "r1");
    EXPECT_EQ(bare.at("request").at("validationData"), nullptr);
    EXPECT_FALSE(bare.at("request").as_object().contains("clientMetadata"));
}

TEST(TriggerEvent, a_sign_in_is_told_whether_there_is_anybody_where_that_is_not_to_be_told) {
    auto unknown = event("PreAuthentication_Authentication");
    unknown.user_not_found = true;
    EXPECT_EQ(plain_event(unknown, "r1").at("request").at("userNotFound"), true);
    const auto known = plain_event(event("PreAuthentication_Authentication"), "r1");
    EXPECT_FALSE(known.at("request").as_object().contains("userNotFound"));
    const auto after = plain_event(event("PostAuthentication_Authentication"), "r1");
    EXPECT_EQ(after.at("request").at("newDeviceUsed"), false);
    auto on_new = event("PostAuthentication_Authentication");
    on_new.new_device_used = true;
    EXPECT_EQ(plain_event(on_new, "r1").at("request").at("newDeviceUsed"), true);
}

TEST(TriggerEvent, tokens_are_told_with_the_groups) {
    const identity::GroupChanges groups{{"a"}, {"arn:r"}, "arn:r"};
    const auto of = event("TokenGeneration_Authentication");
    const auto v1 = token_event(of, "r1", TokenEvent::v1, groups);
    EXPECT_EQ(v1.at("version"), "1");
    EXPECT_EQ(v1.at("request").at("groupConfiguration").at("preferredRole"), "arn:r");
    EXPECT_TRUE(v1.at("response").as_object().contains("claimsOverrideDetails"));
    const auto v2 = token_event(of, "r1", TokenEvent::v2, {});
    EXPECT_EQ(v2.at("version"), "2");
    EXPECT_EQ(v2.at("request").at("scopes"), json::array{"aws.cognito.signin.user.admin"});
    EXPECT_EQ(v2.at("request").at("groupConfiguration").at("preferredRole"), nullptr);
    EXPECT_TRUE(v2.at("response").as_object().contains("claimsAndScopeOverrideDetails"));
}

TEST(TriggerAnswer, a_sign_up_is_left_as_it_is_unless_it_is_said) {
    const auto silent = read_pre_sign_up(R"({"response":{"autoConfirmUser":null}})");
    ASSERT_TRUE(silent);
    EXPECT_FALSE(silent->confirm || silent->verify_email || silent->verify_phone);
    const auto said = read_pre_sign_up(
        R"({"response":{"autoConfirmUser":true,"autoVerifyEmail":true,"autoVerifyPhone":true}})");
    EXPECT_TRUE(said->confirm && said->verify_email && said->verify_phone);
}

TEST(TriggerAnswer, what_is_no_answer_is_refused) {
    for (const char* text :
         {"", "null", "[]", "{", R"("x")", R"({"response":[]})",
          R"({"response":{"autoConfirmUser":"yes"}})", R"({"response":{"autoVerifyEmail":1}})"}) {
        const auto answer = read_pre_sign_up(text);
        ASSERT_FALSE(answer) << text;
        EXPECT_EQ(answer.error().reason, reason::kTriggerAnswer) << text;
        EXPECT_EQ(answer.error().message, "Unrecognizable lambda output");
    }
    const std::string huge(kAnswerMax + 1, ' ');
    EXPECT_FALSE(read_answer(huge + "{}"));
}

TEST(TriggerAnswer, the_first_version_changes_the_id_token_and_groups) {
    const auto changes = read_tokens(
        R"({"response":{"claimsOverrideDetails":{"claimsToAddOrOverride":{"tier":"gold"},)"
        R"("claimsToSuppress":["email"],"groupOverrideDetails":{"groupsToOverride":["g"],)"
        R"("iamRolesToOverride":["arn:r"],"preferredRole":null}}}})",
        TokenEvent::v1);
    ASSERT_TRUE(changes);
    EXPECT_EQ(changes->id.add.at("tier"), "gold");
    EXPECT_EQ(changes->id.suppress, std::vector<std::string>{"email"});
    EXPECT_TRUE(changes->access.add.empty());
    EXPECT_EQ(changes->groups->names, std::vector<std::string>{"g"});
    EXPECT_EQ(changes->groups->preferred_role, std::nullopt);
    EXPECT_FALSE(read_tokens(R"({"response":{}})", TokenEvent::v1)->groups);
    EXPECT_FALSE(
        read_tokens(R"({"response":{"claimsOverrideDetails":{"claimsToAddOrOverride":{"n":1}}}})",
                    TokenEvent::v1));
}

TEST(TriggerAnswer, the_second_version_changes_both_tokens_and_scopes) {
    const auto changes = read_tokens(
        R"({"response":{"claimsAndScopeOverrideDetails":{)"
        R"("idTokenGeneration":{"claimsToSuppress":["email"]},)"
        R"("accessTokenGeneration":{"claimsToAddOrOverride":{"limits":{"n":1}},)"
        R"("scopesToAdd":["read"],"scopesToSuppress":["aws.cognito.signin.user.admin"]}}}})",
        TokenEvent::v2);
    ASSERT_TRUE(changes);
    EXPECT_EQ(changes->access.add.at("limits"), (json::object{{"n", 1}}));
    EXPECT_EQ(changes->access.add_scopes, std::vector<std::string>{"read"});
    EXPECT_EQ(changes->id.suppress, std::vector<std::string>{"email"});
    for (const char* scope : {"two words", "", "quo\\\"ted"}) {
        const std::string text =
            R"({"response":{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":)"
            R"({"scopesToAdd":[")" +
            std::string(scope) + R"("]}}}})";
        EXPECT_FALSE(read_tokens(text, TokenEvent::v2)) << scope;
    }
}

TEST(TriggerAnswer, an_error_is_named_as_cognito_names_it) {
    EXPECT_EQ(name_of("PreSignUp_SignUp"), "PreSignUp");
    EXPECT_EQ(name_of("TokenGeneration_RefreshTokens"), "PreTokenGeneration");
    EXPECT_EQ(message_of(R"({"errorMessage":"no","errorType":"Error"})"), "no");
    EXPECT_EQ(message_of("broken"), "");
}

}  // namespace
}  // namespace domicile::triggers
