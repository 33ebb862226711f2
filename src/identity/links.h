// People whom an administrator has linked with users of another OpenID provider: whoever the
// provider names so is signed in as them. The user name that the provider's user would have is a
// key of theirs like any other (ADR 0031), and a blind index of it leads to the row.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "identity/users.h"

namespace domicile::identity {

inline constexpr std::size_t kLinksMax = 5;  // of a person, as with Cognito

// Steps of the component "identity".
std::vector<std::string> links_schema();
// What a profile keeps of them.
void write_links(const UserRow& row, json::object& into);
Result<void> read_links(const json::object& from, UserRow& into);

// Whether the provider's user is this person, by themselves or by a link.
bool is_named_by(const UserRow& row, const ExternalIdentity& who);
bool is_linked(const UserRow& row, const ExternalIdentity& who);
// The attribute `identities`, as Cognito writes it: of whoever has any.
void show_identities(UserRow& row);

}  // namespace domicile::identity
