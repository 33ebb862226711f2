// JSON Schema as OpenAPI 3.0 and 3.1 use it, compiled: what a request's JSON may be.
//
// A validation is a walk over value and schema that is bounded by a number of steps, since anyOf in
// a schema that refers to itself doubles the work with each level of the value. Texts that are
// matched or compared cost steps by their length. Patterns are RE2's, whose time is linear.
// Messages say what the schema wants and never what the value is, which may be about a person;
// members are named by JSON pointers (RFC 6901).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace re2 {
class RE2;
}

namespace domicile::openapi {

enum class Format : std::uint8_t {
    any,  // none, or one that wants nothing of a value
    date,
    date_time,
    time,
    email,
    uuid,
    ipv4,
    ipv6,
    hostname,
    uri,
    byte,
    int32,
    int64
};
// nullopt: not known.
std::optional<Format> format_of(std::string_view name);
bool has_format(std::string_view text, Format format);

// One bit for each of JSON's types; integer is a number without a fraction.
namespace type {
inline constexpr unsigned kNull = 1, kBoolean = 2, kInteger = 4, kNumber = 8, kString = 16,
                          kArray = 32, kObject = 64, kAny = 127;
}

struct Violation {
    std::string_view in;  // "path", "query", "header" or "body"
    std::string name;     // of a parameter
    std::string pointer;  // into a body or a list: "/entries/0/title"; empty: the whole
    std::string message;
};
using Violations = std::vector<Violation>;
inline constexpr std::size_t kViolationsMax = 20;

using SchemaId = std::uint32_t;

struct Schema {
    struct Property {
        std::string name;
        SchemaId schema = 0;
    };
    bool never = false;  // the schema `false`
    unsigned types = type::kAny;
    std::vector<Property> properties;
    std::vector<std::string> required;
    bool closed = false;                 // additionalProperties: false
    std::optional<SchemaId> additional;  // of other members
    std::optional<SchemaId> items;
    std::vector<SchemaId> all_of, any_of, one_of;
    std::optional<SchemaId> negated;
    std::optional<std::vector<std::string>> choices;  // canonical texts, sorted
    std::optional<long double> minimum, maximum, above, below, multiple_of;
    std::optional<std::uint64_t> length_min, length_max, items_min, items_max, properties_min,
        properties_max;
    bool unique = false;
    std::shared_ptr<const re2::RE2> pattern;
    Format format = Format::any;
    bool read_only = false;
};

// The schemas of one document, which refer to each other by index.
struct Schemas {
    std::vector<Schema> all;
};

// The same for equal values: members sorted, numbers in one form.
std::string canonical(const json::value& value);

// Whether the value fits; adds what does not, up to kViolationsMax, under `at`.
class Validation {
  public:
    static constexpr std::size_t kStepsMax = 1'000'000;

    explicit Validation(const Schemas& schemas) : schemas_(schemas) {}
    bool check(const json::value& value, SchemaId schema, std::string_view in,
               std::string_view name, Violations& out);
    // More steps than allowed: the last answer was no.
    bool exhausted() const { return steps_ > kStepsMax; }

  private:
    struct Sink;
    // Counts the work on a text of this size; false when there was too much.
    bool spend(std::size_t bytes);
    std::string spend_on(const json::value& value);
    bool fits(const json::value& value, SchemaId id, const std::string& at, Sink* sink);
    bool fits_number(const json::value& value, const Schema& schema, const std::string& at,
                     Sink* sink);
    bool fits_string(std::string_view text, const Schema& schema, const std::string& at,
                     Sink* sink);
    bool fits_array(const json::array& array, const Schema& schema, const std::string& at,
                    Sink* sink);
    bool fits_object(const json::object& object, const Schema& schema, const std::string& at,
                     Sink* sink);
    bool fits_combined(const json::value& value, const Schema& schema, const std::string& at,
                       Sink* sink);

    const Schemas& schemas_;
    std::size_t steps_ = 0;
};

// "a~b/c" as it stands in a pointer.
std::string pointer_token(std::string_view name);

}  // namespace domicile::openapi
