#include "identity/mail_words.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace domicile::identity {
namespace {

constexpr std::string_view kCode = "{####}", kUsername = "{username}";

struct Kind {
    const char* name;
    const char* subject;
    const char* text;
};
constexpr std::array<Kind, 6> kKinds = {
    Kind{"verification", "Your verification code", "Your confirmation code is {####}."},
    Kind{"password_reset", "Your password reset code", "Your password reset code is {####}."},
    Kind{"invitation", "Your temporary password",
         "Your username is {username} and temporary password is {####} ."},
    Kind{
        "address_wanted", "Somebody tried to sign up with your address",
        "Somebody tried to sign up with your address, which is in use already. If it was you, sign "
        "in, reset your password, or finish your sign-up with the code that you were sent before. "
        "If it was not you, there is nothing to do."},
    Kind{"sign_in_code", "Your sign-in code",
         "Your sign-in code is {####}. If you did not ask for it, there is nothing to do."},
    Kind{"second_factor_code", "Your sign-in code",
         "Your sign-in code is {####}. If you are not signing in, somebody else knows your "
         "password: "
         "please choose another one."}};

// "de" of "de-AT" and "de_AT".
std::string language_of(std::string_view locale) {
    return to_lower(locale.substr(0, locale.find_first_of("-_")));
}

}  // namespace

std::string locale_of(const Attributes& attributes) {
    const auto found = attributes.find("locale");
    return found == attributes.end() ? std::string() : found->second;
}

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
    const Kind& own = kKinds[static_cast<std::size_t>(kind)];
    const std::string name = own.name;
    const config::MailTemplate* words =
        config.templates.find(name + '.' + language_of(facts.locale));
    if (words == nullptr) words = config.templates.find(name);
    Mail out;
    out.subject = fill_in(words == nullptr ? own.subject : words->subject, facts);
    out.text = fill_in(words == nullptr ? own.text : words->text, facts);
    return out;
}

}  // namespace domicile::identity
