// Reads the members of a request as Cognito does: a wrong JSON type is a SerializationException;
// what is missing, empty or too long is collected and answered with all constraint violations in
// one InvalidParameterException. Null counts as absent; unknown members are ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cognito/error.h"
#include "base/json.h"
#include "identity/types.h"

namespace domicile::api::cognito {

class Members {
  public:
    explicit Members(const json::object& object) : object_(object) {}

    std::string required(std::string_view name, std::size_t bytes_max = 131072);
    std::optional<std::string> optional(std::string_view name, std::size_t bytes_max = 131072);
    // One of `allowed`, else a violation.
    std::string choice(std::string_view name, const std::vector<std::string_view>& allowed);
    // The same, or empty where it is absent.
    std::string optional_choice(std::string_view name,
                                const std::vector<std::string_view>& allowed);
    // [{"Name","Value"}]; a name given twice is a violation.
    identity::Attributes attributes(std::string_view name);
    // False where it is absent.
    bool flag(std::string_view name);
    // The same, nullopt where it is absent.
    std::optional<bool> optional_flag(std::string_view name);
    // A structure; null where it is absent.
    const json::object* structure(std::string_view name);
    // Of this many digits.
    std::string digits(std::string_view name, std::size_t count);
    // From 0 to `most`; a violation otherwise.
    std::optional<std::int64_t> number(std::string_view name, std::int64_t most);
    std::vector<std::string> list(std::string_view name);
    // {"NAME": "text"} such as AuthParameters; null values are left out.
    identity::Attributes texts(std::string_view name);

    // What was wrong with anything read so far.
    std::optional<DialectError> problem() const;

  private:
    const json::value* find(std::string_view name);
    void violation(std::string_view name, std::string_view constraint);
    void wrong_type(std::string_view name, std::string_view wanted);
    void read_attribute(const json::value& item, std::string_view list, identity::Attributes& into);

    const json::object& object_;
    std::vector<std::string> violations_;
    std::optional<DialectError> wrong_type_;
};

}  // namespace domicile::api::cognito
