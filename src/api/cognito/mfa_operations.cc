// Operations about the second factor: an authenticator app, and codes that are mailed. What asks
// for another is refused, not ignored.
#include "api/cognito/admin.h"
#include "identity/administration.h"

namespace domicile::api::cognito {
namespace {

using identity::Identity;

// What SetUserMFAPreference and AdminSetUserMFAPreference have in common.
Outcome<identity::MfaWish> preference(Members& members) {
    identity::MfaWish out;
    for (const std::string_view name : {"SoftwareTokenMfaSettings", "EmailMfaSettings",
                                        "SMSMfaSettings", "WebAuthnMfaSettings"}) {
        const json::object* settings = members.structure(name);
        if (settings == nullptr) continue;
        Members own(*settings);
        const auto enabled = own.optional_flag("Enabled");
        const auto preferred = own.optional_flag("PreferredMfa");
        if (auto problem = own.problem()) return std::unexpected(std::move(*problem));
        if (name == "SoftwareTokenMfaSettings") {
            out.app = enabled;
            out.app_preferred = preferred;
        } else if (name == "EmailMfaSettings") {
            out.email = enabled;
            out.email_preferred = preferred;
        } else if (enabled.value_or(false) || preferred.value_or(false)) {
            return std::unexpected(invalid_parameter(
                std::string(name) + ": there is no such second factor in any pool."));
        }
    }
    return out;
}

template <class Request>
void set_preference(Request& request, const identity::MfaWish& wish) {
    request.enabled = wish.app;
    request.preferred = wish.app_preferred;
    request.email_enabled = wish.email;
    request.email_preferred = wish.email_preferred;
}

Reply associate(Identity& identity, json::object request) {
    Members members(request);
    identity::AssociateRequest call;
    call.access_token = not_empty(members.optional("AccessToken"));
    call.session = not_empty(members.optional("Session"));
    CHECK_MEMBERS(members);
    ANSWER(made, co_await identity.associate(std::move(call)));
    json::object out{{"SecretCode", made.secret_code}};
    if (made.session) out["Session"] = *made.session;
    co_return out;
}

Reply verify(Identity& identity, json::object request) {
    Members members(request);
    identity::VerifyTokenRequest call;
    call.access_token = not_empty(members.optional("AccessToken"));
    call.session = not_empty(members.optional("Session"));
    call.code = members.digits("UserCode", 6);
    CHECK_MEMBERS(members);
    ANSWER(verified, co_await identity.verify_token(std::move(call)));
    json::object out{{"Status", "SUCCESS"}};
    if (verified.session) out["Session"] = *verified.session;
    co_return out;
}

Reply set_preference(Identity& identity, json::object request) {
    Members members(request);
    identity::MfaPreferenceRequest call;
    call.access_token = members.required("AccessToken");
    auto wanted = preference(members);
    CHECK_MEMBERS(members);
    if (!wanted) co_return std::unexpected(std::move(wanted.error()));
    set_preference(call, *wanted);
    DO(co_await identity.set_mfa(std::move(call)));
    co_return json::object();
}

Reply admin_set_preference(AdminCall call) {
    Members members(call.request);
    auto wanted = preference(members);
    TARGET(target, call, members);
    if (!wanted) co_return std::unexpected(std::move(wanted.error()));
    identity::AdminMfaRequest request;
    request.who.access_key_id = call.who.access_key_id;
    request.pool = target.pool;
    request.username = target.username;
    set_preference(request, *wanted);
    DO(co_await call.identity.administration().set_mfa(std::move(request)));
    co_return json::object();
}

json::object config_of(const config::Pool& pool) {
    json::object out{{"MfaConfiguration", mfa_word(pool.mfa)}};
    if (pool.has_mfa(config::MfaMethod::app)) {
        out["SoftwareTokenMfaConfiguration"] = json::object{{"Enabled", true}};
    }
    // Its words are the configuration's (`mail.templates`).
    if (pool.has_mfa(config::MfaMethod::email)) out["EmailMfaConfiguration"] = json::object();
    if (pool.passkeys) out["WebAuthnConfiguration"] = passkey_config(*pool.passkeys);
    return out;
}

Reply pool_config(AdminCall call) {
    Members members(call.request);
    POOL(pool, call, members);
    ANSWER(found, call.identity.administration().pool(pool.id));
    co_return config_of(*found);
}

// Pools are what their configuration says: a call that asks for just that is answered, so that
// tools which set what they want can be used, and any other is refused.
Reply set_pool_config(AdminCall call) {
    Members members(call.request);
    const std::string wanted =
        members.optional_choice("MfaConfiguration", {"OFF", "ON", "OPTIONAL"});
    bool software = false;
    if (const json::object* tokens = members.structure("SoftwareTokenMfaConfiguration")) {
        Members own(*tokens);
        software = own.flag("Enabled");
        CHECK_MEMBERS(own);
    }
    const json::object* email = members.structure("EmailMfaConfiguration");
    const bool sms = members.structure("SmsMfaConfiguration") != nullptr;
    const json::object* passkeys = members.structure("WebAuthnConfiguration");
    POOL(pool, call, members);
    ANSWER(found, call.identity.administration().pool(pool.id));
    const bool is_so = (wanted.empty() ? std::string("OFF") : wanted) == mfa_word(found->mfa);
    const bool has_app = found->has_mfa(config::MfaMethod::app);
    // Words that are to be others than those of the configuration are a change too.
    const bool has_email =
        found->has_mfa(config::MfaMethod::email) && email != nullptr && email->empty();
    if (passkeys != nullptr && !is_as_configured(*passkeys, found->passkeys)) {
        co_return std::unexpected(invalid_parameter(
            "The passkeys of a pool are set in the configuration, as `passkeys` of the pool."));
    }
    if (!is_so || sms || (software && !has_app) || (email != nullptr && !has_email)) {
        co_return std::unexpected(
            invalid_parameter("The second factors of a pool are set in the configuration, as `mfa` "
                              "and `mfa_methods` of the pool."));
    }
    co_return config_of(*found);
}

}  // namespace

const char* mfa_word(config::Mfa mfa) {
    switch (mfa) {
        case config::Mfa::off:
            return "OFF";
        case config::Mfa::optional:
            return "OPTIONAL";
        case config::Mfa::required:
            return "ON";
    }
    return "";
}

void show_mfa(const std::optional<identity::MfaSettings>& settings, json::object& shown) {
    if (!settings) return;
    json::array all;
    if (settings->enabled) all.emplace_back(identity::kSoftwareToken);
    if (settings->email_enabled.value_or(false)) all.emplace_back(identity::kMailedFactor);
    if (!all.empty()) shown["UserMFASettingList"] = std::move(all);
    if (settings->preferred) shown["PreferredMfaSetting"] = identity::kSoftwareToken;
    if (settings->email_preferred.value_or(false)) {
        shown["PreferredMfaSetting"] = identity::kMailedFactor;
    }
}

Reply answer_mfa(Identity& identity, std::string name, std::string client_id, std::string session,
                 identity::Attributes responses) {
    identity::MfaAnswerRequest call;
    PARAMETER(username, responses, "USERNAME");
    if (name == identity::kSoftwareToken) {
        PARAMETER(code, responses, "SOFTWARE_TOKEN_MFA_CODE");
        call.code = std::move(code);
    }
    if (name == identity::kSelectMfa) {
        PARAMETER(choice, responses, "ANSWER");
        call.code = std::move(choice);
    }
    if (session.empty()) {
        co_return std::unexpected(invalid_parameter("Missing required parameter Session"));
    }
    CHECK_SECRET(identity, client_id, username, secret_hash(responses));
    call.client_id = std::move(client_id);
    call.username = std::move(username);
    call.challenge = std::move(name);
    call.session = std::move(session);
    call.device_key = device_key(responses);
    ANSWER(tokens, co_await identity.answer_mfa(std::move(call)));
    co_return authentication_result(tokens);
}

void add_mfa_operations(Operations& into) {
    into["AssociateSoftwareToken"] = associate;
    into["VerifySoftwareToken"] = verify;
    into["SetUserMFAPreference"] = set_preference;
}

void add_mfa_operations(AdminOperations& into) {
    into["AdminSetUserMFAPreference"] = admin_set_preference;
    into["GetUserPoolMfaConfig"] = pool_config;
    into["SetUserPoolMfaConfig"] = set_pool_config;
}

}  // namespace domicile::api::cognito
