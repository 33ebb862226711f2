// What mails and text messages say, and whom they go to: the pool's words, or those of the
// application's function, which gets the places for code and user name and never the code. It is
// also asked where nothing goes out, so that the work does not tell whether there is somebody (I8).
//
// Whatever sends a code does so in these steps, by mail or by text: an Address; compose();
// mailing(), or mailing_to_nobody() where there is nobody; and the statements in the batch that the
// code is in.
#include <algorithm>

#include "base/xml.h"
#include "crypto/hash.h"
#include "identity/addresses.h"
#include "identity/home.h"
#include "identity/mail_words.h"
#include "identity/triggers.h"

namespace domicile::identity {
namespace {

constexpr const char* kNoClient = "CLIENT_ID_NOT_APPLICABLE";  // Cognito's, of administrators

// Of one for nobody: what the mask of a person's number may show.
constexpr std::size_t kDigitsMin = 11, kDigitsSpread = 3;

// "CustomMessage_SignUp" is CustomSMSSender_SignUp for whoever sends it.
std::string sender_source(std::string_view source) {
    return "CustomSMSSender" + std::string(source.substr(source.find('_')));
}

Result<std::string> text_of(const MessageWords& words, MailKind kind, const MailFacts& facts) {
    const auto lacks = [&](const char* place) { return !words.sms->contains(place); };
    if (lacks(kCodePlace)) {
        return fail(Code::internal,
                    "CustomMessage: smsMessage does not have the codeParameter in it.",
                    reason::kTriggerAnswer);
    }
    if (kind == MailKind::invitation && lacks(kUsernamePlace)) {
        return fail(Code::internal,
                    "CustomMessage: smsMessage does not have the usernameParameter in it.",
                    reason::kTriggerAnswer);
    }
    return fill_in(*words.sms, facts);
}

}  // namespace

Address typed_address(const config::Pool& pool, const std::string& username) {
    for (const Medium medium : kMedia) {
        std::string value = address_of(medium, username, Attributes());
        if (!value.empty() && (medium == Medium::email || pool.sms)) return {medium, value};
    }
    return {};
}

Address first_address(const config::Pool& pool, const std::string& username,
                      const Attributes& attributes) {
    std::string phone = address_of(Medium::sms, username, attributes);
    if (pool.sms && !phone.empty()) return {Medium::sms, std::move(phone)};
    return {Medium::email, address_of(Medium::email, username, attributes)};
}

namespace {

bool is_proven(const std::optional<UserRow>& row, Medium medium) {
    if (!row || !row->confirmed || row->disabled || row->external) return false;
    if (row->state == PersonState::new_password) return false;
    const auto verified = row->attributes.find(flag_of(medium));
    return verified != row->attributes.end() && verified->second == "true";
}

}  // namespace

Address proven_address(const std::optional<UserRow>& row, Medium medium) {
    if (!is_proven(row, medium)) return {medium, ""};
    return {medium, address_of(medium, row->username, row->attributes)};
}

Address proven_address(const config::Pool& pool, const std::optional<UserRow>& row) {
    Address mail = proven_address(row, Medium::email);
    if (!mail.empty() || !pool.sms) return mail;
    Address phone = proven_address(row, Medium::sms);
    return phone.empty() ? mail : phone;
}

UserRow Home::decoy_person(const config::Pool& pool, const std::string& username) const {
    UserRow out;
    out.pool = pool.id_suffix;
    out.username = username;
    out.sub = p_.random.uuid();
    out.confirmed = true;
    const Address typed = typed_address(pool, username);
    out.attributes[flag_of(typed.medium)] = "true";
    if (!typed.empty()) out.attributes[attribute_of(typed.medium)] = typed.value;
    return out;
}

// A user name that is an address is taken for that one; any other seems to be somebody's with an
// address of either kind, always the same.
Address Home::decoy_address(const config::Pool& pool, const std::string& username,
                            bool by_text) const {
    Address typed = typed_address(pool, username);
    if (!typed.empty() && (by_text || typed.medium == Medium::email)) return typed;
    const std::string mac = crypto::hmac_sha256(decoy_secret_, username);
    const auto number = [&](std::size_t at) { return static_cast<unsigned char>(mac[at]); };
    const auto letter = [&](std::size_t at) {
        return std::string(1, static_cast<char>('a' + number(at) % 26));
    };
    const bool is_phone = by_text && pool.sms && number(2) % 2 == 0;
    if (!is_phone) return {Medium::email, letter(0) + "@" + letter(1)};
    std::string digits;
    const std::size_t count = kDigitsMin + number(3) % kDigitsSpread;
    for (std::size_t i = 0; i < count; ++i) digits += static_cast<char>('0' + number(4 + i) % 10);
    return {Medium::sms, "+" + digits};
}

Courier& Home::courier_of(Medium medium) { return medium == Medium::sms ? texts_ : courier_; }

Result<void> Home::check_room(const config::Pool& pool) {
    TRY_VOID(courier_.check_room());
    if (pool.sms) TRY_VOID(texts_.check_room());
    return {};
}

io::Task<Result<Mail>> Home::compose(MailFor what, UserRow row, MailFacts facts, Address to) {
    Mail mail = write_mail(p_.config->mail, what.kind, facts);
    mail.to = to.value;
    const bool by_text = to.medium == Medium::sms;
    if (by_text) {
        mail.subject.clear();
        mail.facts = text_facts(what, row, facts, to);
    }
    const auto& function = what.pool->triggers.custom_message;
    if (!function || p_.triggers == nullptr) co_return mail;
    TriggerEvent event;
    event.function = *function;
    event.source = what.source;
    event.pool_id = what.pool->id_in(p_.region);
    event.client_id = what.client_id.empty() ? kNoClient : std::move(what.client_id);
    event.username = row.username;
    event.attributes = told_of(row);
    event.client_metadata = std::move(what.metadata);
    const bool with_username = what.kind == MailKind::invitation;
    CO_TRY(const MessageWords words,
           co_await p_.triggers->custom_message(std::move(event), with_username));
    if (by_text) {
        if (words.sms) {
            CO_TRY(mail.text, text_of(words, what.kind, facts));
        }
        co_return mail;
    }
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

Attributes Home::told_of(const UserRow& row) const {
    Attributes out = row.attributes;
    out["sub"] = row.sub;
    out["cognito:user_status"] = describe(row).status;
    return out;
}

// The number that it goes to may not be the person's yet.
TextFacts Home::text_facts(const MailFor& what, const UserRow& row, const MailFacts& facts,
                           const Address& to) const {
    TextFacts out;
    out.pool = what.pool->id_suffix;
    out.source = sender_source(what.source);
    out.client_id = what.client_id.empty() ? kNoClient : what.client_id;
    out.username = facts.username;
    out.code = facts.code;
    out.attributes = told_of(row);
    out.attributes[attribute_of(to.medium)] = to.value;
    out.client_metadata = what.metadata;
    return out;
}

// What became of it is for the courier: a function that fails is asked again later, but not once
// the pool sends no texts any more. What it said is nobody's to read.
io::Task<Result<void>> Home::send_text(Mail mail) {
    const auto pool = find_pool(p_.config, mail.facts ? mail.facts->pool : std::string());
    if (!pool || !(*pool)->sms || p_.triggers == nullptr) {
        co_return fail(Code::invalid_argument, "The pool sends no text messages.");
    }
    TextFacts& facts = *mail.facts;
    TriggerEvent event;
    event.function = (*pool)->sms->function;
    event.source = std::move(facts.source);
    event.pool_id = (*pool)->id_in(p_.region);
    event.client_id = std::move(facts.client_id);
    event.username = std::move(facts.username);
    event.attributes = std::move(facts.attributes);
    event.client_metadata = std::move(facts.client_metadata);
    TextMessage message{std::move(mail.text), std::move(facts.code)};
    const auto sent = co_await p_.triggers->send_text(std::move(event), std::move(message));
    if (sent) co_return Result<void>();
    co_return fail(Code::unavailable, "The function that sends text messages failed.",
                   reason::kTriggerFailed);
}

Courier::Options Home::text_options() {
    Courier::Options out = p_.mail;
    out.medium = Medium::sms;
    out.send = {};
    if (p_.triggers != nullptr) {
        out.send = [this](Mail mail) { return send_text(std::move(mail)); };
    }
    out.in_use = [config = p_.config] {
        return std::ranges::any_of(config->pools,
                                   [](const config::Pool& pool) { return pool.sms.has_value(); });
    };
    return out;
}

// The work of one, which goes nowhere.
io::Task<Result<std::vector<sql::Statement>>> Home::mailing_to_nobody(Mail mail) {
    mail.id = p_.random.uuid();
    mail.sent_at = p_.clock.now();
    std::string id = mail.id, nobody = p_.random.uuid();
    std::vector<sql::Statement> out;
    out.push_back(Outbox::drop_before(Timestamp{}));
    out.push_back(Outbox::insertion_under(page_key_, std::move(nobody), std::move(mail)));
    out.push_back(Outbox::removal(id));
    co_return out;
}

// A user name that is an address shows that one, wherever the code goes: another one would tell
// that there is somebody.
CodeDelivery Home::shown_delivery(const config::Pool& pool, const std::string& username,
                                  const Address& to, bool by_text) const {
    const Address typed = typed_address(pool, username);
    const bool is_typed = !typed.empty() && (by_text || typed.medium == Medium::email);
    const bool is_hidden = to.empty() || (is_typed && !pool.reveal_existing);
    return delivery_to(is_hidden ? decoy_address(pool, username, by_text) : to);
}

}  // namespace domicile::identity
