#include "identity/passkey_store.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "identity/messages.h"

namespace domicile::identity {
namespace {

struct Sealed {
    std::string credential_id, public_key, aaguid;  // base64url
    std::string relying_party_id, name;
    std::vector<std::string> transports;
    std::optional<std::string> attachment;
    bool user_verified = false, backed_up = false;
    std::int64_t created_ms = 0;
};
BOOST_DESCRIBE_STRUCT(Sealed, (),
                      (credential_id, public_key, aaguid, relying_party_id, name, transports,
                       attachment, user_verified, backed_up, created_ms))

constexpr const char* kColumns = "SELECT id, sealed, counter FROM identity_passkeys ";

std::string context(const std::string& sub, std::string_view id) {
    return "identity_passkeys.sealed:" + sub + ":" + to_hex(id);
}

Result<Passkey> read(const keyring::DataKey& key, const std::string& sub, const sql::Row& row) {
    TRY(const std::string text, key.open(context(sub, row.bytes(0)), row.bytes(1)));
    TRY(const json::value stored, parse_json(text));
    TRY(Sealed sealed, from_message<Sealed>(stored));
    Passkey out;
    out.credential_id = from_base64url(sealed.credential_id).value_or("");
    out.public_key = from_base64url(sealed.public_key).value_or("");
    out.aaguid = from_base64url(sealed.aaguid).value_or("");
    out.relying_party_id = std::move(sealed.relying_party_id);
    out.name = std::move(sealed.name);
    out.transports = std::move(sealed.transports);
    out.attachment = std::move(sealed.attachment);
    out.user_verified = sealed.user_verified;
    out.backed_up = sealed.backed_up;
    out.created = Timestamp{sealed.created_ms};
    out.counter = static_cast<std::uint32_t>(row.integer(2));
    return out;
}

std::string plain(const Passkey& passkey) {
    const Sealed sealed{to_base64url(passkey.credential_id),
                        to_base64url(passkey.public_key),
                        to_base64url(passkey.aaguid),
                        passkey.relying_party_id,
                        passkey.name,
                        passkey.transports,
                        passkey.attachment,
                        passkey.user_verified,
                        passkey.backed_up,
                        passkey.created.ms};
    return json::serialize(to_message(sealed));
}

}  // namespace

std::vector<std::string> PasskeyStore::schema() {
    return {
        "CREATE TABLE identity_passkeys (id BYTEA PRIMARY KEY, sub TEXT NOT NULL, "
        "sealed BYTEA NOT NULL, counter BIGINT NOT NULL)",
        "CREATE INDEX identity_passkeys_by_sub ON identity_passkeys (sub)"};
}

std::string PasskeyStore::index(std::string_view credential_id) const {
    return crypto::hmac_sha256(index_secret_, credential_id);
}

io::Task<Result<std::vector<Passkey>>> PasskeyStore::list(std::string sub) {
    std::vector<sql::Statement> batch;
    batch.push_back({std::string(kColumns) + "WHERE sub = $1", {sub}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    std::vector<Passkey> out;
    if (found[0].rows.empty()) co_return out;
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(sub));
    for (const sql::Row& row : found[0].rows) {
        CO_TRY(Passkey passkey, read(key, sub, row));
        out.push_back(std::move(passkey));
    }
    std::ranges::sort(out, {}, [](const Passkey& passkey) {
        return std::pair(passkey.created, passkey.credential_id);
    });
    co_return out;
}

io::Task<Result<std::optional<Passkey>>> PasskeyStore::find(std::string sub,
                                                            std::string credential_id) {
    std::vector<sql::Statement> batch;
    batch.push_back({std::string(kColumns) + "WHERE id = $1 AND sub = $2",
                     {sql::Blob{index(credential_id)}, sub}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return std::optional<Passkey>();
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(sub));
    CO_TRY(Passkey out, read(key, sub, found[0].rows[0]));
    co_return std::optional<Passkey>(std::move(out));
}

io::Task<Result<void>> PasskeyStore::add(std::string sub, Passkey passkey, std::int64_t most) {
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(sub));
    const std::string id = index(passkey.credential_id);
    sql::Blob sealed{key.seal(context(sub, id), plain(passkey))};
    std::vector<sql::Statement> batch;
    // Holds the person's row, so that whoever removes them comes before or after all of this, and
    // so does whoever adds another one.
    batch.push_back({"UPDATE identity_users SET version = version WHERE sub = $1", {sub}, 1});
    batch.push_back({"SELECT COUNT(*) FROM identity_passkeys WHERE sub = $1", {sub}});
    batch.push_back(
        {"INSERT INTO identity_passkeys (id, sub, sealed, counter) SELECT $1, $2, $3, $4 "
         "WHERE (SELECT COUNT(*) FROM identity_passkeys WHERE sub = $2) < $5 "
         "ON CONFLICT (id) DO NOTHING RETURNING sub",
         {sql::Blob{id}, sub, std::move(sealed), std::int64_t{passkey.counter}, most}});
    CO_TRY(const auto done, co_await database_.write(std::move(batch)));
    if (!done[2].rows.empty()) co_return Result<void>();
    if (done[1].rows[0].integer(0) >= most) {
        co_return fail(Code::resource_exhausted, "There are too many passkeys.");
    }
    co_return fail(Code::already_exists, "The passkey is there already.");
}

io::Task<Result<bool>> PasskeyStore::remove(std::string sub, std::string credential_id) {
    std::vector<sql::Statement> batch;
    batch.push_back({"DELETE FROM identity_passkeys WHERE id = $1 AND sub = $2",
                     {sql::Blob{index(credential_id)}, std::move(sub)}});
    CO_TRY(const auto done, co_await database_.write(std::move(batch)));
    co_return done[0].changed > 0;
}

io::Task<Result<bool>> PasskeyStore::use(std::string sub, std::string credential_id,
                                         std::uint32_t counter) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE identity_passkeys SET counter = $3 WHERE id = $1 AND sub = $2 "
         "AND (counter < $3 OR (counter = 0 AND $3 = 0))",
         {sql::Blob{index(credential_id)}, std::move(sub), std::int64_t{counter}}});
    CO_TRY(const auto done, co_await database_.write(std::move(batch)));
    co_return done[0].changed > 0;
}

}  // namespace domicile::identity
