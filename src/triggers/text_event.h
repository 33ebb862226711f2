// What the function is told that sends text messages. Source: "Custom SMS sender Lambda trigger" of
// the same guide. There the code is encrypted under a key of the application's; here nobody stands
// between the home and its function, and it is in clear. `message`, the whole text, is ours. What
// the function returns says nothing.
#pragma once

#include <string_view>

#include "base/json.h"
#include "identity/triggers.h"

namespace domicile::triggers {

json::object text_event(const identity::TriggerEvent& event, std::string_view region,
                        const identity::TextMessage& message);

}  // namespace domicile::triggers
