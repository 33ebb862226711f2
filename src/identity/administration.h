// What administrators of a region do with people, wherever in the region's jurisdiction their home
// is. Whoever may call is checked before: access keys and policies are the dialect's. Whose home is
// in another jurisdiction is answered as nobody, with the address to ask; so are unknown people
// whose decoy is there (ADR 0020).
#pragma once

#include <string>

#include "base/live.h"
#include "config/config.h"
#include "identity/admin_types.h"
#include "identity/home.h"
#include "identity/router.h"

namespace domicile::identity {

class Administration {
  public:
    struct Parts {
        Ref<config::Config> config;
        std::string region;
        Home& home;
        Router& router;
    };
    explicit Administration(Parts parts) : p_(std::move(parts)) {}
    void register_handlers();

    // The pool by its id in this region ("eu-central-1_Health1"); not_found with reason
    // unknown_pool.
    Result<const config::Pool*> pool(std::string_view pool_id) const;
    // The same, of which the client is one; not_found with reason unknown_client.
    Result<void> check_client(std::string_view pool_id, std::string_view client_id) const;

    // Where the country says, as a sign-up: forwarded or refused by the rules on transit.
    io::Task<Result<PersonDescription>> create(AdminCreateRequest request);
    io::Task<Result<PersonDescription>> invite_again(AdminCreateRequest request);
    io::Task<Result<PersonDescription>> get(AdminRequest request);
    io::Task<Result<Done>> confirm(AdminRequest request);
    io::Task<Result<Done>> remove(AdminRequest request);
    io::Task<Result<Done>> disable(AdminRequest request);
    io::Task<Result<Done>> enable(AdminRequest request);
    // No codes by SMS, of which there are none.
    io::Task<Result<Done>> set_settings(AdminRequest request);
    io::Task<Result<Done>> sign_out(AdminRequest request);
    io::Task<Result<Done>> update(AdminAttributesRequest request);
    io::Task<Result<Done>> set_password(AdminPasswordRequest request);
    io::Task<Result<Done>> reset_password(AdminRequest request);
    io::Task<Result<Done>> set_mfa(AdminMfaRequest request);
    io::Task<Result<Done>> delete_token(AdminRequest request);
    io::Task<Result<AuthFactors>> auth_factors(AdminRequest request);
    io::Task<Result<SessionPage>> list_sessions(AdminListSessionsRequest request);
    io::Task<Result<Done>> end_session(AdminEndSessionRequest request);
    io::Task<Result<DeviceDescription>> get_device(AdminDeviceRequest request);
    io::Task<Result<DevicePage>> list_devices(AdminListDevicesRequest request);
    io::Task<Result<Done>> update_device(AdminDeviceStatusRequest request);
    io::Task<Result<Done>> forget_device(AdminDeviceRequest request);
    // By the name of the person; and by that of the provider's user, which leads to them too.
    io::Task<Result<Done>> link(AdminLinkRequest request);
    io::Task<Result<Done>> unlink(AdminLinkRequest request);
    // A sign-in that a server relays: the password proves that it is the person.
    io::Task<Result<Tokens>> sign_in(PasswordRequest request);
    io::Task<Result<Done>> add_to_group(AdminGroupRequest request);
    io::Task<Result<Done>> remove_from_group(AdminGroupRequest request);
    io::Task<Result<GroupPage>> groups_of(AdminListGroupsRequest request);
    // This region's groups and people only: Home's own calls.
    Home& here() { return p_.home; }
    Administrator as(std::string access_key_id) const {
        return {std::move(access_key_id), p_.region};
    }
    const std::vector<config::Pool>& pools() const { return p_.config->pools; }
    const std::string& region() const { return p_.region; }

  private:
    template <class Request, class Answer>
    io::Task<Result<Answer>> at_home(const char* type, Request request,
                                     io::Task<Result<Answer>> (Home::*here)(Request)) {
        request.who.region = p_.region;
        CO_TRY(std::string home, co_await p_.router.home_in_pool(request.pool, request.username));
        co_return co_await p_.router.run(std::move(home), residency::Operation::administer, type,
                                         std::move(request), here);
    }

    Parts p_;
};

}  // namespace domicile::identity
