// The pages on which people sign up, prove their address, and replace a forgotten password. Each is
// reached with the query of /login, so that it leads back to the application in the end. They do
// what the user pool's operations of the same names do, with the same answers (I8).
#include <algorithm>

#include "api/oidc/limited.h"
#include "api/oidc/oidc.h"
#include "api/oidc/reply.h"

namespace domicile::api::oidc {
namespace {

namespace reason = identity::reason;

constexpr std::size_t kUsernameBytesMax = 128;
constexpr std::size_t kPasswordBytesMax = 256;
constexpr std::size_t kAttributeBytesMax = 2048;
constexpr std::string_view kAttributePrefix = "attribute.";
constexpr const char* kMailField = "attribute.email";

// Where people have a user name beside the address that they sign in with.
bool has_user_names(const config::Pool& pool) { return pool.has_alias(config::Alias::email); }

Field name_field(const Language& words, const config::Pool& pool, const Form& form) {
    if (has_user_names(pool)) {
        return {"username", words[Text::user_name], "text", "username", form.get("username")};
    }
    return {"username", words[Text::email], "email", "username", form.get("username")};
}
Field hidden_name(const Form& form) {
    return {"username", "", "hidden", "off", form.get("username")};
}
Field password_field(const Language& words, Text label) {
    return {"password", words[label], "password", "new-password"};
}
Field code_field(const Language& words) {
    return {"code", words[Text::code], "text", "one-time-code"};
}

// Whether the attribute says where somebody new lives.
bool is_placed_by(const config::Pool& pool, std::string_view attribute) {
    return !pool.stands_alone() && attribute == pool.country_attribute;
}

// What is asked for in a form beside the address.
bool is_asked(const config::Pool& pool, const config::Attribute& attribute) {
    return attribute.name != "email" && (attribute.required || is_placed_by(pool, attribute.name));
}

identity::Attributes attributes_of(const config::Pool& pool, const Form& form) {
    identity::Attributes out;
    out["email"] = form.get(has_user_names(pool) ? kMailField : "username");
    for (const config::Attribute& attribute : pool.attributes) {
        if (!is_asked(pool, attribute)) continue;
        const auto value = form.find(std::string(kAttributePrefix) + attribute.name);
        if (value) out[attribute.name] = *value;
    }
    return out;
}

bool is_within_bounds(const Form& form) {
    return form.get("username").size() <= kUsernameBytesMax &&
           form.get("password").size() <= kPasswordBytesMax &&
           form.get("code").size() <= kAttributeBytesMax;
}

}  // namespace

io::Task<Result<void>> Oidc::account(http::Exchange& exchange, std::string_view name) {
    auto request = read_request(exchange.request().query);
    if (!request) co_return co_await show_error(exchange, std::move(request.error()));
    if (!signs_in_itself(*request)) {
        co_return co_await show_sign_in(exchange, *request, 400, "", "");
    }
    const Language& words = language(exchange);
    if (exchange.request().method != "POST") {
        Page page = page_for(words, name, *request, Form());
        co_return co_await show(exchange, *request, 200, std::move(page));
    }
    auto form = co_await read_parameters(exchange);
    if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
    if (!form || !form_token_fits(exchange, *form) || !is_within_bounds(*form)) {
        Page page = page_for(words, name, *request, Form());
        page.problem = words[Text::form_expired];
        co_return co_await show(exchange, *request, 400, std::move(page));
    }
    co_return co_await take_answers(exchange, name, std::move(*request), std::move(*form));
}

io::Task<Result<void>> Oidc::take_answers(http::Exchange& exchange, std::string_view name,
                                          AuthorizeRequest request, Form form) {
    const bool asks = name == "sign_up" || name == "forgot_password";
    const limits::Kind kind = asks ? limits::Kind::request : limits::Kind::guess;
    CO_TRY(auto admission, co_await admit(exchange, kind, request.asked.client_id));
    if (admission.refusal) co_return co_await show_limited(exchange, *admission.refusal);
    limits::Permit permit = std::move(admission.permit);
    if (name == "sign_up") {
        co_return co_await take_sign_up(exchange, std::move(request), std::move(form),
                                        std::move(permit));
    }
    if (name == "confirm") {
        co_return co_await take_confirmation(exchange, std::move(request), std::move(form),
                                             std::move(permit));
    }
    if (name == "forgot_password") {
        co_return co_await take_forgotten(exchange, std::move(request), std::move(form),
                                          std::move(permit));
    }
    co_return co_await take_new_password(exchange, std::move(request), std::move(form),
                                         std::move(permit));
}

Page Oidc::page_for(const Language& words, std::string_view name, const AuthorizeRequest& request,
                    const Form& form) const {
    const auto client = oauth_.client(request.asked.client_id);
    const config::Pool& pool = *client->pool;
    if (name == "sign_up") return sign_up_page(words, pool, form);
    if (name == "confirm") {
        Page page{words, words[Text::confirm], words[Text::code_advice]};
        page.action = "/confirm";
        page.button = words[Text::confirm_button];
        page.fields.push_back(form.find("username") ? hidden_name(form)
                                                    : name_field(words, pool, form));
        page.fields.push_back(code_field(words));
        return page;
    }
    if (name == "forgot_password") {
        Page page{words, words[Text::forgot_password], words[Text::forgot_advice]};
        page.action = "/forgotPassword";
        page.button = words[Text::send_code];
        page.fields.push_back(name_field(words, pool, form));
        page.links.push_back({"/login", words[Text::sign_in]});
        return page;
    }
    Page page{words, words[Text::new_password], words[Text::code_advice]};
    page.action = "/confirmForgotPassword";
    page.button = words[Text::set_password];
    page.fields.push_back(form.find("username") ? hidden_name(form)
                                                : name_field(words, pool, form));
    page.fields.push_back(code_field(words));
    page.fields.push_back(password_field(words, Text::new_password));
    page.links.push_back({"/forgotPassword", words[Text::send_again]});
    return page;
}

std::vector<std::string> Oidc::countries() const {
    std::vector<std::string> out;
    for (const config::Jurisdiction& jurisdiction : config_->jurisdictions) {
        out.insert(out.end(), jurisdiction.countries.begin(), jurisdiction.countries.end());
    }
    std::ranges::sort(out);
    return out;
}

// `name` outlives the page.
Field Oidc::attribute_field(const Language& words, const config::Pool& pool,
                            const std::string& name, const Form& form) const {
    Field field{std::string(kAttributePrefix) + name, name};
    field.value = form.get(field.name);
    if (is_placed_by(pool, name)) {
        field.label = words[Text::country];
        field.autocomplete = "country";
        field.options = countries();
    }
    return field;
}

// What was asked for beside what somebody else said.
identity::Attributes Oidc::answered_attributes(const config::Pool& pool, const Form& form) {
    identity::Attributes out;
    const auto take = [&](const std::string& name) {
        const auto value = form.find(std::string(kAttributePrefix) + name);
        if (value && value->size() <= kAttributeBytesMax) out[name] = *value;
    };
    for (const config::Attribute& attribute : pool.attributes) {
        if (attribute.required) take(attribute.name);
    }
    if (!pool.stands_alone()) take(pool.country_attribute);
    return out;
}

Page Oidc::sign_up_page(const Language& words, const config::Pool& pool, const Form& form) const {
    Page page{words, words[Text::sign_up]};
    page.action = "/signup";
    page.button = words[Text::sign_up];
    page.fields.push_back(name_field(words, pool, form));
    if (has_user_names(pool)) {
        page.fields.push_back(
            {kMailField, words[Text::email], "email", "email", form.get(kMailField)});
    }
    page.fields.push_back(password_field(words, Text::password));
    for (const config::Attribute& attribute : pool.attributes) {
        if (!is_asked(pool, attribute)) continue;
        page.fields.push_back(attribute_field(words, pool, attribute.name, form));
    }
    page.links.push_back({"/login", words[Text::sign_in_question]});
    return page;
}

// Where the browser goes when its request may not pass through here: to the same page there.
io::Task<Result<void>> Oidc::send_home(http::Exchange& exchange, Result<std::string> home) {
    CO_TRY(const std::string region, std::move(home));
    std::string location = oauth_.origin_of(region) + std::string(exchange.request().path) + "?" +
                           std::string(exchange.request().query);
    co_return co_await reply_redirect(exchange, std::move(location));
}

io::Task<Result<void>> Oidc::take_sign_up(http::Exchange& exchange, AuthorizeRequest request,
                                          Form form, limits::Permit permit) {
    const Language& words = language(exchange);
    CO_TRY(const identity::ClientOfPool client, oauth_.client(request.asked.client_id));
    identity::SignUpRequest call;
    call.client_id = request.asked.client_id;
    call.username = form.get("username");
    call.password = form.get("password");
    call.attributes = attributes_of(*client.pool, form);
    const identity::Attributes attributes = call.attributes;
    const auto done = co_await identity_.sign_up(std::move(call));
    settle(permit, limits::Kind::request, done);
    if (!done && done.error().reason == reason::kNotInRegion) {
        Result<std::string> home = oauth_.home_of_new(*client.pool, attributes);
        co_return co_await send_home(exchange, std::move(home));
    }
    if (!done) co_return co_await refuse_answers(exchange, "sign_up", request, form, done.error());
    Page page = done->confirmed ? sign_in_page(words, form.get("username"))
                                : page_for(words, "confirm", request, form);
    if (done->confirmed) add_choices(words, request, page);
    co_return co_await show(exchange, request, 200, std::move(page));
}

io::Task<Result<void>> Oidc::take_confirmation(http::Exchange& exchange, AuthorizeRequest request,
                                               Form form, limits::Permit permit) {
    const Language& words = language(exchange);
    identity::ConfirmRequest call{request.asked.client_id, form.get("username"), form.get("code")};
    const auto done = co_await identity_.confirm_sign_up(std::move(call));
    settle(permit, limits::Kind::guess, done);
    if (!done) co_return co_await refuse_answers(exchange, "confirm", request, form, done.error());
    Page page = sign_in_page(words, form.get("username"));
    page.note = words[Text::confirmed];
    add_choices(words, request, page);
    co_return co_await show(exchange, request, 200, std::move(page));
}

io::Task<Result<void>> Oidc::take_forgotten(http::Exchange& exchange, AuthorizeRequest request,
                                            Form form, limits::Permit permit) {
    identity::ForgotPasswordRequest call{request.asked.client_id, form.get("username")};
    const auto done = co_await identity_.forgot_password(std::move(call));
    settle(permit, limits::Kind::request, done);
    if (!done) {
        co_return co_await refuse_answers(exchange, "forgot_password", request, form, done.error());
    }
    Page page = page_for(language(exchange), "reset_password", request, form);
    co_return co_await show(exchange, request, 200, std::move(page));
}

io::Task<Result<void>> Oidc::take_new_password(http::Exchange& exchange, AuthorizeRequest request,
                                               Form form, limits::Permit permit) {
    const Language& words = language(exchange);
    identity::ResetPasswordRequest call{request.asked.client_id, form.get("username"),
                                        form.get("code"), form.get("password")};
    const auto done = co_await identity_.reset_password(std::move(call));
    settle(permit, limits::Kind::guess, done);
    if (!done) {
        co_return co_await refuse_answers(exchange, "reset_password", request, form, done.error());
    }
    Page page = sign_in_page(words, form.get("username"));
    page.note = words[Text::password_changed];
    add_choices(words, request, page);
    co_return co_await show(exchange, request, 200, std::move(page));
}

// The page again, with what is wrong; or the same page at the person's home, where requests may not
// pass through here.
io::Task<Result<void>> Oidc::refuse_answers(http::Exchange& exchange, std::string_view name,
                                            const AuthorizeRequest& request, const Form& form,
                                            Error problem) {
    if (problem.reason == reason::kNotInRegion) {
        Result<std::string> home =
            co_await oauth_.home_of_name(request.asked.client_id, form.get("username"));
        co_return co_await send_home(exchange, std::move(home));
    }
    const Language& words = language(exchange);
    Page page = page_for(words, name, request, form);
    page.problem = words_for(words, problem);
    co_return co_await show(exchange, request, status_for(problem), std::move(page));
}

}  // namespace domicile::api::oidc
