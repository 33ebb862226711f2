// Groups at the home, and who of its people is in them.
#include "identity/home.h"
#include "identity/page_token.h"
#include "identity/validation.h"

namespace domicile::identity {
namespace {

std::int64_t bounded(std::int64_t limit) {
    return limit < 1 || limit > kListMax ? kListMax : limit;
}

}  // namespace

io::Task<Result<Group>> Home::create_group(Administrator who, std::string pool, Group group) {
    CO_TRY_VOID(co_await on_record("CreateGroup", std::move(who), pool));
    co_return co_await groups_.create(std::move(pool), std::move(group));
}

io::Task<Result<Group>> Home::update_group(Administrator who, std::string pool,
                                           GroupChange change) {
    CO_TRY_VOID(co_await on_record("UpdateGroup", std::move(who), pool));
    co_return co_await groups_.update(std::move(pool), std::move(change));
}

io::Task<Result<Done>> Home::delete_group(Administrator who, std::string pool, std::string name) {
    CO_TRY_VOID(co_await on_record("DeleteGroup", std::move(who), pool));
    CO_TRY_VOID(co_await groups_.remove(std::move(pool), std::move(name)));
    co_return Done{};
}

io::Task<Result<GroupPage>> Home::list_groups(std::string pool, std::string token,
                                              std::int64_t limit) {
    const std::string list = "groups:" + pool;
    CO_TRY(std::string after, open_page_token(page_key_, list, token));
    CO_TRY(Groups::Page page, co_await groups_.list(pool, std::move(after), bounded(limit)));
    GroupPage out{std::move(page.groups), {}};
    if (!page.next.empty()) out.token = seal_page_token(page_key_, list, page.next);
    co_return out;
}

io::Task<Result<Done>> Home::admin_add_to_group(AdminGroupRequest request) {
    CO_TRY(const UserRow row, co_await administered("AdminAddUserToGroup", request.who,
                                                    request.pool, request.username));
    CO_TRY_VOID(co_await groups_.add(row.pool, std::move(request.group), row.sub));
    co_return Done{};
}

io::Task<Result<Done>> Home::admin_remove_from_group(AdminGroupRequest request) {
    CO_TRY(const UserRow row, co_await administered("AdminRemoveUserFromGroup", request.who,
                                                    request.pool, request.username));
    CO_TRY_VOID(co_await groups_.leave(row.pool, std::move(request.group), row.sub));
    co_return Done{};
}

// At most a hundred, so that they are read whole; the token is the name of the last one.
io::Task<Result<GroupPage>> Home::admin_groups_of(AdminListGroupsRequest request) {
    CO_TRY(const UserRow row, co_await administered("AdminListGroupsForUser", request.who,
                                                    request.pool, request.username));
    const std::string list = "groups_of:" + row.sub;
    CO_TRY(const std::string after, open_page_token(page_key_, list, request.token));
    CO_TRY(std::vector<Group> all, co_await groups_.of_person(row.sub));
    auto from = all.begin();
    if (!after.empty()) {
        from = std::ranges::find(all, after, &Group::name);
        if (from != all.end()) ++from;
    }
    GroupPage out;
    const auto limit = static_cast<std::size_t>(bounded(request.limit));
    for (; from != all.end() && out.groups.size() < limit; ++from) {
        out.groups.push_back(std::move(*from));
    }
    if (from != all.end()) {
        out.token = seal_page_token(page_key_, list, out.groups.back().name);
    }
    co_return out;
}

io::Task<Result<PersonPage>> Home::list_group(AdminGroupRequest request, std::string token,
                                              std::int64_t limit) {
    CO_TRY_VOID(co_await on_record("ListUsersInGroup", request.who, request.pool));
    const std::string list = "in_group:" + request.pool + ":" + request.group;
    CO_TRY(std::string after, open_page_token(page_key_, list, token));
    CO_TRY(const auto subs, co_await groups_.members(request.pool, request.group, std::move(after),
                                                     bounded(limit) + 1));
    PersonPage out;
    for (std::size_t i = 0; i < subs.size(); ++i) {
        if (static_cast<std::int64_t>(i) == bounded(limit)) {
            out.token = seal_page_token(page_key_, list, subs[i - 1]);
            break;
        }
        CO_TRY(const auto row, co_await users_.find_sub(subs[i]));
        if (row) out.people.push_back(describe(*row));
    }
    co_return out;
}

}  // namespace domicile::identity
