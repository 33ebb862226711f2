// The old operations that turn codes by SMS on and off. There are none: turning them off is done,
// turning them on is refused, not ignored.
#include "api/cognito/admin.h"
#include "identity/administration.h"

namespace domicile::api::cognito {
namespace {

using identity::Identity;

Outcome<void> check_options(const json::object& request) {
    const json::value* options = request.if_contains("MFAOptions");
    if (options == nullptr || options->is_null()) {
        return std::unexpected(
            invalid_parameter("1 validation error detected: Value null at 'mFAOptions' failed to "
                              "satisfy constraint: Member must not be null"));
    }
    if (!options->is_array()) {
        return std::unexpected(serialization("MFAOptions must be a list."));
    }
    if (options->get_array().empty()) return {};
    return std::unexpected(
        invalid_parameter("MFAOptions: nothing is sent by SMS. The pool's second factor is "
                          "SOFTWARE_TOKEN_MFA, which SetUserMFAPreference turns on."));
}

Reply set_settings(Identity& identity, json::object request) {
    Members members(request);
    identity::AccessTokenRequest call{members.required("AccessToken")};
    CHECK_MEMBERS(members);
    auto fits = check_options(request);
    if (!fits) co_return std::unexpected(std::move(fits.error()));
    DO(co_await identity.get_user(std::move(call)));
    co_return json::object();
}

Reply admin_set_settings(AdminCall call) {
    Members members(call.request);
    TARGET(target, call, members);
    auto fits = check_options(call.request);
    if (!fits) co_return std::unexpected(std::move(fits.error()));
    identity::AdminRequest about;
    about.who.access_key_id = call.who.access_key_id;
    about.pool = target.pool;
    about.username = target.username;
    DO(co_await call.identity.administration().set_settings(std::move(about)));
    co_return json::object();
}

}  // namespace

void add_settings_operations(Operations& into) { into["SetUserSettings"] = set_settings; }

void add_settings_operations(AdminOperations& into) {
    into["AdminSetUserSettings"] = admin_set_settings;
}

}  // namespace domicile::api::cognito
