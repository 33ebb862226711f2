#include "identity/groups.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "crypto/hash.h"
#include "identity/messages.h"

namespace domicile::identity {
namespace {

constexpr const char* kColumns = "g.id, g.name_index, g.sealed, g.version";

std::string context(const std::string& id) { return "identity_groups.sealed:" + id; }

std::unexpected<Error> unknown_group() {
    return fail(Code::not_found, "Group not found.", reason::kUnknownGroup);
}

std::unexpected<Error> too_many(const char* text) {
    return fail(Code::resource_exhausted, text, reason::kTooManyGroups);
}

std::int64_t rank(const Group& group) {
    return group.precedence.value_or(std::numeric_limits<std::int64_t>::max());
}

}  // namespace

struct Groups::Row {
    std::string id, name_index;
    Group group;
    std::int64_t version = 0;
};

std::vector<std::string> Groups::schema() {
    std::vector<std::string> steps;
    steps.emplace_back(
        "CREATE TABLE identity_groups (id TEXT PRIMARY KEY, pool TEXT NOT NULL, "
        "name_index BYTEA NOT NULL, sealed BYTEA NOT NULL, version BIGINT NOT NULL, "
        "UNIQUE (pool, name_index))");
    steps.emplace_back(
        "CREATE TABLE identity_members (sub TEXT NOT NULL, group_id TEXT NOT NULL, "
        "PRIMARY KEY (sub, group_id))");
    steps.emplace_back(
        "CREATE INDEX identity_members_by_group ON identity_members (group_id, sub)");
    return steps;
}

sql::Blob Groups::index(std::string_view pool, std::string_view name) const {
    return {crypto::hmac_sha256(index_secret_, std::string(pool) + '\0' + std::string(name))};
}

sql::Blob Groups::sealed(const std::string& id, const Group& group) const {
    return {key_.seal(context(id), json::serialize(to_message(group)))};
}

Result<Groups::Row> Groups::read(const sql::Row& row) const {
    Row out;
    out.id = row.text(0);
    out.name_index = row.bytes(1);
    TRY(const std::string text, key_.open(context(out.id), row.bytes(2)));
    TRY(const json::value stored, parse_json(text));
    TRY(out.group, from_message<Group>(stored));
    out.version = row.integer(3);
    return out;
}

io::Task<Result<Groups::Row>> Groups::find(std::string pool, std::string name) {
    std::vector<sql::Statement> batch;
    batch.push_back({std::string("SELECT ") + kColumns +
                         " FROM identity_groups g WHERE g.pool = $1 AND g.name_index = $2",
                     {pool, index(pool, name)}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return unknown_group();
    co_return read(found[0].rows[0]);
}

io::Task<Result<Group>> Groups::create(std::string pool, Group group) {
    std::vector<sql::Statement> count;
    count.push_back({"SELECT COUNT(*) FROM identity_groups WHERE pool = $1", {pool}});
    CO_TRY(const auto counted, co_await database_.read(std::move(count)));
    if (counted[0].rows[0].integer(0) >= kGroupsOfPoolMax) {
        co_return too_many("A pool has at most 10,000 groups.");
    }
    group.created_ms = group.modified_ms = clock_.now().ms;
    const std::string id = random_.uuid();
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"INSERT INTO identity_groups (id, pool, name_index, sealed, version) "
         "VALUES ($1, $2, $3, $4, 0)",
         {id, pool, index(pool, group.name), sealed(id, group)}});
    const auto done = co_await database_.write(std::move(batch));
    if (!done && done.error().reason == sql::kReasonUnique) {
        co_return fail(Code::already_exists, "A group with the name already exists.",
                       reason::kGroupExists);
    }
    if (!done) co_return std::unexpected(done.error());
    co_return group;
}

io::Task<Result<Group>> Groups::get(std::string pool, std::string name) {
    CO_TRY(Row row, co_await find(std::move(pool), std::move(name)));
    co_return std::move(row.group);
}

io::Task<Result<Group>> Groups::update(std::string pool, GroupChange change) {
    CO_TRY(Row row, co_await find(std::move(pool), std::move(change.name)));
    if (change.description) row.group.description = std::move(change.description);
    if (change.role) row.group.role = std::move(change.role);
    if (change.precedence) row.group.precedence = change.precedence;
    row.group.modified_ms = clock_.now().ms;
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE identity_groups SET sealed = $2, version = version + 1 "
         "WHERE id = $1 AND version = $3",
         {row.id, sealed(row.id, row.group), row.version},
         1});
    const auto done = co_await database_.write(std::move(batch));
    if (!done && done.error().code == Code::conflict) {
        co_return fail(Code::resource_exhausted, "Something else changed it at the same time.");
    }
    if (!done) co_return std::unexpected(done.error());
    co_return std::move(row.group);
}

io::Task<Result<void>> Groups::remove(std::string pool, std::string name) {
    CO_TRY(const Row row, co_await find(std::move(pool), std::move(name)));
    std::vector<sql::Statement> batch;
    batch.push_back({"DELETE FROM identity_groups WHERE id = $1", {row.id}});
    batch.push_back({"DELETE FROM identity_members WHERE group_id = $1", {row.id}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<Groups::Page>> Groups::list(std::string pool, std::string after,
                                            std::int64_t limit) {
    std::vector<sql::Statement> batch;
    batch.push_back({std::string("SELECT ") + kColumns +
                         " FROM identity_groups g WHERE g.pool = $1 AND g.name_index > $2 "
                         "ORDER BY g.name_index LIMIT $3",
                     {std::move(pool), sql::Blob{std::move(after)}, limit + 1}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    Page out;
    std::string last;
    for (const sql::Row& stored : found[0].rows) {
        if (static_cast<std::int64_t>(out.groups.size()) == limit) {
            out.next = last;
            break;
        }
        CO_TRY(Row row, read(stored));
        last = std::move(row.name_index);
        out.groups.push_back(std::move(row.group));
    }
    co_return out;
}

io::Task<Result<void>> Groups::add(std::string pool, std::string name, std::string sub) {
    CO_TRY(const Row row, co_await find(std::move(pool), std::move(name)));
    CO_TRY(const auto own, co_await of_person(sub));
    const bool is_in = std::ranges::find(own, row.group.name, &Group::name) != own.end();
    if (is_in) co_return Result<void>();
    if (static_cast<std::int64_t>(own.size()) >= kGroupsOfPersonMax) {
        co_return too_many("Somebody is in at most 100 groups.");
    }
    std::vector<sql::Statement> batch;
    // Nothing for a person or a group that is gone meanwhile.
    batch.push_back(
        {"INSERT INTO identity_members (sub, group_id) SELECT u.sub, g.id "
         "FROM identity_users u, identity_groups g WHERE u.sub = $1 AND g.id = $2 "
         "ON CONFLICT (sub, group_id) DO NOTHING",
         {std::move(sub), row.id}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<void>> Groups::leave(std::string pool, std::string name, std::string sub) {
    CO_TRY(const Row row, co_await find(std::move(pool), std::move(name)));
    std::vector<sql::Statement> batch;
    batch.push_back({"DELETE FROM identity_members WHERE sub = $1 AND group_id = $2",
                     {std::move(sub), row.id}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<std::vector<Group>>> Groups::of_person(std::string sub) {
    std::vector<sql::Statement> batch;
    batch.push_back({std::string("SELECT ") + kColumns +
                         " FROM identity_members m JOIN identity_groups g ON g.id = m.group_id "
                         "WHERE m.sub = $1",
                     {std::move(sub)}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    std::vector<Group> out;
    for (const sql::Row& stored : found[0].rows) {
        CO_TRY(Row row, read(stored));
        out.push_back(std::move(row.group));
    }
    std::ranges::sort(out, [](const Group& a, const Group& b) {
        return std::tuple(rank(a), a.name) < std::tuple(rank(b), b.name);
    });
    co_return out;
}

io::Task<Result<std::vector<std::string>>> Groups::members(std::string pool, std::string name,
                                                           std::string after, std::int64_t limit) {
    CO_TRY(const Row row, co_await find(std::move(pool), std::move(name)));
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT sub FROM identity_members WHERE group_id = $1 AND sub > $2 ORDER BY sub LIMIT $3",
         {row.id, std::move(after), limit}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    std::vector<std::string> out;
    for (const sql::Row& stored : found[0].rows) out.push_back(stored.text(0));
    co_return out;
}

}  // namespace domicile::identity
