#include "triggers/event.h"

#include <algorithm>

#include "triggers/event_parts.h"

namespace domicile::triggers {
namespace {

using identity::ClaimChanges;
using identity::GroupChanges;
using identity::TokenChanges;
using identity::TriggerEvent;

constexpr std::size_t kMessageMax = 4096;

bool is_scope(const std::string& text) {
    const auto printable = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; };
    return !text.empty() && std::ranges::all_of(text, printable);
}

// With V1_0 claims are texts; with V2_0 of any type.
Result<ClaimChanges> read_claims(const json::object& from, bool only_texts) {
    ClaimChanges out;
    TRY(out.add, structure(from, "claimsToAddOrOverride"));
    for (const auto& member : out.add) {
        if (only_texts && !member.value().is_string()) return bad_answer();
    }
    TRY(out.suppress, texts(from, "claimsToSuppress"));
    TRY(out.add_scopes, texts(from, "scopesToAdd"));
    TRY(out.suppress_scopes, texts(from, "scopesToSuppress"));
    if (!std::ranges::all_of(out.add_scopes, is_scope)) return bad_answer();
    return out;
}

Result<std::optional<GroupChanges>> read_groups(const json::object& from) {
    const json::value* value = from.if_contains("groupOverrideDetails");
    if (value == nullptr || value->is_null()) return std::optional<GroupChanges>();
    if (!value->is_object()) return bad_answer();
    const json::object& groups = value->get_object();
    GroupChanges out;
    TRY(out.names, texts(groups, "groupsToOverride"));
    TRY(out.roles, texts(groups, "iamRolesToOverride"));
    const auto role = optional_string(groups, "preferredRole");
    if (!role) return bad_answer();
    out.preferred_role = *role;
    return std::optional(std::move(out));
}

}  // namespace

std::string name_of(std::string_view source) {
    const std::string_view kind = source.substr(0, source.find('_'));
    return kind == "TokenGeneration" ? "PreTokenGeneration" : std::string(kind);
}

json::object pre_sign_up_event(const TriggerEvent& event, std::string_view region) {
    json::object out = envelope(event, region);
    json::object request = request_of(event);
    request["validationData"] = map_or_null(event.validation_data);
    out["request"] = std::move(request);
    out["response"] = json::object{
        {"autoConfirmUser", false}, {"autoVerifyEmail", false}, {"autoVerifyPhone", false}};
    return out;
}

json::object plain_event(const TriggerEvent& event, std::string_view region) {
    json::object out = envelope(event, region);
    json::object request = request_of(event);
    const std::string name = name_of(event.source);
    if (name == "PreAuthentication") {
        request["validationData"] = map_or_null(event.validation_data);
        if (event.user_not_found) request["userNotFound"] = *event.user_not_found;
    }
    if (name == "PostAuthentication") request["newDeviceUsed"] = event.new_device_used;
    out["request"] = std::move(request);
    out["response"] = json::object();
    return out;
}

json::object token_event(const TriggerEvent& event, std::string_view region,
                         config::TokenEvent version, const GroupChanges& groups) {
    const bool v2 = version == config::TokenEvent::v2;
    json::object out = envelope(event, region);
    if (v2) out["version"] = "2";
    json::object request = request_of(event);
    json::object configuration{{"groupsToOverride", list_of(groups.names)},
                               {"iamRolesToOverride", list_of(groups.roles)}};
    configuration["preferredRole"] =
        groups.preferred_role ? json::value(json::string(*groups.preferred_role)) : nullptr;
    request["groupConfiguration"] = std::move(configuration);
    if (v2) request["scopes"] = json::array{"aws.cognito.signin.user.admin"};
    out["request"] = std::move(request);
    out["response"] =
        json::object{{v2 ? "claimsAndScopeOverrideDetails" : "claimsOverrideDetails", nullptr}};
    return out;
}

Result<json::object> read_answer(std::string_view text) {
    const auto answer = parse_json_object(text, {.bytes_max = kAnswerMax});
    if (!answer) return bad_answer();
    return structure(*answer, "response");
}

Result<identity::PreSignUpAnswer> read_pre_sign_up(std::string_view text) {
    TRY(const json::object response, read_answer(text));
    identity::PreSignUpAnswer out;
    TRY(out.confirm, flag(response, "autoConfirmUser"));
    TRY(out.verify_email, flag(response, "autoVerifyEmail"));
    TRY(out.verify_phone, flag(response, "autoVerifyPhone"));
    return out;
}

Result<TokenChanges> read_tokens(std::string_view text, config::TokenEvent version) {
    TRY(const json::object response, read_answer(text));
    TokenChanges out;
    if (version == config::TokenEvent::v1) {
        TRY(const json::object details, structure(response, "claimsOverrideDetails"));
        TRY(out.id, read_claims(details, true));
        TRY(out.groups, read_groups(details));
        return out;
    }
    TRY(const json::object details, structure(response, "claimsAndScopeOverrideDetails"));
    TRY(const json::object id, structure(details, "idTokenGeneration"));
    TRY(const json::object access, structure(details, "accessTokenGeneration"));
    TRY(out.id, read_claims(id, false));
    TRY(out.access, read_claims(access, false));
    TRY(out.groups, read_groups(details));
    return out;
}

std::string message_of(std::string_view error_document) {
    const auto document = parse_json_object(error_document, {.bytes_max = kAnswerMax});
    if (!document) return "";
    const auto message = optional_string(*document, "errorMessage");
    if (!message || !*message) return "";
    return (*message)->substr(0, kMessageMax);
}

}  // namespace domicile::triggers
