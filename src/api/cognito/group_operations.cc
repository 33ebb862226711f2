// Groups and lists of people: of the region that is asked.
#include "api/cognito/admin.h"
#include "api/cognito/filter.h"
#include "identity/administration.h"
#include "identity/validation.h"

namespace domicile::api::cognito {
namespace {

using identity::Administration;
using identity::Group;

constexpr std::size_t kGroupNameBytesMax = 128;
constexpr std::size_t kTextBytesMax = 2048;
constexpr std::int64_t kPrecedenceMax = 2'147'483'647;

json::object shown(const Group& group, const std::string& pool_id) {
    json::object out{{"GroupName", group.name},
                     {"CreationDate", to_seconds(group.created_ms)},
                     {"LastModifiedDate", to_seconds(group.modified_ms)}};
    out["UserPoolId"] = pool_id;
    if (group.description) out["Description"] = *group.description;
    if (group.role) out["RoleArn"] = *group.role;
    if (group.precedence) out["Precedence"] = *group.precedence;
    return out;
}

json::object shown(const identity::GroupPage& page, const std::string& pool_id) {
    json::array groups;
    for (const Group& group : page.groups) groups.push_back(shown(group, pool_id));
    json::object out{{"Groups", std::move(groups)}};
    if (!page.token.empty()) out["NextToken"] = page.token;
    return out;
}

json::object shown(const identity::PersonPage& page, const char* token,
                   const std::vector<std::string>& attributes) {
    json::array users;
    for (identity::PersonDescription person : page.people) {
        if (!attributes.empty()) {
            std::erase_if(person.attributes, [&](const auto& attribute) {
                return std::ranges::find(attributes, attribute.first) == attributes.end();
            });
        }
        users.push_back(described(person, "Attributes"));
    }
    json::object out{{"Users", std::move(users)}};
    if (!page.token.empty()) out[token] = page.token;
    return out;
}

struct Paging {
    std::string token;
    std::int64_t limit = 0;
};
Paging paging(Members& members, const char* token) {
    return {members.optional(token).value_or(""),
            members.number("Limit", identity::kListMax).value_or(0)};
}

identity::GroupChange change_of(Members& members) {
    identity::GroupChange out;
    out.name = members.required("GroupName", kGroupNameBytesMax);
    out.description = members.optional("Description", kTextBytesMax);
    out.role = members.optional("RoleArn", kTextBytesMax);
    out.precedence = members.number("Precedence", kPrecedenceMax);
    return out;
}

Reply create_group(AdminCall call) {
    Members members(call.request);
    identity::GroupChange wanted = change_of(members);
    POOL(pool, call, members);
    if (!identity::check_username(wanted.name)) {
        co_return std::unexpected(invalid_parameter(
            "1 validation error detected: Value at 'groupName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"));
    }
    Group group;
    group.name = std::move(wanted.name);
    group.description = std::move(wanted.description);
    group.role = std::move(wanted.role);
    group.precedence = wanted.precedence;
    Administration& admin = call.identity.administration();
    ANSWER(made, co_await admin.here().create_group(admin.as(call.who.access_key_id), pool.pool,
                                                    std::move(group)));
    co_return json::object{{"Group", shown(made, pool.id)}};
}

Reply update_group(AdminCall call) {
    Members members(call.request);
    identity::GroupChange change = change_of(members);
    POOL(pool, call, members);
    Administration& admin = call.identity.administration();
    ANSWER(now, co_await admin.here().update_group(admin.as(call.who.access_key_id), pool.pool,
                                                   std::move(change)));
    co_return json::object{{"Group", shown(now, pool.id)}};
}

Reply get_group(AdminCall call) {
    Members members(call.request);
    std::string name = members.required("GroupName", kGroupNameBytesMax);
    POOL(pool, call, members);
    ANSWER(group,
           co_await call.identity.administration().here().groups().get(pool.pool, std::move(name)));
    co_return json::object{{"Group", shown(group, pool.id)}};
}

Reply delete_group(AdminCall call) {
    Members members(call.request);
    std::string name = members.required("GroupName", kGroupNameBytesMax);
    POOL(pool, call, members);
    Administration& admin = call.identity.administration();
    DO(co_await admin.here().delete_group(admin.as(call.who.access_key_id), pool.pool,
                                          std::move(name)));
    co_return json::object();
}

Reply list_groups(AdminCall call) {
    Members members(call.request);
    Paging page = paging(members, "NextToken");
    POOL(pool, call, members);
    ANSWER(groups, co_await call.identity.administration().here().list_groups(
                       pool.pool, std::move(page.token), page.limit));
    co_return shown(groups, pool.id);
}

identity::AdminGroupRequest membership(const AdminCall& call, const AdminTarget& target,
                                       std::string group) {
    identity::AdminGroupRequest out;
    out.who.access_key_id = call.who.access_key_id;
    out.pool = target.pool;
    out.username = target.username;
    out.group = std::move(group);
    return out;
}

Reply add_to_group(AdminCall call) {
    Members members(call.request);
    std::string group = members.required("GroupName", kGroupNameBytesMax);
    TARGET(target, call, members);
    DO(co_await call.identity.administration().add_to_group(
        membership(call, target, std::move(group))));
    co_return json::object();
}

Reply remove_from_group(AdminCall call) {
    Members members(call.request);
    std::string group = members.required("GroupName", kGroupNameBytesMax);
    TARGET(target, call, members);
    DO(co_await call.identity.administration().remove_from_group(
        membership(call, target, std::move(group))));
    co_return json::object();
}

Reply groups_of_user(AdminCall call) {
    Members members(call.request);
    Paging page = paging(members, "NextToken");
    TARGET(target, call, members);
    identity::AdminListGroupsRequest request;
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    request.token = std::move(page.token);
    request.limit = page.limit;
    ANSWER(groups, co_await call.identity.administration().groups_of(std::move(request)));
    co_return shown(groups, target.id);
}

Reply users_in_group(AdminCall call) {
    Members members(call.request);
    std::string group = members.required("GroupName", kGroupNameBytesMax);
    Paging page = paging(members, "NextToken");
    POOL(pool, call, members);
    Administration& admin = call.identity.administration();
    identity::AdminGroupRequest request = membership(call, pool, std::move(group));
    request.who = admin.as(call.who.access_key_id);
    ANSWER(people,
           co_await admin.here().list_group(std::move(request), std::move(page.token), page.limit));
    co_return shown(people, "NextToken", {});
}

Reply list_users(AdminCall call) {
    Members members(call.request);
    Paging page = paging(members, "PaginationToken");
    const std::vector<std::string> attributes = members.list("AttributesToGet");
    const std::string text = members.optional("Filter").value_or("");
    POOL(pool, call, members);
    auto filter = parse_filter(text);
    if (!filter) co_return std::unexpected(std::move(filter.error()));
    Administration& admin = call.identity.administration();
    ANSWER(people, co_await admin.here().list_people(admin.as(call.who.access_key_id), pool.pool,
                                                     std::move(*filter), std::move(page.token),
                                                     page.limit));
    co_return shown(people, "PaginationToken", attributes);
}

}  // namespace

void add_group_operations(AdminOperations& into) {
    into["CreateGroup"] = create_group;
    into["UpdateGroup"] = update_group;
    into["GetGroup"] = get_group;
    into["DeleteGroup"] = delete_group;
    into["ListGroups"] = list_groups;
    into["AdminAddUserToGroup"] = add_to_group;
    into["AdminRemoveUserFromGroup"] = remove_from_group;
    into["AdminListGroupsForUser"] = groups_of_user;
    into["ListUsersInGroup"] = users_in_group;
    into["ListUsers"] = list_users;
}

}  // namespace domicile::api::cognito
