// Where a list goes on, as the client brings it back. Sealed: what a list is ordered by may be
// about people. `list` says which one it is (operation, pool, filter), and is authenticated: a
// token is of no use for another.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "keyring/keyring.h"

namespace domicile::identity {

std::string seal_page_token(const keyring::DataKey& key, std::string_view list,
                            std::string_view after);
// Empty for an empty token. invalid_argument with reason page_token.
Result<std::string> open_page_token(const keyring::DataKey& key, std::string_view list,
                                    std::string_view token);

}  // namespace domicile::identity
