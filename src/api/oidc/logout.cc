// /logout: RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0), and as Cognito has it,
// with client_id and logout_uri, or with what /login takes to sign in anew.
#include "api/oidc/oidc.h"
#include "api/oidc/reply.h"

namespace domicile::api::oidc {
namespace {

constexpr std::string_view kPath = "/logout";

bool returns_to(const config::Client& client, const std::string& uri) {
    const auto& known = client.oauth->post_logout_redirect_uris;
    return std::ranges::find(known, uri) != known.end();
}

// Where the browser goes afterwards; nullopt: nowhere. An error's words are for the person.
Result<std::optional<std::string>> target_of(const Form& form, const config::Client& client,
                                             std::string_view query) {
    const auto back = form.find("post_logout_redirect_uri");
    const auto as_cognito = form.find("logout_uri");
    const auto uri = back ? back : as_cognito;
    if (uri) {
        if (!returns_to(client, *uri)) {
            return fail(Code::invalid_argument,
                        "The address to go back to is not one of the client's.");
        }
        const auto state = form.find("state");
        if (!back || !state) return uri;
        Form parameters;
        parameters.add("state", *state);
        return with_parameters(*uri, parameters);
    }
    if (form.find("redirect_uri") && form.find("response_type")) {
        return "/login?" + std::string(query);  // which checks them
    }
    return std::optional<std::string>();
}

}  // namespace

io::Task<Result<void>> Oidc::logout(http::Exchange& exchange) {
    auto form = co_await read_parameters(exchange);
    if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
    if (!form) {
        AuthorizeError error{std::nullopt, std::nullopt, "invalid_request", form.error().message};
        co_return co_await show_error(exchange, std::move(error));
    }
    if (exchange.request().method == "POST") {
        if (form_token_fits(exchange, *form)) {
            co_return co_await sign_out(exchange, nullptr, std::nullopt);
        }
        // As a GET, which brings the cookies also from another site.
        std::string location = std::string(kPath) + "?" + form->encode();
        co_return co_await reply_redirect(exchange, std::move(location));
    }
    std::string client_id = form->get("client_id");
    Result<identity::ClientOfPool> client = oauth_.client(client_id);
    if (const auto id_token = form->find("id_token_hint")) {
        const auto hint = co_await oauth_.read_hint(*id_token);
        const bool fits = hint && (client_id.empty() || client_id == hint->client_id);
        client = fail(Code::invalid_argument, "The id_token_hint is not one of this provider.");
        if (fits) client = oauth_.client(hint->client_id);
    } else if (client_id.empty() && form->fields().empty()) {
        co_return co_await ask_to_sign_out(exchange);
    }
    Result<std::optional<std::string>> target =
        fail(Code::invalid_argument, "There is no such client.");
    if (client && client->client->oauth) {
        target = target_of(*form, *client->client, exchange.request().query);
    } else if (!client && !form->get("id_token_hint").empty()) {
        target = std::unexpected(client.error());
    }
    if (!target) {
        AuthorizeError error{std::nullopt, std::nullopt, "invalid_request", target.error().message};
        co_return co_await show_error(exchange, std::move(error));
    }
    co_return co_await sign_out(exchange, client->pool, std::move(*target));
}

io::Task<Result<void>> Oidc::ask_to_sign_out(http::Exchange& exchange) {
    const Language& words = language(exchange);
    const std::string token = form_token(exchange);
    Page page{words, words[Text::sign_out], words[Text::sign_out_question]};
    page.action = kPath;
    page.button = words[Text::sign_out];
    page.fields.push_back({"form_token", "", "hidden", "off", token});
    std::vector<std::string> cookies = {set_cookie(exchange, cookie_name(exchange, "form"), token)};
    co_return co_await reply_page(exchange, 200, write_page(page), "", std::move(cookies));
}

// Of one pool, or of all of this host. A session that cannot be ended now stays with the browser,
// so that it can try again.
io::Task<Result<void>> Oidc::sign_out(http::Exchange& exchange, const config::Pool* pool,
                                      std::optional<std::string> target) {
    const Language& words = language(exchange);
    std::vector<std::string> cookies;
    for (const config::Pool& one : config_->pools) {
        if (pool != nullptr && pool != &one) continue;
        const std::string name = session_cookie(exchange, one);
        auto kept = find_cookie(exchange, name);
        if (!kept) continue;
        identity::BrowserEnd end{std::move(*kept)};
        const auto done = co_await oauth_.end(std::move(end));
        // A home that may not be asked from here does not get its cookies from here either.
        if (!done && done.error().code == Code::unavailable) {
            Page page{words, words[Text::sign_out]};
            page.problem = words[Text::unavailable];
            co_return co_await reply_page(exchange, 503, write_page(page), "");
        }
        cookies.push_back(set_cookie(exchange, name, ""));
    }
    if (target) {
        co_return co_await reply_redirect(exchange, std::move(*target), std::move(cookies));
    }
    const Page page{words, words[Text::signed_out]};
    const std::string html = write_page(page);
    co_return co_await reply_page(exchange, 200, html, "", std::move(cookies));
}

}  // namespace domicile::api::oidc
