// The second factor at the home: codes of an authenticator app (TOTP), or that are mailed
// (home_mailed_factor.cc). Whoever is asked for one has proven the first, so nothing here tells
// strangers who exists.
#include <algorithm>

#include "crypto/totp.h"
#include "identity/home.h"
#include "identity/second_factors.h"

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

// Who has no way to prove a second factor that is asked for.
std::unexpected<Error> no_way_in(const char* text) {
    return fail(Code::unauthenticated, text, reason::kUserState);
}

const char* source_of(const ChallengeSession& session) {
    return session.token_source == kTokensOfNewPassword ? kTokensOfNewPassword : kTokensOfSignIn;
}

bool is_in(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
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

// The one to ask for: what they prefer, or their choice.
std::string next_of(const std::vector<std::string>& names, const Authenticator& app) {
    if (names.size() == 1) return names.front();
    if (app.preferred && is_in(names, kSoftwareToken)) return kSoftwareToken;
    if (app.email_preferred && is_in(names, kMailedFactor)) return kMailedFactor;
    return kSelectMfa;
}

std::string as_list(const std::vector<std::string>& names) {
    json::array out;
    for (const std::string& name : names) out.emplace_back(name);
    return json::serialize(out);
}

}  // namespace

io::Task<Result<Tokens>> Home::second_factor(UserRow row, ClientOfPool client,
                                             const char* token_source,
                                             std::optional<std::string> device_key, Proven proven) {
    const config::Pool& pool = *client.pool;
    Authenticator app;
    if (pool.mfa != config::Mfa::off) {
        CO_TRY(app, co_await authenticators_.find(row.sub));
    }
    auto names = second_factors(pool, app, proven_destination(row));
    bool device_stands_in = false;
    if (!names.empty()) {
        CO_TRY(device_stands_in, co_await stands_in(row, client, device_key));
    }
    // A mailbox is one factor, however often it is proven.
    const bool by_mail = proven == Proven::mailbox;
    if (by_mail) std::erase(names, kMailedFactor);
    if (names.empty() && !device_stands_in && wants_mailed_factor(pool, app)) {
        if (by_mail) co_return no_way_in("Codes by mail are the second factor of this user");
        // An app would be set up in place of what they have turned on.
        if (app.email_enabled || !pool.has_mfa(config::MfaMethod::app)) {
            co_return no_way_in("MFA is asked for, and there is no verified email for its codes");
        }
    }
    if (names.empty() && pool.mfa == config::Mfa::required) names.emplace_back(kMfaSetup);
    if (names.empty() || device_stands_in) {
        co_return co_await device_factor(std::move(row), client, token_source,
                                         std::move(device_key));
    }
    auto session = challenges_.begin(next_of(names, app), row, client.client->id);
    session.device_key = key_of_region(p_.region, std::move(device_key));
    session.token_source = token_source;
    co_return co_await ask_factor(std::move(row), client, std::move(session), std::move(names));
}

// Whether the device that they sign in from is asked for its proof instead.
io::Task<Result<bool>> Home::stands_in(UserRow row, ClientOfPool client,
                                       std::optional<std::string> device_key) {
    if (!client.pool->devices_replace_mfa) co_return false;
    CO_TRY(const auto device, co_await device_of(std::move(row), client, std::move(device_key)));
    co_return device && device->remembered;
}

io::Task<Result<Tokens>> Home::ask_factor(UserRow row, ClientOfPool client,
                                          ChallengeSession session, std::vector<std::string> all) {
    if (session.name == kMailedFactor) {
        co_return co_await mail_factor(std::move(row), client, std::move(session));
    }
    Tokens asked = challenge(session.name.c_str(), challenges_.seal(session), row);
    if (session.name == kSelectMfa) asked.challenge->parameters["MFAS_CAN_CHOOSE"] = as_list(all);
    co_return asked;
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
    if (!out.pool->has_mfa(config::MfaMethod::app)) co_return pool_without();
    CO_TRY(out.app, co_await authenticators_.find(out.row.sub));
    // Who proved no more than the password does not replace the app of somebody who has one.
    if (out.session && (out.app.active() || out.app.email_enabled)) co_return challenge_over();
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
        who.app.enabled = true;
        who.app.preferred = !who.app.email_preferred;
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
    CO_TRY(ChallengeSession session, challenges_.open(request.session, request.challenge));
    const std::vector<std::string> known = {kSoftwareToken, kMailedFactor, kMfaSetup, kSelectMfa};
    if (!is_in(known, request.challenge) || session.client_id != client.client->id) {
        co_return challenge_over();
    }
    CO_TRY(auto row, co_await users_.find_sub(session.sub));
    CO_TRY_VOID(challenges_.check(session, row));
    if (!is_name_of(*row, request.username)) co_return challenge_over();
    CO_TRY_VOID(co_await challenges_.count_try(session));
    if (request.device_key && !request.device_key->empty()) {
        session.device_key = std::move(request.device_key);
    }
    if (session.name == kSelectMfa) {
        co_return co_await choose_factor(std::move(*row), client, std::move(session),
                                         std::move(request.code));
    }
    CO_TRY(auto batch, co_await judge_factor(*row, client, session, std::move(request.code)));
    batch.push_back(Challenges::using_up(session));
    const auto done = co_await p_.database.write(std::move(batch));
    // Another answer with this code was first.
    if (!done && done.error().code == Code::conflict) co_return challenge_over();
    if (!done) co_return std::unexpected(done.error());
    co_return co_await device_factor(std::move(*row), client, source_of(session),
                                     std::move(session.device_key));
}

io::Task<Result<std::vector<sql::Statement>>> Home::judge_factor(UserRow row, ClientOfPool client,
                                                                 ChallengeSession session,
                                                                 std::string code) {
    std::vector<sql::Statement> out;
    if (session.name == kMfaSetup) {
        if (session.state != kVerified)
            co_return refused("User has not verified software token mfa");
        co_return out;
    }
    CO_TRY(const Authenticator app, co_await authenticators_.find(row.sub));
    // What was turned off meanwhile.
    if (!is_in(second_factors(*client.pool, app, proven_destination(row)), session.name)) {
        co_return challenge_over();
    }
    if (session.name == kMailedFactor) {
        co_return co_await judge_mailed_factor(std::move(row), std::move(session), std::move(code));
    }
    CO_TRY(const std::int64_t step,
           co_await judge_totp(row, app.secret, std::move(code), app.step));
    out.push_back(Authenticators::taking(row.sub, app, step));
    co_return out;
}

// Used up before the next one is asked for, so that one session sends one mail.
io::Task<Result<Tokens>> Home::choose_factor(UserRow row, ClientOfPool client,
                                             ChallengeSession session, std::string choice) {
    CO_TRY(const Authenticator app, co_await authenticators_.find(row.sub));
    auto names = second_factors(*client.pool, app, proven_destination(row));
    if (!is_in(names, choice)) co_return refused("The ANSWER is none of MFAS_CAN_CHOOSE");
    std::vector<sql::Statement> batch;
    batch.push_back(Challenges::using_up(session));
    const auto done = co_await p_.database.write(std::move(batch));
    if (!done && done.error().code == Code::conflict) co_return challenge_over();
    if (!done) co_return std::unexpected(done.error());
    ChallengeSession next = challenges_.begin(std::move(choice), row, client.client->id);
    next.device_key = key_of_region(p_.region, std::move(session.device_key));
    next.token_source = std::move(session.token_source);
    co_return co_await ask_factor(std::move(row), client, std::move(next), std::move(names));
}

}  // namespace domicile::identity
