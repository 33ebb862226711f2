// /account: whoever is signed in sees and changes their own account. The browser's session says who
// it is; a change wants it to be fresh, else they sign in again, and the change is not made. What
// they do goes to their home by a token of that session, as the user pool's operations do, and the
// token stays here. A region keeps nothing between two pages.
#include <algorithm>

#include "api/oidc/oidc.h"
#include "api/oidc/reply.h"
#include "identity/passkeys.h"

namespace domicile::api::oidc {
namespace {

namespace reason = identity::reason;

constexpr std::string_view kPath = "/account";
constexpr std::size_t kPasswordBytesMax = 256;

// Behind a button's word stands what it is about.
std::pair<std::string_view, std::string_view> split_act(std::string_view act) {
    const auto point = act.find('.');
    if (point == act.npos) return {act, std::string_view()};
    return {act.substr(0, point), act.substr(point + 1)};
}

// Also of an account that may not be asked for from here: the page of its home says so.
bool has_to_sign_in(const Error& error) {
    return error.code == Code::unauthenticated || error.reason == reason::kNotInRegion;
}

// The query that all of these pages have, whatever an application wrote.
std::string marked(std::string_view query) {
    auto form = Form::parse(query);
    if (!form) return std::string(query);
    form->remove(kAccountMark);
    form->add(std::string(kAccountMark), "1");
    return form->encode();
}

Page account_page(const Language& words, std::string_view title) {
    Page page{words, title};
    page.action = kPath;
    return page;
}

void add_hidden(Page& page, std::string name, std::string value) {
    page.fields.push_back({std::move(name), "", "hidden", "off", std::move(value)});
}

}  // namespace

io::Task<Result<void>> Oidc::own_account(http::Exchange& exchange) {
    auto request = read_request(marked(exchange.request().query));
    if (!request) co_return co_await show_error(exchange, std::move(request.error()));
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request->asked.client_id));
    auto browser = find_cookie(exchange, session_cookie(exchange, *client.pool));
    if (!browser) {
        Error nobody{Code::unauthenticated, "Nobody is signed in.", reason::kSessionInvalid};
        co_return co_await refuse_visit(exchange, std::move(nobody));
    }
    if (exchange.request().method == "POST") {
        co_return co_await take_act(exchange, std::move(*request), std::move(*browser));
    }
    auto visit = co_await enter(std::move(*request), std::move(*browser), std::nullopt);
    if (!visit) co_return co_await refuse_visit(exchange, visit.error());
    Said nothing;
    co_return co_await show_account(exchange, std::move(*visit), std::move(nothing));
}

// Here with a token of the browser's session.
io::Task<Result<Oidc::Visit>> Oidc::enter(AuthorizeRequest request, std::string browser,
                                          std::optional<std::int64_t> max_age_seconds) {
    identity::BrowserAccount call{request.asked, std::move(browser), max_age_seconds};
    CO_TRY(identity::BrowserAccess who, co_await oauth_.account(std::move(call)));
    Visit out{std::move(request), std::move(who)};
    co_return out;
}

io::Task<Result<void>> Oidc::refuse_visit(http::Exchange& exchange, Error error) {
    if (has_to_sign_in(error)) {
        // Which leads to where the client's people sign in: a page of ours, or another provider.
        std::string location = "/oauth2/authorize?" + marked(exchange.request().query);
        co_return co_await reply_redirect(exchange, std::move(location));
    }
    const Language& words = language(exchange);
    Page page{words, words[Text::own_account]};
    page.problem = words_for(words, error);
    co_return co_await reply_page(exchange, status_for(error), write_page(page), "");
}

io::Task<Result<void>> Oidc::take_act(http::Exchange& exchange, AuthorizeRequest request,
                                      std::string browser) {
    const auto form = co_await read_parameters(exchange);
    if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
    const bool own = form && form_token_fits(exchange, *form);
    // What is no form of ours does nothing, so that it need not be fresh.
    std::optional<std::int64_t> max_age_seconds;
    if (own) max_age_seconds = identity::kBrowserFreshSeconds;
    auto visit = co_await enter(std::move(request), std::move(browser), max_age_seconds);
    if (!visit) co_return co_await refuse_visit(exchange, visit.error());
    if (!own) {
        Said expired{"", std::string(language(exchange)[Text::form_expired]), 400};
        co_return co_await show_account(exchange, std::move(*visit), std::move(expired));
    }
    const std::string act = form->get("act");
    const auto [word, about] = split_act(act);
    if (word == "password") co_return co_await show_password(exchange, *visit, "", 200);
    if (word == "set_password") {
        co_return co_await take_own_password(exchange, std::move(*visit), *form);
    }
    if (offers_passkeys(visit->request) && (word == "passkey" || word == "add_passkey")) {
        co_return co_await take_own_passkey(exchange, std::move(*visit), *form);
    }
    if (word == "app") co_return co_await begin_own_app(exchange, std::move(*visit));
    if (word == "verify_app") {
        co_return co_await take_own_app(exchange, std::move(*visit), *form);
    }
    Said said;
    if (word == "remove_passkey") {
        std::string id(about);
        said = co_await remove_passkey(exchange, *visit, std::move(id));
    }
    if (word == "app_off") said = co_await turn_off_app(exchange, *visit);
    if (word == "end_session") {
        std::string id(about);
        said = co_await end_session(exchange, *visit, std::move(id));
    }
    if (word == "end_others") said = co_await end_others(exchange, *visit);
    co_return co_await show_account(exchange, std::move(*visit), std::move(said));
}

Oidc::Said Oidc::said_of(const http::Exchange& exchange, const Error& error) const {
    return {"", words_for(language(exchange), error), status_for(error)};
}

// What an act leads to: the account, with what is said of it.
template <class T>
Oidc::Said Oidc::outcome(const http::Exchange& exchange, const Result<T>& done, Text note) const {
    if (!done) return said_of(exchange, done.error());
    return {language(exchange)[note], "", 200};
}

io::Task<Oidc::Said> Oidc::remove_passkey(http::Exchange& exchange, const Visit& visit,
                                          std::string id) {
    identity::PasskeyDeleteRequest call{visit.who.access_token, std::move(id)};
    const auto done = co_await identity_.passkeys().remove(std::move(call));
    // Whoever removes twice has what they want.
    if (!done && done.error().reason == reason::kUnknownPasskey) {
        co_return outcome(exchange, Result<void>(), Text::passkey_removed);
    }
    co_return outcome(exchange, done, Text::passkey_removed);
}

io::Task<Oidc::Said> Oidc::turn_off_app(http::Exchange& exchange, const Visit& visit) {
    identity::MfaPreferenceRequest call{visit.who.access_token, false, false};
    const auto done = co_await identity_.set_mfa(std::move(call));
    co_return outcome(exchange, done, Text::app_is_off);
}

io::Task<Oidc::Said> Oidc::end_session(http::Exchange& exchange, const Visit& visit,
                                       std::string id) {
    identity::EndSessionRequest call{visit.who.access_token, std::move(id)};
    const auto done = co_await identity_.end_session(std::move(call));
    // It may have ended by itself.
    if (!done && done.error().reason == reason::kUnknownSession) {
        co_return outcome(exchange, Result<void>(), Text::session_ended);
    }
    co_return outcome(exchange, done, Text::session_ended);
}

io::Task<Oidc::Said> Oidc::end_others(http::Exchange& exchange, const Visit& visit) {
    identity::AccessTokenRequest call{visit.who.access_token};
    const auto done = co_await oauth_.end_others(std::move(call));
    co_return outcome(exchange, done, Text::others_ended);
}

io::Task<Result<void>> Oidc::show_password(http::Exchange& exchange, const Visit& visit,
                                           std::string problem, int status) {
    const Language& words = language(exchange);
    Page page = account_page(words, words[Text::change_password]);
    page.problem = std::move(problem);
    page.button = words[Text::set_password];
    page.fields.push_back(
        {"previous", words[Text::current_password], "password", "current-password"});
    page.fields.push_back({"password", words[Text::new_password], "password", "new-password"});
    add_hidden(page, "act", "set_password");
    co_return co_await show_own(exchange, visit, status, std::move(page));
}

io::Task<Result<void>> Oidc::take_own_password(http::Exchange& exchange, Visit visit, Form form) {
    const Language& words = language(exchange);
    identity::ChangePasswordRequest call{visit.who.access_token, form.get("previous"),
                                         form.get("password")};
    Result<identity::Done> done =
        fail(Code::unauthenticated, "Incorrect username or password.", reason::kWrongCredentials);
    const bool fits =
        call.previous.size() <= kPasswordBytesMax && call.proposed.size() <= kPasswordBytesMax;
    if (fits) done = co_await identity_.change_password(std::move(call));
    if (done) {
        Said said{words[Text::password_replaced], "", 200};
        co_return co_await show_account(exchange, std::move(visit), std::move(said));
    }
    const bool is_wrong = done.error().reason == reason::kWrongCredentials;
    std::string problem =
        is_wrong ? std::string(words[Text::current_wrong]) : words_for(words, done.error());
    const int status = status_for(done.error());
    co_return co_await show_password(exchange, visit, std::move(problem), status);
}

// Makes one of what the browser brings; else offers to.
io::Task<Result<void>> Oidc::take_own_passkey(http::Exchange& exchange, Visit visit, Form form) {
    const Language& words = language(exchange);
    std::string problem;
    if (form.get("act") == "add_passkey") {
        identity::PasskeyRequest call{visit.who.access_token, form.get("credential")};
        const auto added = co_await identity_.passkeys().complete_registration(std::move(call));
        if (added) {
            Said said{words[Text::passkey_made], "", 200};
            co_return co_await show_account(exchange, std::move(visit), std::move(said));
        }
        const bool is_full = added.error().reason == reason::kTooManyPasskeys;
        problem = words[is_full ? Text::too_many_passkeys : Text::passkey_not_made];
    }
    identity::AccessTokenRequest call{visit.who.access_token};
    const auto made = co_await identity_.passkeys().start_registration(std::move(call));
    if (!made) {
        Said said = said_of(exchange, made.error());
        co_return co_await show_account(exchange, std::move(visit), std::move(said));
    }
    const int status = problem.empty() ? 200 : 400;
    Page page = account_page(words, words[Text::passkey_make]);
    page.text = words[Text::passkey_make_advice];
    page.problem = std::move(problem);
    page.button = words[Text::passkey_make];
    page.passkeys = PasskeyScript{"create", made->options, words[Text::passkey_failed],
                                  words[Text::passkey_unable]};
    add_hidden(page, "credential", "");
    add_hidden(page, "act", "add_passkey");
    co_return co_await show_own(exchange, visit, status, std::move(page));
}

io::Task<Result<void>> Oidc::begin_own_app(http::Exchange& exchange, Visit visit) {
    identity::AssociateRequest call;
    call.access_token = visit.who.access_token;
    auto made = co_await identity_.associate(std::move(call));
    if (!made) {
        Said said = said_of(exchange, made.error());
        co_return co_await show_account(exchange, std::move(visit), std::move(said));
    }
    co_return co_await show_own_app(exchange, visit, "", std::move(made->secret_code));
}

io::Task<Result<void>> Oidc::show_own_app(http::Exchange& exchange, const Visit& visit,
                                          std::string problem, std::string secret) {
    const Language& words = language(exchange);
    const int status = problem.empty() ? 200 : 400;
    Page page = app_page(words, visit.who.username, std::move(secret));
    page.text = words[Text::app_advice];
    page.problem = std::move(problem);
    page.action = kPath;
    add_hidden(page, "act", "verify_app");
    co_return co_await show_own(exchange, visit, status, std::move(page));
}

// A code of the app proves that it has the secret; from then on it is asked for.
io::Task<Result<void>> Oidc::take_own_app(http::Exchange& exchange, Visit visit, Form form) {
    identity::VerifyTokenRequest call;
    call.access_token = visit.who.access_token;
    call.code = form.get("code");
    const auto verified = co_await identity_.verify_token(std::move(call));
    const bool is_wrong = !verified && (verified.error().reason == reason::kTotpSetup ||
                                        verified.error().reason == reason::kTotpUsed);
    if (is_wrong && is_app_secret(form.get("secret"))) {
        std::string problem = words_for(language(exchange), verified.error());
        co_return co_await show_own_app(exchange, visit, std::move(problem), form.get("secret"));
    }
    if (!verified) {
        Said said = said_of(exchange, verified.error());
        co_return co_await show_account(exchange, std::move(visit), std::move(said));
    }
    identity::MfaPreferenceRequest prefer{visit.who.access_token, true, true};
    const auto done = co_await identity_.set_mfa(std::move(prefer));
    Said said = outcome(exchange, done, Text::app_is_on);
    co_return co_await show_account(exchange, std::move(visit), std::move(said));
}

// A step, from which one can go back.
io::Task<Result<void>> Oidc::show_own(http::Exchange& exchange, const Visit& visit, int status,
                                      Page page) {
    page.links.push_back({std::string(kPath), language(exchange)[Text::back_to_account]});
    std::string query = *visit.request.account_query;
    co_return co_await show_of(exchange, visit.request, status, std::move(page), std::move(query));
}

}  // namespace domicile::api::oidc
