// What the function is told that writes mails, and what it says. Source: "Custom message Lambda
// trigger" of the same guide.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "identity/triggers.h"

namespace domicile::triggers {

// Characters, as Cognito counts them for EmailSubjectType and EmailMessageType.
inline constexpr std::size_t kSubjectMax = 140, kTextMax = 20'000;
inline constexpr std::size_t kSmsMax = 140;  // of SmsVerificationMessageType

json::object message_event(const identity::TriggerEvent& event, std::string_view region,
                           bool with_username);
// Errors as read_answer(); also of a message without the places that it must have.
Result<identity::MessageWords> read_message(std::string_view text, bool with_username);

}  // namespace domicile::triggers
