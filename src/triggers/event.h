// What a function that takes part in sign-up or sign-in is told, and what it says. Source: "Amazon
// Cognito user pools: Customizing user pool workflows with Lambda triggers".
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "identity/triggers.h"

namespace domicile::triggers {

inline constexpr std::size_t kAnswerMax = 256 * 1024;

json::object pre_sign_up_event(const identity::TriggerEvent& event, std::string_view region);
// PreAuthentication, PostAuthentication and PostConfirmation, by the source.
json::object plain_event(const identity::TriggerEvent& event, std::string_view region);
json::object token_event(const identity::TriggerEvent& event, std::string_view region,
                         config::TokenEvent version, const identity::GroupChanges& groups);

// "PreSignUp" of "PreSignUp_SignUp"; "PreTokenGeneration" of "TokenGeneration_...".
std::string name_of(std::string_view source);

// The whole event comes back, its `response` filled in. Errors: internal, with reason
// trigger_answer and Cognito's text.
Result<json::object> read_answer(std::string_view text);
Result<identity::PreSignUpAnswer> read_pre_sign_up(std::string_view text);
Result<identity::TokenChanges> read_tokens(std::string_view text, config::TokenEvent version);

// The `errorMessage` of an error's document.
std::string message_of(std::string_view error_document);

}  // namespace domicile::triggers
