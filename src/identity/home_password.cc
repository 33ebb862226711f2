// Passwords at the home: forgotten ones, replaced with a code that went to the person's address,
// and changed ones. With a forgotten password all sessions end, with a changed one all others:
// whoever else knows the old one is out.
#include <algorithm>

#include "identity/breached_passwords.h"
#include "identity/home.h"
#include "identity/mail_words.h"
#include "identity/validation.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

// In one go on the blocking pool, since each look at an old password costs what making one does.
// `name` is what the new one is for; old ones are for row.srp_name.
Result<StoredPassword> new_password(const UserRow& row, const PasswordKeeping& keeping,
                                    const std::string& name, const std::string& password,
                                    const std::string& salt, std::size_t remembered) {
    std::vector<StoredPassword> before = row.past_passwords;
    if (!row.password.is_empty()) before.insert(before.begin(), row.password);
    before.resize(std::min(before.size(), remembered));
    for (const StoredPassword& old : before) {
        TRY(const bool is_old, fits(old, {row.pool, row.srp_name}, password));
        if (is_old) {
            return fail(Code::invalid_argument, "Password has previously been used.",
                        reason::kPasswordHistory);
        }
    }
    return make_password(keeping, {row.pool, name}, password, salt);
}

}  // namespace

io::Task<Result<CodeDelivery>> Home::forgot_password(ForgotPasswordRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    const config::Pool& pool = *client.pool;
    CO_TRY_VOID(check_room(pool));
    const std::string name = users_.username_index(pool.id_suffix, request.username);
    CO_TRY(Attempts::Attempt attempt, co_await resets_.begin(name));
    // Each one may send a mail, so each one counts.
    CO_TRY_VOID(co_await resets_.failed(std::move(attempt)));
    Migration asked;
    asked.username = request.username;
    asked.source = "UserMigration_ForgotPassword";
    asked.client_metadata = request.client_metadata;
    asked.decided = request.migrating.value_or(false);
    CO_TRY(auto home, co_await migrate(client, std::move(asked)));
    if (home && *home != p_.region) {
        request.migrating = true;
        co_return co_await p_.forgot_elsewhere(std::move(*home), std::move(request));
    }
    CO_TRY(const auto row, co_await users_.find(pool.id_suffix, request.username));
    const Address to = proven_address(pool, row);
    if (to.empty() && pool.reveal_existing) {
        if (!row) co_return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
        co_return fail(Code::invalid_argument,
                       "Cannot reset password for the user as there is no registered/verified "
                       "email or phone_number",
                       reason::kSchema);
    }
    const Codes::Purpose purpose{kResetPurpose, name};
    Codes::Issued issued =
        codes_.issue(purpose, to.empty() ? std::string() : row->sub, kResetLifetime);
    std::vector<sql::Statement> batch = std::move(issued.statements);
    UserRow person = row ? *row : decoy_person(pool, request.username);
    MailFacts facts{issued.code, person.username, locale_of(person.attributes)};
    MailFor what{&pool, MailKind::password_reset, "CustomMessage_ForgotPassword", client.client->id,
                 std::move(request.client_metadata)};
    Address goes = to.empty() ? decoy_address(pool, request.username) : to;
    CO_TRY(Mail mail,
           co_await compose(std::move(what), std::move(person), std::move(facts), std::move(goes)));
    mail.expires = p_.clock.now() + kResetLifetime;
    auto writing =
        to.empty() ? mailing_to_nobody(std::move(mail)) : mailing(row->sub, std::move(mail));
    CO_TRY(auto mailed, co_await std::move(writing));
    batch.insert(batch.end(), mailed.begin(), mailed.end());
    CO_TRY_VOID(co_await p_.database.write(std::move(batch)));
    co_return shown_delivery(pool, request.username, to);
}

io::Task<Result<Done>> Home::reset_password(ResetPasswordRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    const config::Pool& pool = *client.pool;
    CO_TRY_VOID(co_await check_new_password(&pool, request.password));
    CO_TRY(auto row, co_await users_.find(pool.id_suffix, request.username));
    if (!row && pool.reveal_existing) {
        co_return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
    }
    const std::string name = users_.username_index(pool.id_suffix, request.username);
    Codes::Purpose purpose{kResetPurpose, name};
    std::string bound_to = proven_address(pool, row).empty() ? std::string() : row->sub;
    CO_TRY(sql::Statement use,
           co_await codes_.judge(std::move(purpose), std::move(bound_to), request.code));
    CO_TRY_VOID(co_await set_password(&pool, *row, std::move(request.password)));
    CO_TRY(sql::Statement replacement, co_await users_.replacement(*row));
    std::vector<sql::Statement> batch;
    batch.push_back(sessions_.ending_all(row->sub, ""));
    batch.push_back(std::move(use));
    batch.push_back(std::move(replacement));
    CO_TRY(const auto done, co_await write_changes(std::move(batch)));
    sessions_.ended(done[0]);
    Attempts::Attempt guesses{name};
    CO_TRY_VOID(co_await attempts_.succeeded(std::move(guesses)));
    co_return Done{};
}

io::Task<Result<Done>> Home::change_password(ChangePasswordRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    CO_TRY(const config::Pool* pool, pool_of(row));
    CO_TRY_VOID(co_await check_new_password(pool, request.proposed));
    std::string index = users_.username_index(row.pool, row.username);
    CO_TRY(Attempts::Attempt attempt, co_await attempts_.begin(std::move(index)));
    if (row.external) row.password = decoy_password(keeping_of(*pool), decoy_secret_, row.sub);
    CO_TRY(const bool fits, co_await password_fits(row, std::move(request.previous)));
    if (!fits) {
        CO_TRY_VOID(co_await attempts_.failed(std::move(attempt)));
        co_return fail(Code::unauthenticated, "Incorrect username or password.",
                       reason::kWrongCredentials);
    }
    CO_TRY_VOID(co_await attempts_.succeeded(std::move(attempt)));
    CO_TRY_VOID(co_await set_password(pool, row, std::move(request.proposed)));
    CO_TRY(sql::Statement replacement, co_await users_.replacement(row));
    std::vector<sql::Statement> batch;
    batch.push_back(sessions_.ending_all(row.sub, token->origin_jti));
    batch.push_back(std::move(replacement));
    CO_TRY(const auto done, co_await write_changes(std::move(batch)));
    sessions_.ended(done[0]);
    co_return Done{};
}

io::Task<Result<void>> Home::check_new_password(const config::Pool* pool, std::string password) {
    CO_TRY_VOID(check_password(pool->password, password));
    if (!pool->password.breached_file) co_return Result<void>();
    std::string path = *pool->password.breached_file;
    if (!path.starts_with('/')) path = p_.config_directory + '/' + path;
    auto work = [files = &io::system_files(), path = std::move(path),
                 password = std::move(password)] { return is_breached(*files, path, password); };
    CO_TRY(const bool breached, co_await io::run_blocking(std::move(work)));
    if (breached) {
        co_return fail(Code::invalid_argument, "Password is known from a leak; choose another one",
                       reason::kPasswordPolicy);
    }
    co_return Result<void>();
}

io::Task<Result<bool>> Home::password_fits(UserRow row, std::string password) {
    auto work = [row = std::move(row), password = std::move(password)] {
        return fits(row.password, {row.pool, row.srp_name}, password);
    };
    co_return co_await io::run_blocking(std::move(work));
}

// After the password was seen to fit. A row that was changed meanwhile is left for the next time.
io::Task<Result<void>> Home::keep_as_asked(const config::Pool* pool, UserRow& row,
                                           std::string password) {
    const PasswordKeeping keeping = keeping_of(*pool);
    if (!row.confirmed || is_kept_so(row.password, keeping)) co_return Result<void>();
    auto work = [keeping, owner = PasswordOwner{row.pool, row.srp_name},
                 password = std::move(password),
                 salt = p_.random.bytes(crypto::kPasswordSaltSize)] {
        return make_password(keeping, owner, password, salt);
    };
    UserRow kept = row;
    CO_TRY(kept.password, co_await io::run_blocking(std::move(work)));
    CO_TRY(sql::Statement replacement, co_await users_.replacement(kept));
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(replacement));
    const auto written = co_await p_.database.write(std::move(batch));
    if (!written && written.error().code != Code::conflict) {
        co_return std::unexpected(written.error());
    }
    if (!written) co_return Result<void>();
    row.password = std::move(kept.password);
    ++row.version;
    co_return Result<void>();
}

io::Task<Result<void>> Home::set_password(const config::Pool* pool, UserRow& row,
                                          std::string password) {
    const auto remembered = static_cast<std::size_t>(pool->password.history);
    const bool is_old = row.srp_name == row.username;  // from before there were such names
    const std::string name = is_old ? p_.random.uuid() : row.srp_name;
    auto work = [row, keeping = keeping_of(*pool), name, password = std::move(password),
                 salt = p_.random.bytes(crypto::kPasswordSaltSize), remembered] {
        return new_password(row, keeping, name, password, salt, remembered);
    };
    CO_TRY(auto made, co_await io::run_blocking(std::move(work)));
    if (!row.password.is_empty()) {
        row.past_passwords.insert(row.past_passwords.begin(), std::move(row.password));
    }
    const std::size_t kept = remembered == 0 ? 0 : remembered - 1;  // beside the new one
    row.past_passwords.resize(std::min(row.past_passwords.size(), kept));
    row.password = std::move(made);
    // What was hashed with the other name cannot be compared with any more.
    if (is_old) row.past_passwords.clear();
    row.srp_name = name;
    row.state = PersonState::normal;
    row.temporary_until = {};
    co_return Result<void>();
}

}  // namespace domicile::identity
