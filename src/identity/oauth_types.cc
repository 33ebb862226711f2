#include "identity/oauth_types.h"

#include "base/encoding.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kNonceBytesMax = 512;

std::unexpected<Error> refuse(const char* why, std::string words) {
    return fail(Code::invalid_argument, std::move(words), why);
}

}  // namespace

std::string scope_of(const VerifiedToken& token) {
    const json::value* scope = token.claims.if_contains("scope");
    return scope != nullptr && scope->is_string() ? std::string(scope->get_string())
                                                  : std::string();
}

bool has_scope(std::string_view scopes, std::string_view scope) {
    while (!scopes.empty()) {
        const auto space = scopes.find(' ');
        if (scopes.substr(0, space) == scope) return true;
        if (space == scopes.npos) return false;
        scopes.remove_prefix(space + 1);
    }
    return false;
}

bool scope_shows(std::string_view scopes, std::string_view attribute) {
    const bool email = has_scope(scopes, "email"), phone = has_scope(scopes, "phone");
    if (has_scope(scopes, "profile") || (!email && !phone)) return true;
    if (attribute.starts_with("email")) return email;
    return attribute.starts_with("phone_number") && phone;
}

bool is_code_verifier(std::string_view text) {
    constexpr std::string_view kUnreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    return text.size() >= 43 && text.size() <= 128 &&
           text.find_first_not_of(kUnreserved) == text.npos;
}

Result<void> check_authorization(const config::Client& client, const Authorization& asked) {
    if (!client.oauth || !client.oauth->allows(config::Grant::authorization_code)) {
        return refuse(reason::kGrantNotAllowed, "The client does not sign people in here.");
    }
    if (is_for_account(asked)) return {};
    if (!client.oauth->redirects_to(asked.redirect_uri)) {
        return refuse(reason::kRedirectUri, "The redirect URI is not one of the client's.");
    }
    std::string_view rest = asked.scope;
    while (!rest.empty()) {
        const auto space = rest.find(' ');
        if (!client.oauth->allows_scope(rest.substr(0, space))) {
            return refuse(reason::kScopeInvalid, "The client may not ask for this scope.");
        }
        rest.remove_prefix(space == rest.npos ? rest.size() : space + 1);
    }
    if (asked.scope.empty() || asked.scope.ends_with(' ')) {
        return refuse(reason::kScopeInvalid, "The scope is not a list of scopes.");
    }
    if (!asked.code_challenge && !client.secret_file) {
        return refuse(reason::kProofKey, "A client without a secret has to use PKCE.");
    }
    if (asked.code_challenge) {
        const auto bytes = from_base64url(*asked.code_challenge);
        if (!bytes || bytes->size() != 32) {
            return refuse(reason::kProofKey, "The code challenge is not one of S256.");
        }
    }
    if (asked.nonce && asked.nonce->size() > kNonceBytesMax) {
        return refuse(reason::kSchema, "The nonce is too long.");
    }
    return {};
}

}  // namespace domicile::identity
