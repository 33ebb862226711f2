#include "identity/signer.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "identity/oauth_types.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

constexpr std::array kAlgorithms = {crypto::Algorithm::rs256, crypto::Algorithm::es256};

std::string context(const std::string& kid) { return "identity_signing_keys.sealed:" + kid; }

json::object common_claims(const TokenSubject& subject, const std::string& issuer, Timestamp now,
                           int minutes) {
    return {{"sub", subject.sub},
            {"iss", issuer},
            {"origin_jti", subject.origin_jti},
            {"event_id", subject.event_id},
            {"auth_time", subject.auth_time.seconds()},
            {"iat", now.seconds()},
            {"exp", now.seconds() + std::int64_t{minutes} * 60},
            {"custom:region", subject.region},
            {"custom:epoch", static_cast<std::int64_t>(subject.epoch)}};
}

// Of words with a space between each.
std::string without(const std::string& words, const std::string& word) {
    std::string out;
    for (std::size_t from = 0; from < words.size();) {
        const std::size_t end = std::min(words.find(' ', from), words.size());
        const std::string one = words.substr(from, end - from);
        if (one != word && !one.empty()) out += (out.empty() ? "" : " ") + one;
        from = end + 1;
    }
    return out;
}

json::array list_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const std::string& text : texts) out.emplace_back(text);
    return out;
}

// What a trigger says is left out where it would say who somebody is, or where they live.
bool is_ours(std::string_view claim) {
    constexpr std::array<std::string_view, 19> kOurs = {
        "sub",      "iss",   "aud",   "client_id", "token_use",  "auth_time",     "iat",
        "exp",      "nbf",   "jti",   "event_id",  "origin_jti", "custom:region", "custom:epoch",
        "username", "scope", "nonce", "at_hash",   "device_key"};
    return claim.starts_with("cognito:") || std::ranges::find(kOurs, claim) != kOurs.end();
}

void change_claims(const ClaimChanges& changes, json::object& claims) {
    for (const auto& member : changes.add) {
        if (!is_ours(member.key())) claims[member.key()] = member.value();
    }
    for (const std::string& name : changes.suppress) {
        if (!is_ours(name)) claims.erase(name);
    }
    if (!claims.contains("scope")) return;
    std::string scopes = std::string(claims["scope"].as_string());
    for (const std::string& scope : changes.add_scopes) scopes += ' ' + scope;
    for (const std::string& scope : changes.suppress_scopes) scopes = without(scopes, scope);
    claims["scope"] = scopes;
}

void add_group_names(const TokenSubject& subject, json::object& claims) {
    if (const auto& changed = subject.changes.groups) {
        if (!changed->names.empty()) claims["cognito:groups"] = list_of(changed->names);
        return;
    }
    if (subject.groups.empty()) return;
    json::array names;
    for (const Group& group : subject.groups) names.emplace_back(group.name);
    claims["cognito:groups"] = std::move(names);
}

// The role of the group that counts most; none where groups of one precedence have several.
std::optional<std::string> preferred_role(const std::vector<Group>& groups) {
    std::optional<std::string> role;
    std::optional<std::int64_t> precedence;
    for (const Group& group : groups) {
        if (!group.role) continue;
        if (!role) {
            role = group.role;
            precedence = group.precedence;
        } else if (group.precedence == precedence && group.role != role) {
            return std::nullopt;
        }
    }
    return role;
}

void add_roles(const TokenSubject& subject, json::object& claims) {
    if (const auto& changed = subject.changes.groups) {
        if (!changed->roles.empty()) claims["cognito:roles"] = list_of(changed->roles);
        if (changed->preferred_role) claims["cognito:preferred_role"] = *changed->preferred_role;
        return;
    }
    json::array roles;
    for (const Group& group : subject.groups) {
        if (group.role) roles.emplace_back(*group.role);
    }
    if (roles.empty()) return;
    claims["cognito:roles"] = std::move(roles);
    if (const auto role = preferred_role(subject.groups)) claims["cognito:preferred_role"] = *role;
}

json::object id_claims(const TokenSubject& subject, json::object claims) {
    for (const auto& [name, value] : subject.attributes) {
        if (subject.scope && !scope_shows(*subject.scope, name)) continue;
        if (claims.contains(name)) continue;  // an attribute never replaces a claim of ours
        if (name == "identities") {
            if (auto list = parse_json(value)) claims[name] = std::move(*list);
            continue;
        }
        const bool is_flag = name == "email_verified" || name == "phone_number_verified";
        claims[name] = is_flag ? json::value(value == "true") : json::value(json::string(value));
    }
    claims["token_use"] = "id";
    claims["aud"] = subject.client_id;
    claims["cognito:username"] = subject.username;
    add_group_names(subject, claims);
    add_roles(subject, claims);
    if (subject.nonce) claims["nonce"] = *subject.nonce;
    return claims;
}

json::object access_claims(const TokenSubject& subject, json::object claims) {
    claims["token_use"] = "access";
    claims["client_id"] = subject.client_id;
    claims["username"] = subject.username;
    add_group_names(subject, claims);
    if (subject.device_key) claims["device_key"] = *subject.device_key;
    claims["scope"] = subject.scope.value_or(std::string(config::kUserPoolScope));
    return claims;
}

// OpenID Connect Core, 3.1.3.6: half of the hash that the signature uses.
std::string at_hash(std::string_view access_token) {
    return to_base64url(crypto::sha256(access_token).substr(0, 16));
}

}  // namespace

std::string issuer(const config::Config& config, std::uint16_t public_port, std::string_view region,
                   std::string_view pool_suffix) {
    const std::string pool = std::string(region) + "_" + std::string(pool_suffix);
    if (config.issuer == config::IssuerStyle::aws) {
        return "https://cognito-idp." + std::string(region) + ".amazonaws.com/" + pool;
    }
    const std::string port = public_port == 443 ? "" : ":" + std::to_string(public_port);
    return "https://idp." + std::string(region) + "." + config.domain + port + "/" + pool;
}

// The keys whose kid and sealed form a query finds.
io::Task<Result<std::vector<crypto::SigningKey>>> Signer::read(sql::Statement query) {
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(query));
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    const keyring::DataKey key = keyring_.region_key("identity.signing_key");
    std::vector<crypto::SigningKey> out;
    for (const sql::Row& row : found[0].rows) {
        CO_TRY(const std::string der, key.open(context(row.text(0)), row.bytes(1)));
        CO_TRY(crypto::SigningKey signing, crypto::SigningKey::from_pkcs8_der(der));
        out.push_back(std::move(signing));
    }
    co_return out;
}

// The key that is in use for the algorithm; false when none is.
io::Task<Result<bool>> Signer::load(crypto::Algorithm algorithm) {
    sql::Statement query{
        "SELECT k.kid, k.sealed FROM identity_signing_slots s JOIN identity_signing_keys k "
        "ON k.kid = s.kid WHERE s.algorithm = $1",
        {std::string(to_string(algorithm))}};
    CO_TRY(auto keys, co_await read(std::move(query)));
    if (keys.empty()) co_return false;
    keys_.insert_or_assign(algorithm, std::move(keys.front()));
    co_return true;
}

// Takes a key into use: the newest there is, or a new one. When another node was first, nothing is
// left of this.
io::Task<Result<void>> Signer::choose(crypto::Algorithm algorithm) {
    sql::Statement all{"SELECT kid, sealed FROM identity_signing_keys ORDER BY created DESC, kid",
                       {}};
    CO_TRY(const auto there, co_await read(std::move(all)));
    std::vector<sql::Statement> batch;
    std::string kid;
    for (const crypto::SigningKey& known : there) {
        if (kid.empty() && known.algorithm() == algorithm) kid = known.kid();
    }
    if (kid.empty()) {
        auto generate = [algorithm] { return crypto::SigningKey::generate(algorithm); };
        CO_TRY(const crypto::SigningKey fresh, co_await io::run_blocking(std::move(generate)));
        kid = fresh.kid();
        const keyring::DataKey key = keyring_.region_key("identity.signing_key");
        sql::Blob sealed{key.seal(context(kid), fresh.to_pkcs8_der())};
        batch.push_back(
            {"INSERT INTO identity_signing_keys (kid, sealed, created) VALUES ($1, $2, $3)",
             {kid, std::move(sealed), clock_.now().ms}});
    }
    batch.push_back({"INSERT INTO identity_signing_slots (algorithm, kid) VALUES ($1, $2)",
                     {std::string(to_string(algorithm)), kid}});
    const auto done = co_await database_.write(std::move(batch));
    if (!done && done.error().reason != sql::kReasonUnique) {
        co_return std::unexpected(done.error());
    }
    co_return Result<void>();
}

io::Task<Result<void>> Signer::open() {
    for (const crypto::Algorithm algorithm : kAlgorithms) {
        CO_TRY(bool there, co_await load(algorithm));
        if (there) continue;
        CO_TRY_VOID(co_await choose(algorithm));
        CO_TRY(there, co_await load(algorithm));
        if (!there) co_return fail(Code::internal, "A signing key in use is not there.");
    }
    co_return Result<void>();
}

std::vector<crypto::PublicKey> Signer::public_keys() const {
    std::vector<crypto::PublicKey> out;
    for (const auto& [algorithm, key] : keys_) out.push_back(key.public_key());
    return out;
}

io::Task<Result<Tokens>> Signer::issue(TokenSubject subject, std::string issuer,
                                       config::Client client) {
    const Timestamp now = clock_.now();
    json::object access =
        access_claims(subject, common_claims(subject, issuer, now, client.access_token_minutes));
    change_claims(subject.changes.access, access);
    json::object id =
        id_claims(subject, common_claims(subject, issuer, now, client.id_token_minutes));
    change_claims(subject.changes.id, id);
    access["jti"] = random_.uuid();
    id["jti"] = random_.uuid();
    Tokens tokens;
    tokens.expires_in_seconds = std::int64_t{client.access_token_minutes} * 60;
    const bool by_provider = subject.scope.has_value();
    const bool identifies = !by_provider || has_scope(*subject.scope, config::kOpenIdScope);
    auto sign = [key = key_for(client), access = std::move(access), id = std::move(id),
                 tokens = std::move(tokens), by_provider, identifies]() mutable -> Result<Tokens> {
        tokens.access_token = crypto::sign_jwt(key, access);
        if (by_provider) id["at_hash"] = at_hash(tokens.access_token);
        if (identifies) tokens.id_token = crypto::sign_jwt(key, id);
        return std::move(tokens);
    };
    co_return co_await io::run_blocking(std::move(sign));
}

const crypto::SigningKey& Signer::key_for(const config::Client& client) const {
    const bool es256 = client.token_algorithm == config::TokenAlgorithm::es256;
    return keys_.at(es256 ? crypto::Algorithm::es256 : crypto::Algorithm::rs256);
}

io::Task<Result<std::string>> Signer::sign(json::object claims, config::Client client) {
    auto work = [key = key_for(client), claims = std::move(claims)]() -> Result<std::string> {
        return crypto::sign_jwt(key, claims);
    };
    co_return co_await io::run_blocking(std::move(work));
}

}  // namespace domicile::identity
