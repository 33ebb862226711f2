// What the function is told that hands people over, and what it says. Source: "Migrate user Lambda
// trigger" of the same guide.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "identity/triggers.h"

namespace domicile::triggers {

inline constexpr std::size_t kAttributesMax = 100;

json::object migration_event(const identity::TriggerEvent& event, std::string_view region,
                             const std::optional<std::string>& password);
// Errors as read_answer(). What only asks for mails, for SMS, or for somebody else's address is
// read and not followed.
Result<identity::MigratedUser> read_migration(std::string_view text);

}  // namespace domicile::triggers
