// The three functions of the flow CUSTOM_AUTH. Source: "Custom authentication challenge Lambda
// triggers" of the same guide.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "identity/triggers.h"

namespace domicile::triggers {

inline constexpr std::size_t kParametersBytesMax = std::size_t{16} * 1024;  // of a challenge
inline constexpr std::size_t kMetadataBytesMax = 1024;

json::object define_event(const identity::TriggerEvent& event, std::string_view region,
                          const std::vector<identity::ChallengeResult>& before);
json::object create_event(const identity::TriggerEvent& event, std::string_view region,
                          const std::vector<identity::ChallengeResult>& before,
                          std::string_view name);
json::object verify_event(const identity::TriggerEvent& event, std::string_view region,
                          const identity::Attributes& hidden, std::string_view answer);

// Errors as read_answer().
Result<identity::NextChallenge> read_define(std::string_view text);
Result<identity::NewChallenge> read_create(std::string_view text);
Result<bool> read_verify(std::string_view text);

}  // namespace domicile::triggers
