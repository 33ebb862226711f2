#include "access/access.h"

#include <gtest/gtest.h>

#include "io/runtime.h"
#include "io/testing.h"
#include "sql/engine_testing.h"

namespace domicile::access {
namespace {

class FakeClock : public io::Clock {
  public:
    Timestamp now() const override { return wall; }
    Instant monotonic() const override { return {wall.ms}; }
    Timestamp wall{1'790'000'000'000};
};

Policy policy(std::vector<std::string> operations, std::vector<std::string> resources) {
    return {{{std::move(operations), std::move(resources)}}};
}

class AccessTest : public ::testing::Test {
  protected:
    AccessTest() {
        database_ = sql::testing::open_database(folder_.file("data.db"));
        keyring_ = std::make_unique<keyring::Keyring>(*database_, io::system_random(),
                                                      std::string(32, 'k'));
        access_ = make("eu-central-1");
        EXPECT_TRUE(run(access_->open()));
    }

    std::unique_ptr<Access> make(std::string region) {
        return std::make_unique<Access>(*database_, *keyring_, clock_, io::system_random(),
                                        std::move(region));
    }
    template <class T>
    static T run(io::Task<T> task) {
        return io::run_task<T>([&] { return std::move(task); });
    }

    io::testing::TemporaryFolder folder_;
    FakeClock clock_;
    std::unique_ptr<sql::Database> database_;
    std::unique_ptr<keyring::Keyring> keyring_;
    std::unique_ptr<Access> access_;
};

TEST(Policy, nothing_is_allowed_unless_a_statement_allows_it) {
    Principal nobody;
    EXPECT_EQ(authorize(nobody, "dynamodb:GetItem", "table/x").error().code,
              Code::permission_denied);
}

TEST(Policy, operation_and_resource_must_match_in_the_same_statement) {
    Principal who{
        .access_key_id = {},
        .policy = {{{{"dynamodb:GetItem"}, {"table/a"}}, {{"dynamodb:PutItem"}, {"table/b"}}}},
        .subject = {}};
    EXPECT_TRUE(authorize(who, "dynamodb:GetItem", "table/a"));
    EXPECT_TRUE(authorize(who, "dynamodb:PutItem", "table/b"));
    EXPECT_FALSE(authorize(who, "dynamodb:PutItem", "table/a"));
    EXPECT_FALSE(authorize(who, "dynamodb:GetItem", "table/ab"));
}

TEST(Policy, a_trailing_star_matches_the_rest_and_only_that) {
    Principal who{
        .access_key_id = {}, .policy = policy({"dynamodb:*"}, {"table/Diary*"}), .subject = {}};
    EXPECT_TRUE(authorize(who, "dynamodb:Query", "table/DiaryEntries"));
    EXPECT_TRUE(authorize(who, "dynamodb:Query", "table/Diary"));
    EXPECT_FALSE(authorize(who, "dynamodb:Query", "table/Other"));
    EXPECT_FALSE(authorize(who, "admin:CreateKey", "table/DiaryEntries"));
}

TEST(Policy, json_round_trips_and_refuses_what_it_does_not_know) {
    const Policy given = policy({"dynamodb:*"}, {"table/*"});
    EXPECT_EQ(policy_from_json(to_json(given)).value(), given);
    for (const char* text :
         {R"({})", R"({"statements":[{"operations":[],"resources":["*"]}]})",
          R"({"statements":[{"operations":["a*b"],"resources":["*"]}]})",
          R"({"statements":[{"operations":[1],"resources":["*"]}]})",
          R"({"statements":[{"operations":["*"]}]})", R"({"statements":["*"]})",
          R"({"statements":[{"operations":["*"],"resources":["*"],"effect":"Deny"}]})",
          R"({"statements":[],"version":1})"}) {
        EXPECT_FALSE(policy_from_json(parse_json_object(text).value())) << text;
    }
}

TEST_F(AccessTest, a_created_key_is_identified_with_its_policy_and_secret) {
    const Policy given = policy({"dynamodb:*"}, {"table/*"});
    auto key = run(access_->create_key("backup job", given)).value();
    EXPECT_EQ(key.access_key_id.size(), 20u);
    EXPECT_TRUE(key.access_key_id.starts_with("DOMK"));
    EXPECT_EQ(key.secret_access_key.expose().size(), 40u);
    auto who = run(access_->identify(key.access_key_id, ""));
    ASSERT_TRUE(who) << who.error().message;
    EXPECT_EQ(who->secret_access_key.expose(), key.secret_access_key.expose());
    EXPECT_EQ(who->principal.policy, given);
    EXPECT_EQ(who->principal.subject, std::nullopt);
}

TEST_F(AccessTest, no_stored_byte_shows_the_secret) {
    auto key = run(access_->create_key("x", policy({"*"}, {"*"}))).value();
    std::vector<sql::Statement> read;
    read.push_back({"SELECT secret FROM access_keys", {}});
    auto rows = run(database_->read(std::move(read))).value();
    EXPECT_EQ(rows[0].rows[0].bytes(0).find(key.secret_access_key.expose()), std::string::npos);
}

TEST_F(AccessTest, a_revoked_key_is_unknown_at_once_and_revoking_again_is_no_error) {
    auto key = run(access_->create_key("x", policy({"*"}, {"*"}))).value();
    EXPECT_TRUE(run(access_->identify(key.access_key_id, ""))) << "remembered from here on";
    EXPECT_TRUE(run(access_->identify(key.access_key_id, "")));
    EXPECT_TRUE(run(access_->revoke_key(key.access_key_id)));
    EXPECT_TRUE(run(access_->revoke_key(key.access_key_id)));
    auto who = run(access_->identify(key.access_key_id, ""));
    ASSERT_FALSE(who);
    EXPECT_EQ(who.error().reason, reason::kUnknownKey);
    EXPECT_EQ(run(access_->rotate_key(key.access_key_id)).error().code, Code::not_found);
}

TEST_F(AccessTest, revoking_an_unknown_key_says_not_found) {
    EXPECT_EQ(run(access_->revoke_key("DOMKAAAAAAAAAAAAAAAA")).error().code, Code::not_found);
}

TEST_F(AccessTest, rotating_gives_a_second_key_with_the_same_policy) {
    const Policy given = policy({"dynamodb:GetItem"}, {"table/a"});
    auto old = run(access_->create_key("x", given)).value();
    auto fresh = run(access_->rotate_key(old.access_key_id)).value();
    EXPECT_NE(fresh.access_key_id, old.access_key_id);
    EXPECT_EQ(run(access_->identify(fresh.access_key_id, "")).value().principal.policy, given);
    EXPECT_TRUE(run(access_->identify(old.access_key_id, "")));
}

TEST_F(AccessTest, the_list_has_every_key_and_no_secret) {
    auto one = run(access_->create_key("one", policy({"*"}, {"*"}))).value();
    run(access_->create_key("two", policy({"*"}, {"*"}))).value();
    run(access_->revoke_key(one.access_key_id)).value();
    auto keys = run(access_->list_keys()).value();
    ASSERT_EQ(keys.size(), 2u);
    EXPECT_EQ(keys[0].description, "two");
    EXPECT_TRUE(keys[0].active);
    EXPECT_FALSE(keys[1].active);
}

TEST_F(AccessTest, a_session_carries_policy_and_subject_until_it_expires) {
    const Policy given = policy({"dynamodb:*"}, {"table/Diary"});
    auto session = access_->issue_session(given, "sub-1", Millis(60'000));
    EXPECT_TRUE(session.access_key_id.starts_with("DOMS"));
    auto who = run(access_->identify(session.access_key_id, session.session_token));
    ASSERT_TRUE(who) << who.error().message;
    EXPECT_EQ(who->principal.policy, given);
    EXPECT_EQ(who->principal.subject, "sub-1");
    EXPECT_EQ(who->secret_access_key.expose(), session.secret_access_key.expose());
    clock_.wall = clock_.wall + Millis(60'000);
    EXPECT_EQ(run(access_->identify(session.access_key_id, session.session_token)).error().reason,
              reason::kExpiredToken);
}

TEST_F(AccessTest, a_session_token_of_another_id_or_region_or_with_a_changed_byte_is_invalid) {
    auto one = access_->issue_session(policy({"*"}, {"*"}), "a", Millis(60'000));
    auto two = access_->issue_session(policy({"*"}, {"*"}), "b", Millis(60'000));
    EXPECT_EQ(run(access_->identify(one.access_key_id, two.session_token)).error().reason,
              reason::kInvalidToken);
    EXPECT_EQ(run(access_->identify(one.access_key_id, "")).error().reason, reason::kInvalidToken);
    auto elsewhere = make("us-east-2");
    EXPECT_EQ(run(elsewhere->identify(one.access_key_id, one.session_token)).error().reason,
              reason::kInvalidToken);
    std::string changed = one.session_token;
    changed[20] = changed[20] == 'A' ? 'B' : 'A';
    EXPECT_EQ(run(access_->identify(one.access_key_id, changed)).error().reason,
              reason::kInvalidToken);
}

TEST_F(AccessTest, unknown_and_malformed_ids_are_told_as_unknown) {
    for (const char* id : {"", "DOMK", "AKIAIOSFODNN7EXAMPLE", "DOMKAAAAAAAAAAAAAAAA",
                           "DOMKaaaaaaaaaaaaaaaa", "DOMK' OR 1=1 -- AAAA"}) {
        EXPECT_EQ(run(access_->identify(id, "")).error().reason, reason::kUnknownKey) << id;
    }
}

TEST_F(AccessTest, a_key_with_a_bad_policy_is_not_created) {
    EXPECT_EQ(run(access_->create_key("x", policy({}, {"*"}))).error().code,
              Code::invalid_argument);
    EXPECT_EQ(run(access_->create_key("\xff", policy({"*"}, {"*"}))).error().code,
              Code::invalid_argument);
}

}  // namespace
}  // namespace domicile::access
