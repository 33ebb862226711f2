// Groups of a pool, what tokens say of them, and lists of the people of a region.
#include "crypto/jwt.h"
#include "identity/administration.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

class GroupsTest : public IdentityTest {
  protected:
    GroupsTest() {
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

Administrator somebody() { return {"DOMKTEST", "eu-central-1"}; }

Task<Result<Group>> made(Identity& identity, std::string name,
                         std::optional<std::int64_t> precedence = std::nullopt,
                         std::optional<std::string> role = std::nullopt) {
    Group group;
    group.name = std::move(name);
    group.precedence = precedence;
    group.role = std::move(role);
    return identity.administration().here().create_group(somebody(), "Health1", std::move(group));
}

AdminGroupRequest anna_in(std::string group) {
    return {somebody(), "Health1", "anna@example.de", std::move(group)};
}

json::object claims_of(const std::string& token) {
    const auto from = token.find('.') + 1;
    const std::string text = *from_base64url(token.substr(from, token.find('.', from) - from));
    return *parse_json_object(text);
}

Task<Result<Tokens>> sign_in(Identity& identity) {
    PasswordRequest request{"client1", "anna@example.de", kPassword};
    return identity.sign_in_with_password(std::move(request));
}

const std::string kRoleA = "arn:aws:iam::123456789012:role/a";
const std::string kRoleB = "arn:aws:iam::123456789012:role/b";

Task<Result<void>> in_tokens(Identity& identity) {
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY_VOID(co_await made(identity, "plain"));
    CO_TRY_VOID(co_await made(identity, "second", 2, kRoleB));
    CO_TRY_VOID(co_await made(identity, "first", 1, kRoleA));
    for (const char* group : {"plain", "second", "first", "first"}) {
        auto request = anna_in(group);
        CO_TRY_VOID(co_await admin.add_to_group(std::move(request)));
    }
    CO_TRY(const Tokens tokens, co_await sign_in(identity));
    const json::array names{"first", "second", "plain"};
    json::object access = claims_of(tokens.access_token);
    EXPECT_EQ(access.at("cognito:groups"), names);
    EXPECT_FALSE(access.contains("cognito:roles"));
    json::object id = claims_of(tokens.id_token);
    EXPECT_EQ(id.at("cognito:groups"), names);
    const json::array roles{kRoleA, kRoleB};
    EXPECT_EQ(id.at("cognito:roles"), roles);
    EXPECT_EQ(id.at("cognito:preferred_role"), json::value(kRoleA));
    // The next tokens say what is so then.
    auto leaving = anna_in("plain");
    CO_TRY_VOID(co_await admin.remove_from_group(std::move(leaving)));
    GroupChange change;
    change.name = "second";
    change.precedence = 1;
    CO_TRY_VOID(co_await admin.here().update_group(somebody(), "Health1", std::move(change)));
    RefreshRequest refresh{"client1", *tokens.refresh_token};
    CO_TRY(const Tokens later, co_await identity.refresh(std::move(refresh)));
    id = claims_of(later.id_token);
    const json::array fewer{"first", "second"};
    EXPECT_EQ(id.at("cognito:groups"), fewer);
    EXPECT_FALSE(id.contains("cognito:preferred_role")) << "two roles of one precedence";
    CO_TRY_VOID(co_await admin.here().delete_group(somebody(), "Health1", "first"));
    CO_TRY_VOID(co_await admin.here().delete_group(somebody(), "Health1", "second"));
    CO_TRY(const Tokens last, co_await sign_in(identity));
    access = claims_of(last.access_token);
    EXPECT_FALSE(access.contains("cognito:groups"));
    co_return Result<void>();
}
TEST_F(GroupsTest, tokens_name_the_groups_by_precedence) { check(in_tokens); }

Task<Result<void>> names(Identity& identity) {
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await made(identity, "one"));
    const auto twice = co_await made(identity, "one");
    EXPECT_EQ(twice.error().reason, reason::kGroupExists);
    const auto none = co_await admin.here().groups().get("Health1", "two");
    EXPECT_EQ(none.error().reason, reason::kUnknownGroup);
    const auto other_pool = co_await admin.here().groups().get("Health2", "one");
    EXPECT_EQ(other_pool.error().reason, reason::kUnknownGroup);
    auto nobody = anna_in("one");
    const auto unknown = co_await admin.add_to_group(std::move(nobody));
    EXPECT_EQ(unknown.error().reason, reason::kUserUnknown);
    co_return Result<void>();
}
TEST_F(GroupsTest, a_name_is_one_group_of_one_pool) { check(names); }

Task<Result<void>> pages(Identity& identity) {
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    std::set<std::string> all;
    for (const char* name : {"a", "b", "c", "d", "e"}) {
        all.insert(name);
        CO_TRY_VOID(co_await made(identity, name));
        auto request = anna_in(name);
        CO_TRY_VOID(co_await admin.add_to_group(std::move(request)));
    }
    std::set<std::string> seen;
    std::string token, between;
    do {
        CO_TRY(GroupPage page, co_await admin.here().list_groups("Health1", token, 2));
        EXPECT_LE(page.groups.size(), 2u);
        for (const Group& group : page.groups) EXPECT_TRUE(seen.insert(group.name).second);
        token = std::move(page.token);
        if (!token.empty()) between = token;
    } while (!token.empty());
    EXPECT_EQ(seen, all);
    const auto elsewhere = co_await admin.here().list_groups("Health2", between, 2);
    EXPECT_EQ(elsewhere.error().reason, reason::kPageToken);
    seen.clear();
    do {
        AdminListGroupsRequest request{somebody(), "Health1", "anna@example.de", token, 2};
        CO_TRY(GroupPage page, co_await admin.groups_of(std::move(request)));
        for (const Group& group : page.groups) EXPECT_TRUE(seen.insert(group.name).second);
        token = std::move(page.token);
    } while (!token.empty());
    EXPECT_EQ(seen, all);
    co_return Result<void>();
}
TEST_F(GroupsTest, lists_of_groups_have_pages) { check(pages); }

Task<Result<void>> create(Identity& identity, int number) {
    AdminCreateRequest out;
    out.pool = "Health1";
    out.username = "person" + std::to_string(number);
    out.attributes["email"] = out.username + "@example.de";
    out.attributes["given_name"] = number % 2 == 0 ? "Anna" : "Berta";
    out.attributes["custom:country"] = "DE";
    out.send_mail = false;
    CO_TRY_VOID(co_await identity.administration().create(std::move(out)));
    co_return Result<void>();
}

UserFilter where(UserFilter::Match match, std::string attribute, std::string value) {
    return {match, std::move(attribute), std::move(value)};
}

// All pages of a list, and how many there were.
Task<Result<std::vector<std::string>>> found(Identity& identity, UserFilter filter,
                                             std::int64_t limit) {
    std::vector<std::string> out;
    std::string token;
    do {
        CO_TRY(PersonPage page, co_await identity.administration().here().list_people(
                                    somebody(), "Health1", filter, token, limit));
        EXPECT_LE(static_cast<std::int64_t>(page.people.size()), limit);
        for (const auto& person : page.people) out.push_back(person.username);
        token = std::move(page.token);
    } while (!token.empty());
    std::ranges::sort(out);
    co_return out;
}

Task<Result<void>> people(Identity& identity) {
    using Match = UserFilter::Match;
    Administration& admin = identity.administration();
    for (int number = 0; number < 5; ++number) {
        CO_TRY_VOID(co_await create(identity, number));
    }
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(auto names, co_await found(identity, UserFilter(), 2));
    EXPECT_EQ(names.size(), 6u);
    auto filter = where(Match::equal, "given_name", "Anna");
    CO_TRY(names, co_await found(identity, std::move(filter), 2));
    EXPECT_EQ(names, (std::vector<std::string>{"person0", "person2", "person4"}));
    filter = where(Match::prefix, "username", "person");
    CO_TRY(names, co_await found(identity, std::move(filter), 60));
    EXPECT_EQ(names.size(), 5u);
    for (const char* email : {"anna@example.de", "person3@example.de"}) {
        filter = where(Match::equal, "email", email);
        CO_TRY(names, co_await found(identity, std::move(filter), 60));
        EXPECT_EQ(names.size(), 1u) << email;
    }
    filter = where(Match::equal, "username", "person3");
    CO_TRY(names, co_await found(identity, std::move(filter), 60));
    EXPECT_EQ(names, std::vector<std::string>{"person3"});
    filter = where(Match::equal, "cognito:user_status", "CONFIRMED");
    CO_TRY(names, co_await found(identity, std::move(filter), 60));
    EXPECT_EQ(names, std::vector<std::string>{"anna@example.de"});
    filter = where(Match::equal, "status", "Disabled");
    CO_TRY(names, co_await found(identity, std::move(filter), 60));
    EXPECT_TRUE(names.empty());

    CO_TRY_VOID(co_await made(identity, "some"));
    for (const char* username : {"person1", "person2", "person3"}) {
        AdminGroupRequest request{somebody(), "Health1", username, "some"};
        CO_TRY_VOID(co_await admin.add_to_group(std::move(request)));
    }
    AdminRequest gone{somebody(), "Health1", "person2"};
    CO_TRY_VOID(co_await admin.remove(std::move(gone)));
    std::vector<std::string> in_group;
    std::string token;
    do {
        auto request = anna_in("some");
        CO_TRY(PersonPage page, co_await admin.here().list_group(std::move(request), token, 1));
        for (const auto& person : page.people) in_group.push_back(person.username);
        token = std::move(page.token);
    } while (!token.empty());
    std::ranges::sort(in_group);
    EXPECT_EQ(in_group, (std::vector<std::string>{"person1", "person3"}));
    co_return Result<void>();
}
TEST_F(GroupsTest, people_are_listed_by_what_is_known_of_them) { check(people); }

}  // namespace
}  // namespace domicile::identity::testing
