// Codes that are mailed as a second factor, to whoever has proven the first one (Cognito's
// EMAIL_OTP as MFA; ADR 0037). A code is good for the session that asked for it. Mails are counted
// by the person, apart from those that anybody can ask for under their name, and a right code sets
// the count back: who has the mailbox may sign in as often as they like.
#include "identity/home.h"
#include "identity/mail_words.h"

namespace domicile::identity {
namespace {

Codes::Purpose purpose_of(const ChallengeSession& session) { return {kFactorPurpose, session.id}; }

// Nobody's where there is no address. A change of the person, or of where their mails go, voids it.
std::string proven_by(const UserRow& row, const std::string& to) {
    if (to.empty()) return {};
    return row.sub + '\0' + std::to_string(row.version) + '\0' + to;
}

}  // namespace

io::Task<Result<Tokens>> Home::mail_factor(UserRow row, ClientOfPool client,
                                           ChallengeSession session) {
    CO_TRY_VOID(courier_.check_room());
    std::string index = users_.username_index(row.pool, row.sub);
    CO_TRY(Attempts::Attempt attempt, co_await sign_in_mails_.begin(std::move(index)));
    CO_TRY_VOID(co_await sign_in_mails_.failed(std::move(attempt)));
    const std::string to = proven_destination(row);
    Codes::Issued issued =
        codes_.issue(purpose_of(session), proven_by(row, to), Challenges::kLifetime);
    MailFacts facts{issued.code, row.username, locale_of(row.attributes)};
    MailFor what{client.pool, MailKind::second_factor_code, "CustomMessage_Authentication",
                 client.client->id, std::nullopt};
    CO_TRY(Mail mail, co_await compose(std::move(what), row, std::move(facts)));
    mail.to = to;
    mail.expires = Timestamp{session.expires_ms};
    CO_TRY(auto batch, co_await mailing(row.sub, std::move(mail)));
    batch.insert(batch.end(), issued.statements.begin(), issued.statements.end());
    CO_TRY_VOID(co_await p_.database.write(std::move(batch)));
    const CodeDelivery shown = delivery_to(to);
    Challenge out;
    out.name = kMailedFactor;
    out.session = challenges_.seal(session);
    out.parameters = {{"USER_ID_FOR_SRP", row.username},
                      {"CODE_DELIVERY_DELIVERY_MEDIUM", shown.medium},
                      {"CODE_DELIVERY_DESTINATION", shown.destination}};
    Tokens tokens;
    tokens.challenge = std::move(out);
    co_return tokens;
}

io::Task<Result<std::vector<sql::Statement>>> Home::judge_mailed_factor(UserRow row,
                                                                        ChallengeSession session,
                                                                        std::string code) {
    std::string index = users_.username_index(row.pool, row.username);
    CO_TRY(Attempts::Attempt attempt, co_await factor_tries_.begin(std::move(index)));
    const std::string to = proven_destination(row);
    auto use = co_await codes_.judge(purpose_of(session), proven_by(row, to), std::move(code));
    const bool is_wrong = !use && use.error().reason == reason::kCodeMismatch;
    if (is_wrong) CO_TRY_VOID(co_await factor_tries_.failed(std::move(attempt)));
    if (!use) co_return std::unexpected(use.error());
    CO_TRY_VOID(co_await factor_tries_.succeeded(std::move(attempt)));
    Attempts::Attempt mails{users_.username_index(row.pool, row.sub)};
    CO_TRY_VOID(co_await sign_in_mails_.succeeded(std::move(mails)));
    std::vector<sql::Statement> out;
    out.push_back(std::move(*use));
    co_return out;
}

}  // namespace domicile::identity
