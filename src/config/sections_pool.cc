// The keys of user pools; see sections.cc.
#include "config/section_rules.h"

namespace domicile::config {
namespace {

constexpr const char* kAttributeWords = "custom:NAME (1 to 20 characters) or a standard claim";

}  // namespace

DOMICILE_WORDS(AuthFlow, "USER_SRP_AUTH", "USER_PASSWORD_AUTH", "REFRESH_TOKEN_AUTH",
               "ADMIN_USER_PASSWORD_AUTH", "CUSTOM_AUTH", "USER_AUTH")
DOMICILE_WORDS(TokenAlgorithm, "RS256", "ES256")
DOMICILE_WORDS(Residency, "directory", "triggers")
DOMICILE_WORDS(Mfa, "off", "optional", "required")
DOMICILE_WORDS(Devices, "off", "user_opt_in", "always")
DOMICILE_WORDS(UserVerification, "preferred", "required")
DOMICILE_WORDS(PasskeyFactor, "single_factor", "multi_factor_with_user_verification")
DOMICILE_WORDS(Grant, "authorization_code", "refresh_token", "client_credentials")
DOMICILE_WORDS(TokenEvent, "V1_0", "V2_0")

template <>
const Object<RefreshRotation>& describe() {
    static const auto object =
        Object<RefreshRotation>(
            "Refresh tokens for one use: GetTokensFromRefreshToken gives the next one with the "
            "tokens. One that is used again ends the session, since somebody else has it.")
            .field("grace_seconds", &RefreshRotation::grace_seconds,
                   "how long a token is taken after its use, for clients that did not get the "
                   "answer",
                   range(0, 60));
    return object;
}

template <>
const Object<OAuth>& describe() {
    static const auto uri =
        text(is_redirect_uri, pattern::kRedirectUri,
             "https://HOST/..., http://localhost/..., or an application's own scheme:/...");
    static const auto object =
        Object<OAuth>(
            "The client at the pool's OpenID provider. One with a secret proves it at the token "
            "endpoint; one without has to use PKCE.")
            .field("redirect_uris", &OAuth::redirect_uris,
                   "where answers may go, compared byte by byte", uri)
            .field("post_logout_redirect_uris", &OAuth::post_logout_redirect_uris,
                   "where a browser may go after signing out", uri)
            .field("scopes", &OAuth::scopes,
                   "openid, email, phone, profile, aws.cognito.signin.user.admin, and "
                   "IDENTIFIER/SCOPE of a resource server; all are given when none are asked for",
                   text(is_scope, pattern::kScope, "visible ASCII without space, quote, backslash"))
            .field("grants", &OAuth::grants, "what the token endpoint takes", Limit{.filled = true})
            .field("identity_providers", &OAuth::identity_providers,
                   "where its people may sign in: COGNITO (the pool's own page) and names of the "
                   "pool's identity_providers",
                   Limit{.filled = true});
    return object;
}

template <>
const Object<ResourceServer>& describe() {
    static const auto object =
        Object<ResourceServer>("An API that access tokens can be for.")
            .field("identifier", &ResourceServer::identifier,
                   "what its scopes begin with, before the slash",
                   text(is_scope, pattern::kScope, "visible ASCII without space, quote, backslash",
                        true))
            .field("scopes", &ResourceServer::scopes,
                   "what clients can ask for, as scopes "
                   "IDENTIFIER/SCOPE",
                   Limit{.required = true,
                         .fits = is_resource_scope,
                         .words = "1 to 128 of A-Z a-z 0-9 _ . : * -",
                         .pattern = pattern::kResourceScope,
                         .filled = true});
    return object;
}

template <>
const Object<IdentityProvider>& describe() {
    static const auto object =
        Object<IdentityProvider>(
            "Another OpenID provider that says who somebody is. Its redirect URIs are "
            "https://idp.REGION.DOMAIN/oauth2/idpresponse of every region. Whoever gives the name "
            "to another issuer gives it the people too.")
            .field("issuer", &IdentityProvider::issuer,
                   "the `iss` of its tokens, byte by byte; its discovery document is at "
                   "<issuer>/.well-known/openid-configuration",
                   text(is_issuer, pattern::kIssuer,
                        "https://host[:port][/path], or http:// to this machine", true))
            .field("client_id", &IdentityProvider::client_id, "what it calls us",
                   text(is_scope, pattern::kScope, "visible ASCII without space, quote, backslash",
                        true))
            .field("client_secret_file", &IdentityProvider::client_secret_file,
                   "a file with our secret there, without its last line end; left out: we have "
                   "none; relative to this file's folder")
            .field("scopes", &IdentityProvider::scopes, "what we ask for; openid is one of them",
                   text(is_scope, pattern::kScope, "visible ASCII without space, quote, backslash"))
            .field("attributes", &IdentityProvider::attributes,
                   "attribute of the pool: claim of the ID token or of the userinfo endpoint. "
                   "Where the pool's country_attribute is none of them, or says no country that "
                   "is served, the page asks for it");
    return object;
}

template <>
const Object<Client>& describe() {
    static const auto object =
        Object<Client>("An application that signs people in.")
            .field("id", &Client::id, "the client id, the same in every region",
                   text(is_client_id, pattern::kClientId, "1 to 128 of A-Z a-z 0-9 _ +", true))
            .field("flows", &Client::flows, "the ways to sign in", Limit{.filled = true})
            .field("access_token_minutes", &Client::access_token_minutes, "life of an access token",
                   range(5, 1440))
            .field("id_token_minutes", &Client::id_token_minutes, "life of an ID token",
                   range(5, 1440))
            .field("refresh_token_days", &Client::refresh_token_days, "life of a refresh token",
                   range(1, 3650))
            .field("refresh_token_rotation", &Client::refresh_token_rotation,
                   "a new refresh token at each use; InitiateAuth, which cannot give one, takes "
                   "none of this client's then")
            .field("token_algorithm", &Client::token_algorithm,
                   "what access and ID tokens are signed with; RS256 is what Cognito uses")
            .field("secret_file", &Client::secret_file,
                   "a file with the client's secret, without its last line end: SECRET_HASH is "
                   "asked for then; relative to this file's folder")
            .field("read_attributes", &Client::read_attributes,
                   "the attributes that GetUser and ID tokens show; all of them if left out",
                   text(is_attribute, pattern::kAttribute, kAttributeWords))
            .field("write_attributes", &Client::write_attributes,
                   "the attributes that people may write through it; all of them if left out",
                   text(is_attribute, pattern::kAttribute, kAttributeWords))
            .field("oauth", &Client::oauth,
                   "sign-in on the provider's own pages, by OpenID Connect; left out: none")
            .field("limits", &Client::limits,
                   "how often it may be wrong, or ask for what is unproven, over all its users; "
                   "left out: no bound");
    return object;
}

template <>
const Object<Argon2id>& describe() {
    static const auto object =
        Object<Argon2id>(
            "What one Argon2id hash costs. Sign-ins at the same time take the memory each, at most "
            "one for each thread that does such work.")
            .field("memory_kib", &Argon2id::memory_kib, "memory, KiB", range(1024, 262'144))
            .field("iterations", &Argon2id::iterations, "passes over it", range(1, 64))
            .field("lanes", &Argon2id::lanes, "parallelism; one core computes all", range(1, 16));
    return object;
}

template <>
const Object<PasswordPolicy>& describe() {
    static const auto object =
        Object<PasswordPolicy>("What a password must have.")
            .field("length_min", &PasswordPolicy::length_min, "characters", range(6, 99))
            .field("lower", &PasswordPolicy::lower, "a lower-case letter")
            .field("upper", &PasswordPolicy::upper, "an upper-case letter")
            .field("digit", &PasswordPolicy::digit, "a digit")
            .field("symbol", &PasswordPolicy::symbol, "a symbol")
            .field("temporary_days", &PasswordPolicy::temporary_days,
                   "life of a password that an administrator gave", range(1, 365))
            .field("history", &PasswordPolicy::history,
                   "how many of the last passwords, with the present one, must not come again",
                   range(0, 24))
            .field("argon2id", &PasswordPolicy::argon2id,
                   "how passwords are kept in a pool without a client that signs in by SRP")
            .field("breached_file", &PasswordPolicy::breached_file,
                   "passwords known from leaks, which are refused: lines SHA-1:TIMES sorted by the "
                   "hash, as haveibeenpwned.com publishes them; relative to this file's folder");
    return object;
}

template <>
const Object<Attribute>& describe() {
    static const auto object =
        Object<Attribute>("An attribute that the pool adds, or whose rules it changes.")
            .field("name", &Attribute::name, "the attribute",
                   text(is_attribute, pattern::kAttribute, kAttributeWords, true))
            .field("required", &Attribute::required, "must a sign-up give it?")
            .field("mutable", &Attribute::is_mutable, "may it change after the sign-up?");
    return object;
}

template <>
const Object<Passkeys>& describe() {
    static const auto object =
        Object<Passkeys>("Passkeys (WebAuthn), which clients with the flow USER_AUTH take.")
            .field("relying_party_id", &Passkeys::relying_party_id,
                   "the domain that passkeys are for; pages on it and on hosts below it can use "
                   "them. Those that are there are of no use under another",
                   text(is_dns_name, pattern::kDnsName, "a host name in lower case", true))
            .field("user_verification", &Passkeys::user_verification,
                   "whether a fingerprint, a PIN or the like has to be asked for")
            .field("factor", &Passkeys::factor,
                   "multi_factor_with_user_verification: a passkey that verified its user stands "
                   "for the second factor too")
            .field("origins", &Passkeys::origins,
                   "the only origins whose pages may use passkeys; https://RELYING_PARTY_ID, "
                   "hosts below it and any port if left out",
                   text(is_origin, pattern::kOrigin, "scheme://host[:port]"));
    return object;
}

template <>
const Object<PreTokenGeneration>& describe() {
    static const auto object =
        Object<PreTokenGeneration>("A function that changes what tokens say.")
            .field("function", &PreTokenGeneration::function, "one of `functions`", required())
            .field("version", &PreTokenGeneration::version,
                   "of the event: V1_0 changes the ID token, V2_0 the access token too");
    return object;
}

template <>
const Object<Triggers>& describe() {
    static const auto object =
        Object<Triggers>(
            "Functions of the home region that take part, each one of `functions` with a "
            "`timeout_seconds` of at most 5.")
            .field("pre_sign_up", &Triggers::pre_sign_up,
                   "may refuse a sign-up, or confirm it at once")
            .field("post_confirmation", &Triggers::post_confirmation,
                   "hears of whoever is confirmed")
            .field("pre_authentication", &Triggers::pre_authentication,
                   "may refuse a sign-in before the password is looked at")
            .field("post_authentication", &Triggers::post_authentication,
                   "may refuse tokens to whoever has signed in")
            .field("pre_token_generation", &Triggers::pre_token_generation,
                   "changes what tokens say")
            .field("define_auth_challenge", &Triggers::define_auth_challenge,
                   "says what comes next in the flow CUSTOM_AUTH: a challenge, tokens, or nothing")
            .field("create_auth_challenge", &Triggers::create_auth_challenge,
                   "makes a challenge of the flow CUSTOM_AUTH")
            .field("verify_auth_challenge", &Triggers::verify_auth_challenge,
                   "judges the answer to one")
            .field("custom_message", &Triggers::custom_message,
                   "writes mails with codes and invitations, in HTML")
            .field("user_migration", &Triggers::user_migration,
                   "hands over people whom a former directory knows, when they sign in or have "
                   "forgotten the password");
    return object;
}

template <>
const Object<Sms>& describe() {
    static const auto object =
        Object<Sms>("Text messages to phone numbers.")
            .field("function", &Sms::function,
                   "one of `functions`, with a `timeout_seconds` of at most 5, which hands each "
                   "text to whoever carries it: it gets the events of Cognito's CustomSMSSender, "
                   "in the person's home region",
                   required());
    return object;
}

template <>
const Object<Pool>& describe() {
    static const auto object =
        Object<Pool>("A user pool; it exists in every region under the same id suffix.")
            .field("id_suffix", &Pool::id_suffix, "the pool id in region R is R_<id_suffix>",
                   text(is_id_suffix, pattern::kIdSuffix, "1 to 55 letters and digits", true))
            .field("clients", &Pool::clients, "the applications", required_and_filled(names()))
            .field("resource_servers", &Pool::resource_servers, "the APIs that have scopes",
                   names())
            .field("identity_providers", &Pool::identity_providers,
                   "other OpenID providers with which people sign in",
                   text(is_provider_name, pattern::kProviderName,
                        "3 to 32 letters, digits, `.` and `-`, first a letter or digit"))
            .field("password", &Pool::password, "the password policy")
            .field("attributes", &Pool::attributes, "attributes beyond the standard ones")
            .field("residency", &Pool::residency,
                   "directory: everybody has one home, by their country, which all regions know; "
                   "triggers: each region has its own people, nothing is forwarded, and who lives "
                   "where is for pre_sign_up and pre_authentication to say. A pool that has "
                   "people cannot change it")
            .field("country_attribute", &Pool::country_attribute,
                   "the attribute that chooses the home where `residency` is directory; it need "
                   "not be listed in attributes",
                   text(is_attribute, pattern::kAttribute, "custom:NAME or a standard claim"))
            .field("code_hours", &Pool::code_hours, "life of a confirmation code", range(1, 168))
            .field("mfa", &Pool::mfa,
                   "codes of an authenticator app (TOTP) beside the password: nobody's, whoever's "
                   "turns them on, everybody's")
            .field("devices", &Pool::devices,
                   "devices that prove themselves at later sign-ins: none, those that people say "
                   "so of, all that a client confirms")
            .field("devices_replace_mfa", &Pool::devices_replace_mfa,
                   "true: a remembered device's proof stands in for the code of an authenticator "
                   "app; false: both are asked for")
            .field("passkeys", &Pool::passkeys, "sign-in with passkeys; left out: none")
            .field("email_otp", &Pool::email_otp,
                   "true: whoever has a proven address can sign in with a code that is mailed to "
                   "it (EMAIL_OTP), through clients with the flow USER_AUTH")
            .field("sms", &Pool::sms,
                   "codes by text message, which prove phone numbers; left out: none is sent")
            .field("triggers", &Pool::triggers, "functions that take part in sign-up and sign-in")
            .field("reveal_existing", &Pool::reveal_existing,
                   "true: answers tell whether a user exists, as old clients expect; false: "
                   "sign-up with "
                   "an address of somebody's is answered like any other, and they get a mail");
    return object;
}

}  // namespace domicile::config
