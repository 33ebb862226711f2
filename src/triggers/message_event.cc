#include "triggers/message_event.h"

#include <algorithm>

#include "triggers/event.h"
#include "triggers/event_parts.h"

namespace domicile::triggers {
namespace {

// Of UTF-8: all bytes but those that continue a character.
std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

}  // namespace

json::object message_event(const identity::TriggerEvent& event, std::string_view region,
                           bool with_username) {
    json::object out = envelope(event, region);
    json::object request = request_of(event);
    request["codeParameter"] = identity::kCodePlace;
    request["usernameParameter"] =
        with_username ? json::value(identity::kUsernamePlace) : json::value(nullptr);
    out["request"] = std::move(request);
    out["response"] =
        json::object{{"smsMessage", nullptr}, {"emailMessage", nullptr}, {"emailSubject", nullptr}};
    return out;
}

Result<identity::MessageWords> read_message(std::string_view said, bool with_username) {
    TRY(const json::object response, read_answer(said));
    identity::MessageWords out;
    TRY(out.subject, text(response, "emailSubject"));
    TRY(out.text, text(response, "emailMessage"));
    TRY(out.sms, text(response, "smsMessage"));
    if (out.subject && out.subject->empty()) out.subject.reset();
    if (out.text && out.text->empty()) out.text.reset();
    if (out.sms && out.sms->empty()) out.sms.reset();
    if (out.subject && (characters(*out.subject) > kSubjectMax || has_control(*out.subject))) {
        return bad_answer("CustomMessage: emailSubject is one line of at most 140 characters.");
    }
    if (out.sms && characters(*out.sms) > kSmsMax) {
        return bad_answer("CustomMessage: smsMessage has more than 140 characters.");
    }
    if (!out.text) return out;
    if (characters(*out.text) > kTextMax) {
        return bad_answer("CustomMessage: emailMessage has more than 20000 characters.");
    }
    if (!out.text->contains(identity::kCodePlace)) {
        return bad_answer("CustomMessage: emailMessage does not have the codeParameter in it.");
    }
    if (with_username && !out.text->contains(identity::kUsernamePlace)) {
        return bad_answer("CustomMessage: emailMessage does not have the usernameParameter in it.");
    }
    return out;
}

}  // namespace domicile::triggers
