// What a function that decides on calls is told, and what it says. Source: "Use API Gateway Lambda
// authorizers" (REST: TOKEN and REQUEST, payload format 1.0) and "Control access to HTTP APIs with
// AWS Lambda authorizers" (1.0 and 2.0, with an IAM policy or the simple form).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functions/event.h"

namespace domicile::functions {

// arn:aws:execute-api:REGION:000000000000:domicile/STAGE/GET/entries/1. Escapes in the path that
// need not be there are gone and the others are in upper case (RFC 3986, 6.2.2), so that no path
// has a second spelling which a policy does not name.
std::string method_arn(std::string_view region, const HttpCall& call, bool v2);

// The values of the identity sources, in the order of the configuration.
using IdentitySources = std::vector<std::string>;

// The call without its body.
json::object authorizer_event_v2(const HttpCall& call, std::string_view arn,
                                 const IdentitySources& sources);
json::object authorizer_event_v1(const HttpCall& call, std::string_view arn,
                                 const IdentitySources& sources);
// TOKEN: one header's value, and nothing else of the call.
json::object authorizer_token_event(std::string_view token, std::string_view arn);

// `*` is any text, `?` any one byte.
bool is_like(std::string_view text, std::string_view pattern);

struct AuthorizerAnswer {
    struct Statement {
        bool allow = false;
        std::vector<std::string> resources;  // patterns of ARNs
    };

    bool simple = false;                // isAuthorized, for the route that it was asked about
    bool allowed = false;               // if simple
    std::vector<Statement> statements;  // otherwise
    std::string principal;              // principalId; may be empty
    std::string usage_key;              // usageIdentifierKey: an API key; may be empty
    json::object context;               // for what is behind the gateway

    // Denied by one statement is denied; else one has to allow it.
    bool allows(std::string_view arn) const;
};

inline constexpr std::size_t kAuthorizerAnswerMax = 16 * 1024;

// internal (reason "bad_answer") for anything that is not understood whole, also an element of a
// policy that is not looked at here (Condition, NotResource, ...): what it would have ruled out
// must not pass. With `v2` the simple form is taken, and values of the context may be of any type.
Result<AuthorizerAnswer> parse_authorizer_answer(std::string_view text, bool v2);

// Whether the document of an error says "Unauthorized", by which a function of format 1.0 asks for
// a 401.
bool is_unauthorized(std::string_view error_document);

}  // namespace domicile::functions
