// Members of a request. A wrong JSON type is Code::malformed (SerializationException), a missing or
// unfit value Code::invalid_argument (ValidationException), as DynamoDB tells them apart.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "documents/documents.h"

namespace domicile::api::dynamodb {

Result<std::optional<std::string>> text_member(const json::object& request, std::string_view name);
Result<std::optional<std::int64_t>> int_member(const json::object& request, std::string_view name);
Result<std::optional<bool>> bool_member(const json::object& request, std::string_view name);
Result<std::optional<documents::Item>> item_member(const json::object& request,
                                                   std::string_view name);

// TableName, also as the last part of an ARN.
Result<std::string> table_name(const json::object& request);
Result<documents::Item> required_item(const json::object& request, std::string_view name);
// One of the texts, the first when the member is absent.
Result<std::string> choice_member(const json::object& request, std::string_view name,
                                  std::initializer_list<std::string_view> choices);
// Refuses a member that would change the meaning and that is not carried out here.
Result<void> refuse_members(const json::object& request,
                            std::initializer_list<std::string_view> names);

}  // namespace domicile::api::dynamodb
