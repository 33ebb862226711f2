#include "identity/users.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "directory/directory.h"
#include "identity/addresses.h"
#include "identity/aliases.h"
#include "identity/links.h"
#include "identity/messages.h"
#include "identity/users_tables.h"

namespace domicile::identity {
namespace {

// Where an alias of this kind is; null for one that is none.
const char* alias_column(directory::IdentifierKind kind) {
    using Kind = directory::IdentifierKind;
    if (kind == Kind::email) return "email_alias";
    if (kind == Kind::phone) return "phone_alias";
    return kind == Kind::username ? "name_alias" : nullptr;
}

constexpr const char* kColumns =
    "sub, pool, claim_id, created, epoch, confirmed, sealed, code_mac, code_expires, code_tries, "
    "version";
constexpr const char* kNobody = "00000000-0000-4000-8000-000000000000";

constexpr const char* kNewPassword = "new_password";
constexpr const char* kReset = "reset";

std::string profile_context(const std::string& sub) { return "identity_users.sealed:" + sub; }

std::unexpected<Error> broken_profile() {
    return fail(Code::internal, "A stored profile is broken.");
}

void write_password(const StoredPassword& password, json::object& into) {
    if (!password.hash.empty()) {
        into["hash"] = password.hash;
        return;
    }
    into["salt"] = password.srp.salt_hex;
    into["verifier"] = to_base64(password.srp.verifier);
}

Result<StoredPassword> read_password(const json::object& from) {
    StoredPassword out;
    TRY(const auto hash, optional_string(from, "hash"));
    if (hash) {
        out.hash = *hash;
        return out;
    }
    TRY(out.srp.salt_hex, require_string(from, "salt"));
    TRY(const std::string verifier, require_string(from, "verifier"));
    const auto bytes = from_base64(verifier);
    if (!bytes) return broken_profile();
    out.srp.verifier = *bytes;
    return out;
}

// Absent: as somebody is of whom no administrator knows.
void write_state(const UserRow& row, json::object& into) {
    if (row.state == PersonState::new_password) into["state"] = kNewPassword;
    if (row.state == PersonState::reset) into["state"] = kReset;
    if (row.disabled) into["disabled"] = true;
    if (row.hidden) into["hidden"] = true;
    if (row.code_medium == Medium::sms) into["code_by_text"] = true;
    if (row.temporary_until.ms != 0) into["temporary_until"] = row.temporary_until.ms;
}

Result<void> read_state(const json::object& from, UserRow& into) {
    TRY(const auto state, optional_string(from, "state"));
    TRY(const auto until, optional_int(from, "temporary_until"));
    TRY(const auto modified, optional_int(from, "modified"));
    if (state && *state != kNewPassword && *state != kReset) return broken_profile();
    if (state) into.state = *state == kReset ? PersonState::reset : PersonState::new_password;
    into.disabled = from.contains("disabled");
    into.hidden = from.contains("hidden");
    if (from.contains("code_by_text")) into.code_medium = Medium::sms;
    into.temporary_until = Timestamp{until.value_or(0)};
    into.modified = Timestamp{modified.value_or(into.created.ms)};
    return {};
}

// Where the stored profile has them, by attribute.
constexpr std::array kChanges = {std::pair("email", "email_change"),
                                 std::pair("phone_number", "phone_change"),
                                 std::pair("preferred_username", "preferred_change")};

void write_address_changes(const UserRow& row, json::object& into) {
    for (const auto& [attribute, member] : kChanges) {
        const auto found = row.address_changes.find(attribute);
        if (found == row.address_changes.end()) continue;
        const AddressChange& change = found->second;
        json::object out{{attribute, change.value}, {"id", to_base64(change.change_id)}};
        if (change.renames) out["renames"] = true;
        if (change.taken) out["taken"] = true;
        if (!change.proven) out["unproven"] = true;
        into[member] = std::move(out);
    }
}

Result<AddressChange> read_address_change(const json::object& from, const char* attribute) {
    AddressChange out;
    TRY(out.value, require_string(from, attribute));
    TRY(const std::string id, require_string(from, "id"));
    const auto bytes = from_base64(id);
    if (!bytes) return broken_profile();
    out.change_id = *bytes;
    out.renames = from.contains("renames");
    out.taken = from.contains("taken");
    out.proven = !from.contains("unproven");
    return out;
}

Result<void> read_address_changes(const json::object& from, UserRow& into) {
    for (const auto& [attribute, member] : kChanges) {
        const json::value* value = from.if_contains(member);
        if (value == nullptr) continue;
        if (!value->is_object()) return broken_profile();
        TRY(into.address_changes[attribute], read_address_change(value->get_object(), attribute));
    }
    return {};
}

void write_external(const UserRow& row, json::object& into) {
    if (!row.external) return;
    into["external"] =
        json::object{{"provider", row.external->provider}, {"subject", row.external->subject}};
}

Result<void> read_external(const json::object& from, UserRow& into) {
    const json::value* value = from.if_contains("external");
    if (value == nullptr) return {};
    if (!value->is_object()) return broken_profile();
    ExternalIdentity external;
    TRY(external.provider, require_string(value->get_object(), "provider"));
    TRY(external.subject, require_string(value->get_object(), "subject"));
    into.external = std::move(external);
    return {};
}

Result<void> read_profile(std::string_view text, UserRow& into) {
    TRY(const json::object profile, parse_json_object(text));
    TRY(into.username, require_string(profile, "username"));
    TRY(auto srp_name, optional_string(profile, "srp_name"));
    into.srp_name = srp_name ? std::move(*srp_name) : into.username;
    TRY(into.password, read_password(profile));
    const json::value* attributes = profile.if_contains("attributes");
    if (attributes == nullptr) return broken_profile();
    if (const json::value* past = profile.if_contains("past")) {
        if (!past->is_array()) return broken_profile();
        for (const json::value& item : past->get_array()) {
            if (!item.is_object()) return broken_profile();
            TRY(auto password, read_password(item.get_object()));
            into.past_passwords.push_back(std::move(password));
        }
    }
    TRY(into.attributes, from_message<Attributes>(*attributes));
    TRY_VOID(read_address_changes(profile, into));
    TRY_VOID(read_external(profile, into));
    TRY_VOID(read_links(profile, into));
    return read_state(profile, into);
}

UserRow clear_part(const sql::Row& row) {
    UserRow out;
    out.sub = row.text(0);
    out.pool = row.text(1);
    out.claim_id = row.bytes(2);
    out.created = Timestamp{row.integer(3)};
    out.epoch = static_cast<std::uint64_t>(row.integer(4));
    out.confirmed = row.integer(5) != 0;
    out.code_mac = row.bytes(7);
    out.code_expires = Timestamp{row.integer(8)};
    out.code_tries = row.integer(9);
    out.version = row.integer(10);
    return out;
}

}  // namespace

// The code went to one of the addresses, so confirming the person verified it.
void mark_confirmed(UserRow& row) {
    row.attributes.try_emplace(flag_of(row.code_medium), "true");
    if (row.code_medium == Medium::email) return;
    const bool has_mail = !address_of(Medium::email, row.username, row.attributes).empty();
    if (has_mail) row.attributes.try_emplace(flag_of(Medium::email), "false");
}

UserRow with_change(UserRow row, const std::string& change_id) {
    for (const auto& [attribute, change] : std::exchange(row.address_changes, {})) {
        if (change.change_id != change_id) {
            row.address_changes[attribute] = change;
            continue;
        }
        const auto medium = medium_of(attribute);
        if (medium) row.attributes.erase(flag_of(*medium));
        if (change.value.empty()) {
            row.attributes.erase(attribute);
            continue;
        }
        row.attributes[attribute] = change.value;
        if (medium) row.attributes[flag_of(*medium)] = change.proven ? "true" : "false";
        if (change.renames) row.username = change.value;
    }
    return row;
}

io::Task<Result<void>> Users::migrate() {
    sql::Component own = schema();
    return database_.migrate(std::move(own.name), std::move(own.steps));
}

std::string Users::username_index(std::string_view pool, std::string_view username) const {
    const auto kind = directory::kind_of_username(username);
    return crypto::hmac_sha256(index_secret_, std::string(pool) + '\0' +
                                                  static_cast<char>('0' + static_cast<int>(kind)) +
                                                  directory::normalise(kind, username));
}

// Of no user name: none begins so.
std::string Users::hidden_index(std::string_view pool, std::string_view username) const {
    return crypto::hmac_sha256(index_secret_, "hidden" + username_index(pool, username));
}

std::vector<sql::Value> Users::alias_indexes(const UserRow& row) const {
    std::vector<sql::Value> out(kAliasColumns.size());
    const config::Pool* pool = pool_of_(row.pool);
    if (pool == nullptr || pool->aliases.empty()) return out;
    const std::string own = username_index(row.pool, row.username);
    for (const std::string& alias : aliases_of(*pool, row)) {
        const char* column = alias_column(directory::kind_of_username(alias));
        std::string index = username_index(row.pool, alias);
        if (column == nullptr || index == own) continue;
        const auto place = std::ranges::find(kAliasColumns, std::string_view(column));
        out[static_cast<std::size_t>(place - kAliasColumns.begin())] = sql::Blob{std::move(index)};
    }
    return out;
}

std::string Users::code_mac(std::string_view sub, std::string_view code) const {
    return crypto::hmac_sha256(code_secret_, std::string(sub) + '\0' + std::string(code));
}

io::Task<Result<std::optional<UserRow>>> Users::find_where(std::string condition,
                                                           std::vector<sql::Value> parameters) {
    std::vector<sql::Statement> batch;
    batch.push_back({std::string("SELECT ") + kColumns + " FROM identity_users WHERE " + condition,
                     std::move(parameters)});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) {
        std::string nobody = kNobody;
        auto none = co_await keyring_.find(std::move(nobody));
        if (!none && none.error().code != Code::not_found) {
            co_return std::unexpected(none.error());
        }
        co_return std::optional<UserRow>();
    }
    CO_TRY(UserRow out, co_await opened(found[0].rows[0]));
    co_return std::optional<UserRow>(std::move(out));
}

io::Task<Result<UserRow>> Users::opened(const sql::Row row) {
    UserRow out = clear_part(row);
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(out.sub));
    CO_TRY(const std::string profile, key.open(profile_context(out.sub), row.bytes(6)));
    CO_TRY_VOID(read_profile(profile, out));
    if (out.confirmed) mark_confirmed(out);
    co_return out;
}

io::Task<Result<std::vector<UserRow>>> Users::page(std::string pool, std::string after,
                                                   std::int64_t limit) {
    std::vector<sql::Statement> batch;
    batch.push_back({std::string("SELECT ") + kColumns +
                         " FROM identity_users WHERE pool = $1 AND sub > $2 ORDER BY sub LIMIT $3",
                     {std::move(pool), std::move(after), limit}});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    std::vector<UserRow> out;
    for (sql::Row& row : found[0].rows) {
        auto person = co_await opened(std::move(row));
        // Whose key is gone is being erased.
        if (!person && person.error().code == Code::not_found) continue;
        if (!person) co_return std::unexpected(person.error());
        out.push_back(std::move(*person));
    }
    co_return out;
}

io::Task<Result<std::optional<UserRow>>> Users::find(std::string pool, std::string username) {
    sql::Blob index{username_index(pool, username)};
    const config::Pool* rules = pool_of_(pool);
    const char* alias = alias_column(directory::kind_of_username(username));
    std::vector<sql::Value> parameters{std::move(pool), std::move(index)};
    if (rules == nullptr || rules->aliases.empty() || alias == nullptr) {
        return find_where("pool = $1 AND username_index = $2", std::move(parameters));
    }
    // Two look-ups of an index each, which an OR of the two would not be.
    return find_where(
        "sub IN (SELECT sub FROM identity_users WHERE pool = $1 AND username_index = $2 UNION ALL "
        "SELECT sub FROM identity_users WHERE pool = $1 AND confirmed = 1 AND " +
            std::string(alias) + " = $2)",
        std::move(parameters));
}

io::Task<Result<std::optional<UserRow>>> Users::find_hidden(std::string pool,
                                                            std::string username) {
    sql::Blob index{hidden_index(pool, username)};
    std::vector<sql::Value> parameters{pool, std::move(index)};
    return find_where("pool = $1 AND username_index = $2", std::move(parameters));
}

io::Task<Result<std::optional<UserRow>>> Users::find_claim(std::string claim_id) {
    std::vector<sql::Value> parameters;
    parameters.emplace_back(sql::Blob{std::move(claim_id)});
    return find_where("claim_id = $1", std::move(parameters));
}

io::Task<Result<std::optional<UserRow>>> Users::find_sub(std::string sub) {
    std::vector<sql::Value> parameters{std::move(sub)};
    return find_where("sub = $1", std::move(parameters));
}

io::Task<Result<sql::Blob>> Users::sealed_profile(const UserRow row) {
    CO_TRY(const keyring::DataKey key, co_await keyring_.create(row.sub));
    json::object profile{{"username", row.username}, {"attributes", to_message(row.attributes)}};
    profile["modified"] = clock_.now().ms;
    profile["srp_name"] = row.srp_name;
    write_state(row, profile);
    write_address_changes(row, profile);
    write_external(row, profile);
    write_links(row, profile);
    write_password(row.password, profile);
    json::array past;
    for (const StoredPassword& password : row.past_passwords) {
        write_password(password, past.emplace_back(json::object()).get_object());
    }
    if (!past.empty()) profile["past"] = std::move(past);
    co_return sql::Blob{key.seal(profile_context(row.sub), json::serialize(profile))};
}

io::Task<Result<sql::Statement>> Users::insertion(UserRow row) {
    CO_TRY(sql::Blob sealed, co_await sealed_profile(row));
    std::string index = username_index(row.pool, row.username);
    if (row.hidden) index = hidden_index(row.pool, row.username);
    sql::Statement out;
    out.sql =
        "INSERT INTO identity_users (sub, pool, username_index, claim_id, created, epoch, "
        "confirmed, sealed, code_mac, code_expires, code_tries, email_alias, phone_alias, "
        "name_alias) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, 0, $10, $11, $12)";
    out.parameters = {row.sub,
                      row.pool,
                      sql::Blob{std::move(index)},
                      sql::Blob{row.claim_id},
                      row.created.ms,
                      static_cast<std::int64_t>(row.epoch),
                      std::move(sealed),
                      sql::Blob{row.code_mac},
                      row.code_expires.ms};
    std::ranges::move(alias_indexes(row), std::back_inserter(out.parameters));
    co_return out;
}

io::Task<Result<void>> Users::replace_unconfirmed(UserRow row, std::vector<sql::Statement> with) {
    CO_TRY(sql::Blob sealed, co_await sealed_profile(row));
    sql::Statement replacing{
        "UPDATE identity_users SET sealed = $2, code_mac = $3, code_expires = $4, "
        "code_tries = 0, version = version + 1, email_alias = $5, phone_alias = $6, "
        "name_alias = $7 WHERE sub = $1 AND confirmed = 0",
        {row.sub, std::move(sealed), sql::Blob{row.code_mac}, row.code_expires.ms},
        1};
    std::ranges::move(alias_indexes(row), std::back_inserter(replacing.parameters));
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(replacing));
    batch.insert(batch.end(), std::make_move_iterator(with.begin()),
                 std::make_move_iterator(with.end()));
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<sql::Statement>> Users::replacement(UserRow row) {
    CO_TRY(sql::Blob sealed, co_await sealed_profile(row));
    sql::Statement out{
        "UPDATE identity_users SET sealed = $2, version = version + 1, email_alias = $5, "
        "phone_alias = $6, name_alias = $7 WHERE sub = $1 AND version = $3 AND confirmed = $4",
        {row.sub, std::move(sealed), row.version, std::int64_t{row.confirmed}},
        1};
    std::ranges::move(alias_indexes(row), std::back_inserter(out.parameters));
    co_return out;
}

io::Task<Result<bool>> Users::count_code_try(std::string sub, std::int64_t tries_max) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE identity_users SET code_tries = code_tries + 1 "
         "WHERE sub = $1 AND code_tries < $2",
         {std::move(sub), tries_max}});
    CO_TRY(auto done, co_await database_.write(std::move(batch)));
    co_return done[0].changed == 1;
}

std::vector<sql::Statement> Users::confirmed(const std::string& claim_id) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE identity_users SET confirmed = 1 WHERE claim_id = $1", {sql::Blob{claim_id}}});
    return batch;
}

std::vector<sql::Statement> Users::removed(const std::string& claim_id) {
    std::vector<sql::Statement> batch;
    const auto add = [&](std::string text, std::int64_t expect_rows = -1) {
        batch.push_back({std::move(text), {sql::Blob{claim_id}}, expect_rows});
    };
    const std::string people = "(SELECT sub FROM identity_users WHERE claim_id = $1)";
    // A confirmation may have overtaken whoever decided to remove an unconfirmed person.
    add("SELECT sub FROM identity_users WHERE claim_id = $1 AND confirmed = 1", 0);
    add("INSERT INTO identity_erasures (sub) "
        "SELECT sub FROM identity_users WHERE claim_id = $1");
    add("DELETE FROM identity_mails WHERE sub IN " + people);
    add("DELETE FROM identity_sessions WHERE sub IN " + people);
    add("DELETE FROM identity_members WHERE sub IN " + people);
    add("DELETE FROM identity_authenticators WHERE sub IN " + people);
    add("DELETE FROM identity_devices WHERE sub IN " + people);
    add("DELETE FROM identity_passkeys WHERE sub IN " + people);
    add("DELETE FROM identity_links WHERE sub IN " + people);
    add("DELETE FROM identity_authorization_codes WHERE sub IN " + people);
    add("DELETE FROM identity_users WHERE claim_id = $1");
    return batch;
}

io::Task<Result<std::vector<sql::Statement>>> Users::changed(std::string claim_id,
                                                             std::string change_id) {
    CO_TRY(auto row, co_await find_claim(std::move(claim_id)));
    std::vector<sql::Statement> batch;
    if (row && row->link_change && row->link_change->change_id == change_id) {
        co_return co_await linked(std::move(*row));
    }
    if (!row) co_return batch;
    UserRow next = with_change(*row, change_id);
    if (next.address_changes.size() == row->address_changes.size()) co_return batch;
    if (next.username != row->username) {
        batch.push_back({"UPDATE identity_users SET username_index = $2 WHERE sub = $1",
                         {next.sub, sql::Blob{username_index(next.pool, next.username)}}});
    }
    CO_TRY(sql::Statement replacement, co_await this->replacement(std::move(next)));
    batch.push_back(std::move(replacement));
    co_return batch;
}

sql::Statement Users::leaving(const UserRow& row) {
    return {
        "UPDATE identity_users SET confirmed = 0 WHERE sub = $1 AND version = $2 "
        "AND confirmed = $3",
        {row.sub, row.version, std::int64_t{row.confirmed}},
        1};
}

io::Task<Result<void>> Users::destroy_keys() {
    std::vector<sql::Statement> query;
    query.push_back({"SELECT sub FROM identity_erasures LIMIT 100", {}});
    CO_TRY(const auto found, co_await database_.read(std::move(query)));
    for (const sql::Row& row : found[0].rows) {
        CO_TRY_VOID(co_await keyring_.destroy(row.text(0)));
        std::vector<sql::Statement> batch;
        batch.push_back({"DELETE FROM identity_erasures WHERE sub = $1", {row.text(0)}});
        CO_TRY_VOID(co_await database_.write(std::move(batch)));
    }
    co_return Result<void>();
}

io::Task<Result<bool>> Users::is_confirmed(std::string sub) {
    if (residents_.find(sub)) co_return true;
    const std::uint64_t since = residents_.changes();
    std::vector<sql::Statement> batch;
    batch.push_back({"SELECT 1 FROM identity_users WHERE sub = $1 AND confirmed = 1", {sub}});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return false;
    residents_.remember(sub, true, since);
    co_return true;
}

io::Task<Result<void>> Users::pace(std::string key) {
    const auto row = static_cast<std::int64_t>(std::hash<std::string>()(key) % kPaceRows) + 1;
    std::vector<sql::Statement> batch;
    batch.push_back({"UPDATE identity_pace SET n = n + 1 WHERE id = $1", {row}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

}  // namespace domicile::identity
