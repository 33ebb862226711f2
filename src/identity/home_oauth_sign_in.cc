// Signing in on the pages of the OpenID provider: by password, or by another way that the person
// chooses, and the steps that follow. It ends in a code for the client, or first in the offer to
// make a passkey; or in nothing but the browser's session, for the pages of the own account.
#include "identity/home.h"
#include "identity/refresh_token.h"

namespace domicile::identity {
namespace {

// Of a token for one page: as long as what the page asks may take, and clocks may differ.
constexpr int kAccountTokenMinutes = 5;

std::unexpected<Error> nobody_is_there() {
    return fail(Code::unauthenticated, "Nobody is signed in.", reason::kSessionInvalid);
}

}  // namespace

io::Task<Result<Authorized>> Home::oauth_sign_in(BrowserSignIn request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.asked.client_id));
    CO_TRY_VOID(check_authorization(*client.client, request.asked));
    const bool offers = request.offers_passkey.value_or(false);
    if (request.way) {
        ChoiceRequest choice;
        choice.client_id = client.client->id;
        choice.username = std::move(request.username);
        choice.preferred = std::move(request.way);
        CO_TRY(Tokens asked, co_await start_choice(std::move(choice)));
        co_return co_await authorize(client, std::move(request.asked), std::move(asked), offers);
    }
    PasswordRequest person{client.client->id, request.username, request.password};
    person.migrating = request.migrating;
    CO_TRY(auto elsewhere, co_await migrate_to_sign_in(client, person));
    if (elsewhere) {
        request.migrating = true;
        co_return co_await p_.enter_elsewhere(std::move(*elsewhere), std::move(request));
    }
    CO_TRY(Tokens tokens, co_await prove_password(client, std::move(person)));
    co_return co_await authorize(client, std::move(request.asked), std::move(tokens), offers);
}

io::Task<Result<Authorized>> Home::oauth_answer(BrowserAnswer request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.asked.client_id));
    CO_TRY_VOID(check_authorization(*client.client, request.asked));
    Authorization asked = request.asked;
    const bool offers = request.offers_passkey.value_or(false);
    CO_TRY(Tokens tokens, co_await take_browser_answer(client, std::move(request)));
    co_return co_await authorize(client, std::move(asked), std::move(tokens), offers);
}

io::Task<Result<Tokens>> Home::take_browser_answer(ClientOfPool client, BrowserAnswer request) {
    if (request.challenge == kSoftwareToken || request.challenge == kMfaSetup) {
        MfaAnswerRequest code{client.client->id, std::move(request.username),
                              std::move(request.challenge), std::move(request.session),
                              request.responses["SOFTWARE_TOKEN_MFA_CODE"]};
        co_return co_await answer_mfa(std::move(code));
    }
    if (request.challenge == kByMail || request.challenge == kByPasskey) {
        ChoiceAnswerRequest answer;
        answer.client_id = client.client->id;
        answer.challenge = std::move(request.challenge);
        answer.session = std::move(request.session);
        answer.proof.username = std::move(request.username);
        if (answer.challenge == kByMail) answer.proof.code = request.responses["EMAIL_OTP_CODE"];
        if (answer.challenge == kByPasskey)
            answer.proof.credential = request.responses["CREDENTIAL"];
        co_return co_await answer_choice(std::move(answer));
    }
    if (request.challenge != "NEW_PASSWORD_REQUIRED") {
        co_return fail(Code::invalid_argument, "This challenge is not answered here.",
                       reason::kSchema);
    }
    NewPasswordRequest answer{
        client.client->id, std::move(request.username), std::move(request.session), "", {}};
    answer.password = request.responses["NEW_PASSWORD"];
    co_return co_await answer_new_password(std::move(answer));
}

io::Task<Result<Authorized>> Home::authorize(ClientOfPool client, Authorization asked,
                                             Tokens tokens, bool offers_passkey) {
    Authorized out;
    out.challenge = std::move(tokens.challenge);
    if (out.challenge) co_return out;
    const std::string& text = tokens.refresh_token.value_or("");
    CO_TRY(RefreshToken session, read_refresh_token(refresh_key_, p_.region, text));
    CO_TRY(auto row, co_await users_.find_sub(session.sub));
    if (!row || row->pool != client.pool->id_suffix) co_return nobody_is_there();
    const bool grants = !is_for_account(asked);
    if (offers_passkey && grants) {
        CO_TRY(out.offers_passkey, co_await lacks_passkey(client, *row));
    }
    CO_TRY(out.browser_session,
           co_await begin_browser_session(std::move(*row), Timestamp{session.auth_time_ms}));
    if (out.offers_passkey.value_or(false) || !grants) {
        // What the browser has now is enough, or gives a code later; this session would be
        // nobody's.
        CO_TRY_VOID(co_await sessions_.revoke(session.origin_jti));
        co_return out;
    }
    session.scope = asked.scope;
    CodeGrant grant{std::move(asked), std::move(session)};
    CO_TRY(out.code, co_await authorization_codes_.issue(std::move(grant)));
    co_return out;
}

// Of the browser's session: what ends that ends the token too, and whatever spares the session of
// the token that asks for it spares the browser. No trigger has a say, since it goes to nobody.
io::Task<Result<BrowserAccess>> Home::oauth_account(BrowserAccount request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.asked.client_id));
    CO_TRY_VOID(check_authorization(*client.client, request.asked));
    CO_TRY(Browsing who,
           co_await browsing(client, std::move(request.browser_session), request.max_age_seconds));
    TokenSubject subject = token_subject(who.row, *client.client);
    subject.origin_jti = std::move(who.session);
    subject.event_id = p_.random.uuid();
    subject.auth_time = who.auth_time;
    subject.scope = config::kUserPoolScope;
    config::Client brief = *client.client;
    brief.access_token_minutes = kAccountTokenMinutes;
    std::string iss = issuer(p_.config, p_.public_port, p_.region, client.pool->id_suffix);
    CO_TRY(Tokens tokens,
           co_await signer_.issue(std::move(subject), std::move(iss), std::move(brief)));
    BrowserAccess out;
    out.access_token = std::move(tokens.access_token);
    out.username = std::move(who.row.username);
    out.external = who.row.external.has_value();
    co_return out;
}

io::Task<Result<Done>> Home::oauth_end_others(AccessTokenRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    std::vector<sql::Statement> batch;
    batch.push_back(sessions_.ending_all(token->sub, token->origin_jti));
    CO_TRY(const auto done, co_await p_.database.write(std::move(batch)));
    sessions_.ended(done[0]);
    co_return Done{};
}

}  // namespace domicile::identity
