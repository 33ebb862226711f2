#include "api/cognito/limited.h"

#include <algorithm>
#include <array>

namespace domicile::api::cognito {
namespace {

using limits::Kind;

constexpr std::array<std::string_view, 3> kRequests = {"SignUp", "ResendConfirmationCode",
                                                       "ForgotPassword"};
constexpr std::array<std::string_view, 4> kGuesses = {"ConfirmSignUp", "ConfirmForgotPassword",
                                                      "RespondToAuthChallenge", "RevokeToken"};

constexpr std::string_view kByMail = "EMAIL_OTP";

std::string_view text_of(const json::object& request, std::string_view member) {
    const json::value* found = request.if_contains(member);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string())
                                                  : std::string_view();
}

std::string_view text_in(const json::object& request, std::string_view structure,
                         std::string_view member) {
    const json::value* found = request.if_contains(structure);
    return found != nullptr && found->is_object() ? text_of(found->get_object(), member)
                                                  : std::string_view();
}

// A sign-in that wants a code by mail.
bool asks_for_mail(const json::object& request) {
    return text_in(request, "AuthParameters", "PREFERRED_CHALLENGE") == kByMail ||
           text_in(request, "ChallengeResponses", "ANSWER") == kByMail;
}

}  // namespace

std::optional<Kind> limited_as(std::string_view operation, const json::object& request) {
    if (std::ranges::find(kRequests, operation) != kRequests.end()) return Kind::request;
    const bool signs_in = operation == "InitiateAuth" || operation == "RespondToAuthChallenge";
    if (signs_in && asks_for_mail(request)) return Kind::request;
    if (std::ranges::find(kGuesses, operation) != kGuesses.end()) return Kind::guess;
    const bool refreshes = text_of(request, "AuthFlow").starts_with("REFRESH_TOKEN");
    if (operation == "InitiateAuth" && !refreshes) return Kind::guess;
    return std::nullopt;
}

std::string client_of(const json::object& request) {
    return std::string(text_of(request, "ClientId"));
}

bool counts(Kind kind, const Outcome<json::object>& answer) {
    const Weight weight = answer ? Weight::judged : answer.error().weight;
    return kind == Kind::guess ? weight == Weight::wrong : weight != Weight::nothing;
}

DialectError to_dialect(const limits::Refusal& refusal) {
    DialectError out{400, "TooManyRequestsException", "Too many requests"};
    out.retry_after_seconds = static_cast<int>(refusal.retry_after_seconds);
    return out;
}

}  // namespace domicile::api::cognito
