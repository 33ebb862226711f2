// Sign-in with a code that is mailed (Cognito's EMAIL_OTP), one of the choices of home_choice.cc.
// Who has no proven address, or does not exist, is asked for a code like others, at the same cost,
// and no code fits (I8). A code is good for the session that asked for it: whoever asks for another
// one under somebody's name does not take theirs away. Since it alone lets somebody in it has eight
// digits, and wrong ones are counted over all sessions of a name.
#include "identity/home.h"

namespace domicile::identity {
namespace {

Codes::Purpose purpose_of(const ChoiceSession& session) { return {kSignInPurpose, session.id}; }

// Nobody's for whom there is no code. A change of the person, or of where their mails go, voids it.
std::string proven_by(const std::optional<UserRow>& row, const std::string& to) {
    if (to.empty()) return {};
    return row->sub + '\0' + std::to_string(row->version) + '\0' + to;
}

}  // namespace

io::Task<Result<Tokens>> Home::mail_code(ClientOfPool client, ChoiceProof proof) {
    CO_TRY_VOID(courier_.check_room());
    const config::Pool& pool = *client.pool;
    std::string index = users_.username_index(pool.id_suffix, proof.username);
    CO_TRY(Attempts::Attempt attempt, co_await sign_in_mails_.begin(std::move(index)));
    // Each one may send a mail, so each one counts.
    CO_TRY_VOID(co_await sign_in_mails_.failed(std::move(attempt)));
    CO_TRY(const auto row, co_await users_.find(pool.id_suffix, proof.username));
    const Address to = proven_address(row, Medium::email);
    if (to.empty() && pool.reveal_existing) {
        co_return fail(Code::invalid_argument,
                       "Cannot send a code to the user as there is no verified email",
                       reason::kSchema);
    }
    CO_TRY_VOID(co_await before_authentication(client, row, proof.username, proof.client_metadata));
    const ChoiceSession session = choice_session(client, kByMail, proof.username);
    Codes::Issued issued = codes_.issue(purpose_of(session), proven_by(row, to.value),
                                        Challenges::kLifetime, kSignInDigits);
    UserRow person = row ? *row : decoy_person(pool, proof.username);
    MailFacts facts{issued.code, person.username, locale_of(person.attributes)};
    MailFor what{&pool, MailKind::sign_in_code, "CustomMessage_Authentication", client.client->id,
                 std::move(proof.client_metadata)};
    Address goes = to.empty() ? decoy_address(pool, proof.username, false) : to;
    CO_TRY(Mail mail,
           co_await compose(std::move(what), std::move(person), std::move(facts), std::move(goes)));
    mail.expires = Timestamp{session.expires_ms};
    auto writing =
        to.empty() ? mailing_to_nobody(std::move(mail)) : mailing(row->sub, std::move(mail));
    CO_TRY(auto mailed, co_await std::move(writing));
    std::vector<sql::Statement> batch = std::move(issued.statements);
    batch.insert(batch.end(), mailed.begin(), mailed.end());
    CO_TRY_VOID(co_await p_.database.write(std::move(batch)));
    Tokens asked = choice(client, session);
    const CodeDelivery shown = shown_delivery(pool, proof.username, to, false);
    asked.challenge->parameters["CODE_DELIVERY_DELIVERY_MEDIUM"] = shown.medium;
    asked.challenge->parameters["CODE_DELIVERY_DESTINATION"] = shown.destination;
    co_return asked;
}

io::Task<Result<Tokens>> Home::prove_mailed_code(ClientOfPool client, ChoiceSession session,
                                                 ChoiceProof proof) {
    std::string index = users_.username_index(session.pool, session.username);
    CO_TRY(Attempts::Attempt attempt, co_await mailed_tries_.begin(std::move(index)));
    CO_TRY(auto row, co_await users_.find(session.pool, session.username));
    const Address to = proven_address(row, Medium::email);
    Codes::Purpose purpose = purpose_of(session);
    auto use = co_await codes_.judge(std::move(purpose), proven_by(row, to.value), *proof.code);
    const bool is_wrong = !use && use.error().reason == reason::kCodeMismatch;
    if (is_wrong) CO_TRY_VOID(co_await mailed_tries_.failed(std::move(attempt)));
    if (!use) co_return std::unexpected(use.error());
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(*use));
    const auto used = co_await p_.database.write(std::move(batch));
    // Another answer with this code was first.
    if (!used && used.error().code == Code::conflict) co_return challenge_over();
    if (!used) co_return std::unexpected(used.error());
    CO_TRY_VOID(co_await mailed_tries_.succeeded(std::move(attempt)));
    co_return co_await admit(std::move(*row), Proven::one_factor, client,
                             std::move(proof.device_key));
}

}  // namespace domicile::identity
