// The pages of the steps that follow a name and a password, or another way that was chosen: a new
// password, a code, a passkey, and the set-up of an authenticator app. Between two of them nothing
// is kept here: the form brings back the session, which its home has sealed.
#include <algorithm>

#include "api/oidc/limited.h"
#include "api/oidc/oidc.h"
#include "api/oidc/qr_code.h"
#include "base/encoding.h"

namespace domicile::api::oidc {
namespace {

namespace reason = identity::reason;

constexpr std::size_t kSecretLength = 32;  // of base32

Field hidden(std::string name, std::string value) {
    return {std::move(name), "", "hidden", "off", std::move(value)};
}

void add_code_field(const Language& words, Text label, Page& page) {
    page.fields.push_back({"code", words[label], "text", "one-time-code"});
}

// Title, text, fields and buttons of a step.
void describe_step(const Language& words, const identity::Challenge& challenge, Page& page) {
    page.button = words[Text::sign_in];
    if (challenge.name == identity::kSoftwareToken) {
        page.title = words[Text::second_step];
        add_code_field(words, Text::app_code, page);
    } else if (challenge.name == identity::kByMail) {
        page.title = words[Text::mailed_code];
        page.text = words[Text::code_advice];
        add_code_field(words, Text::code, page);
        page.choices.push_back({"code", words[Text::send_again]});
    } else if (challenge.name == identity::kByPasskey) {
        page.title = words[Text::passkey_sign_in];
        page.text = words[Text::passkey_advice];
        page.button = words[Text::passkey_use];
        page.fields.push_back(hidden("credential", ""));
        const auto options = challenge.parameters.find("CREDENTIAL_REQUEST_OPTIONS");
        page.passkeys =
            PasskeyScript{"get", "", words[Text::passkey_failed], words[Text::passkey_unable]};
        if (options != challenge.parameters.end()) page.passkeys->options = options->second;
        page.links.push_back({"/login", words[Text::another_way]});
    } else {
        page.title = words[Text::new_password];
        page.text = words[Text::new_password_advice];
        page.button = words[Text::set_password];
        page.fields.push_back({"password", words[Text::new_password], "password", "new-password"});
    }
}

// What apps read (Key Uri Format). One too long for a picture goes without the name.
std::string app_uri(const std::string& issuer, const std::string& username,
                    const std::string& secret) {
    const std::string of = percent_encode(issuer);
    const std::string end = "?secret=" + secret + "&issuer=" + of;
    std::string out = "otpauth://totp/" + of + ":" + percent_encode(username) + end;
    if (out.size() > kQrBytesMax) out = "otpauth://totp/" + of + end;
    return out;
}

}  // namespace

bool Oidc::is_app_secret(std::string_view text) {
    return text.size() == kSecretLength && std::ranges::all_of(text, [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
           });
}

Page Oidc::app_page(const Language& words, const std::string& username, std::string secret) const {
    Page page{words, words[Text::app_setup], words[Text::app_setup_advice]};
    page.app = AppSecret{app_uri(config_->domain, username, secret), secret, words[Text::app_key],
                         words[Text::app_picture], words[Text::app_open]};
    page.button = words[Text::go_on];
    page.fields.push_back(hidden("secret", std::move(secret)));
    add_code_field(words, Text::app_code, page);
    return page;
}

io::Task<Result<void>> Oidc::show_challenge(http::Exchange& exchange,
                                            const AuthorizeRequest& request, std::string problem,
                                            const identity::Challenge& challenge, Entering who) {
    const Language& words = language(exchange);
    const int status = problem.empty() ? 200 : 400;
    Page page{words, words[Text::sign_in]};
    page.problem = std::move(problem);
    page.action = "/login";
    page.fields.push_back(hidden("challenge", challenge.name));
    page.fields.push_back(hidden("session", challenge.session));
    page.fields.push_back(hidden("username", std::move(who.username)));
    if (who.has_passkeys) page.fields.push_back(hidden("passkeys", "1"));
    describe_step(words, challenge, page);
    co_return co_await show(exchange, request, status, std::move(page));
}

io::Task<Result<void>> Oidc::begin_app(http::Exchange& exchange, AuthorizeRequest request,
                                       std::string session, Entering who) {
    identity::AssociateRequest call;
    call.session = std::move(session);
    auto made = co_await identity_.associate(std::move(call));
    if (!made) {
        Form answers;
        answers.add("username", std::move(who.username));
        co_return co_await refuse_sign_in(exchange, std::move(request), std::move(made.error()),
                                          std::move(answers));
    }
    co_return co_await show_app(exchange, request, "", std::move(*made), std::move(who));
}

io::Task<Result<void>> Oidc::show_app(http::Exchange& exchange, const AuthorizeRequest& request,
                                      std::string problem, identity::AssociatedApp app,
                                      Entering who) {
    const Language& words = language(exchange);
    const int status = problem.empty() ? 200 : 400;
    Page page = app_page(words, who.username, std::move(app.secret_code));
    page.problem = std::move(problem);
    page.action = "/login";
    page.fields.push_back(hidden("challenge", identity::kMfaSetup));
    page.fields.push_back(hidden("session", app.session.value_or("")));
    page.fields.push_back(hidden("username", std::move(who.username)));
    if (who.has_passkeys) page.fields.push_back(hidden("passkeys", "1"));
    co_return co_await show(exchange, request, status, std::move(page));
}

io::Task<Result<void>> Oidc::take_app_code(http::Exchange& exchange, AuthorizeRequest request,
                                           Form form, Entering who, limits::Permit permit) {
    identity::VerifyTokenRequest call;
    call.session = form.get("session");
    call.code = form.get("code");
    auto verified = co_await identity_.verify_token(std::move(call));
    settle(permit, limits::Kind::guess, verified);
    const bool is_wrong = !verified && (verified.error().reason == reason::kTotpSetup ||
                                        verified.error().reason == reason::kTotpUsed);
    if (is_wrong && is_app_secret(form.get("secret"))) {
        std::string problem = words_for(language(exchange), verified.error());
        identity::AssociatedApp app{form.get("secret"), form.get("session")};
        co_return co_await show_app(exchange, request, std::move(problem), std::move(app),
                                    std::move(who));
    }
    if (!verified) {
        co_return co_await refuse_sign_in(exchange, std::move(request), std::move(verified.error()),
                                          std::move(form));
    }
    identity::BrowserAnswer answer;
    answer.asked = request.asked;
    answer.username = who.username;
    answer.challenge = identity::kMfaSetup;
    answer.session = verified->session.value_or("");
    answer.offers_passkey = who.has_passkeys;
    auto authorized = co_await oauth_.answer(std::move(answer));
    if (!authorized) {
        co_return co_await refuse_sign_in(exchange, std::move(request),
                                          std::move(authorized.error()), std::move(form));
    }
    co_return co_await conclude(exchange, std::move(request), std::move(*authorized),
                                std::move(who));
}

}  // namespace domicile::api::oidc
