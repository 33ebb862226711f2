#include "identity/signer.h"

#include "crypto/jwt.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

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

json::object id_claims(const TokenSubject& subject, json::object claims) {
    for (const auto& [name, value] : subject.attributes) {
        if (claims.contains(name)) continue;  // an attribute never replaces a claim of ours
        const bool is_flag = name == "email_verified" || name == "phone_number_verified";
        claims[name] = is_flag ? json::value(value == "true") : json::value(json::string(value));
    }
    claims["token_use"] = "id";
    claims["aud"] = subject.client_id;
    claims["cognito:username"] = subject.username;
    return claims;
}

json::object access_claims(const TokenSubject& subject, json::object claims) {
    claims["token_use"] = "access";
    claims["client_id"] = subject.client_id;
    claims["username"] = subject.username;
    claims["scope"] = "aws.cognito.signin.user.admin";
    return claims;
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

io::Task<Result<std::optional<crypto::SigningKey>>> Signer::load() {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT kid, sealed FROM identity_signing_keys ORDER BY created DESC, kid LIMIT 1", {}});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return std::optional<crypto::SigningKey>();
    const sql::Row& row = found[0].rows[0];
    const keyring::DataKey key = keyring_.region_key("identity.signing_key");
    CO_TRY(const std::string der, key.open(context(row.text(0)), row.bytes(1)));
    CO_TRY(crypto::SigningKey signing, crypto::SigningKey::from_pkcs8_der(der));
    co_return std::optional<crypto::SigningKey>(std::move(signing));
}

io::Task<Result<void>> Signer::open() {
    CO_TRY(key_, co_await load());
    if (key_) co_return Result<void>();
    auto generate = [] { return crypto::SigningKey::generate(crypto::Algorithm::rs256); };
    CO_TRY(crypto::SigningKey fresh, co_await io::run_blocking(std::move(generate)));
    const keyring::DataKey key = keyring_.region_key("identity.signing_key");
    sql::Blob sealed{key.seal(context(fresh.kid()), fresh.to_pkcs8_der())};
    std::vector<sql::Statement> batch;
    batch.push_back({"INSERT INTO identity_signing_keys (kid, sealed, created) VALUES ($1, $2, $3)",
                     {fresh.kid(), std::move(sealed), clock_.now().ms}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    key_ = std::move(fresh);
    co_return Result<void>();
}

io::Task<Result<Tokens>> Signer::issue(TokenSubject subject, std::string issuer,
                                       config::Client client) {
    const Timestamp now = clock_.now();
    json::object access =
        access_claims(subject, common_claims(subject, issuer, now, client.access_token_minutes));
    json::object id =
        id_claims(subject, common_claims(subject, issuer, now, client.id_token_minutes));
    access["jti"] = random_.uuid();
    id["jti"] = random_.uuid();
    Tokens tokens;
    tokens.expires_in_seconds = std::int64_t{client.access_token_minutes} * 60;
    auto sign = [key = *key_, access = std::move(access), id = std::move(id),
                 tokens = std::move(tokens)]() mutable -> Result<Tokens> {
        tokens.access_token = crypto::sign_jwt(key, access);
        tokens.id_token = crypto::sign_jwt(key, id);
        return std::move(tokens);
    };
    co_return co_await io::run_blocking(std::move(sign));
}

}  // namespace domicile::identity
