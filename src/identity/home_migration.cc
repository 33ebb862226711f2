// People whom a former directory of the application knows (UserMigration): whoever signs in with a
// password or has forgotten it, and is nowhere, is asked for at a function, which hands over their
// attributes. The home follows from these as at a sign-up, and claims their keys like one; a
// function of another region than the home is believed no more than where that is, and the home
// asks its own. Somebody any of whose keys is taken is not migrated.
#include "identity/home.h"
#include "identity/triggers.h"
#include "identity/validation.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

using Decided = std::optional<std::string>;

std::unexpected<Error> bad_answer(std::string why) {
    return fail(Code::internal, "UserMigration: " + std::move(why), reason::kTriggerAnswer);
}

Result<void> check_migrated(const config::Pool& pool, const std::string& username,
                            const MigratedUser& user) {
    auto checked = check_administered_attributes(pool, user.attributes);
    if (checked) checked = check_required(pool, user.attributes);
    if (!checked) return bad_answer(checked.error().message);
    if (first_address(pool, username, user.attributes).empty()) {
        return bad_answer("email: The attribute is required");
    }
    return {};
}

}  // namespace

Result<std::string> Home::home_of_migrated(const config::Pool& pool, const std::string& username,
                                           const MigratedUser& user) const {
    TRY_VOID(check_migrated(pool, username, user));
    const auto choice = home_for(p_.policy, pool, user.attributes, p_.region);
    if (choice.home) return *choice.home;
    return bad_answer(pool.country_attribute + ": The country is not one that is served here");
}

io::Task<Result<Decided>> Home::migrate(ClientOfPool client, Migration asked) {
    const auto& function = client.pool->triggers.user_migration;
    if (!function || p_.triggers == nullptr || !check_username(asked.username)) {
        co_return std::nullopt;
    }
    CO_TRY(const auto there, co_await users_.find(client.pool->id_suffix, asked.username));
    if (there) co_return std::nullopt;
    TriggerEvent event = event_of(*function, asked.source, client);
    event.username = asked.username;
    event.validation_data = asked.validation_data;
    event.client_metadata = asked.client_metadata;
    auto user = co_await p_.triggers->migrate_user(std::move(event), asked.password);
    // Who says no says that there is nobody, and so do we.
    if (!user && user.error().reason == reason::kTriggerRefused) co_return std::nullopt;
    if (!user) co_return std::unexpected(user.error());
    if (user->attributes.empty()) co_return std::nullopt;
    CO_TRY(std::string home, home_of_migrated(*client.pool, asked.username, *user));
    if (home != p_.region) {
        if (asked.decided) co_return bad_answer("two regions' functions disagree on the home.");
        co_return home;
    }
    CO_TRY(const bool written, co_await write_migrated(client, std::move(asked), std::move(*user)));
    if (!written) co_return std::nullopt;
    co_return home;
}

// False: a key of theirs is somebody's.
io::Task<Result<bool>> Home::write_migrated(ClientOfPool client, Migration asked,
                                            MigratedUser user) {
    UserRow row;
    row.sub = p_.random.uuid();
    row.pool = client.pool->id_suffix;
    row.created = p_.clock.now();
    row.username = std::move(asked.username);
    row.srp_name = p_.random.uuid();
    row.code_mac = p_.random.bytes(32);  // no code fits
    for (auto& [name, value] : user.attributes) {
        if (!value.empty()) row.attributes[name] = std::move(value);
    }
    row.attributes.try_emplace("email_verified", "false");
    if (!user.confirmed || !asked.password) row.state = PersonState::reset;
    if (asked.password) {
        auto hash = [keeping = keeping_of(*client.pool),
                     owner = PasswordOwner{row.pool, row.srp_name}, password = *asked.password,
                     salt = p_.random.bytes(crypto::kPasswordSaltSize)] {
            return make_password(keeping, owner, password, salt);
        };
        CO_TRY(row.password, co_await io::run_blocking(std::move(hash)));
    }
    audit::Event event{"user_migrated", {{"pool", row.pool}, {"home", p_.region}}};
    CO_TRY_VOID(co_await p_.audit.record(std::move(event)));
    const auto written = co_await write_created(std::move(row), std::nullopt);
    if (!written && written.error().code == Code::already_exists) co_return false;
    if (!written) co_return std::unexpected(written.error());
    co_return true;
}

// The region to ask instead; nullopt: go on here. Guesses are delayed as those at people's own
// passwords are, before the former directory hears of them.
io::Task<Result<Decided>> Home::migrate_to_sign_in(ClientOfPool client,
                                                   const PasswordRequest& request) {
    if (!client.pool->triggers.user_migration) co_return std::nullopt;
    std::string index = users_.username_index(client.pool->id_suffix, request.username);
    CO_TRY_VOID(co_await attempts_.begin(std::move(index)));
    Migration asked;
    asked.username = request.username;
    asked.password = request.password;
    asked.source = "UserMigration_Authentication";
    asked.validation_data = request.client_metadata;
    asked.decided = request.migrating.value_or(false);
    CO_TRY(Decided home, co_await migrate(client, std::move(asked)));
    if (home && *home == p_.region) home.reset();
    co_return home;
}

}  // namespace domicile::identity
