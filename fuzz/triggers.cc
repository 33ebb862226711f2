// What functions that take part in sign-up and sign-in are told and answer. Whatever a person is
// called and a client sends, the event is valid JSON with it in it; an answer is understood whole
// or refused, and what it adds to tokens has the form that tokens need; a challenge and a mail stay
// within their bounds, and a mail has the place for the code.
#include <string>
#include <vector>

#include "base/encoding.h"
#include "fuzz.h"
#include "triggers/challenge_event.h"
#include "triggers/event.h"
#include "triggers/message_event.h"
#include "triggers/migration_event.h"

namespace domicile::fuzz {
namespace {

// As the function's runtime reads it.
json::object received(const json::object& event) {
    auto parsed = parse_json_object(json::serialize(event), {.bytes_max = 8 << 20});
    DOMICILE_CHECK(parsed.has_value());
    return std::move(*parsed);
}

void check_events(const std::string& text) {
    if (!is_utf8(text)) return;  // names and attributes come in JSON
    identity::TriggerEvent event;
    event.username = text;
    event.attributes = {{"name", text}, {text, "value"}};
    event.validation_data = identity::Attributes{{"data", text}};
    event.source = "PreSignUp_SignUp";
    const json::object sign_up = received(triggers::pre_sign_up_event(event, "r1"));
    event.source = "PreAuthentication_Authentication";
    const json::object before = received(triggers::plain_event(event, "r1"));
    event.source = "TokenGeneration_Authentication";
    const identity::GroupChanges groups{{text}, {text}, text};
    const json::object tokens =
        received(triggers::token_event(event, "r1", config::TokenEvent::v2, groups));
    for (const json::object& told : {sign_up, before, tokens}) {
        DOMICILE_CHECK(told.at("userName").as_string() == text);
        const json::object& attributes = told.at("request").at("userAttributes").as_object();
        DOMICILE_CHECK(attributes.contains(text));
    }
    const std::vector<identity::ChallengeResult> results = {{"CUSTOM_CHALLENGE", true, text}};
    const json::object define = received(triggers::define_event(event, "r1", results));
    DOMICILE_CHECK(define.at("request").at("session").at(0).at("challengeMetadata").as_string() ==
                   text);
    const json::object verify =
        received(triggers::verify_event(event, "r1", {{"word", text}}, text));
    DOMICILE_CHECK(verify.at("request").at("challengeAnswer").as_string() == text);
    received(triggers::create_event(event, "r1", results, text));
    received(triggers::message_event(event, "r1", true));
    const json::object migrate = received(triggers::migration_event(event, "r1", text));
    DOMICILE_CHECK(migrate.at("request").at("password").as_string() == text);
    DOMICILE_CHECK(sign_up.at("request").at("validationData").at("data").as_string() == text);
    DOMICILE_CHECK(tokens.at("request").at("groupConfiguration").at("preferredRole").as_string() ==
                   text);
}

template <class T>
void check_refusal(const Result<T>& answer) {
    DOMICILE_CHECK(answer || answer.error().reason == identity::reason::kTriggerAnswer);
}

void check_challenges(std::string_view text) {
    const auto next = triggers::read_define(text);
    check_refusal(next);
    const bool one = next && (next->fail || next->issue_tokens) != !next->name.empty();
    DOMICILE_CHECK(!next || (one && !(next->fail && next->issue_tokens)));
    const auto made = triggers::read_create(text);
    check_refusal(made);
    for (const auto* texts : {made ? &made->shown : nullptr, made ? &made->hidden : nullptr}) {
        std::size_t bytes = 0;
        for (const auto& [name, value] : texts == nullptr ? identity::Attributes() : *texts) {
            bytes += name.size() + value.size();
        }
        DOMICILE_CHECK(bytes <= triggers::kParametersBytesMax);
    }
    check_refusal(triggers::read_verify(text));
}

void check_words(std::string_view text) {
    for (const bool with_username : {false, true}) {
        const auto words = triggers::read_message(text, with_username);
        check_refusal(words);
        if (!words) continue;
        if (words->text) DOMICILE_CHECK(words->text->contains(identity::kCodePlace));
        if (words->subject) DOMICILE_CHECK(words->subject->size() <= 4 * triggers::kSubjectMax);
    }
    const auto user = triggers::read_migration(text);
    check_refusal(user);
    DOMICILE_CHECK(!user || user->attributes.size() <= triggers::kAttributesMax);
}

void check_answers(std::string_view text) {
    check_challenges(text);
    check_words(text);
    check_refusal(triggers::read_pre_sign_up(text));
    for (const auto version : {config::TokenEvent::v1, config::TokenEvent::v2}) {
        const auto changes = triggers::read_tokens(text, version);
        check_refusal(changes);
        if (!changes) continue;
        DOMICILE_CHECK(text.size() <= triggers::kAnswerMax);
        for (const auto* claims : {&changes->id, &changes->access}) {
            for (const std::string& scope : claims->add_scopes) {
                DOMICILE_CHECK(!scope.empty() && scope.find(' ') == scope.npos);
            }
            for (const auto& member : claims->add) {
                const bool any = version == config::TokenEvent::v2;
                DOMICILE_CHECK(any || member.value().is_string());
            }
        }
    }
    DOMICILE_CHECK(triggers::message_of(text).size() <= text.size());
}

}  // namespace

FUZZ_TARGET(triggers) {
    check_events(std::string(input));
    check_answers(input);
}

}  // namespace domicile::fuzz
