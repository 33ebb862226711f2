// The forms of answers, and cookies.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/oidc/form.h"
#include "api/oidc/page.h"
#include "base/json.h"
#include "base/result.h"
#include "http/server.h"
#include "io/task.h"

namespace domicile::api::oidc {

using Replied = io::Task<Result<void>>;

// JSON for clients, also for those in browsers of other origins, which bring no cookies.
http::ResponseHead json_head(int status, std::string_view cache = "no-store");
Replied reply_json(http::Exchange& exchange, int status, json::object body);

// RFC 6749, 5.2.
struct OAuthError {
    int status = 400;
    std::string error, description;
    std::string challenge = {};  // WWW-Authenticate
    int retry_after_seconds = 0;
};
OAuthError to_oauth(const Error& error);
Replied reply_error(http::Exchange& exchange, OAuthError error);
Replied reply_method(http::Exchange& exchange, std::string allowed);

// `cookies` are whole Set-Cookie values; `with_script` as of content_policy(). With Retry-After
// where `retry_after_seconds` is not 0.
Replied reply_page(http::Exchange& exchange, int status, std::string html,
                   std::string_view form_targets,
                   std::vector<std::string> cookies = std::vector<std::string>(),
                   bool with_script = false, int retry_after_seconds = 0);
Replied reply_redirect(http::Exchange& exchange, std::string location,
                       std::vector<std::string> cookies = std::vector<std::string>());

std::optional<std::string> find_cookie(const http::Exchange& exchange, std::string_view name);
// For as long as the browser runs, or so many seconds; an empty value takes it away.
std::string set_cookie(const http::Exchange& exchange, std::string_view name,
                       std::string_view value, std::int64_t seconds = 0);

// The parameters of a request: its query, or the form in its body. malformed, also for another
// type of body; errors of the connection as they are.
io::Task<Result<Form>> read_parameters(http::Exchange& exchange);
// Whether an error of read_parameters is the client's and can be answered.
bool can_be_answered(const Error& error);

}  // namespace domicile::api::oidc
