#include "identity/passkeys.h"

#include "identity/routable.h"

namespace domicile::identity {

using residency::Operation;

void Passkeys::register_handlers() {
    Router& router = p_.router;
    router.answer(message::kStartPasskey, &Home::start_passkey);
    router.answer(message::kCompletePasskey, &Home::complete_passkey);
    router.answer(message::kListPasskeys, &Home::list_passkeys);
    router.answer(message::kDeletePasskey, &Home::delete_passkey);
    router.answer(message::kAuthFactors, &Home::auth_factors);
    router.answer(message::kStartChoice, &Home::start_choice);
    router.answer(message::kAnswerChoice, &Home::answer_choice);
}

void Passkeys::report_to(telemetry::Registry& registry) {
    registry.add("domicile_passkey_operations_total",
                 "What was asked here about passkeys and sign-in by choice, by what the caller was "
                 "told.",
                 acts_, {"operation", "outcome"});
}

template <class Request, class Answer>
io::Task<Result<Answer>> Passkeys::by_token(PasskeyAct act, const char* type, Request request,
                                            io::Task<Result<Answer>> (Home::*here)(Request)) {
    auto token = co_await p_.verifier.verify(request.access_token);
    if (!token) {
        acts_.add(act, telemetry::outcome_of(token));
        co_return std::unexpected(token.error());
    }
    auto home = p_.router.home_of(**token);
    if (!home) {
        acts_.add(act, telemetry::outcome_of(home));
        co_return std::unexpected(home.error());
    }
    auto outcome = co_await p_.router.run(std::move(*home), Operation::sign_in, type,
                                          std::move(request), here);
    acts_.add(act, telemetry::outcome_of(outcome));
    co_return outcome;
}

io::Task<Result<PasskeyOptions>> Passkeys::start_registration(AccessTokenRequest request) {
    return by_token(PasskeyAct::begin, message::kStartPasskey, std::move(request),
                    &Home::start_passkey);
}
io::Task<Result<Done>> Passkeys::complete_registration(PasskeyRequest request) {
    return by_token(PasskeyAct::complete, message::kCompletePasskey, std::move(request),
                    &Home::complete_passkey);
}
io::Task<Result<PasskeyPage>> Passkeys::list(PasskeyListRequest request) {
    return by_token(PasskeyAct::list, message::kListPasskeys, std::move(request),
                    &Home::list_passkeys);
}
io::Task<Result<Done>> Passkeys::remove(PasskeyDeleteRequest request) {
    return by_token(PasskeyAct::remove, message::kDeletePasskey, std::move(request),
                    &Home::delete_passkey);
}
io::Task<Result<AuthFactors>> Passkeys::factors(AccessTokenRequest request) {
    return by_token(PasskeyAct::factors, message::kAuthFactors, std::move(request),
                    &Home::auth_factors);
}

io::Task<Result<Tokens>> Passkeys::choose(ChoiceRequest request) {
    auto outcome = co_await try_choose(std::move(request));
    acts_.add(PasskeyAct::choose, telemetry::outcome_of(outcome));
    co_return outcome;
}
io::Task<Result<Tokens>> Passkeys::answer(ChoiceAnswerRequest request) {
    auto outcome = co_await try_answer(std::move(request));
    acts_.add(PasskeyAct::answer, telemetry::outcome_of(outcome));
    co_return outcome;
}

io::Task<Result<Tokens>> Passkeys::try_choose(ChoiceRequest request) {
    CO_TRY(std::string home,
           co_await p_.router.home_of_username(request.client_id, request.username));
    co_return co_await p_.router.run(std::move(home), Operation::sign_in, message::kStartChoice,
                                     std::move(request), &Home::start_choice);
}

io::Task<Result<Tokens>> Passkeys::try_answer(ChoiceAnswerRequest request) {
    auto home = p_.router.named(region_of_session(request.session), request.client_id);
    if (!home) co_return challenge_over();
    co_return co_await p_.router.run(std::move(*home), Operation::sign_in, message::kAnswerChoice,
                                     std::move(request), &Home::answer_choice);
}

}  // namespace domicile::identity
