// application/x-www-form-urlencoded, of queries and bodies: what the parameters of OAuth requests
// come as (RFC 6749, appendix B). Strict: whole escapes, UTF-8 without control characters, each
// name once (RFC 6749, 3.1), and bounds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace domicile::api::oidc {

class Form {
  public:
    static constexpr std::size_t kFieldsMax = 64;
    static constexpr std::size_t kBytesMax = 24 * 1024;

    // malformed; the message names no value.
    static Result<Form> parse(std::string_view text);

    // nullopt when it is absent or empty, which OAuth takes for the same.
    std::optional<std::string> find(std::string_view name) const;
    std::string get(std::string_view name) const { return find(name).value_or(""); }
    void add(std::string name, std::string value);
    void remove(std::string_view name);
    std::string encode() const;
    const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace domicile::api::oidc
