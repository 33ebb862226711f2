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

// What the form's `way` chooses.
constexpr std::pair<std::string_view, const char*> kWays[] = {
    {"code", identity::kByMail},
    {"passkey", identity::kByPasskey},
};

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
    {reason::kTotpSetup, Text::app_code_wrong},
    {reason::kFlowNotEnabled, Text::another_step},
    {reason::kTooManyPasskeys, Text::too_many_passkeys},
};

// Errors after which the same challenge can be answered again.
bool can_be_repeated(const Error& error) {
    return error.reason == reason::kPasswordPolicy || error.reason == reason::kPasswordHistory ||
           error.reason == reason::kTotpMismatch || error.reason == reason::kTotpUsed ||
           error.reason == reason::kCodeMismatch;
}

bool is_shown(std::string_view challenge) {
    return challenge == kNewPassword || challenge == identity::kSoftwareToken ||
           challenge == identity::kByMail || challenge == identity::kByPasskey;
}

// What was wrong about a passkey is not told.
bool is_about_passkey(const Error& error, const Form& answers) {
    return answers.get("challenge") == identity::kByPasskey &&
           (error.reason == reason::kWrongCredentials || error.code == Code::invalid_argument ||
            error.code == Code::malformed);
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
            Entering who;
            co_return co_await conclude(exchange, std::move(*request), std::move(*authorized),
                                        std::move(who));
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
    co_return co_await to_login(exchange);
}

io::Task<Result<void>> Oidc::to_login(http::Exchange& exchange) {
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
    Entering who{form->get("username"), wants_passkeys(exchange, *form)};
    if (who.username.empty()) {
        std::string problem(language(exchange)[Text::name_missing]);
        co_return co_await show_sign_in(exchange, request, 400, std::move(problem), "");
    }
    if (who.username.size() > kUsernameBytesMax ||
        form->get("password").size() > kPasswordBytesMax) {
        Error error{Code::unauthenticated, "", reason::kWrongCredentials};
        co_return co_await refuse_sign_in(exchange, std::move(request), std::move(error),
                                          std::move(*form));
    }
    // A mail is asked for, all else is tried.
    const limits::Kind kind =
        form->get("way") == "code" ? limits::Kind::request : limits::Kind::guess;
    CO_TRY(auto admission, co_await admit(exchange, kind, request.asked.client_id));
    if (admission.refusal) co_return co_await show_limited(exchange, *admission.refusal);
    if (form->get("challenge") == identity::kMfaSetup) {
        co_return co_await take_app_code(exchange, std::move(request), std::move(*form),
                                         std::move(who), std::move(admission.permit));
    }
    auto authorized = co_await send_answers(request, *form, who);
    settle(admission.permit, kind, authorized);
    if (!authorized) {
        co_return co_await refuse_sign_in(exchange, std::move(request),
                                          std::move(authorized.error()), std::move(*form));
    }
    co_return co_await conclude(exchange, std::move(request), std::move(*authorized),
                                std::move(who));
}

io::Task<Result<identity::Authorized>> Oidc::send_answers(const AuthorizeRequest& request,
                                                          const Form& form, const Entering& who) {
    const auto way =
        std::ranges::find(kWays, form.get("way"), [](const auto& w) { return w.first; });
    const bool chooses = way != std::end(kWays);
    std::string session = form.get("session");
    if (chooses || session.empty()) {
        identity::BrowserSignIn call{request.asked, who.username, form.get("password")};
        if (chooses) call.way = way->second;
        call.offers_passkey = who.has_passkeys;
        return oauth_.sign_in(std::move(call));
    }
    identity::BrowserAnswer call;
    call.asked = request.asked;
    call.username = who.username;
    call.challenge = form.get("challenge");
    call.session = std::move(session);
    call.responses["NEW_PASSWORD"] = form.get("password");
    call.responses["SOFTWARE_TOKEN_MFA_CODE"] = form.get("code");
    call.responses["EMAIL_OTP_CODE"] = form.get("code");
    call.responses["CREDENTIAL"] = form.get("credential");
    call.offers_passkey = who.has_passkeys;
    return oauth_.answer(std::move(call));
}

io::Task<Result<void>> Oidc::refuse_sign_in(http::Exchange& exchange, AuthorizeRequest request,
                                            Error error, Form answers) {
    const Language& words = language(exchange);
    std::string problem = words_for(words, error);
    if (can_be_repeated(error) && answers.find("session")) {
        const identity::Challenge challenge{answers.get("challenge"), answers.get("session"),
                                            identity::Attributes()};
        Entering who{answers.get("username"), wants_passkeys(exchange, answers)};
        co_return co_await show_challenge(exchange, request, std::move(problem), challenge,
                                          std::move(who));
    }
    int status = status_for(error);
    if (is_about_passkey(error, answers)) {
        problem = words[Text::passkey_refused];
        status = 400;
    }
    co_return co_await show_sign_in(exchange, request, status, std::move(problem),
                                    answers.get("username"));
}

io::Task<Result<void>> Oidc::conclude(http::Exchange& exchange, AuthorizeRequest request,
                                      identity::Authorized authorized, Entering who) {
    if (authorized.elsewhere) {
        co_return co_await send_home(exchange, std::move(*authorized.elsewhere));
    }
    if (authorized.challenge) {
        // As the home writes it, whatever was typed.
        const auto own = authorized.challenge->parameters.find("USER_ID_FOR_SRP");
        if (own != authorized.challenge->parameters.end()) who.username = own->second;
    }
    if (authorized.challenge && authorized.challenge->name == identity::kMfaSetup) {
        co_return co_await begin_app(exchange, std::move(request),
                                     std::move(authorized.challenge->session), std::move(who));
    }
    if (authorized.challenge && is_shown(authorized.challenge->name)) {
        co_return co_await show_challenge(exchange, request, "", *authorized.challenge,
                                          std::move(who));
    }
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request.asked.client_id));
    std::vector<std::string> cookies = std::move(who.cookies);
    if (authorized.browser_session) {
        cookies.push_back(set_cookie(exchange, session_cookie(exchange, *client.pool),
                                     *authorized.browser_session));
    }
    if (request.account_query) {
        std::string location = "/account?" + *request.account_query;
        co_return co_await reply_redirect(exchange, std::move(location), std::move(cookies));
    }
    if (authorized.offers_passkey.value_or(false)) {
        std::string location = "/passkeys/add?" + std::string(exchange.request().query);
        co_return co_await reply_redirect(exchange, std::move(location), std::move(cookies));
    }
    if (!authorized.code) {
        std::string problem(language(exchange)[Text::another_step]);
        co_return co_await show_sign_in(exchange, request, 400, std::move(problem),
                                        std::move(who.username));
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
    if (request.account_query) page.text = language(exchange)[Text::account_sign_in];
    page.problem = std::move(problem);
    add_choices(language(exchange), request, page);
    add_providers(language(exchange), request, exchange.request().query, page);
    co_return co_await show(exchange, request, status, std::move(page));
}

void Oidc::add_choices(const Language& words, const AuthorizeRequest& request, Page& page) const {
    const auto client = oauth_.client(request.asked.client_id);
    if (!client || !client->client->allows(config::AuthFlow::user_auth)) return;
    if (offers_passkeys(request)) {
        page.choices.push_back({"passkey", words[Text::passkey_sign_in], true});
        page.fields.push_back({"passkeys", "", "hidden"});
        page.passkeys.emplace();
    }
    if (client->pool->email_otp) page.choices.push_back({"code", words[Text::code_sign_in]});
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
                                  std::move(cookies), page.passkeys.has_value());
}

}  // namespace domicile::api::oidc
