#include "api/cognito/operation.h"

namespace domicile::api::cognito {

json::object delivery_details(const identity::CodeDelivery& delivery) {
    return {{"AttributeName", delivery.attribute},
            {"DeliveryMedium", delivery.medium},
            {"Destination", delivery.destination}};
}

json::object authentication_result(const identity::Tokens& tokens) {
    if (tokens.challenge) {
        json::object parameters;
        for (const auto& [name, value] : tokens.challenge->parameters) parameters[name] = value;
        json::object out{{"ChallengeName", tokens.challenge->name},
                         {"ChallengeParameters", std::move(parameters)}};
        if (!tokens.challenge->session.empty()) out["Session"] = tokens.challenge->session;
        if (tokens.challenge->available) {
            json::array names;
            for (const std::string& name : *tokens.challenge->available) names.emplace_back(name);
            out["AvailableChallenges"] = std::move(names);
        }
        return out;
    }
    json::object result{{"AccessToken", tokens.access_token},
                        {"IdToken", tokens.id_token},
                        {"ExpiresIn", tokens.expires_in_seconds},
                        {"TokenType", "Bearer"}};
    if (tokens.refresh_token) result["RefreshToken"] = *tokens.refresh_token;
    if (tokens.new_device) {
        result["NewDeviceMetadata"] =
            json::object{{"DeviceKey", tokens.new_device->key},
                         {"DeviceGroupKey", tokens.new_device->group_key}};
    }
    return {{"AuthenticationResult", std::move(result)}, {"ChallengeParameters", json::object()}};
}

std::optional<std::string> not_empty(std::optional<std::string> text) {
    if (text && text->empty()) text.reset();
    return text;
}

std::optional<std::string> secret_hash(const identity::Attributes& parameters) {
    const auto found = parameters.find("SECRET_HASH");
    if (found == parameters.end()) return std::nullopt;
    return not_empty(found->second);
}

std::string device_key(const identity::Attributes& parameters) {
    const auto found = parameters.find("DEVICE_KEY");
    return found == parameters.end() ? std::string() : found->second;
}

// A parameter of AuthParameters or ChallengeResponses.
Outcome<std::string> parameter(const identity::Attributes& parameters, const char* name) {
    const auto found = parameters.find(name);
    if (found != parameters.end() && !found->second.empty()) return found->second;
    return std::unexpected(invalid_parameter(std::string("Missing required parameter ") + name));
}

}  // namespace domicile::api::cognito
