// How codes reach people.
#pragma once

#include <string>

namespace domicile::config {

struct Mail {
    bool outbox = false;  // development: keep mails in the region and show them to anybody who asks
    std::string from;     // empty: no-reply@<domain>, which the loader fills in
};

}  // namespace domicile::config
