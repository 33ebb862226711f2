// What mails say: the pool's words, or those of the application's function, which gets the places
// for code and user name and never the code. It is also asked where no mail goes out, so that the
// work does not tell whether there is somebody (I8).
#include "base/xml.h"
#include "identity/home.h"
#include "identity/mail_words.h"
#include "identity/triggers.h"

namespace domicile::identity {

UserRow Home::decoy_person(const config::Pool& pool, const std::string& username) const {
    UserRow out;
    out.pool = pool.id_suffix;
    out.username = username;
    out.sub = p_.random.uuid();
    out.confirmed = true;
    out.attributes["email_verified"] = "true";
    const std::string email = destination_of(username, Attributes());
    if (!email.empty()) out.attributes["email"] = email;
    return out;
}

io::Task<Result<Mail>> Home::compose(MailFor what, UserRow row, MailFacts facts) {
    Mail mail = write_mail(p_.config->mail, what.kind, facts);
    const auto& function = what.pool->triggers.custom_message;
    if (!function || p_.triggers == nullptr) co_return mail;
    TriggerEvent event;
    event.function = *function;
    event.source = what.source;
    event.pool_id = what.pool->id_in(p_.region);
    event.client_id = what.client_id.empty() ? kNoClient : std::move(what.client_id);
    event.username = row.username;
    event.attributes = row.attributes;
    event.attributes["sub"] = row.sub;
    event.attributes["cognito:user_status"] = describe(row).status;
    event.client_metadata = std::move(what.metadata);
    const bool with_username = what.kind == MailKind::invitation;
    CO_TRY(const MessageWords words,
           co_await p_.triggers->custom_message(std::move(event), with_username));
    if (words.subject) mail.subject = fill_in(*words.subject, facts);
    if (words.text) {
        // The function writes HTML; what people are called and choose is text.
        facts.code = xml_escape(facts.code);
        facts.username = xml_escape(facts.username);
        mail.text = fill_in(*words.text, facts);
        mail.html = true;
    }
    co_return mail;
}

io::Task<Result<std::vector<sql::Statement>>> Home::mailing_if_proven(std::optional<UserRow> row,
                                                                      std::string username,
                                                                      Mail mail) {
    mail.to = proven_destination(row);
    if (!mail.to.empty()) co_return co_await mailing(row->sub, std::move(mail));
    mail.to = std::move(username);
    mail.id = p_.random.uuid();
    mail.sent_at = p_.clock.now();
    std::string id = mail.id, nobody = p_.random.uuid();
    std::vector<sql::Statement> out;
    out.push_back(Outbox::drop_before(Timestamp{}));
    out.push_back(Outbox::insertion_under(page_key_, std::move(nobody), std::move(mail)));
    out.push_back(Outbox::removal(id));
    co_return out;
}

// A user name that is an address shows that one, wherever the mail goes: another one would tell
// that there is somebody.
CodeDelivery Home::shown_delivery(const config::Pool& pool, const std::string& username,
                                  const std::string& to) const {
    const bool is_address = !destination_of(username, Attributes()).empty();
    const bool is_hidden = to.empty() || (is_address && !pool.reveal_existing);
    return delivery_to(is_hidden ? decoy_destination(username) : to);
}

}  // namespace domicile::identity
