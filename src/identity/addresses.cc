#include "identity/addresses.h"

namespace domicile::identity {

const char* attribute_of(Medium medium) {
    return medium == Medium::email ? "email" : "phone_number";
}

std::string flag_of(Medium medium) { return std::string(attribute_of(medium)) + "_verified"; }

std::optional<Medium> medium_of(std::string_view attribute) {
    for (const Medium medium : kMedia) {
        if (attribute == attribute_of(medium)) return medium;
    }
    return std::nullopt;
}

directory::IdentifierKind kind_of(Medium medium) {
    using Kind = directory::IdentifierKind;
    return medium == Medium::email ? Kind::email : Kind::phone;
}

const char* purpose_of(Medium medium) { return medium == Medium::email ? "address" : "phone"; }

std::string address_of(Medium medium, const std::string& username, const Attributes& attributes) {
    const auto found = attributes.find(attribute_of(medium));
    if (found != attributes.end()) return found->second;
    const bool is_one = directory::kind_of_username(username) == kind_of(medium);
    return is_one ? username : std::string();
}

}  // namespace domicile::identity
