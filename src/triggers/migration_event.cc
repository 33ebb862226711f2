#include "triggers/migration_event.h"

#include "triggers/event.h"
#include "triggers/event_parts.h"

namespace domicile::triggers {

json::object migration_event(const identity::TriggerEvent& event, std::string_view region,
                             const std::optional<std::string>& password) {
    json::object out = envelope(event, region);
    json::object request;
    if (password) request["password"] = *password;
    request["validationData"] = map_or_null(event.validation_data);
    request["clientMetadata"] = map_or_null(event.client_metadata);
    out["request"] = std::move(request);
    out["response"] =
        json::object{{"userAttributes", nullptr}, {"forceAliasCreation", nullptr},
                     {"enableSMSMFA", nullptr},   {"finalUserStatus", nullptr},
                     {"messageAction", nullptr},  {"desiredDeliveryMediums", nullptr}};
    return out;
}

Result<identity::MigratedUser> read_migration(std::string_view said) {
    TRY(const json::object response, read_answer(said));
    identity::MigratedUser out;
    TRY(out.attributes, text_map(response, "userAttributes"));
    TRY(const auto status, text(response, "finalUserStatus"));
    TRY(const auto action, text(response, "messageAction"));
    TRY_VOID(flag(response, "forceAliasCreation"));
    TRY_VOID(flag(response, "enableSMSMFA"));
    TRY_VOID(texts(response, "desiredDeliveryMediums"));
    if (out.attributes.size() > kAttributesMax) {
        return bad_answer("UserMigration: there are too many userAttributes.");
    }
    if (status && !status->empty() && *status != "CONFIRMED" && *status != "RESET_REQUIRED") {
        return bad_answer("UserMigration: finalUserStatus is CONFIRMED or RESET_REQUIRED.");
    }
    if (action && !action->empty() && *action != "SUPPRESS" && *action != "RESEND") {
        return bad_answer("UserMigration: messageAction is SUPPRESS or RESEND.");
    }
    out.confirmed = status == "CONFIRMED";
    return out;
}

}  // namespace domicile::triggers
