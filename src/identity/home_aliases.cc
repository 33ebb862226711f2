// The preferred user name, where people sign in with it (ADR 0039): one person's, in all regions.
// It is nobody's to prove, so that another one takes the place of the old at once, by the same
// steps as an address that an administrator says.
#include "identity/aliases.h"
#include "identity/home.h"

namespace domicile::identity {

std::optional<std::string> Home::preferred_key(const UserRow& row) const {
    const auto pool = find_pool(p_.config, row.pool);
    if (row.external || !pool || !(*pool)->has_alias(config::Alias::preferred_username)) {
        return std::nullopt;
    }
    const auto found = row.attributes.find(kPreferredUsername);
    if (found == row.attributes.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

// The same one in another writing stays where it is.
AddressChanges Home::take_preferred(const UserRow& row, Attributes& asked) const {
    const auto found = asked.find(kPreferredUsername);
    if (found == asked.end()) return {};
    UserRow next = row;
    next.attributes[kPreferredUsername] = found->second;
    if (keys_of(next) == keys_of(row)) return {};
    AddressChanges out;
    out[kPreferredUsername].value = std::move(found->second);
    asked.erase(found);
    return out;
}

io::Task<Result<UserRow>> Home::rename_preferred(UserRow row, AddressChanges wanted) {
    if (wanted.empty()) co_return row;
    std::string sub = row.sub;
    CO_TRY_VOID(co_await readdress(std::move(row), std::move(wanted)));
    CO_TRY(auto renamed, co_await users_.find_sub(std::move(sub)));
    if (!renamed) co_return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
    co_return std::move(*renamed);
}

}  // namespace domicile::identity
