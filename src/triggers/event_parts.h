// What the events of all triggers have in common, and how members of answers are read: absent and
// null are the same, as the documentation shows unset members as null.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "identity/triggers.h"

namespace domicile::triggers {

json::object map_of(const identity::Attributes& texts);
// Null where there is nothing, as Cognito has it for validationData.
json::value map_or_null(const std::optional<identity::Attributes>& texts);
json::array list_of(const std::vector<std::string>& texts);
json::object envelope(const identity::TriggerEvent& event, std::string_view region);
json::object request_of(const identity::TriggerEvent& event);

// internal with reason trigger_answer.
std::unexpected<Error> bad_answer(std::string text = "Unrecognizable lambda output");
// False where it is absent or null.
Result<bool> flag(const json::object& from, std::string_view name);
// Empty where it is absent or null.
Result<json::object> structure(const json::object& from, std::string_view name);
Result<std::vector<std::string>> texts(const json::object& from, std::string_view name);
// nullopt where it is absent or null.
Result<std::optional<std::string>> text(const json::object& from, std::string_view name);
// {"NAME": "text"}; empty where it is absent or null.
Result<identity::Attributes> text_map(const json::object& from, std::string_view name);

}  // namespace domicile::triggers
