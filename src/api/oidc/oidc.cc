#include "api/oidc/oidc.h"

#include <array>

#include "api/oidc/reply.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::api::oidc {
namespace {

constexpr std::string_view kDiscoverySuffix = "/.well-known/openid-configuration";

// Path, and the name that it is counted under.
using Place = std::pair<std::string_view, std::string_view>;
constexpr std::array kPlaces = {
    Place{"/oauth2/authorize", "authorize"},
    Place{"/oauth2/idpresponse", "provider_answer"},
    Place{"/login", "login"},
    Place{"/oauth2/token", "token"},
    Place{"/oauth2/revoke", "revoke_token"},
    Place{"/oauth2/introspect", "introspect"},
    Place{"/oauth2/userInfo", "user_info"},
    Place{"/logout", "logout"},
    Place{"/signup", "sign_up"},
    Place{"/complete", "complete_sign_up"},
    Place{"/confirm", "confirm"},
    Place{"/forgotPassword", "forgot_password"},
    Place{"/confirmForgotPassword", "reset_password"},
    Place{"/passkeys/add", "add_passkey"},
    Place{"/account", "own_account"},
};
constexpr std::string_view kDiscovery = "discovery", kPreflight = "oauth_preflight";

std::string_view name_of(std::string_view path) {
    for (const auto& [own, name] : kPlaces) {
        if (own == path) return name;
    }
    return path.ends_with(kDiscoverySuffix) ? kDiscovery : std::string_view();
}

json::array list(std::initializer_list<std::string_view> words) {
    json::array out;
    for (const std::string_view word : words) out.emplace_back(word);
    return out;
}

json::object metadata(const std::string& issuer, const std::string& origin,
                      const config::Pool& pool) {
    json::array scopes = list({"openid", "email", "phone", "profile", config::kUserPoolScope});
    for (const config::ResourceServer& server : pool.resource_servers) {
        for (const std::string& scope : server.scopes) {
            scopes.emplace_back(server.identifier + "/" + scope);
        }
    }
    const json::array secrets = list({"client_secret_basic", "client_secret_post"});
    const json::array any = list({"client_secret_basic", "client_secret_post", "none"});
    return {{"issuer", issuer},
            {"jwks_uri", issuer + "/.well-known/jwks.json"},
            {"authorization_endpoint", origin + "/oauth2/authorize"},
            {"token_endpoint", origin + "/oauth2/token"},
            {"userinfo_endpoint", origin + "/oauth2/userInfo"},
            {"revocation_endpoint", origin + "/oauth2/revoke"},
            {"introspection_endpoint", origin + "/oauth2/introspect"},
            {"end_session_endpoint", origin + "/logout"},
            {"scopes_supported", std::move(scopes)},
            {"response_types_supported", list({"code"})},
            {"response_modes_supported", list({"query"})},
            {"grant_types_supported",
             list({"authorization_code", "refresh_token", "client_credentials"})},
            {"subject_types_supported", list({"public"})},
            {"id_token_signing_alg_values_supported", list({"RS256", "ES256"})},
            {"token_endpoint_auth_methods_supported", any},
            {"revocation_endpoint_auth_methods_supported", any},
            {"introspection_endpoint_auth_methods_supported", secrets},
            {"code_challenge_methods_supported", list({"S256"})},
            {"claims_supported",
             list({"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "origin_jti",
                   "cognito:username", "cognito:groups", "email", "email_verified", "phone_number",
                   "phone_number_verified", "name", "given_name", "family_name", "locale"})},
            {"ui_locales_supported", list({"en", "de"})},
            {"prompt_values_supported", list({"none", "login"})},
            {"authorization_response_iss_parameter_supported", true},
            {"claims_parameter_supported", false},
            {"request_parameter_supported", false},
            {"request_uri_parameter_supported", false}};
}

io::Task<Result<void>> preflight(http::Exchange& exchange) {
    http::ResponseHead head;
    head.status = 204;
    head.add("Access-Control-Allow-Origin", "*");
    head.add("Access-Control-Allow-Methods", "GET, POST");
    head.add("Access-Control-Allow-Headers", "Authorization, Content-Type");
    head.add("Access-Control-Max-Age", "7200");
    co_return co_await exchange.respond(std::move(head), "");
}

}  // namespace

bool Oidc::takes(std::string_view path) { return !name_of(path).empty(); }

void Oidc::report_to(telemetry::Registry& registry) {
    std::vector<std::string_view> names = {kDiscovery, kPreflight};
    for (const auto& [path, name] : kPlaces) names.push_back(name);
    operations_.report_to(registry, "oidc", names);
}

io::Task<Result<void>> Oidc::handle(http::Exchange& exchange) {
    const std::string_view method = exchange.request().method;
    const std::string_view name = name_of(exchange.request().path);
    exchange.report_as(operations_.find(method == "OPTIONS" ? kPreflight : name));
    if (method == "OPTIONS") co_return co_await preflight(exchange);
    const bool reads = method == "GET" || method == "HEAD";
    const bool only_posts = name == "token" || name == "revoke_token" || name == "introspect";
    if (only_posts && method != "POST") co_return co_await reply_method(exchange, "POST");
    if (name == kDiscovery && !reads) co_return co_await reply_method(exchange, "GET, HEAD");
    if (!reads && method != "POST") co_return co_await reply_method(exchange, "GET, HEAD, POST");
    if (name == "authorize") co_return co_await authorize(exchange);
    if (name == "login") co_return co_await login(exchange);
    if (name == "provider_answer") co_return co_await take_external(exchange);
    if (name == "complete_sign_up") co_return co_await complete(exchange);
    if (name == "add_passkey") co_return co_await passkey(exchange);
    if (name == "own_account") co_return co_await own_account(exchange);
    if (name == "logout") co_return co_await logout(exchange);
    if (name == "sign_up" || name == "confirm" || name == "forgot_password" ||
        name == "reset_password") {
        co_return co_await account(exchange, name);
    }
    if (name == "token") co_return co_await token(exchange);
    if (name == "revoke_token") co_return co_await revoke(exchange);
    if (name == "introspect") co_return co_await introspect(exchange);
    if (name == "user_info") co_return co_await user_info(exchange);
    co_return co_await discovery(exchange);
}

io::Task<Result<void>> Oidc::discovery(http::Exchange& exchange) {
    std::string_view path = exchange.request().path;
    path.remove_suffix(kDiscoverySuffix.size());
    for (const config::Pool& pool : config_->pools) {
        if (path != "/" + pool.id_in(region_)) continue;
        const std::string text =
            json::serialize(metadata(oauth_.issuer_of(pool), oauth_.origin_of(region_), pool));
        http::ResponseHead head = json_head(200, "public, max-age=60");
        co_return co_await exchange.respond(std::move(head), text);
    }
    OAuthError none{404, "invalid_request", "There is no such issuer."};
    co_return co_await reply_error(exchange, std::move(none));
}

std::string Oidc::cookie_name(const http::Exchange& exchange, std::string_view name) const {
    return (exchange.peer().tls ? "__Host-domicile-" : "domicile-") + std::string(name);
}

std::string Oidc::session_cookie(const http::Exchange& exchange, const config::Pool& pool) const {
    return cookie_name(exchange, "session-" + pool.id_suffix);
}

// What the browser has, or a fresh one: the same for all its windows.
std::string Oidc::form_token(const http::Exchange& exchange) const {
    constexpr std::size_t kSize = 24;
    const auto has = find_cookie(exchange, cookie_name(exchange, "form"));
    const auto bytes = from_base64url(has.value_or(""));
    if (bytes && bytes->size() == kSize) return *has;
    return to_base64url(random_.bytes(kSize));
}

// Only a page of this host knows what the browser has.
bool Oidc::form_token_fits(const http::Exchange& exchange, const Form& form) const {
    const auto has = find_cookie(exchange, cookie_name(exchange, "form"));
    const auto said = form.find("form_token");
    return has && said && !has->empty() && crypto::constant_time_equal(*has, *said);
}

const Language& Oidc::language(const http::Exchange& exchange) const {
    const auto form = Form::parse(exchange.request().query);
    // Cognito's name for it is `lang`.
    std::string wanted = form ? form->get("ui_locales") : "";
    if (wanted.empty() && form) wanted = form->get("lang");
    return choose_language(wanted, exchange.request().headers.find("Accept-Language").value_or(""));
}

}  // namespace domicile::api::oidc
