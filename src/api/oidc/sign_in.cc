// A person in front of a browser: /oauth2/authorize, where the application sends them, and /login,
// the page with the form, which leads back to the application with a code.
#include <algorithm>

#include "api/oidc/limited.h"
#include "api/oidc/oidc.h"
#include "api/oidc/reply.h"

namespace domicile::api::oidc {
namespace {

namespace reason = identity::reason;

constexpr std::size_t kUsernameBytesMax = 128;
constexpr std::size_t kPasswordBytesMax = 256;
constexpr std::string_view kNewPassword = "NEW_PASSWORD_REQUIRED";
constexpr std::string_view kSecondFactor = identity::kSoftwareToken;

struct Line {
    const char* reason;
    Text text;
};
constexpr Line kByReason[] = {
    {reason::kWrongCredentials, Text::wrong_credentials},
    {reason::kUserUnknown, Text::wrong_credentials},
    {reason::kTooManyAttempts, Text::too_many_attempts},
    {reason::kNotConfirmed, Text::not_confirmed},
    {reason::kDisabled, Text::disabled},
    {reason::kResetRequired, Text::reset_required},
    {reason::kTemporaryExpired, Text::temporary_expired},
    {reason::kSessionInvalid, Text::form_expired},
    {reason::kPasswordHistory, Text::password_history},
    {reason::kPasswordPolicy, Text::password_policy},
    {reason::kUserExists, Text::user_exists},
    {reason::kAddressTaken, Text::address_taken},
    {reason::kCodeMismatch, Text::code_mismatch},
    {reason::kCodeExpired, Text::code_expired},
    {reason::kAlreadyConfirmed, Text::already_confirmed},
    {reason::kAttribute, Text::not_taken},
    {reason::kSchema, Text::not_taken},
    {reason::kTriggerRefused, Text::not_taken},
    {reason::kTotpMismatch, Text::app_code_wrong},
    {reason::kTotpUsed, Text::app_code_used},
};

// Errors after which the same challenge can be answered again.
bool can_be_repeated(const Error& error) {
    return error.reason == reason::kPasswordPolicy || error.reason == reason::kPasswordHistory ||
           error.reason == reason::kTotpMismatch || error.reason == reason::kTotpUsed;
}

bool is_offered(std::string_view challenge) {
    return challenge == kNewPassword || challenge == kSecondFactor;
}

}  // namespace

std::string Oidc::words_for(const Language& words, const Error& error) {
    for (const Line& line : kByReason) {
        if (error.reason != line.reason) continue;
        std::string out(words[line.text]);
        const bool says_which = line.text == Text::password_policy || line.text == Text::not_taken;
        return says_which ? out + " " + error.message : out;
    }
    const bool busy = error.code == Code::resource_exhausted;
    return std::string(words[busy ? Text::too_many_attempts : Text::unavailable]);
}

int Oidc::status_for(const Error& error) {
    if (error.code == Code::resource_exhausted) return 429;
    const bool known = std::ranges::any_of(
        kByReason, [&](const Line& line) { return error.reason == line.reason; });
    return known ? 400 : 503;
}

std::expected<AuthorizeRequest, AuthorizeError> Oidc::read_request(std::string_view query) const {
    const auto form = Form::parse(query);
    if (!form) {
        return std::unexpected(
            AuthorizeError{std::nullopt, std::nullopt, "invalid_request", form.error().message});
    }
    const auto client = oauth_.client(form->get("client_id"));
    return read_authorize(*form, client ? client->client : nullptr);
}

io::Task<Result<void>> Oidc::authorize(http::Exchange& exchange) {
    if (exchange.request().method == "POST") {
        // As a GET, which brings the cookies also from another site.
        const auto form = co_await read_parameters(exchange);
        if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
        std::string location = "/oauth2/authorize?" + (form ? form->encode() : "");
        co_return co_await reply_redirect(exchange, std::move(location));
    }
    auto request = read_request(exchange.request().query);
    if (!request) co_return co_await show_error(exchange, std::move(request.error()));
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request->asked.client_id));
    const auto kept = find_cookie(exchange, session_cookie(exchange, *client.pool));
    if (kept && !request->shows_anew) {
        identity::BrowserResume resume{request->asked, *kept, request->max_age_seconds, {}};
        if (request->id_token_hint) {
            const auto hint = co_await oauth_.read_hint(*request->id_token_hint);
            // Nobody is whom a hint means that is not ours.
            resume.sub = hint ? hint->sub : std::string();
        }
        auto authorized = co_await oauth_.resume(std::move(resume));
        if (authorized) {
            co_return co_await conclude(exchange, std::move(*request), std::move(*authorized), "");
        }
        const bool anew = authorized.error().code == Code::unauthenticated ||
                          authorized.error().reason == reason::kNotInRegion;
        if (!anew) {
            AuthorizeError error{request->asked.redirect_uri, request->state,
                                 "temporarily_unavailable", "Please try again."};
            co_return co_await show_error(exchange, std::move(error));
        }
    }
    if (!request->shows) {
        AuthorizeError error{request->asked.redirect_uri, request->state, "login_required",
                             "Nobody is signed in."};
        co_return co_await show_error(exchange, std::move(error));
    }
    auto provider = chosen_provider(*client.client->oauth, exchange.request().query);
    if (provider) {
        co_return co_await begin_external(exchange, std::move(*request), std::move(*provider));
    }
    std::string location = "/login?" + std::string(exchange.request().query);
    co_return co_await reply_redirect(exchange, std::move(location));
}

io::Task<Result<void>> Oidc::login(http::Exchange& exchange) {
    auto request = read_request(exchange.request().query);
    if (!request) co_return co_await show_error(exchange, std::move(request.error()));
    if (exchange.request().method == "POST" && !signs_in_itself(*request)) {
        co_return co_await show_sign_in(exchange, *request, 400, "", "");
    }
    if (exchange.request().method == "POST") {
        co_return co_await take_password(exchange, std::move(*request));
    }
    const auto form = Form::parse(exchange.request().query);
    std::string hint = form ? form->get("login_hint") : "";
    co_return co_await show_sign_in(exchange, *request, 200, "", std::move(hint));
}

io::Task<Result<void>> Oidc::take_password(http::Exchange& exchange, AuthorizeRequest request) {
    auto form = co_await read_parameters(exchange);
    if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
    if (!form || !form_token_fits(exchange, *form)) {
        std::string problem(language(exchange)[Text::form_expired]);
        std::string username = form ? form->get("username") : "";
        co_return co_await show_sign_in(exchange, request, 400, std::move(problem),
                                        std::move(username));
    }
    std::string username = form->get("username");
    std::string password = form->get("password");
    std::string session = form->get("session");
    if (username.size() > kUsernameBytesMax || password.size() > kPasswordBytesMax) {
        Error error{Code::unauthenticated, "", reason::kWrongCredentials};
        co_return co_await refuse_sign_in(exchange, std::move(request), std::move(error),
                                          std::move(*form));
    }
    CO_TRY(auto admission, co_await admit(exchange, limits::Kind::guess, request.asked.client_id));
    if (admission.refusal) co_return co_await show_limited(exchange, *admission.refusal);
    Result<identity::Authorized> authorized = identity::Authorized();
    if (session.empty()) {
        identity::BrowserSignIn call{request.asked, username, std::move(password)};
        authorized = co_await oauth_.sign_in(std::move(call));
    } else {
        identity::BrowserAnswer call;
        call.asked = request.asked;
        call.username = username;
        call.challenge = form->get("challenge");
        call.session = std::move(session);
        call.responses["NEW_PASSWORD"] = std::move(password);
        call.responses["SOFTWARE_TOKEN_MFA_CODE"] = form->get("code");
        authorized = co_await oauth_.answer(std::move(call));
    }
    settle(admission.permit, limits::Kind::guess, authorized);
    if (!authorized) {
        co_return co_await refuse_sign_in(exchange, std::move(request),
                                          std::move(authorized.error()), std::move(*form));
    }
    co_return co_await conclude(exchange, std::move(request), std::move(*authorized),
                                std::move(username));
}

io::Task<Result<void>> Oidc::refuse_sign_in(http::Exchange& exchange, AuthorizeRequest request,
                                            Error error, Form answers) {
    std::string problem = words_for(language(exchange), error);
    if (can_be_repeated(error) && answers.find("session")) {
        const identity::Challenge challenge{answers.get("challenge"), answers.get("session"),
                                            identity::Attributes()};
        co_return co_await show_challenge(exchange, request, std::move(problem), challenge,
                                          answers.get("username"));
    }
    co_return co_await show_sign_in(exchange, request, status_for(error), std::move(problem),
                                    answers.get("username"));
}

io::Task<Result<void>> Oidc::conclude(http::Exchange& exchange, AuthorizeRequest request,
                                      identity::Authorized authorized, std::string username) {
    if (authorized.elsewhere) {
        co_return co_await send_home(exchange, std::move(*authorized.elsewhere));
    }
    if (authorized.challenge && is_offered(authorized.challenge->name)) {
        // As the home writes it, whatever was typed.
        const auto own = authorized.challenge->parameters.find("USER_ID_FOR_SRP");
        if (own != authorized.challenge->parameters.end()) username = own->second;
        co_return co_await show_challenge(exchange, request, "", *authorized.challenge,
                                          std::move(username));
    }
    if (authorized.challenge || !authorized.code) {
        std::string problem(language(exchange)[Text::another_step]);
        co_return co_await show_sign_in(exchange, request, 400, std::move(problem),
                                        std::move(username));
    }
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request.asked.client_id));
    std::vector<std::string> cookies;
    if (authorized.browser_session) {
        cookies.push_back(set_cookie(exchange, session_cookie(exchange, *client.pool),
                                     *authorized.browser_session));
    }
    std::vector<std::pair<std::string, std::string>> parameters;
    parameters.emplace_back("code", std::move(*authorized.code));
    co_return co_await redirect(exchange, request.asked.client_id, request.asked.redirect_uri,
                                std::move(request.state), std::move(parameters),
                                std::move(cookies));
}

// With `iss`, so that a client of several providers knows which one answers (RFC 9207).
io::Task<Result<void>> Oidc::redirect(http::Exchange& exchange, const std::string& client_id,
                                      const std::string& redirect_uri,
                                      std::optional<std::string> state,
                                      std::vector<std::pair<std::string, std::string>> parameters,
                                      std::vector<std::string> cookies) {
    CO_TRY(const identity::ClientOfPool client, oauth_.client(client_id));
    Form query;
    for (auto& [name, value] : parameters) query.add(std::move(name), std::move(value));
    if (state) query.add("state", std::move(*state));
    query.add("iss", oauth_.issuer_of(*client.pool));
    std::string location = with_parameters(redirect_uri, query);
    co_return co_await reply_redirect(exchange, std::move(location), std::move(cookies));
}

io::Task<Result<void>> Oidc::show_error(http::Exchange& exchange, AuthorizeError error) {
    if (!error.redirect_uri) {
        const Language& words = language(exchange);
        Page page{words, words[Text::bad_request], words[Text::bad_request_advice]};
        page.problem = std::move(error.description);
        co_return co_await reply_page(exchange, 400, write_page(page), "");
    }
    const auto form = Form::parse(exchange.request().query);
    std::string client_id = form ? form->get("client_id") : "";
    co_return co_await tell(exchange, std::move(client_id), std::move(error));
}

io::Task<Result<void>> Oidc::tell(http::Exchange& exchange, std::string client_id,
                                  AuthorizeError error) {
    std::vector<std::pair<std::string, std::string>> parameters;
    parameters.emplace_back("error", std::move(error.error));
    parameters.emplace_back("error_description", std::move(error.description));
    std::vector<std::string> cookies;
    co_return co_await redirect(exchange, client_id, *error.redirect_uri, std::move(error.state),
                                std::move(parameters), std::move(cookies));
}

io::Task<Result<void>> Oidc::show_sign_in(http::Exchange& exchange, const AuthorizeRequest& request,
                                          int status, std::string problem, std::string username) {
    Page page = sign_in_page(language(exchange), std::move(username));
    page.problem = std::move(problem);
    add_providers(language(exchange), request, exchange.request().query, page);
    co_return co_await show(exchange, request, status, std::move(page));
}

Page Oidc::sign_in_page(const Language& words, std::string username) const {
    Page page{words, words[Text::sign_in]};
    page.action = "/login";
    page.button = words[Text::sign_in];
    page.fields.push_back(
        {"username", words[Text::user_name], "text", "username", std::move(username)});
    page.fields.push_back({"password", words[Text::password], "password", "current-password"});
    page.links.push_back({"/forgotPassword", words[Text::forgot_password]});
    page.links.push_back({"/signup", words[Text::sign_up_question]});
    return page;
}

io::Task<Result<void>> Oidc::show(http::Exchange& exchange, const AuthorizeRequest& request,
                                  int status, Page page) {
    return show_of(exchange, request, status, std::move(page),
                   std::string(exchange.request().query));
}

io::Task<Result<void>> Oidc::show_of(http::Exchange& exchange, const AuthorizeRequest& request,
                                     int status, Page page, std::string query) {
    query.insert(0, "?");
    const std::string token = form_token(exchange);
    if (!page.action.empty()) page.action += query;
    for (Link& link : page.links) {
        if (!link.target.contains('?')) link.target += query;
    }
    page.fields.push_back({"form_token", "", "hidden", "off", token});
    std::vector<std::string> cookies = {set_cookie(exchange, cookie_name(exchange, "form"), token)};
    const std::string html = write_page(page);
    co_return co_await reply_page(exchange, status, html, policy_source(request.asked.redirect_uri),
                                  std::move(cookies));
}

io::Task<Result<void>> Oidc::show_challenge(http::Exchange& exchange,
                                            const AuthorizeRequest& request, std::string problem,
                                            const identity::Challenge& challenge,
                                            std::string username) {
    const Language& words = language(exchange);
    const int status = problem.empty() ? 200 : 400;
    const bool is_code = challenge.name == kSecondFactor;
    Page page{words, words[is_code ? Text::second_step : Text::new_password]};
    if (!is_code) page.text = words[Text::new_password_advice];
    page.problem = std::move(problem);
    page.action = "/login";
    page.button = words[is_code ? Text::sign_in : Text::set_password];
    page.fields.push_back({"challenge", "", "hidden", "off", challenge.name});
    page.fields.push_back({"session", "", "hidden", "off", challenge.session});
    page.fields.push_back({"username", "", "hidden", "off", std::move(username)});
    if (is_code) {
        page.fields.push_back({"code", words[Text::app_code], "text", "one-time-code"});
    } else {
        page.fields.push_back({"password", words[Text::new_password], "password", "new-password"});
    }
    co_return co_await show(exchange, request, status, std::move(page));
}

}  // namespace domicile::api::oidc
