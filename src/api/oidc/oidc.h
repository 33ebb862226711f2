// OpenID Connect over HTTP, for the hosts that the Cognito dialect has, and the region's loopback
// port. Signing in is two requests to this region, which keeps nothing between them: the second
// brings the whole first one in its query.
#pragma once

#include <optional>
#include <string>

#include "api/oidc/authorize_request.h"
#include "api/oidc/external_state.h"
#include "api/oidc/form.h"
#include "api/oidc/page.h"
#include "api/oidc/texts.h"
#include "base/live.h"
#include "config/config.h"
#include "federation/providers.h"
#include "http/server.h"
#include "identity/identity.h"
#include "identity/oauth.h"
#include "io/clock.h"
#include "io/task.h"
#include "limits/limiter.h"
#include "telemetry/operations.h"

namespace domicile::api::oidc {

// What the form's `way` chooses of several second factors.
inline constexpr std::string_view kWayApp = "app", kWayMail = "mail";

class Oidc {
  public:
    // All outlive it. Without `limiter` nothing is counted by where it comes from.
    Oidc(Ref<config::Config> config, identity::Identity& identity, federation::Providers& providers,
         std::string region, io::Random& random = io::system_random(),
         io::Clock& clock = io::system_clock(), limits::Limiter* limiter = nullptr)
        : config_(config),
          identity_(identity),
          oauth_(identity.oauth()),
          providers_(providers),
          region_(std::move(region)),
          clock_(clock),
          random_(random),
          limiter_(limiter) {}

    // Whether a path is one of these.
    static bool takes(std::string_view path);
    // Answers every request; an error means that the connection is of no more use.
    io::Task<Result<void>> handle(http::Exchange& exchange);
    // Once, at start.
    void report_to(telemetry::Registry& registry);

  private:
    using Done = io::Task<Result<void>>;
    // Who signs in, as far as a page knows, and what it gives the browser in the end.
    struct Entering {
        std::string username;
        bool has_passkeys = false;  // the browser
        std::vector<std::string> cookies = {};
    };

    Done discovery(http::Exchange& exchange);
    // sign_in.cc
    Done authorize(http::Exchange& exchange);
    Done login(http::Exchange& exchange);
    Done take_password(http::Exchange& exchange, AuthorizeRequest request);
    Done show_sign_in(http::Exchange& exchange, const AuthorizeRequest& request, int status,
                      std::string problem, std::string username);
    io::Task<Result<identity::Authorized>> send_answers(const AuthorizeRequest& request,
                                                        const Form& form, const Entering& who);
    // Other ways than a password, where the client and its pool have them.
    void add_choices(const Language& words, const AuthorizeRequest& request, Page& page) const;
    bool offers_passkeys(const AuthorizeRequest& request) const;
    // challenge_pages.cc
    Done show_challenge(http::Exchange& exchange, const AuthorizeRequest& request,
                        std::string problem, const identity::Challenge& challenge, Entering who);
    Done begin_app(http::Exchange& exchange, AuthorizeRequest request, std::string session,
                   Entering who);
    Done take_app_code(http::Exchange& exchange, AuthorizeRequest request, Form form, Entering who,
                       limits::Permit permit);
    Done show_app(http::Exchange& exchange, const AuthorizeRequest& request, std::string problem,
                  identity::AssociatedApp app, Entering who);
    // A page with a secret for an app and a field for its code; the form brings the secret back,
    // so that it can be shown again.
    Page app_page(const Language& words, const std::string& username, std::string secret) const;
    static bool is_app_secret(std::string_view text);
    // passkey_pages.cc: /passkeys/add
    Done passkey(http::Exchange& exchange);
    Done take_passkey(http::Exchange& exchange, AuthorizeRequest request, std::string browser);
    Done offer_passkey(http::Exchange& exchange, AuthorizeRequest request, std::string browser,
                       std::string problem);
    // own_account.cc, account_overview.cc: /account
    struct Visit {  // of whoever is signed in
        AuthorizeRequest request;
        identity::BrowserAccess who;
    };
    struct Said {  // of what they did
        std::string_view note;
        std::string problem;
        int status = 200;
    };
    Done own_account(http::Exchange& exchange);
    // session_invalid or not_in_region: they have to sign in.
    io::Task<Result<Visit>> enter(AuthorizeRequest request, std::string browser,
                                  std::optional<std::int64_t> max_age_seconds);
    Done refuse_visit(http::Exchange& exchange, Error error);
    Done take_act(http::Exchange& exchange, AuthorizeRequest request, std::string browser);
    Done show_account(http::Exchange& exchange, Visit visit, Said said);
    io::Task<Result<void>> add_sections(const Language& words, const Visit& visit, Page& page);
    io::Task<Result<void>> add_passkeys(const Language& words, const Visit& visit, Page& page);
    io::Task<Result<void>> add_app_section(const Language& words, const Visit& visit, Page& page);
    io::Task<Result<void>> add_sessions(const Language& words, const Visit& visit, Page& page);
    bool has_passkeys(const Visit& visit) const;
    Said said_of(const http::Exchange& exchange, const Error& error) const;
    template <class T>
    Said outcome(const http::Exchange& exchange, const Result<T>& done, Text note) const;
    io::Task<Said> remove_passkey(http::Exchange& exchange, const Visit& visit, std::string id);
    io::Task<Said> turn_off_app(http::Exchange& exchange, const Visit& visit);
    io::Task<Said> end_session(http::Exchange& exchange, const Visit& visit, std::string id);
    io::Task<Said> end_others(http::Exchange& exchange, const Visit& visit);
    Done show_password(http::Exchange& exchange, const Visit& visit, std::string problem,
                       int status);
    Done take_own_password(http::Exchange& exchange, Visit visit, Form form);
    Done take_own_passkey(http::Exchange& exchange, Visit visit, Form form);
    Done begin_own_app(http::Exchange& exchange, Visit visit);
    Done show_own_app(http::Exchange& exchange, const Visit& visit, std::string problem,
                      std::string secret);
    Done take_own_app(http::Exchange& exchange, Visit visit, Form form);
    Done show_own(http::Exchange& exchange, const Visit& visit, int status, Page page);
    // To the application, from the browser's session.
    Done leave(http::Exchange& exchange, AuthorizeRequest request, std::string browser,
               std::vector<std::string> cookies);
    Done show_error(http::Exchange& exchange, AuthorizeError error);
    // A page of the form that leads to the client of `request`: adds what all of them have. Its
    // action and links are paths, to which the query of the request is added.
    Done show(http::Exchange& exchange, const AuthorizeRequest& request, int status, Page page);
    // The same with the query of the request that began it.
    Done show_of(http::Exchange& exchange, const AuthorizeRequest& request, int status, Page page,
                 std::string query);
    // What a page says of an error.
    static std::string words_for(const Language& words, const Error& error);
    static int status_for(const Error& error);
    // account.cc: /signup, /confirm, /forgotPassword, /confirmForgotPassword
    Done account(http::Exchange& exchange, std::string_view name);
    Done take_answers(http::Exchange& exchange, std::string_view name, AuthorizeRequest request,
                      Form form);
    Done take_sign_up(http::Exchange& exchange, AuthorizeRequest request, Form form,
                      limits::Permit permit);
    Done take_confirmation(http::Exchange& exchange, AuthorizeRequest request, Form form,
                           limits::Permit permit);
    Done take_forgotten(http::Exchange& exchange, AuthorizeRequest request, Form form,
                        limits::Permit permit);
    Done take_new_password(http::Exchange& exchange, AuthorizeRequest request, Form form,
                           limits::Permit permit);
    Page page_for(const Language& words, std::string_view name, const AuthorizeRequest& request,
                  const Form& form) const;
    Page sign_up_page(const Language& words, const config::Pool& pool, const Form& form) const;
    Page sign_in_page(const Language& words, std::string username) const;
    Done refuse_answers(http::Exchange& exchange, std::string_view name,
                        const AuthorizeRequest& request, const Form& form, Error problem);
    Done send_home(http::Exchange& exchange, Result<std::string> home);
    std::vector<std::string> countries() const;
    // external.cc: sign-in with another provider
    Done begin_external(http::Exchange& exchange, AuthorizeRequest request, std::string provider);
    Done take_external(http::Exchange& exchange);
    Done complete(http::Exchange& exchange);
    Done sign_in_external(http::Exchange& exchange, ExternalState state, AuthorizeRequest request,
                          identity::Attributes answers);
    Done ask_for_more(http::Exchange& exchange, ExternalState state, AuthorizeRequest request,
                      std::vector<std::string> missing);
    std::optional<ExternalState> own_state(const http::Exchange& exchange,
                                           const std::string& sealed) const;
    std::string external_target() const;
    // Whether people sign in with a password of the pool.
    bool signs_in_itself(const AuthorizeRequest& request) const;
    // Links to the providers that the client takes; without its form where it takes no password.
    void add_providers(const Language& words, const AuthorizeRequest& request,
                       std::string_view query, Page& page) const;
    // Which provider a request names, or the only one there is; nullopt: the pool itself.
    static std::optional<std::string> chosen_provider(const config::OAuth& oauth,
                                                      std::string_view query);
    Done tell_failure(http::Exchange& exchange, const AuthorizeRequest& request,
                      AuthorizeError error);
    // To the client, or to the person where the client is not known.
    Done tell(http::Exchange& exchange, std::string client_id, AuthorizeError error);
    Field attribute_field(const Language& words, const config::Pool& pool, const std::string& name,
                          const Form& form) const;
    static identity::Attributes answered_attributes(const config::Pool& pool, const Form& form);
    Done conclude(http::Exchange& exchange, AuthorizeRequest request,
                  identity::Authorized authorized, Entering who);
    Done refuse_sign_in(http::Exchange& exchange, AuthorizeRequest request, Error error,
                        Form answers);
    Done to_login(http::Exchange& exchange);
    // Whether the browser has passkeys, and its owner did not say that they want none of ours.
    bool wants_passkeys(const http::Exchange& exchange, const Form& form) const;
    std::expected<AuthorizeRequest, AuthorizeError> read_request(std::string_view query) const;
    Done redirect(http::Exchange& exchange, const std::string& client_id,
                  const std::string& redirect_uri, std::optional<std::string> state,
                  std::vector<std::pair<std::string, std::string>> parameters,
                  std::vector<std::string> cookies);
    // logout.cc
    Done logout(http::Exchange& exchange);
    Done ask_to_sign_out(http::Exchange& exchange);
    Done sign_out(http::Exchange& exchange, const config::Pool* pool,
                  std::optional<std::string> target);
    // token.cc
    Done token(http::Exchange& exchange);
    Done revoke(http::Exchange& exchange);
    Done introspect(http::Exchange& exchange);
    Done user_info(http::Exchange& exchange);
    struct Caller {
        identity::ClientOfPool client;
        std::optional<std::string> secret;
    };
    enum class Asking : std::uint8_t { anybody, with_secret };
    io::Task<Result<std::optional<identity::InspectRequest>>> asked_about(http::Exchange& exchange,
                                                                          Asking who);
    io::Task<Result<identity::InspectRequest>> read_question(http::Exchange& exchange,
                                                             const Form& form, Asking who);
    // Who calls the token endpoint and those beside it, by Basic or in the form.
    io::Task<Result<Caller>> authenticate(http::Exchange& exchange, const Form& form);
    io::Task<Result<identity::GrantedTokens>> grant(Caller caller, Form form);

    // limited.cc: whether the address and the client may try (once more).
    io::Task<Result<limits::Admission>> admit(http::Exchange& exchange, limits::Kind kind,
                                              std::string client_id);
    // At the token endpoint and beside it, where only a client's secret can be guessed: who shows
    // none is not counted.
    io::Task<Result<limits::Admission>> admit_secret(http::Exchange& exchange, const Form& form);
    // Who is too fast hears when to come again: a person, and a program.
    Done show_limited(http::Exchange& exchange, limits::Refusal refusal);
    Done reply_limited(http::Exchange& exchange, limits::Refusal refusal);

    // What browsers keep. The names say that they came over TLS from this very host.
    std::string cookie_name(const http::Exchange& exchange, std::string_view name) const;
    std::string session_cookie(const http::Exchange& exchange, const config::Pool& pool) const;
    std::string form_token(const http::Exchange& exchange) const;
    bool form_token_fits(const http::Exchange& exchange, const Form& form) const;
    const Language& language(const http::Exchange& exchange) const;

    Ref<config::Config> config_;
    identity::Identity& identity_;
    identity::OAuth& oauth_;
    federation::Providers& providers_;
    const std::string region_;
    io::Clock& clock_;
    io::Random& random_;
    limits::Limiter* const limiter_;
    telemetry::Operations operations_;
};

}  // namespace domicile::api::oidc
