#include "identity/aliases.h"

#include "directory/directory.h"
#include "identity/addresses.h"

namespace domicile::identity {
namespace {

using Kind = directory::IdentifierKind;

const std::string* value_of(const Attributes& attributes, const std::string& name) {
    const auto found = attributes.find(name);
    return found == attributes.end() || found->second.empty() ? nullptr : &found->second;
}

config::Alias alias_of(Medium medium) {
    return medium == Medium::email ? config::Alias::email : config::Alias::phone_number;
}

}  // namespace

Result<void> check_alias_forms(const config::Pool& pool, std::string_view username) {
    const Kind kind = directory::kind_of_username(username);
    if (kind == Kind::email && pool.has_alias(config::Alias::email)) {
        return fail(Code::invalid_argument,
                    "Username cannot be of email format, since user pool is configured for email "
                    "alias.",
                    reason::kSchema);
    }
    if (kind == Kind::phone && pool.has_alias(config::Alias::phone_number)) {
        return fail(Code::invalid_argument,
                    "Username cannot be of phone number format, since user pool is configured for "
                    "phone number alias.",
                    reason::kSchema);
    }
    return {};
}

Result<void> check_preferred(const config::Pool& pool, const Attributes& attributes) {
    const std::string* preferred = value_of(attributes, kPreferredUsername);
    if (preferred == nullptr || !pool.has_alias(config::Alias::preferred_username)) return {};
    if (directory::kind_of_username(*preferred) == Kind::username) return {};
    return fail(Code::invalid_argument,
                "preferred_username: The value has the form of an address or of a user id",
                reason::kAttribute);
}

std::vector<std::string> aliases_of(const config::Pool& pool, UserRow row) {
    std::vector<std::string> out;
    // Who is somebody for another provider signs in there.
    if (row.hidden || row.external) return out;
    mark_confirmed(row);
    for (const Medium medium : kMedia) {
        const std::string* address = value_of(row.attributes, attribute_of(medium));
        const std::string* proven = value_of(row.attributes, flag_of(medium));
        const bool is_proven = proven != nullptr && *proven == "true";
        if (address != nullptr && is_proven && pool.has_alias(alias_of(medium))) {
            out.push_back(*address);
        }
    }
    const std::string* preferred = value_of(row.attributes, kPreferredUsername);
    if (preferred != nullptr && pool.has_alias(config::Alias::preferred_username)) {
        out.push_back(*preferred);
    }
    return out;
}

}  // namespace domicile::identity
