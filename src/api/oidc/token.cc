// What clients call themselves: the token endpoint (RFC 6749), revocation (RFC 7009), introspection
// (RFC 7662), and userinfo (OpenID Connect Core, 5.3).
#include "api/oidc/limited.h"
#include "api/oidc/oidc.h"
#include "api/oidc/reply.h"
#include "base/encoding.h"

namespace domicile::api::oidc {
namespace {

namespace reason = identity::reason;

struct Credentials {
    std::string id;
    std::optional<std::string> secret;
};

std::unexpected<Error> not_known(const char* why) {
    return fail(Code::unauthenticated, why, reason::kClientSecret);
}

// RFC 6749, 2.3.1: each half is form-encoded before.
Result<Credentials> read_basic(std::string_view encoded) {
    const auto text = from_base64(trim(encoded));
    const auto colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos) return not_known("The Authorization header is malformed.");
    auto id = percent_decode(text->substr(0, colon), true);
    auto secret = percent_decode(text->substr(colon + 1), true);
    if (!id || !secret) return not_known("The Authorization header is malformed.");
    return Credentials{std::move(*id), std::move(*secret)};
}

bool is_basic(std::string_view authorization) {
    return equals_ignore_case(authorization.substr(0, 6), "Basic ");
}

Result<Credentials> read_credentials(const http::Exchange& exchange, const Form& form) {
    const auto header = exchange.request().headers.find("Authorization");
    const auto id = form.find("client_id");
    const auto secret = form.find("client_secret");
    if (header) {
        if (!is_basic(*header)) return not_known("The Authorization header has to be Basic.");
        TRY(Credentials out, read_basic(header->substr(6)));
        if (secret || (id && *id != out.id)) {
            return fail(Code::invalid_argument, "The client says who it is in two ways.");
        }
        return out;
    }
    if (!id) return not_known("client_id is missing.");
    return Credentials{*id, secret};
}

OAuthError refusal(const http::Exchange& exchange, const Error& error) {
    OAuthError out = to_oauth(error);
    const std::string_view header =
        exchange.request().headers.find("Authorization").value_or(std::string_view());
    if (out.error == "invalid_client" && is_basic(header)) out.challenge = "Basic realm=\"token\"";
    return out;
}

Result<std::string> required(const Form& form, const char* name) {
    auto value = form.find(name);
    if (value) return std::move(*value);
    return fail(Code::invalid_argument, std::string(name) + " is missing.");
}

json::object token_answer(const identity::GrantedTokens& granted) {
    json::object out{{"access_token", granted.tokens.access_token},
                     {"token_type", "Bearer"},
                     {"expires_in", granted.tokens.expires_in_seconds},
                     {"scope", granted.scope}};
    if (!granted.tokens.id_token.empty()) out["id_token"] = granted.tokens.id_token;
    if (granted.tokens.refresh_token) out["refresh_token"] = *granted.tokens.refresh_token;
    return out;
}

json::object state_answer(const identity::TokenState& state) {
    if (!state.active) return {{"active", false}};
    json::object out{{"active", true},       {"sub", state.sub},    {"client_id", state.client_id},
                     {"scope", state.scope}, {"iat", state.issued}, {"exp", state.expires}};
    if (!state.username.empty()) out["username"] = state.username;
    if (state.use == "access") out["token_type"] = "Bearer";
    return out;
}

json::object user_answer(const identity::User& user) {
    json::object out{{"sub", user.sub}, {"username", user.username}};
    for (const auto& [name, value] : user.attributes) {
        if (out.contains(name)) continue;  // an attribute never replaces a claim of ours
        const bool is_flag = name == "email_verified" || name == "phone_number_verified";
        out[name] = is_flag ? json::value(value == "true") : json::value(json::string(value));
    }
    return out;
}

// RFC 6750, 3: without words for who sent no token.
OAuthError bearer_refusal(const Error& error) {
    OAuthError out = to_oauth(error);
    if (out.status == 401 || out.status == 403) {
        out.challenge = "Bearer realm=\"userinfo\", error=\"" + out.error + "\"";
        if (out.status == 403) out.challenge += ", scope=\"openid\"";
    }
    return out;
}

}  // namespace

io::Task<Result<limits::Admission>> Oidc::admit_secret(http::Exchange& exchange, const Form& form) {
    const bool shows = exchange.request().headers.contains("Authorization") ||
                       form.find("client_secret").has_value();
    if (!shows) co_return limits::Admission();
    const auto credentials = read_credentials(exchange, form);
    std::string client_id = credentials ? credentials->id : std::string();
    co_return co_await admit(exchange, limits::Kind::guess, std::move(client_id));
}

io::Task<Result<Oidc::Caller>> Oidc::authenticate(http::Exchange& exchange, const Form& form) {
    CO_TRY(Credentials credentials, read_credentials(exchange, form));
    CO_TRY(const identity::ClientOfPool client, oauth_.client(credentials.id));
    if (!client.client->oauth) co_return not_known("The client is none of the provider's.");
    CO_TRY_VOID(co_await oauth_.secrets().check_secret(credentials.id, credentials.secret));
    co_return Caller{client, std::move(credentials.secret)};
}

io::Task<Result<void>> Oidc::token(http::Exchange& exchange) {
    auto form = co_await read_parameters(exchange);
    if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
    if (!form) {
        OAuthError error = to_oauth(form.error());
        co_return co_await reply_error(exchange, std::move(error));
    }
    CO_TRY(auto admission, co_await admit_secret(exchange, *form));
    if (admission.refusal) co_return co_await reply_limited(exchange, *admission.refusal);
    auto caller = co_await authenticate(exchange, *form);
    settle(admission.permit, limits::Kind::guess, caller);
    if (!caller) {
        OAuthError error = refusal(exchange, caller.error());
        co_return co_await reply_error(exchange, std::move(error));
    }
    const std::string type = form->get("grant_type");
    if (type != "authorization_code" && type != "refresh_token" && type != "client_credentials") {
        OAuthError error{400, "unsupported_grant_type", "This grant_type is not known."};
        if (type.empty()) error = {400, "invalid_request", "grant_type is missing."};
        co_return co_await reply_error(exchange, std::move(error));
    }
    const auto granted = co_await grant(std::move(*caller), std::move(*form));
    if (!granted) {
        OAuthError error = refusal(exchange, granted.error());
        co_return co_await reply_error(exchange, std::move(error));
    }
    json::object body = token_answer(*granted);
    co_return co_await reply_json(exchange, 200, std::move(body));
}

io::Task<Result<identity::GrantedTokens>> Oidc::grant(Caller caller, Form form) {
    const std::string& client_id = caller.client.client->id;
    if (form.get("grant_type") == "authorization_code") {
        CO_TRY(std::string code, required(form, "code"));
        CO_TRY(std::string redirect_uri, required(form, "redirect_uri"));
        identity::RedeemRequest redeem{client_id, std::move(code), std::move(redirect_uri),
                                       form.find("code_verifier")};
        co_return co_await oauth_.redeem(std::move(redeem));
    }
    if (form.get("grant_type") == "client_credentials") {
        co_return co_await oauth_.client_token(client_id, form.get("scope"));
    }
    CO_TRY(std::string token, required(form, "refresh_token"));
    identity::RefreshRequest refresh{client_id, std::move(token), true, std::nullopt,
                                     std::move(caller.secret)};
    co_return co_await oauth_.refresh(std::move(refresh));
}

// What revocation and introspection begin with; without a value it has been answered, or the
// connection is of no more use.
io::Task<Result<std::optional<identity::InspectRequest>>> Oidc::asked_about(
    http::Exchange& exchange, Asking who) {
    auto form = co_await read_parameters(exchange);
    if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
    Result<identity::InspectRequest> asked = std::unexpected(form ? Error{} : form.error());
    limits::Admission admission;
    if (form) {
        CO_TRY(admission, co_await admit_secret(exchange, *form));
    }
    if (admission.refusal) {
        CO_TRY_VOID(co_await reply_limited(exchange, *admission.refusal));
        co_return std::optional<identity::InspectRequest>();
    }
    if (form) asked = co_await read_question(exchange, *form, who);
    settle(admission.permit, limits::Kind::guess, asked);
    if (asked) co_return std::optional(std::move(*asked));
    OAuthError error = refusal(exchange, asked.error());
    CO_TRY_VOID(co_await reply_error(exchange, std::move(error)));
    co_return std::optional<identity::InspectRequest>();
}

io::Task<Result<identity::InspectRequest>> Oidc::read_question(http::Exchange& exchange,
                                                               const Form& form, Asking who) {
    CO_TRY(const Caller caller, co_await authenticate(exchange, form));
    // Tokens are not to be tried out by whoever knows a client id.
    if (who == Asking::with_secret && !caller.client.client->secret_file) {
        co_return not_known("A client without a secret may not ask about tokens.");
    }
    CO_TRY(std::string token, required(form, "token"));
    co_return identity::InspectRequest{caller.client.client->id, std::move(token)};
}

io::Task<Result<void>> Oidc::revoke(http::Exchange& exchange) {
    CO_TRY(auto asked, co_await asked_about(exchange, Asking::anybody));
    if (!asked) co_return Result<void>();
    const auto done = co_await oauth_.revoke(std::move(*asked));
    if (!done) {
        OAuthError error = refusal(exchange, done.error());
        co_return co_await reply_error(exchange, std::move(error));
    }
    http::ResponseHead head = json_head(200);
    co_return co_await exchange.respond(std::move(head), "");
}

io::Task<Result<void>> Oidc::introspect(http::Exchange& exchange) {
    CO_TRY(auto asked, co_await asked_about(exchange, Asking::with_secret));
    if (!asked) co_return Result<void>();
    const auto state = co_await oauth_.inspect(std::move(*asked));
    if (!state) {
        OAuthError error = refusal(exchange, state.error());
        co_return co_await reply_error(exchange, std::move(error));
    }
    json::object body = state_answer(*state);
    co_return co_await reply_json(exchange, 200, std::move(body));
}

io::Task<Result<void>> Oidc::user_info(http::Exchange& exchange) {
    identity::AccessTokenRequest request;
    const std::string_view header =
        exchange.request().headers.find("Authorization").value_or(std::string_view());
    if (equals_ignore_case(header.substr(0, 7), "Bearer ")) {
        request.access_token = std::string(trim(header.substr(7)));
    } else if (exchange.request().method == "POST") {
        const auto form = co_await read_parameters(exchange);
        if (!form && !can_be_answered(form.error())) co_return std::unexpected(form.error());
        if (form) request.access_token = form->get("access_token");
    }
    if (request.access_token.empty()) {
        OAuthError error{401, "invalid_request", "The access token is missing.",
                         "Bearer realm=\"userinfo\""};
        co_return co_await reply_error(exchange, std::move(error));
    }
    const auto user = co_await oauth_.user(std::move(request));
    if (!user) {
        OAuthError error = bearer_refusal(user.error());
        co_return co_await reply_error(exchange, std::move(error));
    }
    json::object body = user_answer(*user);
    co_return co_await reply_json(exchange, 200, std::move(body));
}

}  // namespace domicile::api::oidc
