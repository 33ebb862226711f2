#include "identity/page_token.h"

#include "base/encoding.h"
#include "identity/types.h"

namespace domicile::identity {
namespace {

std::string context(std::string_view list) { return "page_token:" + std::string(list); }

}  // namespace

std::string seal_page_token(const keyring::DataKey& key, std::string_view list,
                            std::string_view after) {
    return to_base64url(key.seal(context(list), after));
}

Result<std::string> open_page_token(const keyring::DataKey& key, std::string_view list,
                                    std::string_view token) {
    if (token.empty()) return std::string();
    const auto sealed = from_base64url(token);
    if (sealed) {
        if (auto after = key.open(context(list), *sealed)) return after;
    }
    return fail(Code::invalid_argument, "The token is not one that this list gave.",
                reason::kPageToken);
}

}  // namespace domicile::identity
