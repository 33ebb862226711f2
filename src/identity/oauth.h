// The OpenID provider of a region, without its wire formats: sends what it is asked to the home of
// the person, or of the code or token, and answers for itself. Clients trust the region that they
// were configured with: the ID tokens that they get here bear this region's issuer and signature,
// also about people whose home is elsewhere (ADR 0025). Access tokens stay their home's.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/live.h"
#include "config/config.h"
#include "identity/client_secrets.h"
#include "identity/external.h"
#include "identity/home.h"
#include "identity/oauth_types.h"
#include "identity/router.h"
#include "identity/token_verifier.h"
#include "telemetry/outcome.h"
#include "telemetry/registry.h"

namespace domicile::identity {

enum class OAuthAct : std::uint8_t {
    sign_in,
    answer,
    resume,
    end,
    redeem,
    inspect,
    revoke,
    user,
    client_token,
    external,
    passkey_options,
    add_passkey,
    account,
    end_others
};
constexpr std::array<std::string_view, 14> label_values(OAuthAct) {
    return {"sign_in",         "answer",      "resume", "end",          "redeem",
            "inspect",         "revoke",      "user",   "client_token", "external",
            "passkey_options", "add_passkey", "account"};
}

class OAuth {
  public:
    struct Parts {
        Ref<config::Config> config;
        std::string region;
        std::uint16_t public_port;
        Home& home;
        Router& router;
        TokenVerifier& verifier;
        const ClientSecrets& secrets;
        io::Clock& clock;
        io::Random& random;
        ExternalProviders* providers;
        keyring::DataKey state_key;
    };
    explicit OAuth(Parts parts) : p_(std::move(parts)) {}
    void register_handlers();
    void report_to(telemetry::Registry& registry);

    // not_found with reason unknown_client.
    Result<ClientOfPool> client(std::string_view client_id) const;
    const ClientSecrets& secrets() const { return p_.secrets; }
    // Of this region.
    std::string issuer_of(const config::Pool& pool) const;
    // https://idp.<region>.<domain>[:port] of any region.
    std::string origin_of(std::string_view region) const;

    // A code, a challenge, or the region that has to be asked. Errors as those of a sign-in.
    io::Task<Result<Authorized>> sign_in(BrowserSignIn request);
    io::Task<Result<Authorized>> answer(BrowserAnswer request);
    // unauthenticated with reason session_invalid: somebody has to sign in.
    io::Task<Result<Authorized>> resume(BrowserResume request);
    // Whom another provider names (ADR 0031): as sign_in(), or what has to be asked first.
    io::Task<Result<ExternalOutcome>> external(BrowserExternal request);
    // What a browser keeps for this region, while it is at another provider or at a page.
    std::string seal_state(std::string_view purpose, std::string_view text) const;
    Result<std::string> open_state(std::string_view purpose, std::string_view sealed) const;
    io::Task<Result<Done>> end(BrowserEnd request);
    // A passkey for whoever has just signed in; session_invalid: they have to sign in again.
    io::Task<Result<PasskeyOptions>> passkey_options(BrowserPasskey request);
    io::Task<Result<Done>> add_passkey(BrowserPasskey request);
    // What the pages of somebody's own account work with; session_invalid: they have to sign in.
    io::Task<Result<BrowserAccess>> account(BrowserAccount request);
    // Ends all sessions of a person but that of the token.
    io::Task<Result<Done>> end_others(AccessTokenRequest request);

    // unauthenticated with reason grant_invalid, or one of those of refresh tokens.
    io::Task<Result<GrantedTokens>> redeem(RedeemRequest request);
    io::Task<Result<GrantedTokens>> refresh(RefreshRequest request);
    // For a client that acts for itself: made here, about nobody, so no home is asked. `scope`
    // empty: all scopes of APIs that the client has. permission_denied with reason
    // grant_not_allowed, invalid_argument with reason scope_invalid.
    io::Task<Result<GrantedTokens>> client_token(std::string client_id, std::string scope);
    io::Task<Result<TokenState>> inspect(InspectRequest request);
    io::Task<Result<Done>> revoke(InspectRequest request);
    // permission_denied with reason scope_missing.
    io::Task<Result<User>> user(AccessTokenRequest request);

    // The home of a name or its decoy, and that of somebody new: where a browser has to go when its
    // request may not pass through here.
    io::Task<Result<std::string>> home_of_name(std::string client_id, std::string username);
    Result<std::string> home_of_new(const config::Pool& pool, const Attributes& attributes) const;

    // What an ID token of this region says, also one that has expired; unauthenticated otherwise.
    struct Hint {
        std::string sub, client_id;
    };
    io::Task<Result<Hint>> read_hint(std::string id_token);

  private:
    // The region that a value names, if it is one of ours.
    std::optional<std::string> named(std::string_view value, std::string_view client_id) const;
    template <class Request, class Answer>
    io::Task<Result<Answer>> at(std::string home, const char* type, Request request,
                                io::Task<Result<Answer>> (Home::*here)(Request)) {
        return p_.router.run(std::move(home), residency::Operation::sign_in, type,
                             std::move(request), here);
    }
    template <class T>
    io::Task<Result<T>> counted(OAuthAct act, io::Task<Result<T>> task) {
        auto outcome = co_await task;
        acts_.add(act, telemetry::outcome_of(outcome));
        co_return outcome;
    }
    template <class Request>
    io::Task<Result<Authorized>> by_name(const char* type, Request request,
                                         io::Task<Result<Authorized>> (Home::*here)(Request));
    io::Task<Result<Authorized>> try_resume(BrowserResume request);
    template <class Request, class Answer>
    io::Task<Result<Answer>> by_browser(const char* type, Request request,
                                        io::Task<Result<Answer>> (Home::*here)(Request));
    io::Task<Result<ExternalOutcome>> try_external(BrowserExternal request);
    io::Task<Result<Done>> try_end(BrowserEnd request);
    io::Task<Result<Tokens>> try_redeem(RedeemRequest request);
    io::Task<Result<TokenState>> try_inspect(InspectRequest request);
    io::Task<Result<Done>> try_revoke(InspectRequest request);
    io::Task<Result<User>> try_user(AccessTokenRequest request);
    io::Task<Result<Done>> try_end_others(AccessTokenRequest request);
    io::Task<Result<Tokens>> try_refresh(RefreshRequest request);
    // The region that has the last word on an access or refresh token; nullopt: it is none.
    io::Task<Result<std::optional<std::string>>> home_of(InspectRequest request);
    std::optional<std::string> issuing_region(std::string_view token) const;
    io::Task<Result<GrantedTokens>> as_own(Tokens tokens, std::string client_id);

    Parts p_;
    telemetry::CounterBy<OAuthAct, telemetry::Outcome> acts_;
};

}  // namespace domicile::identity
