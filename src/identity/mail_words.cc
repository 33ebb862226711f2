#include "identity/mail_words.h"

#include <algorithm>

#include "base/encoding.h"

namespace domicile::identity {
namespace {

constexpr std::string_view kCode = "{####}", kUsername = "{username}";

const char* name_of(MailKind kind) {
    return kind == MailKind::verification ? "verification" : "password_reset";
}

config::MailTemplate own_words(MailKind kind) {
    config::MailTemplate out;
    const bool verification = kind == MailKind::verification;
    out.subject = verification ? "Your verification code" : "Your password reset code";
    out.text =
        verification ? "Your confirmation code is {####}." : "Your password reset code is {####}.";
    return out;
}

// "de" of "de-AT" and "de_AT".
std::string language_of(std::string_view locale) {
    return to_lower(locale.substr(0, locale.find_first_of("-_")));
}

}  // namespace

std::string fill_in(std::string_view words, const MailFacts& facts) {
    std::string out;
    while (!words.empty()) {
        const std::size_t brace = std::min(words.find('{'), words.size());
        out += words.substr(0, brace);
        words.remove_prefix(brace);
        if (words.starts_with(kCode)) {
            out += facts.code;
            words.remove_prefix(kCode.size());
        } else if (words.starts_with(kUsername)) {
            out += facts.username;
            words.remove_prefix(kUsername.size());
        } else if (!words.empty()) {
            out += '{';
            words.remove_prefix(1);
        }
    }
    return out;
}

Mail write_mail(const config::Mail& config, MailKind kind, const MailFacts& facts) {
    const std::string name = name_of(kind);
    const config::MailTemplate* found =
        config.templates.find(name + '.' + language_of(facts.locale));
    if (found == nullptr) found = config.templates.find(name);
    const config::MailTemplate words = found == nullptr ? own_words(kind) : *found;
    Mail out;
    out.subject = fill_in(words.subject, facts);
    out.text = fill_in(words.text, facts);
    return out;
}

}  // namespace domicile::identity
