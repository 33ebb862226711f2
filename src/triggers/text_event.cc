#include "triggers/text_event.h"

#include "triggers/event_parts.h"

namespace domicile::triggers {

json::object text_event(const identity::TriggerEvent& event, std::string_view region,
                        const identity::TextMessage& message) {
    json::object request = request_of(event);
    request["type"] = "customSMSSenderRequestV1";
    request["code"] = nullptr;
    if (!message.code.empty()) request["code"] = message.code;
    request["message"] = message.text;
    json::object out = envelope(event, region);
    out["request"] = std::move(request);
    return out;
}

}  // namespace domicile::triggers
