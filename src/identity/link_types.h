// What administrators ask about users of other providers who are people here; also the messages
// that carry it to the home.
#pragma once

#include <string>

#include "identity/admin_types.h"
#include "identity/messages.h"

namespace domicile::identity {

namespace reason {
inline constexpr const char* kTooManyLinks = "too_many_links";  // message is the text
}  // namespace reason

// The provider's user, by the provider's name here and what it calls them (`sub`).
struct AdminLinkRequest {
    Administrator who;
    std::string pool, username;  // the person who is here; of unlinking: nothing
    std::string provider, subject;
};

namespace message {
inline constexpr const char* kAdminLink = "identity.admin_link_provider";
inline constexpr const char* kAdminUnlink = "identity.admin_disable_provider";
}  // namespace message

BOOST_DESCRIBE_STRUCT(AdminLinkRequest, (), (who, pool, username, provider, subject))

}  // namespace domicile::identity
