// Sign-in with another OpenID provider. The browser goes there with a sealed state, which only this
// browser can bring back, and comes back to /oauth2/idpresponse with a code; what the code is good
// for says who somebody is. Nothing is kept here meanwhile. Whoever is new, and of whom the
// provider does not say enough, is asked at /complete, with the provider's proof sealed in the
// page.
#include <algorithm>
#include <array>

#include "api/oidc/external_state.h"
#include "api/oidc/oidc.h"
#include "api/oidc/reply.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::api::oidc {
namespace {

namespace reason = identity::reason;

constexpr std::size_t kQueryBytesMax = 4096;
constexpr std::size_t kCodeBytesMax = 4096;
constexpr Millis kStateLifetime{15 * 60'000};

AuthorizeError told(const AuthorizeRequest& request, const char* error, const char* description) {
    return {request.asked.redirect_uri, request.state, error, description};
}
AuthorizeError shown(const char* description) {
    return {std::nullopt, std::nullopt, "invalid_request", description};
}

// What the application hears of what went wrong there. A provider's own words stay here.
AuthorizeError of_provider(const AuthorizeRequest& request, std::string_view error) {
    if (error == "temporarily_unavailable") {
        return told(request, "temporarily_unavailable", "The identity provider is unavailable.");
    }
    if (error == "server_error" || error.starts_with("invalid_") ||
        error.starts_with("unauthorized_") || error.starts_with("unsupported_")) {
        return told(request, "server_error", "The identity provider refused the request.");
    }
    return told(request, "access_denied", "The person was not signed in by the identity provider.");
}

// What the person in front of the browser is told, since they can do something about it.
bool is_for_person(const Error& error) {
    constexpr std::array kReasons = {reason::kAddressTaken, reason::kDisabled, reason::kAttribute,
                                     reason::kSchema, reason::kTriggerRefused};
    return std::ranges::any_of(kReasons, [&](const char* one) { return error.reason == one; });
}

AuthorizeError of_error(const AuthorizeRequest& request, const Error& error) {
    if (error.reason == reason::kProviderUnknown) {
        return told(request, "invalid_request",
                    "The identity_provider is not one of the client's.");
    }
    if (error.code == Code::unavailable || error.code == Code::resource_exhausted ||
        error.code == Code::deadline_exceeded) {
        return told(request, "temporarily_unavailable", "Please try again.");
    }
    return told(request, "server_error", "The identity provider's answer is not good.");
}

std::string with_provider(std::string_view query, const std::string& provider) {
    auto form = Form::parse(query);
    if (!form) return std::string();
    form->remove("identity_provider");
    form->add("identity_provider", provider);
    return "/oauth2/authorize?" + form->encode();
}

}  // namespace

std::string Oidc::external_target() const {
    return oauth_.origin_of(region_) + "/oauth2/idpresponse";
}

bool Oidc::signs_in_itself(const AuthorizeRequest& request) const {
    const auto client = oauth_.client(request.asked.client_id);
    return client && client->client->oauth &&
           client->client->oauth->takes_provider(config::kOwnSignIn);
}

void Oidc::add_providers(const Language& words, const AuthorizeRequest& request,
                         std::string_view query, Page& page) const {
    const auto client = oauth_.client(request.asked.client_id);
    if (!client || !client->client->oauth) return;
    if (!signs_in_itself(request)) {
        page.action.clear();
        page.links.clear();
    }
    for (const std::string& name : client->client->oauth->identity_providers) {
        if (name == config::kOwnSignIn) continue;
        page.links.push_back({with_provider(query, name), words[Text::sign_in_with], name});
    }
}

std::optional<std::string> Oidc::chosen_provider(const config::OAuth& oauth,
                                                 std::string_view query) {
    const auto form = Form::parse(query);
    auto named = form ? form->find("identity_provider") : std::nullopt;
    const bool own = oauth.takes_provider(config::kOwnSignIn);
    if (!named && !own && oauth.identity_providers.size() == 1) {
        named = oauth.identity_providers.front();
    }
    if (named == config::kOwnSignIn) return std::nullopt;
    return named;
}

io::Task<Result<void>> Oidc::begin_external(http::Exchange& exchange, AuthorizeRequest request,
                                            std::string provider) {
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request.asked.client_id));
    const std::string query(exchange.request().query);
    if (query.size() > kQueryBytesMax) {
        AuthorizeError error = told(request, "invalid_request", "The request is too long.");
        co_return co_await tell_failure(exchange, request, std::move(error));
    }
    if (!client.client->oauth->takes_provider(provider)) {
        AuthorizeError error =
            told(request, "invalid_request", "The identity_provider is not one of the client's.");
        co_return co_await tell_failure(exchange, request, std::move(error));
    }
    const std::string browser = form_token(exchange);
    ExternalState state;
    state.query = query;
    state.provider = provider;
    state.nonce = to_base64url(random_.bytes(24));
    state.verifier = to_base64url(random_.bytes(32));
    state.browser = to_base64url(crypto::sha256(browser));
    state.expires_ms = (clock_.now() + kStateLifetime).ms;
    federation::Providers::Begin begin;
    begin.redirect_uri = external_target();
    begin.state = oauth_.seal_state(kStatePurpose, write_state(state));
    begin.nonce = state.nonce;
    begin.code_challenge = to_base64url(crypto::sha256(state.verifier));
    begin.anew = request.shows_anew;
    const auto form = Form::parse(query);
    if (form) begin.login_hint = form->get("login_hint");
    auto location = co_await providers_.begin(client.pool, std::move(provider), std::move(begin));
    if (!location) {
        AuthorizeError error = of_error(request, location.error());
        co_return co_await tell_failure(exchange, request, std::move(error));
    }
    std::vector<std::string> cookies = {
        set_cookie(exchange, cookie_name(exchange, "form"), browser)};
    co_return co_await reply_redirect(exchange, std::move(*location), std::move(cookies));
}

// What went wrong with a provider is the application's to hear; of an account's pages there is
// none, and the person reads it where they can try again.
io::Task<Result<void>> Oidc::tell_failure(http::Exchange& exchange, const AuthorizeRequest& request,
                                          AuthorizeError error) {
    if (!request.account_query) {
        std::string client_id = request.asked.client_id;
        co_return co_await tell(exchange, std::move(client_id), std::move(error));
    }
    const Language& words = language(exchange);
    Page page = sign_in_page(words, "");
    page.problem = words[Text::provider_failed];
    std::string query = *request.account_query;
    add_providers(words, request, query, page);
    const int status = error.error == "temporarily_unavailable" ? 503 : 400;
    co_return co_await show_of(exchange, request, status, std::move(page), std::move(query));
}

// Of this browser, and not too old.
std::optional<ExternalState> Oidc::own_state(const http::Exchange& exchange,
                                             const std::string& sealed) const {
    const auto text = oauth_.open_state(kStatePurpose, sealed);
    if (!text) return std::nullopt;
    auto state = read_state(*text);
    if (!state || state->expires_ms <= clock_.now().ms) return std::nullopt;
    const auto browser = find_cookie(exchange, cookie_name(exchange, "form"));
    if (!browser || state->browser != to_base64url(crypto::sha256(*browser))) return std::nullopt;
    return std::move(*state);
}

io::Task<Result<void>> Oidc::take_external(http::Exchange& exchange) {
    if (exchange.request().method == "POST") co_return co_await reply_method(exchange, "GET, HEAD");
    const auto form = Form::parse(exchange.request().query);
    auto state = own_state(exchange, form ? form->get("state") : std::string());
    if (!state) {
        AuthorizeError error = shown("The sign-in took too long, or did not begin here.");
        co_return co_await show_error(exchange, std::move(error));
    }
    auto request = read_request(state->query);
    if (!request) co_return co_await show_error(exchange, std::move(request.error()));
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request->asked.client_id));
    const std::string code = form->get("code");
    if (form->find("error") || code.empty() || code.size() > kCodeBytesMax) {
        AuthorizeError error = of_provider(*request, form->find("error").value_or("server_error"));
        co_return co_await tell_failure(exchange, *request, std::move(error));
    }
    federation::Providers::Answer answer{code, external_target(), state->verifier,
                                         form->find("iss")};
    auto proof =
        co_await providers_.redeem(client.pool, state->provider, state->nonce, std::move(answer));
    if (!proof) {
        AuthorizeError error = of_error(*request, proof.error());
        co_return co_await tell_failure(exchange, *request, std::move(error));
    }
    state->proof = std::move(*proof);
    identity::Attributes nothing;
    co_return co_await sign_in_external(exchange, std::move(*state), std::move(*request),
                                        std::move(nothing));
}

io::Task<Result<void>> Oidc::sign_in_external(http::Exchange& exchange, ExternalState state,
                                              AuthorizeRequest request,
                                              identity::Attributes answers) {
    identity::BrowserExternal call;
    call.asked = request.asked;
    call.proof = *state.proof;
    call.answers = std::move(answers);
    auto outcome = co_await oauth_.external(std::move(call));
    if (!outcome && is_for_person(outcome.error())) {
        Page page = sign_in_page(language(exchange), "");
        page.problem = words_for(language(exchange), outcome.error());
        add_providers(language(exchange), request, state.query, page);
        co_return co_await show_of(exchange, request, status_for(outcome.error()), std::move(page),
                                   std::move(state.query));
    }
    if (!outcome) {
        AuthorizeError error = of_error(request, outcome.error());
        co_return co_await tell_failure(exchange, request, std::move(error));
    }
    if (!outcome->missing.empty()) {
        co_return co_await ask_for_more(exchange, std::move(state), std::move(request),
                                        std::move(outcome->missing));
    }
    if (outcome->authorized.elsewhere) {
        // The home signs them in itself: the provider knows them by now, and asks nothing more.
        std::string location = oauth_.origin_of(*outcome->authorized.elsewhere) +
                               with_provider(state.query, state.provider);
        co_return co_await reply_redirect(exchange, std::move(location));
    }
    Entering who;
    co_return co_await conclude(exchange, std::move(request), std::move(outcome->authorized),
                                std::move(who));
}

io::Task<Result<void>> Oidc::ask_for_more(http::Exchange& exchange, ExternalState state,
                                          AuthorizeRequest request,
                                          std::vector<std::string> missing) {
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request.asked.client_id));
    const Language& words = language(exchange);
    std::string query = state.query;
    Page page{words, words[Text::complete], words[Text::complete_advice]};
    page.action = "/complete";
    page.button = words[Text::go_on];
    for (const std::string& name : missing) {
        page.fields.push_back(attribute_field(words, *client.pool, name, Form()));
    }
    page.fields.push_back(
        {"state", "", "hidden", "off", oauth_.seal_state(kStatePurpose, write_state(state))});
    co_return co_await show_of(exchange, request, 200, std::move(page), std::move(query));
}

io::Task<Result<void>> Oidc::complete(http::Exchange& exchange) {
    auto request = read_request(exchange.request().query);
    if (!request) co_return co_await show_error(exchange, std::move(request.error()));
    if (exchange.request().method != "POST") {
        std::string location = "/login?" + std::string(exchange.request().query);
        co_return co_await reply_redirect(exchange, std::move(location));
    }
    auto form = co_await read_parameters(exchange);
    if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
    const bool own = form && form_token_fits(exchange, *form);
    auto state = own_state(exchange, own ? form->get("state") : std::string());
    if (!state || !state->proof || state->query != exchange.request().query) {
        std::string problem(language(exchange)[Text::form_expired]);
        co_return co_await show_sign_in(exchange, *request, 400, std::move(problem), "");
    }
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request->asked.client_id));
    identity::Attributes answers = answered_attributes(*client.pool, *form);
    co_return co_await sign_in_external(exchange, std::move(*state), std::move(*request),
                                        std::move(answers));
}

}  // namespace domicile::api::oidc
