#include "triggers/migration_event.h"

#include <gtest/gtest.h>

namespace domicile::triggers {
namespace {

TEST(MigrationEvent, has_the_password_of_a_sign_in_only) {
    identity::TriggerEvent event;
    event.source = "UserMigration_Authentication";
    event.username = "anna";
    event.validation_data = identity::Attributes{{"from", "app"}};
    const auto told = migration_event(event, "r1", "secret").at("request");
    EXPECT_EQ(told.at("password"), "secret");
    EXPECT_EQ(told.at("validationData").at("from"), "app");
    EXPECT_EQ(told.at("clientMetadata"), nullptr);
    EXPECT_FALSE(told.as_object().contains("userAttributes"));
    const auto forgotten = migration_event(event, "r1", std::nullopt).at("request");
    EXPECT_FALSE(forgotten.as_object().contains("password"));
}

TEST(MigrationAnswer, somebody_is_handed_over_by_their_attributes) {
    const auto user = read_migration(
        R"({"response":{"userAttributes":{"email":"a@b.de"},"finalUserStatus":"CONFIRMED",)"
        R"("messageAction":"SUPPRESS","desiredDeliveryMediums":["EMAIL"],)"
        R"("forceAliasCreation":false}})");
    ASSERT_TRUE(user);
    EXPECT_EQ(user->attributes.at("email"), "a@b.de");
    EXPECT_TRUE(user->confirmed);
    const auto reset = read_migration(R"({"response":{"userAttributes":{"email":"a@b.de"}}})");
    EXPECT_FALSE(reset->confirmed);
    const auto nobody = read_migration(R"({"response":{"userAttributes":null}})");
    EXPECT_TRUE(nobody->attributes.empty());
}

TEST(MigrationAnswer, what_is_none_is_refused) {
    for (const char* response :
         {R"({"userAttributes":[]})", R"({"userAttributes":{"email":true}})",
          R"({"finalUserStatus":"UNCONFIRMED"})", R"({"messageAction":"NO"})",
          R"({"forceAliasCreation":"no"})", R"({"desiredDeliveryMediums":"EMAIL"})"}) {
        const auto user = read_migration(std::string(R"({"response":)") + response + "}");
        ASSERT_FALSE(user) << response;
        EXPECT_EQ(user.error().reason, identity::reason::kTriggerAnswer) << response;
    }
}

}  // namespace
}  // namespace domicile::triggers
