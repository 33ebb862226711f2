#include "identity/administration.h"

#include "identity/external.h"

namespace domicile::identity {

using residency::Operation;

void Administration::register_handlers() {
    Router& router = p_.router;
    router.answer_administrators(message::kAdminCreate, &Home::admin_create, true);
    router.answer_administrators(message::kAdminInviteAgain, &Home::admin_invite_again);
    router.answer_administrators(message::kAdminGet, &Home::admin_get);
    router.answer_administrators(message::kAdminConfirm, &Home::admin_confirm);
    router.answer_administrators(message::kAdminDelete, &Home::admin_delete);
    router.answer_administrators(message::kAdminDisable, &Home::admin_disable);
    router.answer_administrators(message::kAdminEnable, &Home::admin_enable);
    router.answer_administrators(message::kAdminSetSettings, &Home::admin_set_settings);
    router.answer_administrators(message::kAdminSignOut, &Home::admin_sign_out);
    router.answer_administrators(message::kAdminUpdate, &Home::admin_update);
    router.answer_administrators(message::kAdminSetPassword, &Home::admin_set_password);
    router.answer_administrators(message::kAdminResetPassword, &Home::admin_reset_password);
    router.answer_administrators(message::kAdminMfaPreference, &Home::admin_set_mfa);
    router.answer_administrators(message::kAdminDeleteToken, &Home::admin_delete_token);
    router.answer_administrators(message::kAdminAuthFactors, &Home::admin_auth_factors);
    router.answer_administrators(message::kAdminListSessions, &Home::admin_list_sessions);
    router.answer_administrators(message::kAdminEndSession, &Home::admin_end_session);
    router.answer_administrators(message::kAdminLink, &Home::admin_link);
    router.answer_administrators(message::kAdminUnlink, &Home::admin_unlink);
    router.answer_administrators(message::kAdminGetDevice, &Home::admin_get_device);
    router.answer_administrators(message::kAdminListDevices, &Home::admin_list_devices);
    router.answer_administrators(message::kAdminUpdateDevice, &Home::admin_update_device);
    router.answer_administrators(message::kAdminForgetDevice, &Home::admin_forget_device);
    router.answer_administrators(message::kAdminAddToGroup, &Home::admin_add_to_group);
    router.answer_administrators(message::kAdminRemoveFromGroup, &Home::admin_remove_from_group);
    router.answer_administrators(message::kAdminGroupsOf, &Home::admin_groups_of);
}

io::Task<Result<Done>> Administration::add_to_group(AdminGroupRequest request) {
    return at_home(message::kAdminAddToGroup, std::move(request), &Home::admin_add_to_group);
}
io::Task<Result<Done>> Administration::remove_from_group(AdminGroupRequest request) {
    return at_home(message::kAdminRemoveFromGroup, std::move(request),
                   &Home::admin_remove_from_group);
}
io::Task<Result<GroupPage>> Administration::groups_of(AdminListGroupsRequest request) {
    return at_home(message::kAdminGroupsOf, std::move(request), &Home::admin_groups_of);
}

Result<const config::Pool*> Administration::pool(std::string_view pool_id) const {
    for (const config::Pool& pool : p_.config->pools) {
        if (pool.id_in(p_.region) == pool_id) return &pool;
    }
    return fail(Code::not_found,
                "User pool " + std::string(pool_id.substr(0, 64)) + " does not exist.",
                reason::kUnknownPool);
}

Result<void> Administration::check_client(std::string_view pool_id,
                                          std::string_view client_id) const {
    TRY(const config::Pool* own, pool(pool_id));
    TRY(const ClientOfPool client, find_client(p_.config, client_id));
    if (client.pool == own) return {};
    return fail(Code::not_found,
                "User pool client " + std::string(client_id.substr(0, 128)) + " does not exist.",
                reason::kUnknownClient);
}

io::Task<Result<PersonDescription>> Administration::create(AdminCreateRequest request) {
    request.who.region = p_.region;
    CO_TRY(const config::Pool* own, find_pool(p_.config, request.pool));
    CO_TRY(std::string home, p_.router.home_of_sign_up(*own, request.attributes));
    co_return co_await p_.router.run(std::move(home), Operation::sign_up, message::kAdminCreate,
                                     std::move(request), &Home::admin_create);
}

io::Task<Result<PersonDescription>> Administration::invite_again(AdminCreateRequest request) {
    return at_home(message::kAdminInviteAgain, std::move(request), &Home::admin_invite_again);
}
io::Task<Result<PersonDescription>> Administration::get(AdminRequest request) {
    return at_home(message::kAdminGet, std::move(request), &Home::admin_get);
}
io::Task<Result<Done>> Administration::set_settings(AdminRequest request) {
    return at_home(message::kAdminSetSettings, std::move(request), &Home::admin_set_settings);
}
io::Task<Result<Done>> Administration::confirm(AdminRequest request) {
    return at_home(message::kAdminConfirm, std::move(request), &Home::admin_confirm);
}
io::Task<Result<Done>> Administration::remove(AdminRequest request) {
    return at_home(message::kAdminDelete, std::move(request), &Home::admin_delete);
}
io::Task<Result<Done>> Administration::disable(AdminRequest request) {
    return at_home(message::kAdminDisable, std::move(request), &Home::admin_disable);
}
io::Task<Result<Done>> Administration::enable(AdminRequest request) {
    return at_home(message::kAdminEnable, std::move(request), &Home::admin_enable);
}
io::Task<Result<Done>> Administration::sign_out(AdminRequest request) {
    return at_home(message::kAdminSignOut, std::move(request), &Home::admin_sign_out);
}
io::Task<Result<Done>> Administration::update(AdminAttributesRequest request) {
    return at_home(message::kAdminUpdate, std::move(request), &Home::admin_update);
}
io::Task<Result<Done>> Administration::set_password(AdminPasswordRequest request) {
    return at_home(message::kAdminSetPassword, std::move(request), &Home::admin_set_password);
}
io::Task<Result<Done>> Administration::set_mfa(AdminMfaRequest request) {
    return at_home(message::kAdminMfaPreference, std::move(request), &Home::admin_set_mfa);
}
io::Task<Result<Done>> Administration::delete_token(AdminRequest request) {
    return at_home(message::kAdminDeleteToken, std::move(request), &Home::admin_delete_token);
}
io::Task<Result<AuthFactors>> Administration::auth_factors(AdminRequest request) {
    return at_home(message::kAdminAuthFactors, std::move(request), &Home::admin_auth_factors);
}
io::Task<Result<SessionPage>> Administration::list_sessions(AdminListSessionsRequest request) {
    return at_home(message::kAdminListSessions, std::move(request), &Home::admin_list_sessions);
}
io::Task<Result<Done>> Administration::end_session(AdminEndSessionRequest request) {
    return at_home(message::kAdminEndSession, std::move(request), &Home::admin_end_session);
}
io::Task<Result<Done>> Administration::link(AdminLinkRequest request) {
    return at_home(message::kAdminLink, std::move(request), &Home::admin_link);
}
io::Task<Result<Done>> Administration::unlink(AdminLinkRequest request) {
    request.username = external_username(request.provider, request.subject);
    return at_home(message::kAdminUnlink, std::move(request), &Home::admin_unlink);
}
io::Task<Result<DeviceDescription>> Administration::get_device(AdminDeviceRequest request) {
    return at_home(message::kAdminGetDevice, std::move(request), &Home::admin_get_device);
}
io::Task<Result<DevicePage>> Administration::list_devices(AdminListDevicesRequest request) {
    return at_home(message::kAdminListDevices, std::move(request), &Home::admin_list_devices);
}
io::Task<Result<Done>> Administration::update_device(AdminDeviceStatusRequest request) {
    return at_home(message::kAdminUpdateDevice, std::move(request), &Home::admin_update_device);
}
io::Task<Result<Done>> Administration::forget_device(AdminDeviceRequest request) {
    return at_home(message::kAdminForgetDevice, std::move(request), &Home::admin_forget_device);
}
io::Task<Result<Done>> Administration::reset_password(AdminRequest request) {
    return at_home(message::kAdminResetPassword, std::move(request), &Home::admin_reset_password);
}

io::Task<Result<Tokens>> Administration::sign_in(PasswordRequest request) {
    CO_TRY(std::string home,
           co_await p_.router.home_of_username(request.client_id, request.username));
    co_return co_await p_.router.run(std::move(home), Operation::sign_in, message::kAdminPassword,
                                     std::move(request), &Home::admin_sign_in);
}

}  // namespace domicile::identity
