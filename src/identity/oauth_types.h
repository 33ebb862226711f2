// What the OpenID provider asks the home of a person, and the reasons of its refusals.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "config/config.h"
#include "identity/messages.h"
#include "identity/token_verifier.h"
#include "identity/types.h"

namespace domicile::identity {

namespace reason {
inline constexpr const char* kRedirectUri = "redirect_uri";
inline constexpr const char* kGrantNotAllowed = "grant_not_allowed";
inline constexpr const char* kGrantInvalid = "grant_invalid";  // a code that is no good
inline constexpr const char* kScopeInvalid = "scope_invalid";  // asks for what it may not have
inline constexpr const char* kScopeMissing = "scope_missing";  // the token is not for this
inline constexpr const char* kProofKey = "proof_key";          // PKCE is missing or malformed
}  // namespace reason

namespace message {
inline constexpr const char* kOAuthSignIn = "identity.oauth_sign_in";
inline constexpr const char* kOAuthAnswer = "identity.oauth_answer";
inline constexpr const char* kOAuthResume = "identity.oauth_resume";
inline constexpr const char* kOAuthEnd = "identity.oauth_end";
inline constexpr const char* kOAuthRedeem = "identity.oauth_redeem";
inline constexpr const char* kOAuthInspect = "identity.oauth_inspect";
inline constexpr const char* kOAuthRevoke = "identity.oauth_revoke";
inline constexpr const char* kOAuthUser = "identity.oauth_user";
inline constexpr const char* kOAuthPasskeyOptions = "identity.oauth_passkey_options";
inline constexpr const char* kOAuthAddPasskey = "identity.oauth_add_passkey";
inline constexpr const char* kOAuthAccount = "identity.oauth_account";
inline constexpr const char* kOAuthEndOthers = "identity.oauth_end_others";
}  // namespace message

// What a client asked for, as it was checked at the arrival. The home checks it again.
struct Authorization {
    std::string client_id, redirect_uri;
    std::string scope;  // one or more, with single spaces
    std::optional<std::string> nonce;
    std::optional<std::string> code_challenge;  // S256
    // Somebody signs in for the pages of their own account: nothing is granted to the client, so
    // that there is never a code, and nothing but the client is said.
    std::optional<bool> own_account = std::nullopt;
};
inline bool is_for_account(const Authorization& asked) { return asked.own_account.value_or(false); }
// Somebody types name and password, or the name only and chooses another way (EMAIL_OTP,
// WEB_AUTHN). `offers_passkey`: who has no passkey can be offered to make one.
struct BrowserSignIn {
    Authorization asked;
    std::string username, password;
    std::optional<std::string> way = std::nullopt;
    std::optional<bool> offers_passkey = std::nullopt;
    std::optional<bool> migrating = std::nullopt;  // as in PasswordRequest
};
// Answers to a challenge that followed: by Cognito's names.
struct BrowserAnswer {
    Authorization asked;
    std::string username, challenge, session;
    Attributes responses;
    std::optional<bool> offers_passkey = std::nullopt;
};
// A browser brings back what it was given at a sign-in before.
struct BrowserResume {
    Authorization asked;
    std::string browser_session;
    std::optional<std::int64_t> max_age_seconds;  // since the person was there
    std::optional<std::string> sub;               // who it has to be
};
struct BrowserEnd {
    std::string browser_session;
};
// Whoever is signed in wants a passkey: options for one, or, with what the browser made of them, to
// have it. They have to have been there within kBrowserFreshSeconds.
struct BrowserPasskey {
    Authorization asked;
    std::string browser_session;
    std::optional<std::string> credential = std::nullopt;
};
inline constexpr std::int64_t kBrowserFreshSeconds = 600;
// Whoever is signed in sees their account, or changes it, on the provider's own pages.
struct BrowserAccount {
    Authorization asked;
    std::string browser_session;
    std::optional<std::int64_t> max_age_seconds;  // since the person was there
};
// What the pages do it with: a token that is good for minutes, and for every operation that people
// have on themselves. It goes to nobody, neither to the browser nor to the client, and ends with
// the browser's session.
struct BrowserAccess {
    std::string access_token, username;
    bool external = false;  // another provider says who they are
};
struct Authorized {
    std::optional<std::string> code;
    std::optional<std::string> browser_session;  // for the browser; of a sign-in only
    std::optional<Challenge> challenge;          // instead of both
    std::optional<std::string> elsewhere;        // the region that has to be asked, instead
    std::optional<bool> offers_passkey;  // instead of the code, which resuming gives afterwards
};
struct RedeemRequest {
    std::string client_id, code, redirect_uri;
    std::optional<std::string> code_verifier;
};
struct InspectRequest {
    std::string client_id, token;
};
// RFC 7662; nothing but `active` of a token that is none.
struct TokenState {
    bool active = false;
    std::string use;  // "access" or "refresh"
    std::string sub, username, client_id, scope;
    std::int64_t issued = 0, expires = 0;  // seconds; 0: not said
};
// Tokens with what they are for.
struct GrantedTokens {
    Tokens tokens;
    std::string scope;
};

BOOST_DESCRIBE_STRUCT(Authorization, (),
                      (client_id, redirect_uri, scope, nonce, code_challenge, own_account))
BOOST_DESCRIBE_STRUCT(BrowserSignIn, (),
                      (asked, username, password, way, offers_passkey, migrating))
BOOST_DESCRIBE_STRUCT(BrowserAnswer, (),
                      (asked, username, challenge, session, responses, offers_passkey))
BOOST_DESCRIBE_STRUCT(BrowserResume, (), (asked, browser_session, max_age_seconds, sub))
BOOST_DESCRIBE_STRUCT(BrowserEnd, (), (browser_session))
BOOST_DESCRIBE_STRUCT(BrowserPasskey, (), (asked, browser_session, credential))
BOOST_DESCRIBE_STRUCT(BrowserAccount, (), (asked, browser_session, max_age_seconds))
BOOST_DESCRIBE_STRUCT(BrowserAccess, (), (access_token, username, external))
BOOST_DESCRIBE_STRUCT(Authorized, (), (code, browser_session, challenge, elsewhere, offers_passkey))
BOOST_DESCRIBE_STRUCT(RedeemRequest, (), (client_id, code, redirect_uri, code_verifier))
BOOST_DESCRIBE_STRUCT(InspectRequest, (), (client_id, token))
BOOST_DESCRIBE_STRUCT(TokenState, (),
                      (active, use, sub, username, client_id, scope, issued, expires))

// Whether a token of this scope, or what it asks for, says an attribute. As with Cognito:
// `profile`, and `openid` alone, show all of them; `email` and `phone` theirs.
bool scope_shows(std::string_view scopes, std::string_view attribute);
std::string scope_of(const VerifiedToken& token);
bool has_scope(std::string_view scopes, std::string_view scope);
// Whether the client may ask for this: its grant, redirect URI, scopes and PKCE (which clients
// without a secret have to use); its grant alone where nothing is granted to it. invalid_argument
// with one of the reasons above.
Result<void> check_authorization(const config::Client& client, const Authorization& asked);
// RFC 7636: 43 to 128 unreserved characters.
bool is_code_verifier(std::string_view text);

}  // namespace domicile::identity
