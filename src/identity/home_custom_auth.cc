// Sign-in with challenges of the application's own (CUSTOM_AUTH), at the home. One function says
// what comes next, one makes a challenge, one judges its answer; between two requests the sign-in
// is in the client's session (identity/custom_auth.h). For people who do not exist the functions
// are asked as well, with `userNotFound`, and whatever they say nobody gets tokens (I8).
#include "crypto/srp.h"
#include "identity/home.h"
#include "identity/triggers.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kUsernameBytesMax = 128;

std::unexpected<Error> wrong_credentials() {
    return fail(Code::unauthenticated, "Incorrect username or password.",
                reason::kWrongCredentials);
}

std::unexpected<Error> bad_answer(const char* text) {
    return fail(Code::internal, text, reason::kTriggerAnswer);
}

Tokens asking(const char* name, Attributes parameters, std::string session) {
    Challenge challenge{name, std::move(session), std::move(parameters)};
    Tokens out;
    out.challenge = std::move(challenge);
    return out;
}

Tokens asking(SrpChallenge challenge) {
    Attributes out{{"SALT", std::move(challenge.salt_hex)},
                   {"SRP_B", std::move(challenge.srp_b_hex)},
                   {"SECRET_BLOCK", std::move(challenge.secret_block)},
                   {"USERNAME", std::move(challenge.username)},
                   {"USER_ID_FOR_SRP", std::move(challenge.user_id_for_srp)}};
    return asking(kPasswordVerifier, std::move(out), "");
}

bool is_whose(const CustomSession& session, const UserRow& row) {
    return row.sub == session.sub && version_text(row.version) == session.version;
}

}  // namespace

TriggerEvent Home::custom_event(const CustomSession& session, const std::optional<UserRow>& row,
                                const std::optional<std::string>& function, const char* source,
                                ClientOfPool client) const {
    const std::string name = function.value_or("");
    TriggerEvent out =
        row ? event_about(*row, name, source, client) : event_of(name, source, client);
    if (!row) out.username = session.username;
    if (!client.pool->reveal_existing) out.user_not_found = !row;
    out.client_metadata = session.client_metadata;
    return out;
}

io::Task<Result<NextChallenge>> Home::define_challenge(ClientOfPool client,
                                                       std::optional<UserRow> row,
                                                       CustomSession session) {
    if (p_.triggers == nullptr || !client.pool->triggers.define_auth_challenge) {
        co_return fail(Code::invalid_argument, "Custom auth lambda trigger is not configured.",
                       reason::kSchema);
    }
    TriggerEvent event = custom_event(session, row, client.pool->triggers.define_auth_challenge,
                                      "DefineAuthChallenge_Authentication", client);
    co_return co_await p_.triggers->define_auth_challenge(std::move(event),
                                                          std::move(session.before));
}

io::Task<Result<Tokens>> Home::start_custom(CustomStartRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY_VOID(check_flow(*client.client, config::AuthFlow::custom_auth, "CUSTOM_AUTH"));
    if (request.username.size() > kUsernameBytesMax) co_return wrong_credentials();
    if (request.srp_a && !crypto::parse_srp_hex(*request.srp_a)) {
        co_return fail(Code::invalid_argument, "SRP_A is not a hexadecimal number.",
                       reason::kSchema);
    }
    std::string index = users_.username_index(client.pool->id_suffix, request.username);
    CO_TRY_VOID(co_await custom_tries_.begin(std::move(index)));
    CO_TRY(auto row, co_await users_.find(client.pool->id_suffix, request.username));
    if (row && row->external) row.reset();  // only their provider says who they are
    if (!row && client.pool->reveal_existing) {
        co_return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
    }
    CO_TRY_VOID(co_await before_authentication(client, row, request.username,
                                               std::move(request.client_metadata)));
    CustomSession session;
    session.pool = client.pool->id_suffix;
    session.client_id = client.client->id;
    session.username = request.username;
    session.srp_name = row ? row->srp_name : p_.random.uuid();
    if (!request.srp_a) {
        co_return co_await next_challenge(client, std::move(row), std::move(session));
    }
    session.before.push_back({kSrpA, true, std::nullopt});
    CO_TRY(const NextChallenge next, co_await define_challenge(client, row, session));
    if (next.fail) co_return wrong_credentials();
    if (next.name != kPasswordVerifier) {
        co_return bad_answer("DefineAuthChallenge: PASSWORD_VERIFIER follows SRP_A.");
    }
    SrpStartRequest start{std::move(request.client_id), std::move(request.username),
                          std::move(*request.srp_a)};
    CO_TRY(SrpChallenge challenge,
           co_await srp_challenge(client, std::move(row), std::move(start), true));
    co_return asking(std::move(challenge));
}

io::Task<Result<Tokens>> Home::after_password(ClientOfPool client, UserRow row, SrpBlock block,
                                              std::optional<Attributes> metadata) {
    CustomSession session;
    session.pool = client.pool->id_suffix;
    session.client_id = client.client->id;
    session.username = std::move(block.username);
    session.srp_name = std::move(block.srp_name);
    session.client_metadata = std::move(metadata);
    session.before.push_back({kSrpA, true, std::nullopt});
    session.before.push_back({kPasswordVerifier, true, std::nullopt});
    co_return co_await next_challenge(client, std::move(row), std::move(session));
}

// What the application says comes after what was answered so far.
io::Task<Result<Tokens>> Home::next_challenge(ClientOfPool client, std::optional<UserRow> row,
                                              CustomSession session) {
    CO_TRY(const NextChallenge next, co_await define_challenge(client, row, session));
    if (next.fail) co_return wrong_credentials();
    if (next.issue_tokens) {
        if (!row) co_return wrong_credentials();
        Attempts::Attempt answers{users_.username_index(session.pool, session.username)};
        CO_TRY_VOID(co_await custom_tries_.succeeded(std::move(answers)));
        co_return co_await admit(std::move(*row), Proven::one_factor, client);
    }
    if (next.name != kCustomChallenge) {
        co_return bad_answer("DefineAuthChallenge: the challenge is none that can be given here.");
    }
    if (session.before.size() >= CustomSession::kRoundsMax) co_return wrong_credentials();
    co_return co_await new_challenge(client, std::move(row), std::move(session));
}

io::Task<Result<Tokens>> Home::new_challenge(ClientOfPool client, std::optional<UserRow> row,
                                             CustomSession session) {
    TriggerEvent event = custom_event(session, row, client.pool->triggers.create_auth_challenge,
                                      "CreateAuthChallenge_Authentication", client);
    CO_TRY(NewChallenge made, co_await p_.triggers->create_auth_challenge(
                                  std::move(event), session.before, kCustomChallenge));
    session.sub = row ? row->sub : p_.random.uuid();
    session.version = version_text(row ? row->version : 0);
    session.id = p_.random.uuid();
    session.expires_ms = (p_.clock.now() + CustomSession::kLifetime).ms;
    session.hidden = std::move(made.hidden);
    session.metadata = std::move(made.metadata);
    CO_TRY(std::string sealed, seal_custom_session(custom_key_, p_.region, session));
    made.shown["USERNAME"] = session.username;
    co_return asking(kCustomChallenge, std::move(made.shown), std::move(sealed));
}

io::Task<Result<Tokens>> Home::answer_custom(CustomAnswerRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY(CustomSession session,
           open_custom_session(custom_key_, p_.region, request.session, p_.clock.now()));
    const auto index = [&](const std::string& name) {
        return users_.username_index(session.pool, name);
    };
    const bool is_named =
        request.username == session.srp_name || index(request.username) == index(session.username);
    if (session.client_id != client.client->id || !is_named || p_.triggers == nullptr) {
        co_return challenge_over();
    }
    std::string key = index(session.username);
    CO_TRY(Attempts::Attempt attempt, co_await custom_tries_.begin(std::move(key)));
    // Before it is judged, so that answers at once are no more than one.
    const Timestamp expires{session.expires_ms};
    CO_TRY_VOID(co_await challenges_.spend(session.id, expires));
    CO_TRY(auto row, co_await users_.find(session.pool, session.username));
    // Changed since the challenge was given, or another one: the sign-in is nobody's any more.
    if (row && (row->external || !is_whose(session, *row))) row.reset();
    session.client_metadata = std::move(request.client_metadata);
    TriggerEvent event = custom_event(session, row, client.pool->triggers.verify_auth_challenge,
                                      "VerifyAuthChallengeResponse_Authentication", client);
    CO_TRY(const bool correct,
           co_await p_.triggers->verify_auth_challenge(std::move(event), std::move(session.hidden),
                                                       std::move(request.answer)));
    if (!correct) CO_TRY_VOID(co_await custom_tries_.failed(std::move(attempt)));
    session.before.push_back({kCustomChallenge, correct, std::move(session.metadata)});
    session.hidden.clear();
    session.metadata.reset();
    co_return co_await next_challenge(client, std::move(row), std::move(session));
}

}  // namespace domicile::identity
