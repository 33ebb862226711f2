#include "identity/links.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "identity/external.h"

namespace domicile::identity {
namespace {

std::unexpected<Error> broken_profile() {
    return fail(Code::internal, "A stored profile is broken.");
}

json::object written(const ExternalIdentity& who) {
    return {{"provider", who.provider}, {"subject", who.subject}};
}

Result<ExternalIdentity> read_identity(const json::object& from) {
    ExternalIdentity out;
    TRY(out.provider, require_string(from, "provider"));
    TRY(out.subject, require_string(from, "subject"));
    return out;
}

json::object shown(const ExternalIdentity& who, Timestamp since, bool is_primary) {
    return {{"userId", who.subject},
            {"providerName", who.provider},
            {"providerType", "OIDC"},
            {"issuer", nullptr},
            {"primary", is_primary ? "true" : "false"},
            {"dateCreated", std::to_string(since.ms)}};
}

}  // namespace

std::vector<std::string> links_schema() {
    return {
        "CREATE TABLE identity_links (pool TEXT NOT NULL, username_index BYTEA NOT NULL, "
        "sub TEXT NOT NULL, PRIMARY KEY (pool, username_index))",
        "CREATE INDEX identity_links_by_sub ON identity_links (sub)"};
}

void write_links(const UserRow& row, json::object& into) {
    json::array links;
    for (const LinkedIdentity& link : row.links) {
        json::object one = written(link.who);
        one["since"] = link.since.ms;
        links.push_back(std::move(one));
    }
    if (!links.empty()) into["links"] = std::move(links);
    if (!row.link_change) return;
    json::object change = written(row.link_change->who);
    change["id"] = to_base64(row.link_change->change_id);
    into["link_change"] = std::move(change);
}

Result<void> read_links(const json::object& from, UserRow& into) {
    if (const json::value* links = from.if_contains("links")) {
        if (!links->is_array()) return broken_profile();
        for (const json::value& item : links->get_array()) {
            if (!item.is_object()) return broken_profile();
            LinkedIdentity link;
            TRY(link.who, read_identity(item.get_object()));
            TRY(const auto since, optional_int(item.get_object(), "since"));
            link.since = Timestamp{since.value_or(0)};
            into.links.push_back(std::move(link));
        }
    }
    const json::value* change = from.if_contains("link_change");
    if (change == nullptr) return {};
    if (!change->is_object()) return broken_profile();
    LinkChange wanted;
    TRY(wanted.who, read_identity(change->get_object()));
    TRY(const std::string id, require_string(change->get_object(), "id"));
    const auto bytes = from_base64(id);
    if (!bytes) return broken_profile();
    wanted.change_id = *bytes;
    into.link_change = std::move(wanted);
    return {};
}

bool is_linked(const UserRow& row, const ExternalIdentity& who) {
    return std::ranges::find(row.links, who, &LinkedIdentity::who) != row.links.end();
}

bool is_named_by(const UserRow& row, const ExternalIdentity& who) {
    return row.external == who || is_linked(row, who);
}

void show_identities(UserRow& row) {
    json::array list;
    if (row.external) list.push_back(shown(*row.external, row.created, true));
    for (const LinkedIdentity& link : row.links) {
        list.push_back(shown(link.who, link.since, false));
    }
    row.attributes.erase("identities");
    if (!list.empty()) row.attributes["identities"] = json::serialize(list);
}

io::Task<Result<std::optional<UserRow>>> Users::find_linked(std::string pool,
                                                            std::string username) {
    sql::Blob index{username_index(pool, username)};
    std::vector<sql::Value> parameters{pool, std::move(index)};
    return find_where(
        "sub = (SELECT sub FROM identity_links WHERE pool = $1 AND username_index = $2)",
        std::move(parameters));
}

io::Task<Result<std::vector<sql::Statement>>> Users::linked(UserRow row) {
    const LinkChange wanted = *std::exchange(row.link_change, std::nullopt);
    row.links.push_back({wanted.who, clock_.now()});
    show_identities(row);
    std::string name = external_username(wanted.who.provider, wanted.who.subject);
    std::vector<sql::Statement> batch;
    batch.push_back({"INSERT INTO identity_links (pool, username_index, sub) VALUES ($1, $2, $3)",
                     {row.pool, sql::Blob{username_index(row.pool, name)}, row.sub}});
    CO_TRY(sql::Statement replacement, co_await this->replacement(std::move(row)));
    batch.push_back(std::move(replacement));
    co_return batch;
}

sql::Statement Users::unlinking(const UserRow& row, const ExternalIdentity& who) const {
    const std::string name = external_username(who.provider, who.subject);
    return {"DELETE FROM identity_links WHERE pool = $1 AND username_index = $2 AND sub = $3",
            {row.pool, sql::Blob{username_index(row.pool, name)}, row.sub},
            1};
}

}  // namespace domicile::identity
