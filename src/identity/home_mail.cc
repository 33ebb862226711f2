// What mails say: the pool's words, or those of the application's function, which gets the places
// for code and user name and never the code. It is also asked where no mail goes out, so that the
// work does not tell whether there is somebody (I8).
#include "base/xml.h"
#include "identity/home.h"
#include "identity/mail_words.h"
#include "identity/triggers.h"

namespace domicile::identity {
namespace {

constexpr const char* kNoClient = "CLIENT_ID_NOT_APPLICABLE";  // Cognito's, of administrators

}  // namespace

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

}  // namespace domicile::identity
