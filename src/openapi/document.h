// An OpenAPI 3.0 or 3.1 document as the operations of an API.
//
// What cannot be kept is a problem, not a gap: a keyword that is not known, a pattern that is not
// linear, a reference out of the document. Only what requests are checked against is looked at;
// responses, examples and schemas that no request leads to may say anything.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "openapi/operation.h"

namespace domicile::openapi {

struct Problem {
    std::vector<std::string> pointer;  // steps from the root
    std::string message;
    std::string hint;
};

// What an operation asks for, from `security` of the operation or the document.
struct Security {
    struct Scheme {
        std::string name;
        std::vector<std::string> scopes;
        json::object definition;  // of components.securitySchemes
        std::vector<std::string> pointer;
    };
    bool said = false;            // otherwise whoever imports it decides
    std::vector<Scheme> schemes;  // all of them; empty: none
    std::vector<std::string> pointer;
};

struct ApiOperation {
    Operation operation;
    std::vector<std::string> pointer;
    Security security;
    // Pointers to `x-domicile-route` of the operation and of its path, where they are there.
    std::vector<std::vector<std::string>> routes;
    json::value integration;  // x-amazon-apigateway-integration; null: none
};

struct Api {
    std::vector<ApiOperation> operations;  // what is more precise comes first
    std::vector<Problem> problems;         // if any, operations mean nothing
};

inline constexpr std::size_t kOperationsMax = 2000;
inline constexpr std::size_t kSchemasMax = 20'000;

Api read_api(const json::value& document);

std::string to_pointer(const std::vector<std::string>& steps);

}  // namespace domicile::openapi
