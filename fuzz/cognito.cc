// JSON bodies of the Cognito dialect and the messages that identity sends over the border for them.
// Reading a member says what is there, or gives a text or an error that names the member; a message
// is read back as what it was written from.
#include <string>

#include "api/cognito/error.h"
#include "api/cognito/filter.h"
#include "api/cognito/members.h"
#include "base/encoding.h"
#include "fuzz.h"
#include "identity/account_types.h"
#include "identity/admin_types.h"
#include "identity/device_types.h"
#include "identity/messages.h"
#include "identity/passkey_types.h"

namespace domicile::fuzz {
namespace {

using api::cognito::Members;

const json::value* member(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

// The members that the operations ask for, in the ways that they do.
void check_members(const json::object& object) {
    for (const std::string_view name : {"ClientId", "Username", "Password", "AccessToken"}) {
        Members members(object);
        const std::string text = members.required(name, 128);
        const json::value* there = member(object, name);
        const bool good = there != nullptr && there->is_string() && !there->get_string().empty() &&
                          there->get_string().size() <= 128;
        DOMICILE_CHECK(members.problem().has_value() != good);
        if (good) DOMICILE_CHECK(text == std::string_view(there->get_string()));
    }
    {
        Members members(object);
        const std::string flow =
            members.choice("AuthFlow", {"USER_SRP_AUTH", "USER_PASSWORD_AUTH"});
        if (!members.problem()) {
            DOMICILE_CHECK(flow == "USER_SRP_AUTH" || flow == "USER_PASSWORD_AUTH");
        }
    }
    {
        Members members(object);
        const identity::Attributes attributes = members.attributes("UserAttributes");
        for (const auto& [name, value] : attributes) {
            DOMICILE_CHECK(!name.empty() && name.size() <= 32 && value.size() <= 2048);
        }
        const json::value* there = member(object, "UserAttributes");
        if (!members.problem()) {
            DOMICILE_CHECK(attributes.size() == (there == nullptr ? 0 : there->get_array().size()));
        }
    }
    {
        Members members(object);
        const identity::Attributes parameters = members.texts("AuthParameters");
        DOMICILE_CHECK(parameters.empty() || member(object, "AuthParameters") != nullptr);
    }
    Members all(object);
    all.required("ClientId");
    all.attributes("UserAttributes");
    all.texts("AuthParameters");
    if (const auto problem = all.problem()) {
        DOMICILE_CHECK(problem->status == 400 && !problem->type.empty());
        // It is put into a JSON document.
        DOMICILE_CHECK(is_utf8(problem->message));
    }
}

// What is read back from a filter is the same filter.
void check_filter(std::string_view text) {
    const auto filter = api::cognito::parse_filter(text);
    if (!filter) {
        DOMICILE_CHECK(filter.error().status == 400 && !filter.error().message.empty());
        return;
    }
    if (filter->match == identity::UserFilter::Match::all) return;
    std::string printed = filter->attribute;
    printed += filter->match == identity::UserFilter::Match::prefix ? "^=\"" : "=\"";
    for (const char c : filter->value) {
        if (c == '"' || c == '\\') printed += '\\';
        printed += c;
    }
    printed += '"';
    if (printed.size() > 256) return;
    const auto again = api::cognito::parse_filter(printed);
    DOMICILE_CHECK(again && again->match == filter->match &&
                   again->attribute == filter->attribute && again->value == filter->value);
}

template <class T>
void check_message(const json::value& payload) {
    const Result<T> read = identity::from_message<T>(payload);
    if (!read) {
        DOMICILE_CHECK(read.error().code == Code::malformed);
        return;
    }
    const json::value printed = identity::to_message(*read);
    const auto parsed = parse_json(json::serialize(printed));
    DOMICILE_CHECK(parsed.has_value());
    const Result<T> again = identity::from_message<T>(*parsed);
    DOMICILE_CHECK(again.has_value() && identity::to_message(*again) == printed);
}

void check_messages(const json::value& payload) {
    check_message<identity::SignUpRequest>(payload);
    check_message<identity::SignUpResult>(payload);
    check_message<identity::ConfirmRequest>(payload);
    check_message<identity::ResendRequest>(payload);
    check_message<identity::CodeDelivery>(payload);
    check_message<identity::SrpStartRequest>(payload);
    check_message<identity::SrpChallenge>(payload);
    check_message<identity::SrpAnswerRequest>(payload);
    check_message<identity::PasswordRequest>(payload);
    check_message<identity::RefreshRequest>(payload);
    check_message<identity::RevokeRequest>(payload);
    check_message<identity::AccessTokenRequest>(payload);
    check_message<identity::Tokens>(payload);
    check_message<identity::User>(payload);
    check_message<identity::NewPasswordRequest>(payload);
    check_message<identity::PasskeyRequest>(payload);
    check_message<identity::PasskeyListRequest>(payload);
    check_message<identity::PasskeyDeleteRequest>(payload);
    check_message<identity::ChoiceRequest>(payload);
    check_message<identity::ChoiceAnswerRequest>(payload);
    check_message<identity::AttributesRequest>(payload);
    check_message<identity::CodeDeliveries>(payload);
    check_message<identity::AttributeCodeRequest>(payload);
    check_message<identity::ProveAttributeRequest>(payload);
    check_message<identity::AdminRequest>(payload);
    check_message<identity::AdminCreateRequest>(payload);
    check_message<identity::AdminPasswordRequest>(payload);
    check_message<identity::AdminAttributesRequest>(payload);
    check_message<identity::AdminListGroupsRequest>(payload);
    check_message<identity::PersonDescription>(payload);
    check_message<identity::GroupPage>(payload);
    check_message<identity::ConfirmDeviceRequest>(payload);
    check_message<identity::DeviceStatusRequest>(payload);
    check_message<identity::DevicePage>(payload);
    check_message<identity::DeviceSrpRequest>(payload);
    check_message<identity::DeviceProofRequest>(payload);
    check_message<identity::AdminListDevicesRequest>(payload);
}

// What is taken for a device of a region is its key written again.
void check_device_key(std::string_view text) {
    const std::string id = identity::device_id("eu-central-1", text);
    DOMICILE_CHECK(id.empty() || identity::device_key("eu-central-1", id) == text);
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(cognito) {
    using namespace domicile::fuzz;
    check_filter(input);
    check_device_key(input);
    const auto value = domicile::parse_json(input);
    if (!value) return;
    check_messages(*value);
    if (value->is_object()) check_members(value->get_object());
}
