// Keys are rows with sealed secrets, remembered only where no other node writes them: a
// revocation holds at once on every node that shares the database. Sessions are stateless: the
// token is sealed under a region key and its secret is derived from its id, so a function's
// credentials cost no write.
#include "access/access.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "sql/remembered.h"

namespace domicile::access {
namespace {

constexpr std::size_t kDescriptionBytesMax = 256;
constexpr std::size_t kTokenBytesMax = 32 * 1024;
constexpr std::size_t kKeysMax = 1000;  // a region's programs and operators, not its people

std::unexpected<Error> denied(const char* why, const char* message) {
    return fail(Code::unauthenticated, message, why);
}

std::string key_id(io::Random& random, std::string_view prefix) {
    static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string out(prefix);
    for (const char byte : random.bytes(16))
        out += kAlphabet[static_cast<unsigned char>(byte) % 32];
    return out;
}

bool is_key_id(std::string_view id, std::string_view prefix) {
    if (id.size() != 20 || !id.starts_with(prefix)) return false;
    for (const char c : id.substr(4))
        if (!((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'))) return false;
    return true;
}

std::string secret_context(std::string_view id) { return "access_keys/secret/" + std::string(id); }

Result<Policy> parse_policy(std::string_view text) {
    TRY(const json::object object, parse_json_object(text));
    return policy_from_json(object);
}

}  // namespace

struct Access::Impl {
    Impl(sql::Database& d, keyring::Keyring& k, io::Clock& c, io::Random& r, std::string reg)
        : database(d),
          clock(c),
          random(r),
          region(std::move(reg)),
          secrets(k.region_key("access_key")),
          tokens(k.region_key("session_token")),
          session_secret(k.region_secret("session_secret")),
          known(d, kKeysMax) {}

    sql::Database& database;
    io::Clock& clock;
    io::Random& random;
    const std::string region;
    const keyring::DataKey secrets;
    const keyring::DataKey tokens;
    const std::string session_secret;

    sql::Remembered<SigningIdentity> known;  // by key id

    std::string token_context(std::string_view id) const {
        return "session/" + region + "/" + std::string(id);
    }
    // 40 characters, as AWS secrets have.
    std::string secret_of_session(std::string_view id) const {
        return to_base64(crypto::hmac_sha256(session_secret, id)).substr(0, 40);
    }
    Result<SigningIdentity> identify_session(const std::string& id, const std::string& token) const;
    io::Task<Result<SigningIdentity>> identify_key(std::string id);
};

Access::Access(sql::Database& database, keyring::Keyring& keyring, io::Clock& clock,
               io::Random& random, std::string region)
    : impl_(std::make_unique<Impl>(database, keyring, clock, random, std::move(region))) {}
Access::~Access() = default;

sql::Component Access::schema() {
    std::vector<std::string> steps = {
        "CREATE TABLE access_keys (id TEXT PRIMARY KEY, description TEXT NOT NULL, "
        "policy TEXT NOT NULL, secret BYTEA NOT NULL, created_ms BIGINT NOT NULL, "
        "active BIGINT NOT NULL)"};
    return {"access", std::move(steps)};
}

io::Task<Result<void>> Access::open() {
    sql::Component own = schema();
    return impl_->database.migrate(std::move(own.name), std::move(own.steps));
}

io::Task<Result<Credentials>> Access::create_key(std::string description, Policy policy) {
    if (description.size() > kDescriptionBytesMax || !is_utf8(description))
        co_return fail(Code::invalid_argument,
                       "The description must be UTF-8 of at most 256 bytes.");
    // Checked as if it came from outside, so that what is stored can always be read back.
    CO_TRY(Policy checked, policy_from_json(to_json(policy)));
    std::vector<sql::Statement> count;
    count.push_back({"SELECT COUNT(*) FROM access_keys WHERE active = 1", {}});
    CO_TRY(auto counted, co_await impl_->database.read(std::move(count)));
    if (counted[0].rows[0].integer(0) >= static_cast<std::int64_t>(kKeysMax))
        co_return fail(Code::resource_exhausted,
                       "There are 1,000 active access keys; revoke some.");

    Credentials out;
    out.access_key_id = key_id(impl_->random, "DOMK");
    out.secret_access_key = Redacted(to_base64(impl_->random.bytes(30)));
    std::string sealed =
        impl_->secrets.seal(secret_context(out.access_key_id), out.secret_access_key.expose());
    std::vector<sql::Value> values;
    values.emplace_back(out.access_key_id);
    values.emplace_back(std::move(description));
    values.emplace_back(json::serialize(to_json(checked)));
    values.emplace_back(sql::Blob{std::move(sealed)});
    values.emplace_back(impl_->clock.now().ms);
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"INSERT INTO access_keys (id, description, policy, secret, created_ms, active) "
         "VALUES ($1, $2, $3, $4, $5, 1)",
         std::move(values), 1});
    CO_TRY_VOID(co_await impl_->database.write(std::move(batch)));
    co_return out;
}

io::Task<Result<Credentials>> Access::rotate_key(std::string access_key_id) {
    std::vector<sql::Statement> batch;
    batch.push_back({"SELECT description, policy, active FROM access_keys WHERE id = $1",
                     {sql::Value(access_key_id)}});
    CO_TRY(auto found, co_await impl_->database.read(std::move(batch)));
    if (found[0].rows.empty() || found[0].rows[0].integer(2) == 0)
        co_return fail(Code::not_found, "There is no active access key of that id.");
    const sql::Row& row = found[0].rows[0];
    CO_TRY(Policy policy, parse_policy(row.text(1)));
    co_return co_await create_key(row.text(0), std::move(policy));
}

io::Task<Result<void>> Access::revoke_key(std::string access_key_id) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE access_keys SET active = 0 WHERE id = $1", {sql::Value(access_key_id)}});
    auto done = co_await impl_->database.write(std::move(batch));
    impl_->known.forget_all();  // also after a failure whose outcome nobody knows
    if (!done) co_return std::unexpected(done.error());
    if ((*done)[0].changed == 0)
        co_return fail(Code::not_found, "There is no access key of that id.");
    co_return Result<void>{};
}

io::Task<Result<std::vector<KeyDescription>>> Access::list_keys() {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT id, description, policy, created_ms, active FROM access_keys "
         "ORDER BY active DESC, created_ms, id LIMIT 2000",
         {}});
    CO_TRY(auto found, co_await impl_->database.read(std::move(batch)));
    std::vector<KeyDescription> out;
    for (const sql::Row& row : found[0].rows) {
        KeyDescription key;
        key.access_key_id = row.text(0);
        key.description = row.text(1);
        CO_TRY(key.policy, parse_policy(row.text(2)));
        key.created = Timestamp{row.integer(3)};
        key.active = row.integer(4) != 0;
        out.push_back(std::move(key));
    }
    co_return out;
}

Credentials Access::issue_session(const Policy& policy, std::optional<std::string> subject,
                                  Millis lifetime) {
    Credentials out;
    out.access_key_id = key_id(impl_->random, "DOMS");
    out.secret_access_key = Redacted(impl_->secret_of_session(out.access_key_id));
    out.expires = impl_->clock.now() + lifetime;
    json::object content{{"v", 1}, {"exp", out.expires.ms}, {"policy", to_json(policy)}};
    if (subject) content["sub"] = *subject;
    out.session_token = to_base64(
        impl_->tokens.seal(impl_->token_context(out.access_key_id), json::serialize(content)));
    return out;
}

Result<SigningIdentity> Access::Impl::identify_session(const std::string& id,
                                                       const std::string& token) const {
    const auto sealed = from_base64(token);
    if (!sealed) return denied(reason::kInvalidToken, "The session token is not valid.");
    auto opened = tokens.open(token_context(id), *sealed);
    if (!opened) return denied(reason::kInvalidToken, "The session token is not valid.");
    TRY(const json::object content, parse_json_object(*opened));
    TRY(const auto expires, optional_int(content, "exp"));
    TRY(const json::object* policy, optional_object(content, "policy"));
    if (!expires || policy == nullptr)
        return denied(reason::kInvalidToken, "The session token is not valid.");
    if (clock.now().ms >= *expires)
        return denied(reason::kExpiredToken, "The session token has expired.");
    SigningIdentity out;
    out.secret_access_key = Redacted(secret_of_session(id));
    out.principal.access_key_id = id;
    TRY(out.principal.policy, policy_from_json(*policy));
    TRY(out.principal.subject, optional_string(content, "sub"));
    return out;
}

io::Task<Result<SigningIdentity>> Access::Impl::identify_key(std::string id) {
    if (auto identity = known.find(id)) co_return std::move(*identity);
    const std::uint64_t since = known.changes();
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT policy, secret FROM access_keys WHERE id = $1 AND active = 1", {sql::Value(id)}});
    CO_TRY(auto found, co_await database.read(std::move(batch)));
    if (found[0].rows.empty())
        co_return denied(reason::kUnknownKey, "The access key is not known here.");
    const sql::Row& row = found[0].rows[0];
    SigningIdentity out;
    CO_TRY(std::string secret, secrets.open(secret_context(id), row.bytes(1)));
    out.secret_access_key = Redacted(std::move(secret));
    CO_TRY(out.principal.policy, parse_policy(row.text(0)));
    out.principal.access_key_id = std::move(id);
    known.remember(out.principal.access_key_id, out, since);
    co_return out;
}

io::Task<Result<SigningIdentity>> Access::identify(std::string access_key_id,
                                                   std::string session_token) {
    if (session_token.size() > kTokenBytesMax)
        co_return denied(reason::kInvalidToken, "The session token is not valid.");
    if (is_key_id(access_key_id, "DOMS"))
        co_return impl_->identify_session(access_key_id, session_token);
    if (!is_key_id(access_key_id, "DOMK"))
        co_return denied(reason::kUnknownKey, "The access key is not known here.");
    if (!session_token.empty())
        co_return denied(reason::kInvalidToken, "This access key takes no session token.");
    co_return co_await impl_->identify_key(std::move(access_key_id));
}

}  // namespace domicile::access
