#include "identity/authorization_codes.h"

#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kCodeBytes = 32;

std::string context(const sql::Blob& id) {
    return "identity_authorization_codes.sealed:" + id.bytes;
}

}  // namespace

AuthorizationCodes::AuthorizationCodes(sql::Database& database, keyring::Keyring& keyring,
                                       io::Clock& clock, io::Random& random, std::string region)
    : database_(database),
      keyring_(keyring),
      clock_(clock),
      random_(random),
      region_(std::move(region)),
      secret_(keyring.region_secret("identity.authorization_codes")) {}

sql::Component AuthorizationCodes::schema() {
    return {"identity_oauth",
            {"CREATE TABLE identity_authorization_codes (id BYTEA PRIMARY KEY, sub TEXT NOT NULL, "
             "sealed BYTEA NOT NULL, expires BIGINT NOT NULL, used BIGINT NOT NULL)",
             "CREATE INDEX identity_authorization_codes_by_end ON identity_authorization_codes "
             "(expires)",
             "CREATE INDEX identity_authorization_codes_by_sub ON identity_authorization_codes "
             "(sub, expires)"}};
}

io::Task<Result<void>> AuthorizationCodes::open() {
    sql::Component own = schema();
    return database_.migrate(std::move(own.name), std::move(own.steps));
}

sql::Blob AuthorizationCodes::id(std::string_view code) const {
    return {crypto::hmac_sha256(secret_, code)};
}

io::Task<Result<std::string>> AuthorizationCodes::issue(CodeGrant grant) {
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(grant.session.sub));
    std::string code = region_ + "." + to_base64url(random_.bytes(kCodeBytes));
    const sql::Blob row = id(code);
    sql::Blob sealed{key.seal(context(row), json::serialize(to_message(grant)))};
    const Timestamp now = clock_.now();
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"DELETE FROM identity_authorization_codes WHERE expires < $1", {(now - kRemembered).ms}});
    batch.push_back(
        {"DELETE FROM identity_authorization_codes WHERE sub = $1 AND id NOT IN (SELECT id FROM "
         "identity_authorization_codes WHERE sub = $1 ORDER BY expires DESC, id LIMIT $2)",
         {grant.session.sub, kOfOneMax - 1}});
    batch.push_back(
        {"INSERT INTO identity_authorization_codes (id, sub, sealed, expires, used) "
         "VALUES ($1, $2, $3, $4, 0)",
         {row, grant.session.sub, std::move(sealed), (now + kLifetime).ms}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return code;
}

io::Task<Result<std::optional<AuthorizationCodes::Used>>> AuthorizationCodes::use(
    std::string code) {
    const sql::Blob row = id(code);
    const Timestamp now = clock_.now();
    std::vector<sql::Statement> batch;
    // The number of uses after this one tells the first, also of uses at once.
    batch.push_back(
        {"UPDATE identity_authorization_codes SET used = used + 1 WHERE id = $1 "
         "RETURNING sub, sealed, expires, used",
         {row}});
    CO_TRY(const auto found, co_await database_.write(std::move(batch)));
    if (found[0].rows.empty()) co_return std::optional<Used>();
    const sql::Row& stored = found[0].rows[0];
    const auto key = co_await keyring_.find(stored.text(0));
    if (!key && key.error().code == Code::not_found) co_return std::optional<Used>();
    CO_TRY_VOID(key);
    CO_TRY(const std::string text, key->open(context(row), stored.bytes(1)));
    CO_TRY(const json::value value, parse_json(text));
    Used out;
    CO_TRY(out.grant, from_message<CodeGrant>(value));
    out.good = stored.integer(3) == 1 && now < Timestamp{stored.integer(2)};
    co_return std::optional<Used>(std::move(out));
}

}  // namespace domicile::identity
