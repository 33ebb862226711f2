// Sign-in at the home, by SRP or by password, and what follows from it: GetUser, sign-out.
#include "base/encoding.h"
#include "crypto/hash.h"
#include "identity/home.h"
#include "identity/refresh_token.h"
#include "identity/routable.h"
#include "identity/srp_block.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

constexpr Millis kChallengeLifetime{3 * 60'000};
constexpr std::size_t kUsernameBytesMax = 128;

std::unexpected<Error> wrong_credentials() {
    return fail(Code::unauthenticated, "Incorrect username or password.",
                reason::kWrongCredentials);
}

// What somebody who does not exist would be called; theirs is random.
std::string decoy_srp_name(std::string_view secret, std::string_view index) {
    const std::string mac = crypto::hmac_sha256(secret, "srp name" + std::string(index));
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(mac[i]);
    return uuid_from(bytes);
}

}  // namespace

io::Task<Result<SrpChallenge>> Home::start_srp(SrpStartRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY_VOID(check_flow(*client.client, config::AuthFlow::user_srp_auth, "USER_SRP_AUTH"));
    if (request.username.size() > kUsernameBytesMax) co_return wrong_credentials();
    if (!crypto::parse_srp_hex(request.srp_a)) {
        co_return fail(Code::invalid_argument, "SRP_A is not a hexadecimal number.",
                       reason::kSchema);
    }
    const std::string& pool = client.pool->id_suffix;
    CO_TRY(auto row, co_await users_.find(pool, request.username));
    if (!row && client.pool->reveal_existing) {
        co_return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
    }
    CO_TRY_VOID(co_await before_authentication(client, row, request.username,
                                               std::move(request.client_metadata)));
    co_return co_await srp_challenge(client, std::move(row), std::move(request), false);
}

io::Task<Result<SrpChallenge>> Home::srp_challenge(ClientOfPool client, std::optional<UserRow> row,
                                                   SrpStartRequest request, bool custom) {
    const std::string& pool = client.pool->id_suffix;
    const std::string decoy_name = users_.username_index(pool, request.username);
    const auto decoy = crypto::decoy_verifier(decoy_secret_, decoy_name);
    // A password that is not kept for SRP fits no proof, as nobody's does.
    const bool has_verifier = row && !row->password.srp.verifier.empty();
    const auto verifier = has_verifier ? row->password.srp : decoy;

    SrpBlock block;
    block.pool = pool;
    block.client_id = client.client->id;
    block.username =
        request.username;  // as it was typed here: the row's would tell that it is there
    block.srp_name = decoy_srp_name(decoy_secret_, decoy_name);
    if (row) block.srp_name = row->srp_name;
    block.a_hex = request.srp_a;
    block.b = p_.random.bytes(crypto::kSrpSecretSize);
    block.expires_ms = (p_.clock.now() + kChallengeLifetime).ms;
    block.device_key = key_of_region(p_.region, std::move(request.device_key));
    block.custom = custom;
    auto work = [verifier, b = block.b] { return crypto::server_public(verifier, b); };
    CO_TRY(block.b_hex, co_await io::run_blocking(std::move(work)));

    SrpChallenge out;
    out.salt_hex = verifier.salt_hex;
    out.srp_b_hex = block.b_hex;
    out.username = block.username;
    out.user_id_for_srp = block.srp_name;
    out.secret_block = seal_secret_block(block_key_, p_.region, encode_srp_block(block));
    co_return out;
}

io::Task<Result<Tokens>> Home::answer_srp(SrpAnswerRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    auto text = open_secret_block(block_key_, p_.region, request.secret_block);
    if (!text) co_return wrong_credentials();
    CO_TRY(const SrpBlock block, decode_srp_block(*text));
    const bool is_named = request.username == block.username || request.username == block.srp_name;
    if (block.pool != client.pool->id_suffix || block.client_id != client.client->id || !is_named) {
        co_return wrong_credentials();
    }
    if (Timestamp{block.expires_ms} <= p_.clock.now()) {
        co_return fail(Code::unauthenticated, "The challenge has expired.",
                       reason::kSessionInvalid);
    }
    if (!is_near(request.timestamp, p_.clock.now())) co_return wrong_credentials();
    std::string index = users_.username_index(block.pool, block.username);
    const auto decoy = crypto::decoy_verifier(decoy_secret_, index);
    CO_TRY(Attempts::Attempt attempt, co_await attempts_.begin(std::move(index)));
    CO_TRY(auto row, co_await users_.find(block.pool, block.username));
    const bool has_verifier = row && !row->password.srp.verifier.empty();
    const SrpExchange exchange{block.pool, block.srp_name, block.a_hex, block.b, block.b_hex};
    const SrpProof proof{request.secret_block, request.timestamp, request.signature};
    auto work = [verifier = has_verifier ? row->password.srp : decoy, exchange, proof] {
        return proof_fits(verifier, exchange, proof);
    };
    auto fits = co_await io::run_blocking(std::move(work));
    if (!fits && fits.error().code == Code::resource_exhausted) {
        co_return std::unexpected(fits.error());
    }
    const bool proven = fits && *fits;
    std::optional<std::string> device = std::move(request.device_key);
    if (!device || device->empty()) device = block.device_key;
    if (block.custom && proven && row) {
        CO_TRY_VOID(co_await attempts_.succeeded(std::move(attempt)));
        co_return co_await after_password(client, std::move(*row), block,
                                          std::move(request.client_metadata));
    }
    co_return co_await judge(std::move(row), proven, std::move(attempt), client, std::move(device));
}

io::Task<Result<Tokens>> Home::sign_in(PasswordRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY_VOID(
        check_flow(*client.client, config::AuthFlow::user_password_auth, "USER_PASSWORD_AUTH"));
    CO_TRY(auto elsewhere, co_await migrate_to_sign_in(client, request));
    if (elsewhere) {
        request.migrating = true;
        co_return co_await p_.sign_in_elsewhere(std::move(*elsewhere), message::kPassword,
                                                std::move(request));
    }
    co_return co_await prove_password(client, std::move(request));
}

io::Task<Result<Tokens>> Home::prove_password(ClientOfPool client, PasswordRequest request) {
    const std::string& pool = client.pool->id_suffix;
    std::string index = users_.username_index(pool, request.username);
    CO_TRY(Attempts::Attempt attempt, co_await attempts_.begin(index));
    CO_TRY(auto row, co_await users_.find(pool, request.username));
    if (row && row->external) row.reset();  // has no password, as nobody has
    CO_TRY_VOID(co_await before_authentication(client, row, request.username,
                                               std::move(request.client_metadata)));
    // Made for everybody, since making it takes time.
    UserRow judged;
    judged.pool = pool;
    judged.srp_name = request.username;
    judged.password = decoy_password(keeping_of(*client.pool), decoy_secret_, index);
    if (row) judged = *row;
    CO_TRY(const bool proven, co_await password_fits(std::move(judged), request.password));
    if (row && proven) CO_TRY_VOID(co_await keep_as_asked(client.pool, *row, request.password));
    co_return co_await judge(std::move(row), proven, std::move(attempt), client,
                             std::move(request.device_key));
}

io::Task<Result<Tokens>> Home::judge(std::optional<UserRow> row, bool proven,
                                     Attempts::Attempt attempt, ClientOfPool client,
                                     std::optional<std::string> device_key) {
    if (!row || !proven) {
        CO_TRY_VOID(co_await attempts_.failed(std::move(attempt)));
        co_return wrong_credentials();
    }
    CO_TRY_VOID(co_await attempts_.succeeded(std::move(attempt)));
    co_return co_await admit(std::move(*row), Proven::one_factor, client, std::move(device_key));
}

// Told to nobody but who has proven to be the person.
io::Task<Result<Tokens>> Home::admit(UserRow row, Proven proven, ClientOfPool client,
                                     std::optional<std::string> device_key) {
    if (row.disabled) {
        co_return fail(Code::unauthenticated, "User is disabled.", reason::kDisabled);
    }
    if (!row.confirmed) {
        co_return fail(Code::failed_precondition, "User is not confirmed.", reason::kNotConfirmed);
    }
    if (row.state == PersonState::reset) {
        co_return fail(Code::failed_precondition, "Password reset required for the user",
                       reason::kResetRequired);
    }
    if (row.state == PersonState::new_password) co_return new_password_challenge(row, client);
    if (proven == Proven::both_factors) {
        co_return co_await begin_session(std::move(row), client, kTokensOfSignIn,
                                         std::move(device_key));
    }
    co_return co_await second_factor(std::move(row), client, kTokensOfSignIn, std::move(device_key),
                                     proven);
}

io::Task<Result<Tokens>> Home::begin_session(UserRow row, ClientOfPool client,
                                             const char* token_source,
                                             std::optional<std::string> device) {
    if (client.pool->devices == config::Devices::off) device.reset();
    const bool on_new_device = device && device->empty();
    CO_TRY_VOID(co_await after_authentication(client, row, on_new_device));
    const Timestamp now = p_.clock.now();
    TokenSubject subject = token_subject(row, *client.client);
    subject.origin_jti = p_.random.uuid();
    subject.event_id = p_.random.uuid();
    subject.auth_time = now;
    CO_TRY(subject.groups, co_await groups_.of_person(row.sub));
    CO_TRY(subject.changes, co_await before_tokens(client, row, token_source, subject.groups));
    const RefreshToken refresh{subject.origin_jti, row.sub, client.client->id,
                               subject.event_id,   now.ms,  0};
    Session session;
    session.origin_jti = subject.origin_jti;
    session.sub = row.sub;
    session.client_id = client.client->id;
    session.created = now;
    session.expires = now + Millis(std::int64_t{client.client->refresh_token_days} * 86'400'000);
    std::optional<NewDevice> new_device;
    if (device) {
        session.device = on_new_device ? p_.random.uuid() : std::move(*device);
        subject.device_key = device_key(p_.region, session.device);
    }
    if (on_new_device) {
        new_device = NewDevice{*subject.device_key, device_group(row.sub, session.device)};
    }
    CO_TRY_VOID(co_await sessions_.begin(std::move(session)));
    std::string iss = issuer(p_.config, p_.public_port, p_.region, client.pool->id_suffix);
    CO_TRY(Tokens tokens,
           co_await signer_.issue(std::move(subject), std::move(iss), *client.client));
    tokens.refresh_token = write_refresh_token(refresh_key_, p_.region, refresh);
    tokens.new_device = std::move(new_device);
    co_return tokens;
}

io::Task<Result<TokenPtr>> Home::own_access_token(std::string token) {
    CO_TRY(TokenPtr verified, co_await p_.verifier.verify(std::move(token)));
    if (verified->home != p_.region || verified->use != "access") {
        co_return fail(Code::unauthenticated, "Invalid Access Token", reason::kAccessInvalid);
    }
    if (!has_scope(scope_of(*verified), config::kUserPoolScope)) {
        co_return fail(Code::unauthenticated, "Access Token does not have required scopes",
                       reason::kScopeMissing);
    }
    co_return verified;
}

io::Task<Result<UserRow>> Home::own_user(TokenPtr token) {
    CO_TRY(auto row, co_await users_.find_sub(token->sub));
    if (!row || !row->confirmed || row->disabled) {
        co_return fail(Code::unauthenticated, "Invalid Access Token", reason::kAccessInvalid);
    }
    co_return std::move(*row);
}

Result<const config::Pool*> Home::pool_of(const UserRow& row) const {
    for (const config::Pool& pool : p_.config->pools) {
        if (pool.id_suffix == row.pool) return &pool;
    }
    return fail(Code::unauthenticated, "Invalid Access Token", reason::kAccessInvalid);
}

io::Task<Result<User>> Home::get_user(AccessTokenRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    CO_TRY(const ClientOfPool client, find_client(p_.config, token->client_id));
    std::erase_if(row.attributes,
                  [&](const auto& attribute) { return !client.client->reads(attribute.first); });
    User out{row.username, row.sub, std::move(row.attributes)};
    out.attributes["sub"] = row.sub;
    out.attributes["custom:region"] = p_.region;
    CO_TRY(out.mfa, co_await mfa_settings(row.pool, row.sub));
    co_return out;
}

io::Task<Result<Done>> Home::sign_out(AccessTokenRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY_VOID(co_await sessions_.revoke_all(token->sub));
    co_return Done{};
}

}  // namespace domicile::identity
