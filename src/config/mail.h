// How codes reach people.
#pragma once

#include <cstdint>
#include <string>

#include "config/endpoint.h"
#include "config/named.h"

namespace domicile::config {

enum class MailSecurity : std::uint8_t { starttls, tls, none };

// Where a region hands over the mails to its people. Files are relative to the configuration's
// folder.
struct MailServer {
    Endpoint server;
    MailSecurity security = MailSecurity::starttls;
    std::string ca_file;        // empty: the system's authorities
    std::string user;           // empty: no authentication
    std::string password_file;  // of the user
    std::int64_t connections_max = 2;
    std::int64_t queue_max = 10'000;  // mails that wait
    std::int64_t retry_seconds = 30;  // after the first failure; then twice as long each time

    bool operator==(const MailServer&) const = default;
};

// The words of one kind of mail: `verification`, `password_reset`, `invitation`, `address_wanted`,
// `sign_in_code`, `second_factor_code`; with a language, such as `verification.de`, for people
// whose `locale` begins with it.
struct MailTemplate {
    std::string name;
    std::string subject, text;  // {####} is the code, {username} the user name, as with Cognito

    bool operator==(const MailTemplate&) const = default;
};

struct Mail {
    bool outbox = false;  // development: keep mails in the region and show them to anybody who asks
    std::string from;     // empty: no-reply@<domain>, which the loader fills in
    NamedList<MailTemplate> templates;
};

}  // namespace domicile::config
