// Requests of SSM's parameter store, read from JSON. Pure. A wrong JSON type is Code::malformed
// (SerializationException), an unfit value Code::invalid_argument (ValidationException), or has one
// of the reasons below.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace domicile::api::ssm {

namespace reason {
inline constexpr const char* kNoParameter = "no_parameter";  // ParameterNotFound
inline constexpr const char* kNoVersion = "no_version";      // ParameterVersionNotFound
inline constexpr const char* kBadToken = "bad_token";        // InvalidNextToken
inline constexpr const char* kBadFilter = "bad_filter";      // InvalidFilterKey
}  // namespace reason

// "/app/theme", "/app/theme:1" or an ARN that ends in one.
struct Name {
    std::string asked;     // as it was written
    std::string name;      // of the parameter
    std::string selector;  // ":1", or empty
};
Result<Name> parse_name(std::string_view text, std::string_view region);

struct One {
    Name name;
    bool decrypted = false;
};
struct Several {
    std::vector<Name> names;  // 1 to 10, in the order of the request
    bool decrypted = false;
};
struct Below {
    std::string path;  // begins with a slash
    bool deep = false, decrypted = false;
    std::size_t most = 10;
    std::string after;  // a name
};
Result<One> parse_one(const json::object& request, std::string_view region);
Result<Several> parse_several(const json::object& request, std::string_view region);
Result<Below> parse_below(const json::object& request);
// The token of the page after this name.
std::string token_after(std::string_view name);

}  // namespace domicile::api::ssm
