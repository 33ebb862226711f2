// What administrators do with people, at the home. Everything is on record, with the access key,
// before it takes effect (I6). Whoever is disabled, removed or given another password has no
// session left.
#include "identity/addresses.h"
#include "identity/external.h"
#include "identity/home.h"
#include "identity/validation.h"

namespace domicile::identity {
namespace {

std::unexpected<Error> unknown_user() {
    return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
}

std::unexpected<Error> user_exists() {
    return fail(Code::already_exists, "User already exists", reason::kUserExists);
}

std::unexpected<Error> busy() {
    return fail(Code::resource_exhausted, "Something else changed it at the same time.");
}

bool is_wrong_state(const Result<void>& result) {
    return !result && result.error().reason == directory::kReasonClaimState;
}

std::string status_of(const UserRow& row) {
    if (!row.confirmed) return "UNCONFIRMED";
    switch (row.state) {
        case PersonState::new_password:
            return "FORCE_CHANGE_PASSWORD";
        case PersonState::reset:
            return "RESET_REQUIRED";
        case PersonState::normal:
            break;
    }
    if (row.external) return "EXTERNAL_PROVIDER";
    return "CONFIRMED";
}

Result<void> check_import(const AdminCreateRequest& request) {
    if (request.password) {
        return fail(Code::invalid_argument,
                    "There is a temporary password and a hash of one; give one of them.",
                    reason::kSchema);
    }
    const auto checked = crypto::check_password_hash(*request.password_hash);
    if (checked) return {};
    return fail(Code::invalid_argument, checked.error().message, reason::kSchema);
}

}  // namespace

Result<void> Home::check_stays(const config::Pool& pool, const Attributes& attributes) const {
    if (home_for(p_.policy, pool, attributes, p_.region).home == p_.region) return {};
    return fail(Code::invalid_argument,
                pool.country_attribute + ": The value belongs to another home", reason::kAttribute);
}

PersonDescription Home::describe(const UserRow& row) const {
    PersonDescription out;
    out.username = row.username;
    out.sub = row.sub;
    out.attributes = row.attributes;
    out.attributes["sub"] = row.sub;
    out.attributes["custom:region"] = p_.region;
    out.created_ms = row.created.ms;
    out.modified_ms = std::max(row.modified, row.created).ms;
    out.enabled = !row.disabled;
    out.status = status_of(row);
    return out;
}

io::Task<Result<void>> Home::on_record(std::string operation, Administrator who, std::string pool) {
    audit::Event event{"administration",
                       {{"operation", operation},
                        {"pool", pool},
                        {"access_key", who.access_key_id},
                        {"arrival", who.region}}};
    co_return co_await p_.audit.record(std::move(event));
}

io::Task<Result<UserRow>> Home::administered(std::string operation, Administrator who,
                                             std::string pool, std::string username) {
    CO_TRY_VOID(find_pool(p_.config, pool));
    CO_TRY_VOID(co_await on_record(std::move(operation), std::move(who), pool));
    const bool is_sub = directory::kind_of_username(username) == directory::IdentifierKind::sub;
    CO_TRY(auto row, co_await users_.find(pool, username));
    if (!row && is_sub) {
        auto by_sub = co_await users_.find_sub(
            directory::normalise(directory::IdentifierKind::sub, username));
        if (!by_sub) co_return std::unexpected(by_sub.error());
        row = std::move(*by_sub);
    }
    if (!row || row->pool != pool) co_return unknown_user();
    co_return std::move(*row);
}

io::Task<Result<void>> Home::write_administered(UserRow row, Also also,
                                                std::vector<sql::Statement> with) {
    // Whether somebody proved the address is not for confirming to say.
    if (also == Also::confirm) row.attributes.try_emplace(flag_of(row.code_medium), "false");
    CO_TRY(sql::Statement replacement, co_await users_.replacement(row));
    std::vector<sql::Statement> batch;
    if (also == Also::end_sessions) batch.push_back(sessions_.ending_all(row.sub, ""));
    batch.push_back(std::move(replacement));
    batch.insert(batch.end(), with.begin(), with.end());
    if (also == Also::confirm && !row.confirmed) {
        auto done = co_await claims_.activate(row.claim_id, std::move(batch));
        if (is_wrong_state(done)) co_return busy();
        const bool lost = !done && done.error().code == Code::failed_precondition;
        if (lost) co_return unknown_user();
        co_return done;
    }
    CO_TRY(const auto done, co_await write_changes(std::move(batch)));
    if (also == Also::end_sessions) sessions_.ended(done[0]);
    co_return Result<void>();
}

io::Task<Result<PersonDescription>> Home::admin_get(AdminRequest request) {
    CO_TRY(const UserRow row,
           co_await administered("AdminGetUser", request.who, request.pool, request.username));
    PersonDescription out = describe(row);
    CO_TRY(out.mfa, co_await mfa_settings(row.pool, row.sub));
    co_return out;
}

// Nothing to change: no codes are sent by SMS.
io::Task<Result<Done>> Home::admin_set_settings(AdminRequest request) {
    CO_TRY_VOID(
        co_await administered("AdminSetUserSettings", request.who, request.pool, request.username));
    co_return Done{};
}

io::Task<Result<Done>> Home::admin_confirm(AdminRequest request) {
    CO_TRY(UserRow row, co_await administered("AdminConfirmSignUp", request.who, request.pool,
                                              request.username));
    if (row.confirmed) {
        co_return fail(Code::failed_precondition,
                       "User cannot be confirmed. Current status is " + status_of(row),
                       reason::kUserState);
    }
    CO_TRY_VOID(co_await write_administered(std::move(row), Also::confirm));
    co_return Done{};
}

io::Task<Result<Done>> Home::admin_delete(AdminRequest request) {
    CO_TRY(UserRow row,
           co_await administered("AdminDeleteUser", request.who, request.pool, request.username));
    CO_TRY_VOID(co_await remove_person(std::move(row)));
    co_return Done{};
}

// The sessions end first, so that nodes which look for revocations find them.
io::Task<Result<void>> Home::remove_person(UserRow row) {
    CO_TRY_VOID(co_await sessions_.revoke_all(row.sub));
    std::vector<sql::Statement> batch;
    batch.push_back(Users::leaving(row));
    const auto gone = co_await claims_.release(row.claim_id, std::move(batch));
    if (is_wrong_state(gone)) co_return busy();
    users_.forget(row.sub);
    // Once it is on record it has happened: upkeep() finishes what an outage of the directory left.
    const bool left = !gone && gone.error().code == Code::unavailable;
    if (!gone && !left) co_return std::unexpected(gone.error());
    co_return co_await users_.destroy_keys();
}

io::Task<Result<Done>> Home::set_disabled(AdminRequest request, bool disabled) {
    CO_TRY(UserRow row, co_await administered(disabled ? "AdminDisableUser" : "AdminEnableUser",
                                              request.who, request.pool, request.username));
    if (row.disabled == disabled) co_return Done{};
    row.disabled = disabled;
    const Also also = disabled ? Also::end_sessions : Also::nothing;
    CO_TRY_VOID(co_await write_administered(std::move(row), also));
    co_return Done{};
}
io::Task<Result<Done>> Home::admin_disable(AdminRequest request) {
    return set_disabled(std::move(request), true);
}
io::Task<Result<Done>> Home::admin_enable(AdminRequest request) {
    return set_disabled(std::move(request), false);
}

io::Task<Result<Done>> Home::admin_sign_out(AdminRequest request) {
    CO_TRY(const UserRow row, co_await administered("AdminUserGlobalSignOut", request.who,
                                                    request.pool, request.username));
    CO_TRY_VOID(co_await sessions_.revoke_all(row.sub));
    co_return Done{};
}

io::Task<Result<Done>> Home::admin_update(AdminAttributesRequest request) {
    CO_TRY(UserRow row, co_await administered("AdminUpdateUserAttributes", request.who,
                                              request.pool, request.username));
    CO_TRY(const config::Pool* pool, find_pool(p_.config, request.pool));
    CO_TRY_VOID(check_administered_attributes(*pool, request.attributes));
    CO_TRY_VOID(check_changes(*pool, request.attributes));
    CO_TRY(AddressChanges wanted, readdressed(row, request.attributes));
    const auto keys = keys_of(row);
    // The addresses stay what they are until their keys are the person's.
    for (const auto& [attribute, change] : wanted) {
        request.attributes.erase(attribute);
        request.attributes.erase(flag_of(*medium_of(attribute)));
    }
    change_attributes(request.attributes, row.attributes);
    if (keys_of(row) != keys) {
        co_return fail(Code::invalid_argument,
                       "An address that an identity provider vouches for is its to change.",
                       reason::kSchema);
    }
    CO_TRY_VOID(check_stays(*pool, row.attributes));
    CO_TRY_VOID(co_await readdress(std::move(row), std::move(wanted)));
    co_return Done{};
}

// The claim, the row, then the claim made permanent: what a crash leaves between is unconfirmed and
// ends by itself.
io::Task<Result<void>> Home::write_created(UserRow row, std::optional<Mail> mail) {
    CO_TRY(const directory::ClaimHandle held, co_await begin_claim(keys_of(row), row.pool));
    row.claim_id = held.claim_id;
    CO_TRY(sql::Statement insertion, co_await users_.insertion(row));
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(insertion));
    batch.push_back(directory::Claims::held(row.claim_id));
    if (mail) {
        CO_TRY(auto mailed, co_await mailing(row.sub, std::move(*mail)));
        batch.insert(batch.end(), mailed.begin(), mailed.end());
    }
    auto written = co_await p_.database.write(std::move(batch));
    if (!written) {
        const auto abandoned = co_await claims_.abandon(row.claim_id);
        if (abandoned) (void)co_await p_.keyring.destroy(row.sub);
        if (written.error().reason == sql::kReasonUnique) co_return user_exists();
        co_return fail(Code::unavailable, "The user could not be written.");
    }
    co_return co_await claims_.activate(row.claim_id);
}

io::Task<Result<PersonDescription>> Home::admin_create(AdminCreateRequest request) {
    CO_TRY(const config::Pool* pool, find_pool(p_.config, request.pool));
    CO_TRY_VOID(check_username(request.username));
    CO_TRY_VOID(check_own_username(*pool, request.username));
    CO_TRY_VOID(check_administered_attributes(*pool, request.attributes));
    CO_TRY_VOID(check_stays(*pool, request.attributes));
    if (request.password_hash) CO_TRY_VOID(check_import(request));
    CO_TRY(const auto there, co_await users_.find(request.pool, request.username));
    if (there) co_return user_exists();
    UserRow row;
    row.sub = p_.random.uuid();
    row.pool = pool->id_suffix;
    row.created = p_.clock.now();
    row.username = request.username;
    row.srp_name = p_.random.uuid();
    for (const auto& [name, value] : request.attributes) {
        if (!value.empty()) row.attributes[name] = value;
    }
    row.attributes.try_emplace("email_verified", "false");
    row.code_mac = p_.random.bytes(32);  // no code fits
    std::optional<Mail> mail;
    if (request.password_hash) {
        row.password.hash = std::move(*request.password_hash);
    } else {
        CO_TRY(mail, co_await give_temporary_password(pool, row, request));
    }
    CO_TRY_VOID(co_await on_record("AdminCreateUser", request.who, request.pool));
    auto written = co_await write_created(row, std::move(mail));
    if (!written && written.error().code == Code::already_exists) co_return user_exists();
    if (!written) co_return std::unexpected(written.error());
    row.confirmed = true;
    co_return describe(row);
}

}  // namespace domicile::identity
