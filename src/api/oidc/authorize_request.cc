#include "api/oidc/authorize_request.h"

#include <charconv>

namespace domicile::api::oidc {
namespace {

using Failed = std::unexpected<AuthorizeError>;

constexpr std::int64_t kMaxAgeMost = 10LL * 365 * 86'400;
constexpr std::size_t kStateBytesMax = 2048;

Failed told(const AuthorizeRequest& request, const char* error, std::string description) {
    return Failed(
        AuthorizeError{request.asked.redirect_uri, request.state, error, std::move(description)});
}
Failed shown(const char* error, const char* description) {
    return Failed(AuthorizeError{std::nullopt, std::nullopt, error, description});
}

std::expected<void, AuthorizeError> read_prompt(const std::string& text, AuthorizeRequest& out) {
    using identity::has_scope;  // the same form: words between spaces
    out.shows = !has_scope(text, "none");
    out.shows_anew = out.shows && !text.empty();
    if (!out.shows && text != "none") {
        return told(out, "invalid_request", "prompt=none stands alone.");
    }
    return {};
}

std::expected<void, AuthorizeError> read_max_age(const std::string& text, AuthorizeRequest& out) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 ||
        value > kMaxAgeMost) {
        return told(out, "invalid_request", "max_age is not a number of seconds.");
    }
    out.max_age_seconds = value;
    return {};
}

// One space between words, whatever was between them.
std::string normal_scope(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
        out += c;
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

const char* error_of(const Error& error) {
    if (error.reason == identity::reason::kScopeInvalid) return "invalid_scope";
    if (error.reason == identity::reason::kGrantNotAllowed) return "unauthorized_client";
    return "invalid_request";
}

std::expected<void, AuthorizeError> read_rest(const Form& form, const config::Client& client,
                                              AuthorizeRequest& out) {
    if (form.find("request")) return told(out, "request_not_supported", "request is not taken.");
    if (form.find("request_uri")) {
        return told(out, "request_uri_not_supported", "request_uri is not taken.");
    }
    if (form.get("response_type").empty()) {
        return told(out, "invalid_request", "response_type is missing.");
    }
    if (form.get("response_type") != "code") {
        return told(out, "unsupported_response_type", "response_type has to be code.");
    }
    const auto mode = form.find("response_mode");
    if (mode && *mode != "query") {
        return told(out, "invalid_request", "response_mode has to be query.");
    }
    out.asked.code_challenge = form.find("code_challenge");
    const auto method = form.find("code_challenge_method");
    if (out.asked.code_challenge ? method != "S256" : method.has_value()) {
        return told(out, "invalid_request", "code_challenge_method has to be S256.");
    }
    out.asked.nonce = form.find("nonce");
    out.asked.scope = normal_scope(form.get("scope"));
    if (out.asked.scope.empty() && client.oauth) {
        for (const std::string& scope : client.oauth->scopes) {
            out.asked.scope += (out.asked.scope.empty() ? "" : " ") + scope;
        }
    }
    out.id_token_hint = form.find("id_token_hint");
    if (auto done = read_prompt(form.get("prompt"), out); !done) return done;
    if (const auto age = form.find("max_age")) return read_max_age(*age, out);
    return {};
}

std::expected<AuthorizeRequest, AuthorizeError> for_account(const Form& form,
                                                            const config::Client& client) {
    AuthorizeRequest out;
    out.asked.client_id = client.id;
    out.asked.own_account = true;
    out.account_query = form.encode();
    out.shows_anew = true;
    if (const auto good = identity::check_authorization(client, out.asked); !good) {
        return shown("unauthorized_client", "The client does not sign people in here.");
    }
    return out;
}

}  // namespace

std::expected<AuthorizeRequest, AuthorizeError> read_authorize(const Form& form,
                                                               const config::Client* client) {
    AuthorizeRequest out;
    const auto redirect = form.find("redirect_uri");
    if (client == nullptr || !client->oauth) {
        return shown("invalid_request", "There is no such client.");
    }
    if (form.get(kAccountMark) == "1") return for_account(form, *client);
    if (!redirect || !client->oauth->redirects_to(*redirect)) {
        return shown("invalid_request", "The redirect_uri is not one of the client's.");
    }
    out.asked.client_id = client->id;
    out.asked.redirect_uri = *redirect;
    if (form.get("state").size() > kStateBytesMax) {
        return told(out, "invalid_request", "state is too long.");
    }
    out.state = form.find("state");
    if (auto done = read_rest(form, *client, out); !done) return Failed(std::move(done.error()));
    if (const auto good = identity::check_authorization(*client, out.asked); !good) {
        return told(out, error_of(good.error()), good.error().message);
    }
    return out;
}

std::string with_parameters(const std::string& uri, const Form& parameters) {
    const bool has_query = uri.find('?') != std::string::npos;
    return uri + (has_query ? '&' : '?') + parameters.encode();
}

}  // namespace domicile::api::oidc
