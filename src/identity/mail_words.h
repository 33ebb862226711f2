// What mails say: the configured words of the person's language, else the configured ones, else
// ours.
#pragma once

#include <string>

#include "config/mail.h"
#include "identity/types.h"

namespace domicile::identity {

// invitation: the code is a temporary password. address_wanted: to the owner of an address that
// somebody signs up with; without a code.
enum class MailKind : std::uint8_t {
    verification,
    password_reset,
    invitation,
    address_wanted,
    sign_in_code,
    second_factor_code  // whoever asked for it knows the password
};

struct MailFacts {
    std::string code;
    std::string username;
    std::string locale;  // the person's (BCP 47), or empty
};

// The attribute, or nothing.
std::string locale_of(const Attributes& attributes);

// A mail with subject and text. What stands for a placeholder is not looked at again.
Mail write_mail(const config::Mail& config, MailKind kind, const MailFacts& facts);
// A template's text with {####} and {username} put in.
std::string fill_in(std::string_view words, const MailFacts& facts);

}  // namespace domicile::identity
