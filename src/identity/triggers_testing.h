// Functions for tests that say nothing of their own, for those that want some of them only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "identity/triggers.h"

namespace domicile::identity::testing {

class SilentTriggers : public Triggers {
  public:
    io::Task<Result<PreSignUpAnswer>> pre_sign_up(TriggerEvent) override {
        co_return PreSignUpAnswer();
    }
    io::Task<Result<void>> ask(TriggerEvent) override { co_return Result<void>(); }
    io::Task<Result<TokenChanges>> pre_token_generation(TriggerEvent, config::TokenEvent,
                                                        GroupChanges) override {
        co_return TokenChanges();
    }
    io::Task<Result<NextChallenge>> define_auth_challenge(TriggerEvent,
                                                          std::vector<ChallengeResult>) override {
        co_return NextChallenge{"", false, true};
    }
    io::Task<Result<NewChallenge>> create_auth_challenge(TriggerEvent, std::vector<ChallengeResult>,
                                                         std::string) override {
        co_return NewChallenge();
    }
    io::Task<Result<bool>> verify_auth_challenge(TriggerEvent, Attributes, std::string) override {
        co_return false;
    }
    io::Task<Result<MessageWords>> custom_message(TriggerEvent, bool) override {
        co_return MessageWords();
    }
    io::Task<Result<void>> send_text(TriggerEvent, TextMessage) override {
        co_return Result<void>();
    }
    io::Task<Result<MigratedUser>> migrate_user(TriggerEvent, std::optional<std::string>) override {
        co_return MigratedUser();
    }
};

}  // namespace domicile::identity::testing
