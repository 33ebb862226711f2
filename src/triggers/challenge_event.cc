#include "triggers/challenge_event.h"

#include "triggers/event.h"
#include "triggers/event_parts.h"

namespace domicile::triggers {
namespace {

using identity::Attributes;
using identity::ChallengeResult;
using identity::TriggerEvent;

json::object request_about(const TriggerEvent& event) {
    json::object out = request_of(event);
    if (event.user_not_found) out["userNotFound"] = *event.user_not_found;
    return out;
}

json::array session_of(const std::vector<ChallengeResult>& before) {
    json::array out;
    for (const ChallengeResult& challenge : before) {
        json::object shown{{"challengeName", challenge.name},
                           {"challengeResult", challenge.result}};
        shown["challengeMetadata"] = challenge.metadata
                                         ? json::value(json::string(*challenge.metadata))
                                         : json::value(nullptr);
        out.push_back(std::move(shown));
    }
    return out;
}

std::size_t bytes_of(const Attributes& texts) {
    std::size_t out = 0;
    for (const auto& [name, text] : texts) out += name.size() + text.size();
    return out;
}

}  // namespace

json::object define_event(const TriggerEvent& event, std::string_view region,
                          const std::vector<ChallengeResult>& before) {
    json::object out = envelope(event, region);
    json::object request = request_about(event);
    request["session"] = session_of(before);
    out["request"] = std::move(request);
    out["response"] = json::object{
        {"challengeName", nullptr}, {"issueTokens", nullptr}, {"failAuthentication", nullptr}};
    return out;
}

json::object create_event(const TriggerEvent& event, std::string_view region,
                          const std::vector<ChallengeResult>& before, std::string_view name) {
    json::object out = envelope(event, region);
    json::object request = request_about(event);
    request["challengeName"] = name;
    request["session"] = session_of(before);
    out["request"] = std::move(request);
    out["response"] = json::object{{"publicChallengeParameters", nullptr},
                                   {"privateChallengeParameters", nullptr},
                                   {"challengeMetadata", nullptr}};
    return out;
}

json::object verify_event(const TriggerEvent& event, std::string_view region,
                          const Attributes& hidden, std::string_view answer) {
    json::object out = envelope(event, region);
    json::object request = request_about(event);
    request["privateChallengeParameters"] = map_of(hidden);
    request["challengeAnswer"] = answer;
    out["request"] = std::move(request);
    out["response"] = json::object{{"answerCorrect", nullptr}};
    return out;
}

Result<identity::NextChallenge> read_define(std::string_view said) {
    TRY(const json::object response, read_answer(said));
    identity::NextChallenge out;
    TRY(out.issue_tokens, flag(response, "issueTokens"));
    TRY(out.fail, flag(response, "failAuthentication"));
    TRY(auto name, text(response, "challengeName"));
    // Who says no says no, whatever else is said.
    if (out.fail) return identity::NextChallenge{"", false, true};
    if (out.issue_tokens) return out;
    if (!name || name->empty()) return bad_answer();
    out.name = std::move(*name);
    return out;
}

Result<identity::NewChallenge> read_create(std::string_view said) {
    TRY(const json::object response, read_answer(said));
    identity::NewChallenge out;
    TRY(out.shown, text_map(response, "publicChallengeParameters"));
    TRY(out.hidden, text_map(response, "privateChallengeParameters"));
    TRY(out.metadata, text(response, "challengeMetadata"));
    if (bytes_of(out.shown) > kParametersBytesMax || bytes_of(out.hidden) > kParametersBytesMax ||
        (out.metadata && out.metadata->size() > kMetadataBytesMax)) {
        return bad_answer("CreateAuthChallenge: the challenge is too large.");
    }
    return out;
}

Result<bool> read_verify(std::string_view said) {
    TRY(const json::object response, read_answer(said));
    return flag(response, "answerCorrect");
}

}  // namespace domicile::triggers
