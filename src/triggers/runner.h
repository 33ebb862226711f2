// Calls the functions that take part in sign-up and sign-in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "functions/functions.h"
#include "identity/triggers.h"
#include "io/clock.h"

namespace domicile::triggers {

class Runner final : public identity::Triggers {
  public:
    using CallFunction =
        std::function<io::Task<Result<functions::Answer>>(std::string, functions::Call)>;
    // `call` and `random` outlive it. From any executor.
    Runner(std::string region, CallFunction call, io::Random& random)
        : region_(std::move(region)), call_(std::move(call)), random_(random) {}

    io::Task<Result<identity::PreSignUpAnswer>> pre_sign_up(identity::TriggerEvent event) override;
    io::Task<Result<void>> ask(identity::TriggerEvent event) override;
    io::Task<Result<identity::TokenChanges>> pre_token_generation(
        identity::TriggerEvent event, config::TokenEvent version,
        identity::GroupChanges groups) override;
    io::Task<Result<identity::NextChallenge>> define_auth_challenge(
        identity::TriggerEvent event, std::vector<identity::ChallengeResult> before) override;
    io::Task<Result<identity::NewChallenge>> create_auth_challenge(
        identity::TriggerEvent event, std::vector<identity::ChallengeResult> before,
        std::string name) override;
    io::Task<Result<bool>> verify_auth_challenge(identity::TriggerEvent event,
                                                 identity::Attributes hidden,
                                                 std::string answer) override;
    io::Task<Result<identity::MessageWords>> custom_message(identity::TriggerEvent event,
                                                            bool with_username) override;
    io::Task<Result<void>> send_text(identity::TriggerEvent event,
                                     identity::TextMessage message) override;
    io::Task<Result<identity::MigratedUser>> migrate_user(
        identity::TriggerEvent event, std::optional<std::string> password) override;

  private:
    // What the handler returned. A function that did not answer is asked again, since what it did
    // is not known to anybody; what it said counts.
    io::Task<Result<std::string>> invoke(identity::TriggerEvent event, std::string told,
                                         int tries = 3);

    const std::string region_;
    const CallFunction call_;
    io::Random& random_;
};

}  // namespace domicile::triggers
