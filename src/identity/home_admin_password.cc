// Passwords that administrators give and take, at the home, and the challenge that ends a temporary
// one. Who made a password that the person is to replace does not learn the one that comes after.
#include "base/encoding.h"
#include "identity/addresses.h"
#include "identity/home.h"
#include "identity/mail_words.h"
#include "identity/routable.h"
#include "identity/validation.h"

namespace domicile::identity {
namespace {

constexpr const char* kNewPasswordRequired = "NEW_PASSWORD_REQUIRED";
constexpr Millis kSessionLifetime{3 * 60'000};
constexpr int kTemporaryLengthMin = 12;
// Without what is mistaken for another.
constexpr std::string_view kLower = "abcdefghijkmnpqrstuvwxyz", kUpper = "ABCDEFGHJKLMNPQRSTUVWXYZ",
                           kDigits = "23456789", kSymbols = "!#%+-=?@";

// Good for one answer: any change of the row makes it void.
struct PasswordSession {
    std::string pool, client_id, sub;
    std::int64_t version = 0, expires_ms = 0;
};
BOOST_DESCRIBE_STRUCT(PasswordSession, (), (pool, client_id, sub, version, expires_ms))

std::unexpected<Error> session_over() {
    return fail(Code::unauthenticated, "The session is not valid.", reason::kSessionInvalid);
}

// By mail, unless there is no address for that or a text message is asked for.
Address invited_at(const config::Pool& pool, const UserRow& row, bool by_text) {
    const auto at = [&](Medium medium) {
        return Address{medium, address_of(medium, row.username, row.attributes)};
    };
    Address mail = at(Medium::email);
    if (!pool.sms || (!by_text && !mail.empty())) return mail;
    Address phone = at(Medium::sms);
    return phone.empty() && !by_text ? mail : phone;
}

// Without bias.
char pick(io::Random& random, std::string_view from) {
    const std::uint64_t bound = UINT64_MAX / from.size() * from.size();
    std::uint64_t number = random.number();
    while (number >= bound) number = random.number();
    return from[number % from.size()];
}

// Fits every policy: 12 characters or what the policy asks for, of all kinds.
std::string temporary_password(io::Random& random, const config::PasswordPolicy& policy) {
    const std::string all = std::string(kLower) + std::string(kUpper) + std::string(kDigits);
    std::string out;
    for (const std::string_view kind : {kUpper, kLower, kDigits, kSymbols}) {
        out += pick(random, kind);
    }
    const int length = std::max(policy.length_min, kTemporaryLengthMin);
    while (static_cast<int>(out.size()) < length) out += pick(random, all);
    return out;
}

Result<PasswordSession> read_session(const keyring::DataKey& key, const std::string& region,
                                     const std::string& session) {
    TRY(const std::string text, open_session(key, region, session));
    TRY(const json::value stored, parse_json(text));
    return from_message<PasswordSession>(stored);
}

std::string to_text(const Attributes& attributes) {
    return json::serialize(to_message(attributes));
}

}  // namespace

// Into the row; the mail that says so, where one is wanted.
io::Task<Result<std::optional<Mail>>> Home::give_temporary_password(const config::Pool* pool,
                                                                    UserRow& row,
                                                                    AdminCreateRequest request) {
    if (request.password) CO_TRY_VOID(co_await check_new_password(pool, *request.password));
    std::string password = request.password ? std::move(*request.password)
                                            : temporary_password(p_.random, pool->password);
    std::optional<Mail> mail;
    if (request.send_mail) {
        Address to = invited_at(*pool, row, request.by_text.value_or(false));
        if (to.empty()) {
            co_return fail(Code::invalid_argument,
                           std::string(attribute_of(to.medium)) + ": The attribute is required",
                           reason::kAttribute);
        }
        MailFacts facts{password, row.username, locale_of(row.attributes)};
        MailFor what{pool, MailKind::invitation, "CustomMessage_AdminCreateUser", "",
                     std::move(request.client_metadata)};
        CO_TRY(mail, co_await compose(std::move(what), row, std::move(facts), std::move(to)));
    }
    CO_TRY_VOID(co_await set_password(pool, row, std::move(password)));
    row.state = PersonState::new_password;
    row.temporary_until =
        p_.clock.now() + Millis(std::int64_t{pool->password.temporary_days} * 86'400'000);
    co_return mail;
}

io::Task<Result<PersonDescription>> Home::admin_invite_again(AdminCreateRequest request) {
    CO_TRY(UserRow row,
           co_await administered("AdminCreateUser", request.who, request.pool, request.username));
    CO_TRY(const config::Pool* pool, find_pool(p_.config, request.pool));
    if (!row.confirmed || row.state != PersonState::new_password) {
        co_return fail(Code::failed_precondition,
                       "Resend not possible. User is not in FORCE_CHANGE_PASSWORD state.",
                       reason::kUnsupportedState);
    }
    CO_TRY(std::optional<Mail> mail,
           co_await give_temporary_password(pool, row, std::move(request)));
    std::vector<sql::Statement> mailed;
    if (mail) {
        CO_TRY(mailed, co_await mailing(row.sub, std::move(*mail)));
    }
    CO_TRY_VOID(co_await write_administered(row, Also::nothing, std::move(mailed)));
    co_return describe(row);
}

io::Task<Result<Done>> Home::admin_set_password(AdminPasswordRequest request) {
    CO_TRY(UserRow row, co_await administered("AdminSetUserPassword", request.who, request.pool,
                                              request.username));
    CO_TRY(const config::Pool* pool, find_pool(p_.config, request.pool));
    if (row.external) {
        co_return fail(Code::failed_precondition,
                       "User password cannot be set in the current state.", reason::kUserState);
    }
    AdminCreateRequest given;
    given.password = std::move(request.password);
    given.send_mail = false;
    CO_TRY_VOID(co_await give_temporary_password(pool, row, std::move(given)));
    if (request.permanent) {
        row.state = PersonState::normal;
        row.temporary_until = {};
    }
    std::string index = users_.username_index(row.pool, row.username);
    const Also also = row.confirmed ? Also::end_sessions : Also::confirm;
    CO_TRY_VOID(co_await write_administered(std::move(row), also));
    Attempts::Attempt guesses{std::move(index)};
    CO_TRY_VOID(co_await attempts_.succeeded(std::move(guesses)));
    co_return Done{};
}

// The password is of no use any more; a code for a new one goes to the person.
io::Task<Result<Done>> Home::admin_reset_password(AdminRequest request) {
    CO_TRY(UserRow row, co_await administered("AdminResetUserPassword", request.who, request.pool,
                                              request.username));
    if (!row.confirmed || row.external || row.state == PersonState::new_password) {
        co_return fail(Code::failed_precondition,
                       "User password cannot be reset in the current state.", reason::kUserState);
    }
    CO_TRY(const config::Pool* pool, find_pool(p_.config, request.pool));
    Address to = proven_address(*pool, row);
    if (to.empty()) {
        co_return fail(Code::invalid_argument,
                       "Cannot reset password for the user as there is no registered/verified "
                       "email or phone_number",
                       reason::kSchema);
    }
    row.state = PersonState::reset;
    const Codes::Purpose purpose{kResetPurpose, users_.username_index(row.pool, row.username)};
    Codes::Issued issued = codes_.issue(purpose, row.sub, kResetLifetime);
    MailFacts facts{issued.code, row.username, locale_of(row.attributes)};
    MailFor what{pool, MailKind::password_reset, "CustomMessage_ForgotPassword", "",
                 std::move(request.client_metadata)};
    CO_TRY(Mail mail, co_await compose(std::move(what), row, std::move(facts), std::move(to)));
    mail.expires = p_.clock.now() + kResetLifetime;
    std::vector<sql::Statement> with = std::move(issued.statements);
    CO_TRY(auto mailed, co_await mailing(row.sub, std::move(mail)));
    with.insert(with.end(), mailed.begin(), mailed.end());
    CO_TRY_VOID(co_await write_administered(std::move(row), Also::end_sessions, std::move(with)));
    co_return Done{};
}

io::Task<Result<Tokens>> Home::admin_sign_in(PasswordRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY_VOID(check_flow(*client.client, config::AuthFlow::admin_user_password_auth,
                           "ADMIN_USER_PASSWORD_AUTH"));
    CO_TRY(auto elsewhere, co_await migrate_to_sign_in(client, request));
    if (elsewhere) {
        request.migrating = true;
        co_return co_await p_.sign_in_elsewhere(std::move(*elsewhere), message::kAdminPassword,
                                                std::move(request));
    }
    co_return co_await prove_password(client, std::move(request));
}

Result<Tokens> Home::new_password_challenge(const UserRow& row, ClientOfPool client) const {
    const Timestamp now = p_.clock.now();
    if (row.temporary_until <= now) {
        return fail(Code::unauthenticated,
                    "Temporary password has expired and must be reset by an administrator.",
                    reason::kTemporaryExpired);
    }
    json::array missing;
    for (const config::Attribute& attribute : client.pool->attributes) {
        if (attribute.required && !row.attributes.contains(attribute.name)) {
            missing.emplace_back("userAttributes." + attribute.name);
        }
    }
    const PasswordSession session{row.pool, client.client->id, row.sub, row.version,
                                  (now + kSessionLifetime).ms};
    Challenge challenge;
    challenge.name = kNewPasswordRequired;
    challenge.session = seal_session(session_key_, p_.region, json::serialize(to_message(session)));
    challenge.parameters["USER_ID_FOR_SRP"] = row.username;
    challenge.parameters["requiredAttributes"] = json::serialize(missing);
    challenge.parameters["userAttributes"] = to_text(row.attributes);
    Tokens out;
    out.challenge = std::move(challenge);
    return out;
}

io::Task<Result<Tokens>> Home::answer_new_password(NewPasswordRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    const auto session = read_session(session_key_, p_.region, request.session);
    if (!session || session->client_id != client.client->id ||
        Timestamp{session->expires_ms} <= p_.clock.now()) {
        co_return session_over();
    }
    CO_TRY(auto row, co_await users_.find_sub(session->sub));
    const auto index = [&](const std::string& name) {
        return users_.username_index(session->pool, name);
    };
    const bool is_named = row && (request.username == row->srp_name ||
                                  index(request.username) == index(row->username));
    if (!is_named || row->version != session->version || row->state != PersonState::new_password ||
        row->disabled) {
        co_return session_over();
    }
    CO_TRY_VOID(co_await check_new_password(client.pool, request.password));
    const auto keys = keys_of(*row);
    CO_TRY_VOID(check_own_attributes(*client.pool, *client.client, request.attributes));
    change_attributes(request.attributes, row->attributes);
    CO_TRY_VOID(check_required(*client.pool, row->attributes));
    if (keys_of(*row) != keys) {
        co_return fail(Code::invalid_argument,
                       "An e-mail address or phone number that people are found by cannot be "
                       "changed here.",
                       reason::kSchema);
    }
    CO_TRY_VOID(check_stays(*client.pool, row->attributes));
    CO_TRY_VOID(co_await set_password(client.pool, *row, std::move(request.password)));
    CO_TRY(sql::Statement replacement, co_await users_.replacement(*row));
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(replacement));
    CO_TRY_VOID(co_await write_changes(std::move(batch)));
    ++row->version;  // as it was written: sessions of challenges are bound to it
    co_return co_await second_factor(std::move(*row), client, kTokensOfNewPassword,
                                     std::move(request.device_key));
}

}  // namespace domicile::identity
