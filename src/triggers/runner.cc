#include "triggers/runner.h"

#include "base/log.h"
#include "triggers/challenge_event.h"
#include "triggers/event.h"
#include "triggers/message_event.h"
#include "triggers/migration_event.h"
#include "triggers/text_event.h"

namespace domicile::triggers {
namespace {

constexpr int kOnce = 1;

}  // namespace

io::Task<Result<std::string>> Runner::invoke(identity::TriggerEvent event, std::string told,
                                             int tries) {
    const std::string name = name_of(event.source);
    std::string why;
    for (int i = 0; i < tries; ++i) {
        functions::Call call;
        call.event = told;
        call.request_id = random_.uuid();
        auto answer = co_await call_(event.function, std::move(call));
        if (answer && !answer->raised) co_return std::move(answer->payload);
        if (answer) {
            co_return fail(Code::failed_precondition,
                           name + " failed with error " + message_of(answer->payload) + ".",
                           identity::reason::kTriggerRefused);
        }
        why = answer.error().reason.empty() ? std::string(to_string(answer.error().code))
                                            : answer.error().reason;
        log::warning("trigger_failed", {{"function", event.function}, {"reason", why}});
    }
    co_return fail(Code::internal, name + " invocation failed due to error " + why + ".",
                   identity::reason::kTriggerFailed);
}

io::Task<Result<identity::PreSignUpAnswer>> Runner::pre_sign_up(identity::TriggerEvent event) {
    std::string told = json::serialize(pre_sign_up_event(event, region_));
    CO_TRY(const std::string said, co_await invoke(std::move(event), std::move(told)));
    co_return read_pre_sign_up(said);
}

io::Task<Result<void>> Runner::ask(identity::TriggerEvent event) {
    std::string told = json::serialize(plain_event(event, region_));
    CO_TRY(const std::string said, co_await invoke(std::move(event), std::move(told)));
    CO_TRY_VOID(read_answer(said));
    co_return Result<void>();
}

io::Task<Result<identity::TokenChanges>> Runner::pre_token_generation(
    identity::TriggerEvent event, config::TokenEvent version, identity::GroupChanges groups) {
    std::string told = json::serialize(token_event(event, region_, version, groups));
    CO_TRY(const std::string said, co_await invoke(std::move(event), std::move(told)));
    co_return read_tokens(said, version);
}

io::Task<Result<identity::NextChallenge>> Runner::define_auth_challenge(
    identity::TriggerEvent event, std::vector<identity::ChallengeResult> before) {
    std::string told = json::serialize(define_event(event, region_, before));
    CO_TRY(const std::string said, co_await invoke(std::move(event), std::move(told)));
    co_return read_define(said);
}

io::Task<Result<identity::NewChallenge>> Runner::create_auth_challenge(
    identity::TriggerEvent event, std::vector<identity::ChallengeResult> before, std::string name) {
    std::string told = json::serialize(create_event(event, region_, before, name));
    CO_TRY(const std::string said, co_await invoke(std::move(event), std::move(told)));
    co_return read_create(said);
}

io::Task<Result<bool>> Runner::verify_auth_challenge(identity::TriggerEvent event,
                                                     identity::Attributes hidden,
                                                     std::string answer) {
    std::string told = json::serialize(verify_event(event, region_, hidden, answer));
    CO_TRY(const std::string said, co_await invoke(std::move(event), std::move(told)));
    co_return read_verify(said);
}

io::Task<Result<identity::MessageWords>> Runner::custom_message(identity::TriggerEvent event,
                                                                bool with_username) {
    std::string told = json::serialize(message_event(event, region_, with_username));
    CO_TRY(const std::string said, co_await invoke(std::move(event), std::move(told)));
    co_return read_message(said, with_username);
}

io::Task<Result<void>> Runner::send_text(identity::TriggerEvent event,
                                         identity::TextMessage message) {
    std::string told = json::serialize(text_event(event, region_, message));
    CO_TRY_VOID(co_await invoke(std::move(event), std::move(told), kOnce));
    co_return Result<void>();
}

io::Task<Result<identity::MigratedUser>> Runner::migrate_user(identity::TriggerEvent event,
                                                              std::optional<std::string> password) {
    std::string told = json::serialize(migration_event(event, region_, password));
    CO_TRY(const std::string said, co_await invoke(std::move(event), std::move(told)));
    co_return read_migration(said);
}

}  // namespace domicile::triggers
