#include "triggers/event_parts.h"

#include "identity/types.h"

namespace domicile::triggers {

using identity::TriggerEvent;

json::object map_of(const identity::Attributes& texts) {
    json::object out;
    for (const auto& [name, text] : texts) out[name] = text;
    return out;
}

json::value map_or_null(const std::optional<identity::Attributes>& texts) {
    if (!texts || texts->empty()) return nullptr;
    return map_of(*texts);
}

json::array list_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const std::string& text : texts) out.emplace_back(text);
    return out;
}

json::object envelope(const TriggerEvent& event, std::string_view region) {
    return {{"version", "1"},
            {"triggerSource", event.source},
            {"region", region},
            {"userPoolId", event.pool_id},
            {"userName", event.username},
            {"callerContext", json::object{{"awsSdkVersion", "aws-sdk-unknown-unknown"},
                                           {"clientId", event.client_id}}}};
}

json::object request_of(const TriggerEvent& event) {
    json::object out{{"userAttributes", map_of(event.attributes)}};
    if (event.client_metadata && !event.client_metadata->empty()) {
        out["clientMetadata"] = map_of(*event.client_metadata);
    }
    return out;
}

std::unexpected<Error> bad_answer(std::string text) {
    return fail(Code::internal, std::move(text), identity::reason::kTriggerAnswer);
}

Result<bool> flag(const json::object& from, std::string_view name) {
    const json::value* value = from.if_contains(name);
    if (value == nullptr || value->is_null()) return false;
    if (!value->is_bool()) return bad_answer();
    return value->get_bool();
}

Result<json::object> structure(const json::object& from, std::string_view name) {
    const json::value* value = from.if_contains(name);
    if (value == nullptr || value->is_null()) return json::object();
    if (!value->is_object()) return bad_answer();
    return value->get_object();
}

Result<std::vector<std::string>> texts(const json::object& from, std::string_view name) {
    std::vector<std::string> out;
    const json::value* value = from.if_contains(name);
    if (value == nullptr || value->is_null()) return out;
    if (!value->is_array()) return bad_answer();
    for (const json::value& item : value->get_array()) {
        if (!item.is_string()) return bad_answer();
        out.emplace_back(item.get_string());
    }
    return out;
}

Result<std::optional<std::string>> text(const json::object& from, std::string_view name) {
    auto found = optional_string(from, name);
    if (!found) return bad_answer();
    return std::move(*found);
}

Result<identity::Attributes> text_map(const json::object& from, std::string_view name) {
    TRY(const json::object found, structure(from, name));
    identity::Attributes out;
    for (const auto& member : found) {
        if (!member.value().is_string()) return bad_answer();
        out.emplace(member.key(), member.value().get_string());
    }
    return out;
}

}  // namespace domicile::triggers
