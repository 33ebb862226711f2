// /passkeys/add, as Cognito's pages have it: whoever has just signed in makes a passkey, or says
// that they want none, and goes on to the application. The browser's session says who it is; its
// home wants it to be fresh. Passkeys need the script; leaving does not.
#include <algorithm>

#include "api/oidc/oidc.h"
#include "api/oidc/reply.h"

namespace domicile::api::oidc {
namespace {

namespace reason = identity::reason;

constexpr std::string_view kLater = "later";
constexpr std::string_view kLaterCookie = "no-passkey";
constexpr std::int64_t kLaterSeconds = 90 * 86'400;

bool has_to_sign_in(const Error& error) {
    return error.code == Code::unauthenticated || error.reason == reason::kNotInRegion;
}

}  // namespace

// Browsers take passkeys for this host only under its own name or one above it.
bool Oidc::offers_passkeys(const AuthorizeRequest& request) const {
    const auto client = oauth_.client(request.asked.client_id);
    if (!client || !client->pool->passkeys) return false;
    if (!client->client->allows(config::AuthFlow::user_auth)) return false;
    const config::Passkeys& rules = *client->pool->passkeys;
    const std::string host = "idp." + region_ + "." + config_->domain;
    const bool is_below =
        host == rules.relying_party_id || host.ends_with("." + rules.relying_party_id);
    const auto& origins = rules.origins;
    return is_below && (origins.empty() ||
                        std::ranges::find(origins, oauth_.origin_of(region_)) != origins.end());
}

bool Oidc::wants_passkeys(const http::Exchange& exchange, const Form& form) const {
    return form.get("passkeys") == "1" &&
           !find_cookie(exchange, cookie_name(exchange, kLaterCookie)).has_value();
}

io::Task<Result<void>> Oidc::passkey(http::Exchange& exchange) {
    auto request = read_request(exchange.request().query);
    if (!request) co_return co_await show_error(exchange, std::move(request.error()));
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request->asked.client_id));
    auto browser = find_cookie(exchange, session_cookie(exchange, *client.pool));
    if (!browser || request->account_query || !offers_passkeys(*request)) {
        co_return co_await to_login(exchange);
    }
    if (exchange.request().method == "POST") {
        co_return co_await take_passkey(exchange, std::move(*request), std::move(*browser));
    }
    co_return co_await offer_passkey(exchange, std::move(*request), std::move(*browser), "");
}

io::Task<Result<void>> Oidc::take_passkey(http::Exchange& exchange, AuthorizeRequest request,
                                          std::string browser) {
    const Language& words = language(exchange);
    const auto form = co_await read_parameters(exchange);
    if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
    if (!form || !form_token_fits(exchange, *form)) {
        std::string problem(words[Text::form_expired]);
        co_return co_await offer_passkey(exchange, std::move(request), std::move(browser),
                                         std::move(problem));
    }
    std::vector<std::string> cookies;
    if (form->get("way") == kLater) {
        cookies.push_back(
            set_cookie(exchange, cookie_name(exchange, kLaterCookie), "1", kLaterSeconds));
        co_return co_await leave(exchange, std::move(request), std::move(browser),
                                 std::move(cookies));
    }
    identity::BrowserPasskey call{request.asked, browser, form->get("credential")};
    const auto added = co_await oauth_.add_passkey(std::move(call));
    if (added) {
        co_return co_await leave(exchange, std::move(request), std::move(browser),
                                 std::move(cookies));
    }
    if (has_to_sign_in(added.error())) co_return co_await to_login(exchange);
    const bool is_full = added.error().reason == reason::kTooManyPasskeys;
    std::string problem(words[is_full ? Text::too_many_passkeys : Text::passkey_not_made]);
    co_return co_await offer_passkey(exchange, std::move(request), std::move(browser),
                                     std::move(problem));
}

io::Task<Result<void>> Oidc::offer_passkey(http::Exchange& exchange, AuthorizeRequest request,
                                           std::string browser, std::string problem) {
    const Language& words = language(exchange);
    identity::BrowserPasskey call{request.asked, browser};
    const auto made = co_await oauth_.passkey_options(std::move(call));
    if (!made && has_to_sign_in(made.error())) co_return co_await to_login(exchange);
    if (!made && made.error().reason == reason::kPasskeysOff) {
        std::vector<std::string> cookies;
        co_return co_await leave(exchange, std::move(request), std::move(browser),
                                 std::move(cookies));
    }
    Page page{words, words[Text::passkey_make], words[Text::passkey_make_advice]};
    page.problem = made ? std::move(problem) : words_for(words, made.error());
    page.action = "/passkeys/add";
    page.fields.push_back({"credential", "", "hidden"});
    if (made) {
        page.passkeys = PasskeyScript{"create", made->options, words[Text::passkey_failed],
                                      words[Text::passkey_unable]};
        page.button = words[Text::passkey_make];
    }
    page.choices.push_back({kLater, words[Text::not_now]});
    int status = page.problem.empty() ? 200 : 400;
    if (!made) status = status_for(made.error());
    co_return co_await show(exchange, request, status, std::move(page));
}

io::Task<Result<void>> Oidc::leave(http::Exchange& exchange, AuthorizeRequest request,
                                   std::string browser, std::vector<std::string> cookies) {
    identity::BrowserResume resume{
        request.asked, std::move(browser), identity::kBrowserFreshSeconds, {}};
    auto authorized = co_await oauth_.resume(std::move(resume));
    if (!authorized && has_to_sign_in(authorized.error())) co_return co_await to_login(exchange);
    if (!authorized) {
        AuthorizeError error{request.asked.redirect_uri, request.state, "temporarily_unavailable",
                             "Please try again."};
        co_return co_await show_error(exchange, std::move(error));
    }
    Entering who;
    who.cookies = std::move(cookies);
    co_return co_await conclude(exchange, std::move(request), std::move(*authorized),
                                std::move(who));
}

}  // namespace domicile::api::oidc
