// Which second factors people want, as they and administrators say it.
#include "identity/home.h"
#include "identity/second_factors.h"

namespace domicile::identity {
namespace {

std::unexpected<Error> refused(const char* text) {
    return fail(Code::invalid_argument, text, reason::kSchema);
}

// What is asked for, or nothing where it cannot be.
Result<void> check_wish(const config::Pool& pool, const MfaWish& wish) {
    if (pool.mfa == config::Mfa::off) {
        return refused("Software Token MFA has not been enabled by the userPool");
    }
    const auto turns_on = [](const std::optional<bool>& enabled,
                             const std::optional<bool>& preferred) {
        return enabled.value_or(false) || preferred.value_or(false);
    };
    if (turns_on(wish.app, wish.app_preferred) && !pool.has_mfa(config::MfaMethod::app)) {
        return refused("Software Token MFA has not been enabled by the userPool");
    }
    if (turns_on(wish.email, wish.email_preferred) && !pool.has_mfa(config::MfaMethod::email)) {
        return refused("Email MFA has not been enabled by the userPool");
    }
    if (wish.app_preferred.value_or(false) && wish.email_preferred.value_or(false)) {
        return refused("Only one MFA method can be preferred");
    }
    return {};
}

void set(bool& enabled, bool& preferred, std::optional<bool> to_enabled,
         std::optional<bool> to_preferred) {
    if (to_enabled) enabled = *to_enabled;
    if (to_preferred) preferred = *to_preferred;
    if (to_enabled == false && to_preferred != true) preferred = false;
}

Result<Authenticator> as_wished(Authenticator app, const MfaWish& wish,
                                const std::string& address) {
    set(app.enabled, app.preferred, wish.app, wish.app_preferred);
    set(app.email_enabled, app.email_preferred, wish.email, wish.email_preferred);
    if (wish.app_preferred.value_or(false)) app.email_preferred = false;
    if (wish.email_preferred.value_or(false)) app.preferred = false;
    if ((app.enabled || app.preferred) && app.secret.empty()) {
        return refused("User has not verified software token mfa");
    }
    if (app.preferred && !app.enabled) {
        return refused("SOFTWARE_TOKEN_MFA cannot be preferred while it is not enabled");
    }
    if (app.email_preferred && !app.email_enabled) {
        return refused("EMAIL_OTP cannot be preferred while it is not enabled");
    }
    if (wish.email.value_or(false) && address.empty()) {
        return refused("User does not have delivery config set to turn on EMAIL_OTP");
    }
    return app;
}

}  // namespace

io::Task<Result<void>> Home::prefer(UserRow row, MfaWish wish, bool own) {
    CO_TRY(const config::Pool* pool, pool_of(row));
    CO_TRY_VOID(check_wish(*pool, wish));
    CO_TRY(Authenticator app, co_await authenticators_.find(row.sub));
    const std::string address = proven_destination(row);
    CO_TRY(app, as_wished(std::move(app), wish, address));
    const bool turns_off = wish.app == false || wish.email == false;
    if (own && turns_off && pool->mfa == config::Mfa::required &&
        second_factors(*pool, app, address).empty()) {
        co_return refused("MFA is required by the userPool and cannot be turned off");
    }
    const bool is_nothing = !app.enabled && !app.email_enabled;
    if (app.version == 0 && is_nothing) co_return Result<void>();
    CO_TRY(auto batch, co_await authenticators_.replacement(row.sub, std::move(app)));
    CO_TRY_VOID(co_await write_changes(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<Done>> Home::set_mfa(MfaPreferenceRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    const MfaWish wish{request.enabled, request.preferred, request.email_enabled,
                       request.email_preferred};
    CO_TRY_VOID(co_await prefer(std::move(row), wish, true));
    co_return Done{};
}

// Turned off for somebody whose pool asks for it: they set up another app at the next sign-in.
io::Task<Result<Done>> Home::admin_set_mfa(AdminMfaRequest request) {
    CO_TRY(UserRow row, co_await administered("AdminSetUserMFAPreference", request.who,
                                              request.pool, request.username));
    const MfaWish wish{request.enabled, request.preferred, request.email_enabled,
                       request.email_preferred};
    CO_TRY_VOID(co_await prefer(std::move(row), wish, false));
    co_return Done{};
}

// One that is being set up goes too: whoever began it may be whoever has the lost device.
io::Task<Result<Done>> Home::admin_delete_token(AdminRequest request) {
    CO_TRY(const UserRow row, co_await administered("AdminDeleteSoftwareToken", request.who,
                                                    request.pool, request.username));
    if (!row.confirmed) {
        co_return fail(Code::failed_precondition, "User is not confirmed.", reason::kNotConfirmed);
    }
    CO_TRY(Authenticator app, co_await authenticators_.find(row.sub));
    if (app.version == 0) co_return Done{};
    std::vector<sql::Statement> batch;
    if (app.email_enabled) {
        Authenticator rest;
        rest.email_enabled = true;
        rest.email_preferred = app.email_preferred;
        rest.version = app.version;
        CO_TRY(batch, co_await authenticators_.replacement(row.sub, std::move(rest)));
    } else {
        batch.push_back(Authenticators::removal(row.sub, app));
    }
    CO_TRY_VOID(co_await write_changes(std::move(batch)));
    co_return Done{};
}

io::Task<Result<MfaSettings>> Home::mfa_settings(std::string pool_name, std::string sub) {
    MfaSettings out;
    CO_TRY(const config::Pool* pool, find_pool(p_.config, pool_name));
    if (pool->mfa == config::Mfa::off) co_return out;
    CO_TRY(const Authenticator app, co_await authenticators_.find(std::move(sub)));
    out.enabled = app.active() && pool->has_mfa(config::MfaMethod::app);
    out.preferred = out.enabled && app.preferred;
    const bool mails = app.email_enabled && pool->has_mfa(config::MfaMethod::email);
    if (mails) out.email_enabled = true;
    if (mails && app.email_preferred) out.email_preferred = true;
    co_return out;
}

}  // namespace domicile::identity
