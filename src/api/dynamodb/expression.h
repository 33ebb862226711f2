// The expressions of requests (DynamoDB developer guide, "Expressions"), as far as documents can
// carry them out: top-level attributes, SET and REMOVE, key conditions, existence conditions. What
// is valid in DynamoDB but not here is refused by name, never ignored.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/table.h"
#include "documents/documents.h"

namespace domicile::api::dynamodb {

// ExpressionAttributeNames and ExpressionAttributeValues of one request, and which were used.
class Bindings {
  public:
    static Result<Bindings> parse(const json::object& request);

    Result<std::string> name(const std::string& placeholder);
    Result<documents::Attribute> value(const std::string& placeholder);
    // invalid_argument when one was given that no expression used, as DynamoDB has it.
    Result<void> check_all_used(bool any_expression) const;

  private:
    std::map<std::string, std::string> names_;
    documents::Item values_;
    std::set<std::string> used_;
};

struct Update {
    std::map<std::string, documents::Attribute> set;
    std::vector<std::string> remove;
};
// "SET a = :v, #n = :w REMOVE b"
Result<Update> parse_update(std::string_view expression, Bindings& bindings);

struct KeyCondition {
    documents::Attribute partition;
    documents::SortRange sort;
};
// "pk = :v [AND sk <op> :w | sk BETWEEN :a AND :b | begins_with(sk, :p)]", in either order.
Result<KeyCondition> parse_key_condition(std::string_view expression, const config::Table& table,
                                         Bindings& bindings);

// "attribute_exists(key)" (true) or "attribute_not_exists(key)" (false), also joined by AND.
Result<bool> parse_existence(std::string_view expression, const config::Table& table,
                             Bindings& bindings);

// "a, #b, c"
Result<std::vector<std::string>> parse_projection(std::string_view expression, Bindings& bindings);

}  // namespace domicile::api::dynamodb
