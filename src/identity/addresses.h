// The addresses of a person: what they are found by beside the user name, and where codes go.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "directory/directory.h"
#include "identity/types.h"

namespace domicile::identity {

inline constexpr std::array kMedia = {Medium::email, Medium::sms};

// "email", "phone_number"; and the attribute that says whether it is proven.
const char* attribute_of(Medium medium);
std::string flag_of(Medium medium);
std::optional<Medium> medium_of(std::string_view attribute);
directory::IdentifierKind kind_of(Medium medium);
// What a code that proves one is for (Codes::Purpose).
const char* purpose_of(Medium medium);

// The attribute, else a user name that is such an address; empty when there is neither.
std::string address_of(Medium medium, const std::string& username, const Attributes& attributes);

}  // namespace domicile::identity
