#include "identity/authenticators.h"

#include "base/encoding.h"
#include "identity/messages.h"

namespace domicile::identity {
namespace {

struct Sealed {
    std::string secret, pending;  // hex
    bool enabled = false, preferred = false;
    std::optional<bool> email_enabled = std::nullopt, email_preferred = std::nullopt;
};
BOOST_DESCRIBE_STRUCT(Sealed, (),
                      (secret, pending, enabled, preferred, email_enabled, email_preferred))

std::string context(const std::string& sub) { return "identity_authenticators.sealed:" + sub; }

Result<Authenticator> read(const std::string& text) {
    TRY(const json::value stored, parse_json(text));
    TRY(const Sealed sealed, from_message<Sealed>(stored));
    Authenticator out;
    out.secret = from_hex(sealed.secret).value_or("");
    out.pending = from_hex(sealed.pending).value_or("");
    out.enabled = sealed.enabled;
    out.preferred = sealed.preferred;
    out.email_enabled = sealed.email_enabled.value_or(false);
    out.email_preferred = sealed.email_preferred.value_or(false);
    return out;
}

}  // namespace

std::vector<std::string> Authenticators::schema() {
    return {
        "CREATE TABLE identity_authenticators (sub TEXT PRIMARY KEY, sealed BYTEA NOT NULL, "
        "step BIGINT NOT NULL, version BIGINT NOT NULL)"};
}

io::Task<Result<Authenticator>> Authenticators::find(std::string sub) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT sealed, step, version FROM identity_authenticators WHERE sub = $1", {sub}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return Authenticator();
    const sql::Row& row = found[0].rows[0];
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(sub));
    CO_TRY(const std::string text, key.open(context(sub), row.bytes(0)));
    CO_TRY(Authenticator out, read(text));
    out.step = row.integer(1);
    out.version = row.integer(2);
    co_return out;
}

io::Task<Result<std::vector<sql::Statement>>> Authenticators::replacement(std::string sub,
                                                                          Authenticator as) {
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(sub));
    const Sealed plain{to_hex(as.secret), to_hex(as.pending), as.enabled,
                       as.preferred,      as.email_enabled,   as.email_preferred};
    sql::Blob sealed{key.seal(context(sub), json::serialize(to_message(plain)))};
    std::vector<sql::Statement> out;
    // Holds the person's row, so that whoever removes them comes before or after all of this.
    out.push_back({"UPDATE identity_users SET version = version WHERE sub = $1", {sub}, 1});
    out.push_back(
        {"INSERT INTO identity_authenticators (sub, sealed, step, version) VALUES ($1, $2, $3, 1) "
         "ON CONFLICT (sub) DO UPDATE SET sealed = excluded.sealed, step = excluded.step, "
         "version = identity_authenticators.version + 1 "
         "WHERE identity_authenticators.version = $4",
         {sub, std::move(sealed), as.step, as.version},
         1});
    co_return out;
}

sql::Statement Authenticators::removal(const std::string& sub, const Authenticator& as) {
    return {"DELETE FROM identity_authenticators WHERE sub = $1 AND version = $2",
            {sub, as.version},
            1};
}

sql::Statement Authenticators::taking(const std::string& sub, const Authenticator& as,
                                      std::int64_t step) {
    return {
        "UPDATE identity_authenticators SET step = $3 "
        "WHERE sub = $1 AND version = $2 AND step < $3",
        {sub, as.version, step},
        1};
}

}  // namespace domicile::identity
