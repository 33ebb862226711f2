// Functions of the home region that take part in what people do with a pool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace domicile::config {

// Of the event that the function gets: V1_0 changes the ID token, V2_0 the access token too.
enum class TokenEvent : std::uint8_t { v1, v2 };

inline constexpr int kTriggerSecondsMax = 5;  // that a function may take

struct PreTokenGeneration {
    std::string function;
    TokenEvent version = TokenEvent::v1;
};

// Names of functions; absent: nothing runs there.
struct Triggers {
    std::optional<std::string> pre_sign_up, post_confirmation, pre_authentication,
        post_authentication;
    // All three, or the flow CUSTOM_AUTH has nobody to ask.
    std::optional<std::string> define_auth_challenge, create_auth_challenge, verify_auth_challenge;
    std::optional<std::string> custom_message, user_migration;
    std::optional<PreTokenGeneration> pre_token_generation;
};

}  // namespace domicile::config
