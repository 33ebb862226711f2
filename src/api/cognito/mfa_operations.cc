// Operations about the second factor. There is one, an authenticator app: what asks for another is
// refused, not ignored.
#include "api/cognito/admin.h"
#include "identity/administration.h"

namespace domicile::api::cognito {
namespace {

using identity::Identity;

// What SetUserMFAPreference and AdminSetUserMFAPreference have in common.
struct Preference {
    std::optional<bool> enabled, preferred;
};

Outcome<Preference> preference(Members& members) {
    Preference out;
    for (const char* name : {"SoftwareTokenMfaSettings", "SMSMfaSettings", "EmailMfaSettings",
                             "WebAuthnMfaSettings"}) {
        const json::object* settings = members.structure(name);
        if (settings == nullptr) continue;
        Members own(*settings);
        const auto enabled = own.optional_flag("Enabled");
        const auto preferred = own.optional_flag("PreferredMfa");
        if (auto problem = own.problem()) return std::unexpected(std::move(*problem));
        if (std::string_view(name) == "SoftwareTokenMfaSettings") {
            out = {enabled, preferred};
        } else if (enabled.value_or(false) || preferred.value_or(false)) {
            return std::unexpected(invalid_parameter(
                std::string(name) + ": the pool has no second factor but SOFTWARE_TOKEN_MFA."));
        }
    }
    return out;
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
    call.enabled = wanted->enabled;
    call.preferred = wanted->preferred;
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
    request.enabled = wanted->enabled;
    request.preferred = wanted->preferred;
    DO(co_await call.identity.administration().set_mfa(std::move(request)));
    co_return json::object();
}

json::object config_of(const config::Pool& pool) {
    json::object out{{"MfaConfiguration", mfa_word(pool.mfa)}};
    if (pool.mfa != config::Mfa::off) {
        out["SoftwareTokenMfaConfiguration"] = json::object{{"Enabled", true}};
    }
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
    bool software = false, others = false;
    if (const json::object* tokens = members.structure("SoftwareTokenMfaConfiguration")) {
        Members own(*tokens);
        software = own.flag("Enabled");
        CHECK_MEMBERS(own);
    }
    for (const char* name : {"SmsMfaConfiguration", "EmailMfaConfiguration"}) {
        others = members.structure(name) != nullptr || others;
    }
    const json::object* passkeys = members.structure("WebAuthnConfiguration");
    POOL(pool, call, members);
    ANSWER(found, call.identity.administration().pool(pool.id));
    const bool has = found->mfa != config::Mfa::off;
    const bool is_so = (wanted.empty() ? std::string("OFF") : wanted) == mfa_word(found->mfa);
    if (passkeys != nullptr && !is_as_configured(*passkeys, found->passkeys)) {
        co_return std::unexpected(invalid_parameter(
            "The passkeys of a pool are set in the configuration, as `passkeys` of the pool."));
    }
    if (!is_so || others || (software && !has)) {
        co_return std::unexpected(
            invalid_parameter("The second factor of a pool is set in the configuration, as `mfa` "
                              "of the pool; there is none but SOFTWARE_TOKEN_MFA."));
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
    if (!settings || !settings->enabled) return;
    shown["UserMFASettingList"] = json::array{identity::kSoftwareToken};
    if (settings->preferred) shown["PreferredMfaSetting"] = identity::kSoftwareToken;
}

Reply answer_mfa(Identity& identity, std::string name, std::string client_id, std::string session,
                 identity::Attributes responses) {
    identity::MfaAnswerRequest call;
    PARAMETER(username, responses, "USERNAME");
    if (name == identity::kSoftwareToken) {
        PARAMETER(code, responses, "SOFTWARE_TOKEN_MFA_CODE");
        call.code = std::move(code);
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
