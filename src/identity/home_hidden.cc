// Sign-up with an address that is somebody's, in a pool that does not reveal it (ADR 0032). It is
// done like any other, with the same steps and writes, but for nobody: on keys of nobody's, under a
// user name that nobody can type, with a code that nobody is sent. Like any other it ends when it
// is not confirmed in time. The owner of the address is told by mail or text message
// (identity/notices.h).
#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "directory/record.h"
#include "identity/addresses.h"
#include "identity/home.h"
#include "identity/mail_words.h"

namespace domicile::identity {
namespace {

using Kind = directory::IdentifierKind;

constexpr const char* kSourceOfNotice = "CustomMessage_AddressWanted";  // not Cognito's

bool is_address(const std::string& username) {
    const Kind kind = directory::kind_of_username(username);
    return kind == Kind::email || kind == Kind::phone;
}

std::unexpected<Error> user_exists() {
    return fail(Code::already_exists, "User already exists", reason::kUserExists);
}

}  // namespace

bool is_taken(const std::optional<directory::Record>& holder, Timestamp now) {
    if (!holder) return false;
    return holder->state == directory::State::active || holder->pending_until > now;
}

io::Task<Result<SignUpResult>> Home::hidden_sign_up(ClientOfPool client, SignUpRequest request,
                                                    PreSignUpAnswer wanted) {
    const std::string& pool = client.pool->id_suffix;
    SignUpResult alike{
        false, p_.random.uuid(),
        delivery_to(first_address(*client.pool, request.username, request.attributes))};
    UserRow asked;
    asked.pool = pool;
    asked.username = request.username;
    asked.attributes = request.attributes;
    // Both, whatever the first finds.
    CO_TRY(auto row, co_await users_.find(pool, request.username));
    CO_TRY(auto hidden, co_await users_.find_hidden(pool, request.username));
    const bool is_resident = row && (row->confirmed || row->disabled);
    if (is_resident && !is_address(request.username)) co_return user_exists();
    if (!row || is_resident) row = std::move(hidden);

    Result<SignUpResult> done;
    if (row) {
        CO_TRY(const Holding holding, co_await holding_of(*row));
        if (row->hidden && holding == Holding::free) {
            CO_TRY_VOID(co_await give_up(row->claim_id));
            row.reset();
        }
    }
    if (row) {
        done = co_await repeat_sign_up(client, std::move(*row), std::move(request), wanted);
    } else {
        done = co_await new_sign_up(client, std::move(request), wanted);
    }
    const bool is_refused = !done && done.error().reason == reason::kUserExists;
    if (!is_refused || !is_address(asked.username)) co_return done;
    notify_owners(asked);
    co_return alike;
}

// Reads all keys, whatever the first says.
io::Task<Result<Home::Holding>> Home::holding_of(UserRow row) {
    std::vector<directory::SubjectKey> keys = keys_of(row);
    keys.pop_back();  // the sub is new
    Holding out = Holding::free;
    bool is_first = !is_address(row.username);
    for (directory::SubjectKey& key : keys) {
        CO_TRY(const auto holder, co_await keeper_of(row.pool).record(std::move(key)));
        const bool is_name = std::exchange(is_first, false);
        if (!is_taken(holder, p_.clock.now())) continue;
        // One that may be given up for this one: see claim().
        const bool is_pending = holder->state == directory::State::pending;
        if (is_pending && holder->home != p_.region) continue;
        if (is_name) out = Holding::name;
        if (out == Holding::free) out = Holding::address;
    }
    co_return out;
}

io::Task<Result<directory::ClaimHandle>> Home::claim_or_hide(UserRow& row, PasswordRequest person) {
    UserRow copy = row;
    CO_TRY(const Holding holding, co_await holding_of(copy));
    // Whoever chooses a name has to hear that it is taken.
    if (holding == Holding::name) co_return user_exists();
    const std::size_t count = keys_of(row).size();
    if (holding == Holding::free) {
        auto claimed = co_await claim(std::move(copy), std::move(person));
        const bool is_lost = !claimed && claimed.error().code == Code::already_exists;
        if (!is_lost) co_return claimed;
    }
    row.hidden = true;
    std::vector<directory::SubjectKey> nobodys;
    for (std::size_t i = 0; i < count; ++i) {
        nobodys.push_back({p_.random.bytes(directory::kSubjectKeyBytes)});
    }
    co_return co_await begin_claim(std::move(nobodys), row.pool);
}

// The work of a mail, which goes nowhere.
io::Task<Result<std::vector<sql::Statement>>> Home::no_mailing(std::string sub, Mail mail) {
    mail.id = p_.random.uuid();
    mail.sent_at = p_.clock.now();
    const std::string id = mail.id;
    std::vector<sql::Statement> out;
    CO_TRY(sql::Statement insertion, co_await outbox_.insertion(std::move(sub), std::move(mail)));
    out.push_back(std::move(insertion));
    out.push_back(Outbox::removal(id));
    co_return out;
}

void Home::notify_owners(const UserRow& row) {
    std::vector<directory::SubjectKey> keys = keys_of(row);
    keys.pop_back();
    if (!is_address(row.username)) keys.erase(keys.begin());
    for (const directory::SubjectKey& key : keys) notify_owner(row.pool, key);
}

void Home::notify_owner(const std::string& pool, const directory::SubjectKey& key) {
    notices_.add({pool, to_base64(key.bytes)});
}

io::Task<Result<void>> Home::pass_on(AddressNotice notice) {
    directory::SubjectKey key{from_base64(notice.key).value_or("")};
    CO_TRY(const auto holder, co_await keeper_of(notice.pool).record(std::move(key)));
    if (!is_taken(holder, p_.clock.now())) co_return Result<void>();
    if (holder->home == p_.region) {
        CO_TRY_VOID(co_await tell_owner(std::move(notice)));
    } else if (p_.tell_elsewhere) {
        CO_TRY_VOID(co_await p_.tell_elsewhere(holder->home, std::move(notice)));
    }
    co_return Result<void>();
}

// The number by text, if it is that which somebody wants; else the e-mail address, if there is one.
Address Home::address_to_tell(const config::Pool& pool, const UserRow& row,
                              const directory::SubjectKey& wanted) const {
    std::string phone = address_of(Medium::sms, row.username, row.attributes);
    if (!pool.sms) phone.clear();
    const bool is_phone =
        !phone.empty() && keeper_of(row.pool).key(row.pool, Kind::phone, phone) == wanted;
    std::string mail = address_of(Medium::email, row.username, row.attributes);
    const bool by_text = is_phone || mail.empty();
    if (by_text) return {Medium::sms, std::move(phone)};
    return {Medium::email, std::move(mail)};
}

// Answered alike whether there is an owner and whether they are told.
io::Task<Result<Done>> Home::tell_owner(AddressNotice notice) {
    directory::SubjectKey key{from_base64(notice.key).value_or("")};
    if (key.bytes.size() != directory::kSubjectKeyBytes) {
        co_return fail(Code::malformed, "The key does not have its form.");
    }
    CO_TRY(const config::Pool* pool, find_pool(p_.config, notice.pool));
    auto asked = key;
    CO_TRY(const auto holder, co_await keeper_of(notice.pool).record(std::move(asked)));
    if (!is_taken(holder, p_.clock.now()) || holder->home != p_.region) co_return Done{};
    CO_TRY(const auto row, co_await users_.find_claim(holder->claim_id));
    if (!row || row->pool != notice.pool || row->disabled) co_return Done{};
    // Its code can be tried five times, like that of any new sign-up.
    Attempts::Attempt tries{users_.username_index(row->pool, row->username)};
    CO_TRY_VOID(co_await decoy_tries_.succeeded(std::move(tries)));

    Address to = address_to_tell(*pool, *row, key);
    if (to.empty()) co_return Done{};
    std::string index = users_.username_index(row->pool, row->sub);
    auto attempt = co_await notices_sent_.begin(std::move(index));
    if (!attempt && attempt.error().code == Code::resource_exhausted) co_return Done{};
    if (!attempt) co_return std::unexpected(attempt.error());
    CO_TRY_VOID(co_await notices_sent_.failed(std::move(*attempt)));
    const MailFacts facts{"", row->username, locale_of(row->attributes)};
    Mail mail = write_mail(p_.config->mail, MailKind::address_wanted, facts);
    mail.to = to.value;
    if (to.medium == Medium::sms) {
        const MailFor what{pool, MailKind::address_wanted, kSourceOfNotice, "", std::nullopt};
        mail.subject.clear();
        mail.facts = text_facts(what, *row, facts, to);
    }
    CO_TRY(auto batch, co_await mailing(row->sub, std::move(mail)));
    CO_TRY_VOID(co_await p_.database.write(std::move(batch)));
    co_return Done{};
}

}  // namespace domicile::identity
