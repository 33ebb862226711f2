// Sign-in with challenges of the application's own (CUSTOM_AUTH): what people ask, what the
// functions are told of what came before, and the messages that carry it to the home.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/messages.h"

namespace domicile::identity {

// Cognito's names of the challenges of this flow.
inline constexpr const char* kSrpA = "SRP_A";
inline constexpr const char* kPasswordVerifier = "PASSWORD_VERIFIER";
inline constexpr const char* kCustomChallenge = "CUSTOM_CHALLENGE";

struct CustomStartRequest {
    std::string client_id, username;
    std::optional<std::string> srp_a;  // the password first; hex as sent
    std::optional<Attributes> client_metadata = std::nullopt;
};
struct CustomAnswerRequest {
    std::string client_id, username, session, answer;
    std::optional<Attributes> client_metadata = std::nullopt;
};
// A challenge of this sign-in that was answered.
struct ChallengeResult {
    std::string name;
    bool result = false;
    std::optional<std::string> metadata;  // what the function called the challenge
};

namespace message {
inline constexpr const char* kStartCustom = "identity.start_custom_auth";
inline constexpr const char* kAnswerCustom = "identity.answer_custom_challenge";
}  // namespace message

BOOST_DESCRIBE_STRUCT(CustomStartRequest, (), (client_id, username, srp_a, client_metadata))
BOOST_DESCRIBE_STRUCT(CustomAnswerRequest, (),
                      (client_id, username, session, answer, client_metadata))
BOOST_DESCRIBE_STRUCT(ChallengeResult, (), (name, result, metadata))

}  // namespace domicile::identity
