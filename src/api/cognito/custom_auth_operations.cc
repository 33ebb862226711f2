// The flow CUSTOM_AUTH: challenges that functions of the application make and judge.
#include "api/cognito/operation.h"

namespace domicile::api::cognito {

using identity::Attributes;
using identity::Identity;

Reply start_custom(Identity& identity, std::string client_id, Attributes parameters,
                   Attributes metadata) {
    PARAMETER(username, parameters, "USERNAME");
    CHECK_SECRET(identity, client_id, username, secret_hash(parameters));
    identity::CustomStartRequest call;
    const auto first = parameters.find("CHALLENGE_NAME");
    if (first != parameters.end() && first->second == identity::kSrpA) {
        PARAMETER(srp_a, parameters, "SRP_A");
        call.srp_a = std::move(srp_a);
    } else if (first != parameters.end() && first->second != identity::kCustomChallenge) {
        co_return std::unexpected(
            invalid_parameter("CHALLENGE_NAME is SRP_A, CUSTOM_CHALLENGE, or left out."));
    }
    call.client_id = std::move(client_id);
    call.username = std::move(username);
    call.client_metadata = std::move(metadata);
    ANSWER(tokens, co_await identity.start_custom(std::move(call)));
    co_return authentication_result(tokens);
}

Reply answer_custom(Identity& identity, std::string client_id, std::string session,
                    Attributes responses, Attributes metadata) {
    PARAMETER(username, responses, "USERNAME");
    PARAMETER(answer, responses, "ANSWER");
    CHECK_SECRET(identity, client_id, username, secret_hash(responses));
    if (session.empty()) {
        co_return std::unexpected(invalid_parameter("Missing required parameter Session"));
    }
    identity::CustomAnswerRequest call;
    call.client_id = std::move(client_id);
    call.username = std::move(username);
    call.session = std::move(session);
    call.answer = std::move(answer);
    call.client_metadata = std::move(metadata);
    ANSWER(tokens, co_await identity.answer_custom(std::move(call)));
    co_return authentication_result(tokens);
}

}  // namespace domicile::api::cognito
