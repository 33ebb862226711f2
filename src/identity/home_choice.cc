// Sign-in by choice at the home (Cognito's USER_AUTH): a password, SRP, a passkey, or a code that
// is mailed (home_mailed_code.cc). What can be chosen is said by the configuration, and neither a
// challenge nor its session depends on the person, so that unknown people get what known ones do
// (I8; docs/adr/0030).
#include <algorithm>

#include "base/encoding.h"
#include "identity/home.h"
#include "identity/routable.h"
#include "io/executor.h"
#include "webauthn/options.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kUsernameBytesMax = 128, kChallengeBytes = 32;
constexpr const char* kRequestOptions = "CREDENTIAL_REQUEST_OPTIONS";

// Some ES256 key (the generator of the curve): judged by where there is no passkey, so that it
// takes as long. What comes of it does not count.
constexpr const char* kDecoyKey =
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

std::unexpected<Error> wrong_credentials() {
    return fail(Code::unauthenticated, "Incorrect username or password.",
                reason::kWrongCredentials);
}

std::vector<std::string> choices(const ClientOfPool& client) {
    std::vector<std::string> out = {kByPassword};
    if (client.client->allows(config::AuthFlow::user_srp_auth)) out.emplace_back(kBySrp);
    if (client.pool->passkeys) out.emplace_back(kByPasskey);
    if (client.pool->email_otp) out.emplace_back(kByMail);
    return out;
}

bool is_choice(const ClientOfPool& client, const std::string& name) {
    const auto all = choices(client);
    return std::ranges::find(all, name) != all.end();
}

Tokens as_tokens(SrpChallenge given) {
    Challenge out;
    out.name = "PASSWORD_VERIFIER";
    out.parameters = {{"SALT", std::move(given.salt_hex)},
                      {"SRP_B", std::move(given.srp_b_hex)},
                      {"SECRET_BLOCK", std::move(given.secret_block)},
                      {"USERNAME", std::move(given.username)},
                      {"USER_ID_FOR_SRP", std::move(given.user_id_for_srp)}};
    Tokens tokens;
    tokens.challenge = std::move(out);
    return tokens;
}

// Whether the answer comes with what decides, so that its session is used up.
bool is_final(const std::string& name, const ChoiceProof& proof) {
    return (name == kByPassword && proof.password) || (name == kBySrp && proof.srp_a) ||
           (name == kByPasskey && proof.credential);
}

}  // namespace

ChoiceSession Home::choice_session(ClientOfPool client, std::string name,
                                   std::string username) const {
    ChoiceSession out;
    out.pool = client.pool->id_suffix;
    out.client_id = client.client->id;
    out.username = std::move(username);
    out.challenge_name = std::move(name);
    out.id = p_.random.uuid();
    out.challenge = to_base64url(p_.random.bytes(kChallengeBytes));
    out.expires_ms = (p_.clock.now() + Challenges::kLifetime).ms;
    return out;
}

Tokens Home::choice(ClientOfPool client, const ChoiceSession& session) const {
    const std::string& name = session.challenge_name;
    Challenge out;
    out.session = seal_session(choice_key_, p_.region, json::serialize(to_message(session)));
    out.available = choices(client);
    if (client.pool->passkeys && (name == kByPasskey || name == kSelect)) {
        const config::Passkeys& rules = *client.pool->passkeys;
        const bool is_required = rules.user_verification == config::UserVerification::required;
        const std::string challenge = from_base64url(session.challenge).value_or("");
        const webauthn::AssertionRequest wanted{rules.relying_party_id, challenge,
                                                is_required ? "required" : "preferred",
                                                Challenges::kLifetime.count()};
        out.parameters[kRequestOptions] = json::serialize(webauthn::request_options(wanted));
    }
    out.name = name;
    Tokens tokens;
    tokens.challenge = std::move(out);
    return tokens;
}

io::Task<Result<Tokens>> Home::start_choice(ChoiceRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY_VOID(check_flow(*client.client, config::AuthFlow::user_auth, "USER_AUTH"));
    if (request.username.size() > kUsernameBytesMax) co_return wrong_credentials();
    if (client.pool->reveal_existing) {
        CO_TRY(const auto row, co_await users_.find(client.pool->id_suffix, request.username));
        if (!row) co_return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
    }
    std::string name = kSelect;
    if (request.preferred && is_choice(client, *request.preferred)) name = *request.preferred;
    request.proof.username = std::move(request.username);
    co_return co_await go_on(client, std::move(name), std::move(request.proof));
}

// With what came along, or by asking for it.
io::Task<Result<Tokens>> Home::go_on(ClientOfPool client, std::string name, ChoiceProof proof) {
    if (name == kByPassword && proof.password) {
        PasswordRequest request{client.client->id, std::move(proof.username),
                                std::move(*proof.password), std::move(proof.client_metadata),
                                std::move(proof.device_key)};
        co_return co_await prove_password(client, std::move(request));
    }
    if (name == kBySrp && proof.srp_a) {
        SrpStartRequest request{client.client->id, std::move(proof.username),
                                std::move(*proof.srp_a), std::move(proof.client_metadata),
                                std::move(proof.device_key)};
        CO_TRY(SrpChallenge given, co_await start_srp(std::move(request)));
        co_return as_tokens(std::move(given));
    }
    if (name == kByMail) co_return co_await mail_code(client, std::move(proof));
    co_return choice(client, choice_session(client, std::move(name), std::move(proof.username)));
}

io::Task<Result<Tokens>> Home::answer_choice(ChoiceAnswerRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    const auto text = open_session(choice_key_, p_.region, request.session);
    if (!text && request.challenge == kByMail) {
        // Of the second factor, whose challenge has the same name.
        MfaAnswerRequest answer{client.client->id, std::move(request.proof.username),
                                std::move(request.challenge), std::move(request.session),
                                request.proof.code.value_or("")};
        answer.device_key = std::move(request.proof.device_key);
        co_return co_await answer_mfa(std::move(answer));
    }
    if (!text) co_return challenge_over();
    CO_TRY(const json::value stored, parse_json(*text));
    CO_TRY(ChoiceSession session, from_message<ChoiceSession>(stored));
    const std::string& pool = client.pool->id_suffix;
    if (session.pool != pool || session.client_id != client.client->id ||
        session.challenge_name != request.challenge ||
        Timestamp{session.expires_ms} <= p_.clock.now() ||
        users_.username_index(pool, request.proof.username) !=
            users_.username_index(pool, session.username)) {
        co_return challenge_over();
    }
    const std::string name =
        request.challenge == kSelect ? request.choice.value_or("") : request.challenge;
    if (!is_choice(client, name)) {
        co_return fail(Code::invalid_argument, "The ANSWER is none of the available challenges.",
                       reason::kSchema);
    }
    request.proof.username = session.username;
    if (request.challenge == kByMail && request.proof.code) {
        co_return co_await prove_mailed_code(client, std::move(session), std::move(request.proof));
    }
    if (is_final(name, request.proof)) {
        const Timestamp ends{session.expires_ms};
        CO_TRY_VOID(co_await challenges_.spend(session.id, ends));
        if (name == kByPasskey) {
            co_return co_await prove_passkey(client, std::move(session), std::move(request.proof));
        }
    }
    co_return co_await go_on(client, name, std::move(request.proof));
}

io::Task<Result<Tokens>> Home::prove_passkey(ClientOfPool client, ChoiceSession session,
                                             ChoiceProof proof) {
    CO_TRY(auto row, co_await users_.find(session.pool, session.username));
    CO_TRY_VOID(co_await before_authentication(client, row, session.username,
                                               std::move(proof.client_metadata)));
    const config::Passkeys& rules = *client.pool->passkeys;
    std::string challenge = from_base64url(session.challenge).value_or("");
    CO_TRY(const auto judged,
           co_await judge_passkey(&rules, row, std::move(*proof.credential), std::move(challenge)));
    if (!row || !judged) co_return wrong_credentials();
    const bool counts_twice =
        judged->user_verified &&
        rules.factor == config::PasskeyFactor::multi_factor_with_user_verification;
    const Proven proven = counts_twice ? Proven::both_factors : Proven::one_factor;
    co_return co_await admit(std::move(*row), proven, client, std::move(proof.device_key));
}

io::Task<Result<std::optional<webauthn::Assertion>>> Home::judge_passkey(
    const config::Passkeys* rules, std::optional<UserRow> row, std::string credential,
    std::string challenge) {
    const std::optional<webauthn::Assertion> nothing;
    CO_TRY(const webauthn::AssertionResponse response,
           webauthn::read_assertion_response(credential));
    std::string sub;
    if (row) sub = row->sub;
    CO_TRY(const auto passkey, co_await passkeys_.find(sub, response.id));
    const webauthn::Expected expected{
        std::move(challenge), rules->relying_party_id, rules->origins,
        rules->user_verification == config::UserVerification::required};
    std::string key = from_hex(kDecoyKey).value_or("");
    if (passkey) key = passkey->public_key;
    auto work = [response, expected, key = std::move(key)] {
        return webauthn::verify_assertion(response, expected, key);
    };
    const auto verified = co_await io::run_blocking(std::move(work));
    if (!verified && verified.error().code == Code::resource_exhausted) {
        co_return std::unexpected(verified.error());
    }
    if (!passkey || !verified) co_return nothing;
    if (response.user_handle && *response.user_handle != sub) co_return nothing;
    if (!webauthn::counter_goes_on(passkey->counter, verified->counter)) co_return nothing;
    CO_TRY(const bool is_first, co_await passkeys_.use(sub, response.id, verified->counter));
    if (!is_first) co_return nothing;
    co_return std::optional<webauthn::Assertion>(*verified);
}

}  // namespace domicile::identity
