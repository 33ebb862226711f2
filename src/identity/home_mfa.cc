// The second factor at the home: codes of an authenticator app (TOTP). Whoever is asked for one has
// proven the password, so nothing here tells strangers who exists.
#include "crypto/totp.h"
#include "identity/home.h"

namespace domicile::identity {
namespace {

constexpr const char* kVerified = "verified";  // state of the session that answers MFA_SETUP

std::unexpected<Error> pool_without() {
    return fail(Code::failed_precondition,
                "Software Token MFA has not been enabled by the userPool", reason::kTotpNotFound);
}

std::unexpected<Error> refused(const char* text) {
    return fail(Code::invalid_argument, text, reason::kSchema);
}

const char* source_of(const ChallengeSession& session) {
    return session.token_source == kTokensOfNewPassword ? kTokensOfNewPassword : kTokensOfSignIn;
}

Tokens challenge(const char* name, std::string session, const UserRow& row) {
    Challenge out;
    out.name = name;
    out.session = std::move(session);
    out.parameters["USER_ID_FOR_SRP"] = row.username;
    if (out.name == kMfaSetup) out.parameters["MFAS_CAN_SETUP"] = "[\"SOFTWARE_TOKEN_MFA\"]";
    Tokens tokens;
    tokens.challenge = std::move(out);
    return tokens;
}

}  // namespace

io::Task<Result<Tokens>> Home::second_factor(UserRow row, ClientOfPool client,
                                             const char* token_source,
                                             std::optional<std::string> device_key) {
    const config::Mfa mfa = client.pool->mfa;
    Authenticator app;
    if (mfa != config::Mfa::off) {
        CO_TRY(app, co_await authenticators_.find(row.sub));
    }
    bool device_stands_in = false;
    if (app.active() && client.pool->devices_replace_mfa) {
        CO_TRY(const auto device, co_await device_of(row, client, device_key));
        device_stands_in = device && device->remembered;
    }
    const char* name = nullptr;
    if (device_stands_in) {
        name = nullptr;
    } else if (app.active()) {
        name = kSoftwareToken;
    } else if (mfa == config::Mfa::required) {
        name = kMfaSetup;
    }
    if (name == nullptr) {
        co_return co_await device_factor(std::move(row), client, token_source,
                                         std::move(device_key));
    }
    auto session = challenges_.begin(name, row, client.client->id);
    session.device_key = key_of_region(p_.region, std::move(device_key));
    session.token_source = token_source;
    co_return challenge(name, challenges_.seal(session), row);
}

// The step of a code that was not taken before. Guesses are delayed, over all sessions of a person.
io::Task<Result<std::int64_t>> Home::judge_totp(UserRow row, std::string secret, std::string code,
                                                std::int64_t taken) {
    std::string index = users_.username_index(row.pool, row.username);
    CO_TRY(Attempts::Attempt attempt, co_await factor_tries_.begin(std::move(index)));
    const auto step = crypto::totp_match(secret, code, p_.clock.now());
    if (step && *step > taken) {
        CO_TRY_VOID(co_await factor_tries_.succeeded(std::move(attempt)));
        co_return *step;
    }
    CO_TRY_VOID(co_await factor_tries_.failed(std::move(attempt)));
    if (!step) co_return fail(Code::invalid_argument, "Code mismatch", reason::kTotpMismatch);
    co_return fail(Code::failed_precondition, "The code was used before.", reason::kTotpUsed);
}

io::Task<Result<Home::Enrolling>> Home::enrolling(std::optional<std::string> access_token,
                                                  std::optional<std::string> session) {
    if (access_token.has_value() == session.has_value()) {
        co_return refused("Either an access token or a session is needed.");
    }
    Enrolling out;
    if (session) {
        CO_TRY(out.session, challenges_.open(*session, kMfaSetup));
        CO_TRY(auto row, co_await users_.find_sub(out.session->sub));
        CO_TRY_VOID(challenges_.check(*out.session, row));
        out.row = std::move(*row);
    } else {
        CO_TRY(const TokenPtr token, co_await own_access_token(std::move(*access_token)));
        CO_TRY(out.row, co_await own_user(token));
    }
    CO_TRY(out.pool, pool_of(out.row));
    if (out.pool->mfa == config::Mfa::off) co_return pool_without();
    CO_TRY(out.app, co_await authenticators_.find(out.row.sub));
    // Who proved no more than the password does not replace the app of somebody who has one.
    if (out.session && out.app.active()) co_return challenge_over();
    co_return out;
}

io::Task<Result<AssociatedApp>> Home::associate(AssociateRequest request) {
    CO_TRY(Enrolling who,
           co_await enrolling(std::move(request.access_token), std::move(request.session)));
    who.app.pending = p_.random.bytes(crypto::kTotpSecretSize);
    CO_TRY(auto batch, co_await authenticators_.replacement(who.row.sub, who.app));
    CO_TRY_VOID(co_await write_changes(std::move(batch)));
    AssociatedApp out;
    out.secret_code = crypto::totp_secret_text(who.app.pending);
    if (who.session) out.session = challenges_.seal(*who.session);
    co_return out;
}

io::Task<Result<VerifiedApp>> Home::verify_token(VerifyTokenRequest request) {
    CO_TRY(Enrolling who,
           co_await enrolling(std::move(request.access_token), std::move(request.session)));
    if (who.app.pending.empty()) {
        co_return fail(Code::failed_precondition, "No software token is being set up.",
                       reason::kTotpNotFound);
    }
    if (who.session) CO_TRY_VOID(co_await challenges_.count_try(*who.session));
    auto step = co_await judge_totp(who.row, who.app.pending, std::move(request.code), 0);
    if (!step && step.error().reason == reason::kTotpMismatch) {
        step.error().reason = reason::kTotpSetup;
    }
    if (!step) co_return std::unexpected(step.error());
    who.app.secret = std::move(who.app.pending);
    who.app.pending.clear();
    who.app.step = *step;
    if (who.session || who.pool->mfa == config::Mfa::required) {
        who.app.enabled = who.app.preferred = true;
    }
    CO_TRY(auto batch, co_await authenticators_.replacement(who.row.sub, who.app));
    VerifiedApp out;
    if (who.session) {
        batch.push_back(Challenges::using_up(*who.session));
        ChallengeSession next = challenges_.begin(kMfaSetup, who.row, who.session->client_id);
        next.state = kVerified;
        next.device_key = who.session->device_key;
        next.token_source = who.session->token_source;
        out.session = challenges_.seal(next);
    }
    CO_TRY_VOID(co_await write_changes(std::move(batch)));
    co_return out;
}

io::Task<Result<Tokens>> Home::answer_mfa(MfaAnswerRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY(const ChallengeSession session, challenges_.open(request.session, request.challenge));
    const bool is_known = request.challenge == kSoftwareToken || request.challenge == kMfaSetup;
    if (!is_known || session.client_id != client.client->id) co_return challenge_over();
    CO_TRY(auto row, co_await users_.find_sub(session.sub));
    CO_TRY_VOID(challenges_.check(session, row));
    if (!is_name_of(*row, request.username)) co_return challenge_over();
    CO_TRY_VOID(co_await challenges_.count_try(session));
    std::vector<sql::Statement> batch;
    if (request.challenge == kSoftwareToken) {
        CO_TRY(const Authenticator app, co_await authenticators_.find(row->sub));
        if (!app.active()) co_return challenge_over();
        CO_TRY(const std::int64_t step,
               co_await judge_totp(*row, app.secret, std::move(request.code), app.step));
        batch.push_back(Authenticators::taking(row->sub, app, step));
    } else if (session.state != kVerified) {
        co_return refused("User has not verified software token mfa");
    }
    batch.push_back(Challenges::using_up(session));
    const auto done = co_await p_.database.write(std::move(batch));
    // Another answer with this code was first.
    if (!done && done.error().code == Code::conflict) co_return challenge_over();
    if (!done) co_return std::unexpected(done.error());
    std::optional<std::string> device = std::move(request.device_key);
    if (!device || device->empty()) device = session.device_key;
    co_return co_await device_factor(std::move(*row), client, source_of(session),
                                     std::move(device));
}

io::Task<Result<void>> Home::prefer(UserRow row, std::optional<bool> enabled,
                                    std::optional<bool> preferred) {
    CO_TRY(const config::Pool* pool, pool_of(row));
    if (pool->mfa == config::Mfa::off) {
        co_return refused("Software Token MFA has not been enabled by the userPool");
    }
    CO_TRY(Authenticator app, co_await authenticators_.find(row.sub));
    if (enabled) app.enabled = *enabled;
    if (preferred) app.preferred = *preferred;
    if (enabled == false && preferred != true) app.preferred = false;
    if ((app.enabled || app.preferred) && app.secret.empty()) {
        co_return refused("User has not verified software token mfa");
    }
    if (app.preferred && !app.enabled) {
        co_return refused("SOFTWARE_TOKEN_MFA cannot be preferred while it is not enabled");
    }
    if (app.version == 0) co_return Result<void>();
    CO_TRY(auto batch, co_await authenticators_.replacement(row.sub, std::move(app)));
    CO_TRY_VOID(co_await write_changes(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<Done>> Home::set_mfa(MfaPreferenceRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    CO_TRY(const config::Pool* pool, pool_of(row));
    if (pool->mfa == config::Mfa::required && request.enabled == false) {
        co_return refused("MFA is required by the userPool and cannot be turned off");
    }
    CO_TRY_VOID(co_await prefer(std::move(row), request.enabled, request.preferred));
    co_return Done{};
}

// Turned off for somebody whose pool asks for it: they set up another app at the next sign-in.
io::Task<Result<Done>> Home::admin_set_mfa(AdminMfaRequest request) {
    CO_TRY(UserRow row, co_await administered("AdminSetUserMFAPreference", request.who,
                                              request.pool, request.username));
    CO_TRY_VOID(co_await prefer(std::move(row), request.enabled, request.preferred));
    co_return Done{};
}

// One that is being set up goes too: whoever began it may be whoever has the lost device.
io::Task<Result<Done>> Home::admin_delete_token(AdminRequest request) {
    CO_TRY(const UserRow row, co_await administered("AdminDeleteSoftwareToken", request.who,
                                                    request.pool, request.username));
    if (!row.confirmed) {
        co_return fail(Code::failed_precondition, "User is not confirmed.", reason::kNotConfirmed);
    }
    CO_TRY(const Authenticator app, co_await authenticators_.find(row.sub));
    if (app.version == 0) co_return Done{};
    std::vector<sql::Statement> batch;
    batch.push_back(Authenticators::removal(row.sub, app));
    CO_TRY_VOID(co_await write_changes(std::move(batch)));
    co_return Done{};
}

io::Task<Result<MfaSettings>> Home::mfa_settings(std::string pool_name, std::string sub) {
    MfaSettings out;
    CO_TRY(const config::Pool* pool, find_pool(p_.config, pool_name));
    if (pool->mfa == config::Mfa::off) co_return out;
    CO_TRY(const Authenticator app, co_await authenticators_.find(std::move(sub)));
    out.enabled = app.active();
    out.preferred = app.active() && app.preferred;
    co_return out;
}

}  // namespace domicile::identity
