#include "identity/signer.h"

#include <array>

#include "crypto/jwt.h"
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

io::Task<Result<void>> Signer::load() {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT kid, sealed FROM identity_signing_keys ORDER BY created DESC, kid", {}});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    const keyring::DataKey key = keyring_.region_key("identity.signing_key");
    for (const sql::Row& row : found[0].rows) {
        CO_TRY(const std::string der, key.open(context(row.text(0)), row.bytes(1)));
        CO_TRY(crypto::SigningKey signing, crypto::SigningKey::from_pkcs8_der(der));
        const crypto::Algorithm algorithm = signing.algorithm();
        keys_.try_emplace(algorithm, std::move(signing));  // the newest comes first
    }
    co_return Result<void>();
}

io::Task<Result<void>> Signer::make(crypto::Algorithm algorithm) {
    auto generate = [algorithm] { return crypto::SigningKey::generate(algorithm); };
    CO_TRY(crypto::SigningKey fresh, co_await io::run_blocking(std::move(generate)));
    const keyring::DataKey key = keyring_.region_key("identity.signing_key");
    sql::Blob sealed{key.seal(context(fresh.kid()), fresh.to_pkcs8_der())};
    std::vector<sql::Statement> batch;
    batch.push_back({"INSERT INTO identity_signing_keys (kid, sealed, created) VALUES ($1, $2, $3)",
                     {fresh.kid(), std::move(sealed), clock_.now().ms}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    keys_.emplace(algorithm, std::move(fresh));
    co_return Result<void>();
}

io::Task<Result<void>> Signer::open() {
    CO_TRY_VOID(co_await load());
    for (const crypto::Algorithm algorithm : kAlgorithms) {
        if (!keys_.contains(algorithm)) CO_TRY_VOID(co_await make(algorithm));
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
    json::object id =
        id_claims(subject, common_claims(subject, issuer, now, client.id_token_minutes));
    access["jti"] = random_.uuid();
    id["jti"] = random_.uuid();
    Tokens tokens;
    tokens.expires_in_seconds = std::int64_t{client.access_token_minutes} * 60;
    const bool es256 = client.token_algorithm == config::TokenAlgorithm::es256;
    const auto algorithm = es256 ? crypto::Algorithm::es256 : crypto::Algorithm::rs256;
    auto sign = [key = keys_.at(algorithm), access = std::move(access), id = std::move(id),
                 tokens = std::move(tokens)]() mutable -> Result<Tokens> {
        tokens.access_token = crypto::sign_jwt(key, access);
        tokens.id_token = crypto::sign_jwt(key, id);
        return std::move(tokens);
    };
    co_return co_await io::run_blocking(std::move(sign));
}

}  // namespace domicile::identity
