// What an application may have its functions do while people sign up and in. The home calls them,
// so that they run where the person's data is; how a function is told, and what its answer looks
// like, is for a higher layer to know.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/triggers.h"
#include "identity/custom_auth_types.h"
#include "identity/types.h"
#include "io/task.h"

namespace domicile::identity {

namespace reason {
inline constexpr const char* kTriggerRefused = "trigger_refused";  // message is the whole text
inline constexpr const char* kTriggerFailed = "trigger_failed";    // did not answer; likewise
inline constexpr const char* kTriggerAnswer = "trigger_answer";    // answered what is no answer
}  // namespace reason

struct TriggerEvent {
    std::string function;
    std::string source;              // as Cognito names it: "PreSignUp_SignUp"
    std::string pool_id, client_id;  // "eu-central-1_Health1"
    std::string username;
    Attributes attributes;  // with `sub` and `cognito:user_status` where there is a person
    std::optional<Attributes> validation_data, client_metadata;  // as the client sent them
    std::optional<bool> user_not_found;                          // where it is not to be told
    bool new_device_used = false;
};

struct PreSignUpAnswer {
    bool confirm = false, verify_email = false, verify_phone = false;
};

// Of one token. Claims that say who somebody is and where they live stay as they are.
struct ClaimChanges {
    json::object add;
    std::vector<std::string> suppress, add_scopes, suppress_scopes;
};
struct GroupChanges {
    std::vector<std::string> names, roles;
    std::optional<std::string> preferred_role;
};
struct TokenChanges {
    ClaimChanges id, access;
    std::optional<GroupChanges> groups;  // instead of the person's
};

// What DefineAuthChallenge says of a sign-in: exactly one of the three.
struct NextChallenge {
    std::string name;
    bool issue_tokens = false, fail = false;
};
// What CreateAuthChallenge made: `hidden` is for who judges the answer, and nobody else.
struct NewChallenge {
    Attributes shown, hidden;
    std::optional<std::string> metadata;
};
// What CustomMessage wants said; absent: the pool's own words. With kCodePlace where the code goes.
struct MessageWords {
    std::optional<std::string> subject, text;  // of a mail
    std::optional<std::string> sms;            // of a text message
};
inline constexpr const char* kCodePlace = "{####}";
inline constexpr const char* kUsernamePlace = "{username}";

// A text message for somebody, whose number is among the attributes of the event.
struct TextMessage {
    std::string text;
    std::string code;  // as it stands there; empty: there is none
};

// Somebody whom UserMigration hands over. Without attributes: it does not.
struct MigratedUser {
    Attributes attributes;
    bool confirmed = false;  // else a new password is to be chosen
};

// Errors of all: reasons above. Calls from any executor.
class Triggers {
  public:
    virtual ~Triggers() = default;

    virtual io::Task<Result<PreSignUpAnswer>> pre_sign_up(TriggerEvent event) = 0;
    // Those that may refuse, and change nothing: PreAuthentication, PostAuthentication,
    // PostConfirmation.
    virtual io::Task<Result<void>> ask(TriggerEvent event) = 0;
    virtual io::Task<Result<TokenChanges>> pre_token_generation(TriggerEvent event,
                                                                config::TokenEvent version,
                                                                GroupChanges groups) = 0;
    // CUSTOM_AUTH. `before` is what was asked in this sign-in, oldest first.
    virtual io::Task<Result<NextChallenge>> define_auth_challenge(
        TriggerEvent event, std::vector<ChallengeResult> before) = 0;
    virtual io::Task<Result<NewChallenge>> create_auth_challenge(
        TriggerEvent event, std::vector<ChallengeResult> before, std::string name) = 0;
    virtual io::Task<Result<bool>> verify_auth_challenge(TriggerEvent event, Attributes hidden,
                                                         std::string answer) = 0;
    // `with_username`: the words have to say it, since the person does not know it.
    virtual io::Task<Result<MessageWords>> custom_message(TriggerEvent event,
                                                          bool with_username) = 0;
    // CustomSMSSender: hands a text message to whoever carries it. Asked once; whoever has it sent
    // tries again.
    virtual io::Task<Result<void>> send_text(TriggerEvent event, TextMessage message) = 0;
    // Without a password of somebody who has forgotten it.
    virtual io::Task<Result<MigratedUser>> migrate_user(TriggerEvent event,
                                                        std::optional<std::string> password) = 0;
};

}  // namespace domicile::identity
