// Passkeys and sign-in by choice, wherever they are asked for: carried to the home.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "identity/passkey_types.h"
#include "identity/router.h"
#include "identity/token_verifier.h"
#include "telemetry/outcome.h"
#include "telemetry/registry.h"

namespace domicile::identity {

enum class PasskeyAct : std::uint8_t { begin, complete, list, remove, factors, choose, answer };
constexpr std::array<std::string_view, 7> label_values(PasskeyAct) {
    return {"start_registration",
            "complete_registration",
            "list",
            "delete",
            "auth_factors",
            "choose",
            "answer"};
}

class Passkeys {
  public:
    struct Parts {
        Router& router;
        TokenVerifier& verifier;
    };
    explicit Passkeys(Parts parts) : p_(std::move(parts)) {}
    void register_handlers();
    void report_to(telemetry::Registry& registry);

    // Of whose access token it is.
    io::Task<Result<PasskeyOptions>> start_registration(AccessTokenRequest request);
    io::Task<Result<Done>> complete_registration(PasskeyRequest request);
    io::Task<Result<PasskeyPage>> list(PasskeyListRequest request);
    io::Task<Result<Done>> remove(PasskeyDeleteRequest request);
    io::Task<Result<AuthFactors>> factors(AccessTokenRequest request);

    io::Task<Result<Tokens>> choose(ChoiceRequest request);
    io::Task<Result<Tokens>> answer(ChoiceAnswerRequest request);

  private:
    template <class Request, class Answer>
    io::Task<Result<Answer>> by_token(PasskeyAct act, const char* type, Request request,
                                      io::Task<Result<Answer>> (Home::*here)(Request));
    io::Task<Result<Tokens>> try_choose(ChoiceRequest request);
    io::Task<Result<Tokens>> try_answer(ChoiceAnswerRequest request);

    Parts p_;
    telemetry::CounterBy<PasskeyAct, telemetry::Outcome> acts_;
};

}  // namespace domicile::identity
