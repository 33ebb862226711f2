#include "triggers/text_event.h"

#include <gtest/gtest.h>

namespace domicile::triggers {
namespace {

identity::TriggerEvent event() {
    identity::TriggerEvent out;
    out.source = "CustomSMSSender_SignUp";
    out.pool_id = "r1_P1";
    out.client_id = "c1";
    out.username = "anna";
    out.attributes = {{"phone_number", "+4915112345678"}};
    return out;
}

TEST(TextEvent, has_the_number_the_code_and_the_whole_text) {
    const auto told = text_event(event(), "r1", {"Your code is 123456.", "123456"});
    EXPECT_EQ(json::serialize(told),
              R"({"version":"1","triggerSource":"CustomSMSSender_SignUp","region":"r1",)"
              R"("userPoolId":"r1_P1","userName":"anna",)"
              R"("callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown","clientId":"c1"},)"
              R"("request":{"userAttributes":{"phone_number":"+4915112345678"},)"
              R"("type":"customSMSSenderRequestV1","code":"123456",)"
              R"("message":"Your code is 123456."}})");
}

TEST(TextEvent, one_without_a_code_says_so) {
    identity::TriggerEvent asked = event();
    asked.client_metadata = identity::Attributes{{"from", "app"}};
    const auto request = text_event(asked, "r1", {"Hello", ""}).at("request");
    EXPECT_EQ(request.at("code"), nullptr);
    EXPECT_EQ(request.at("clientMetadata").at("from"), "app");
}

}  // namespace
}  // namespace domicile::triggers
