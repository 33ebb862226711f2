#include "config/oauth.h"

#include <algorithm>
#include <array>

namespace domicile::config {
namespace {

constexpr std::array<std::string_view, 5> kOwnScopes = {kOpenIdScope, "email", "phone", "profile",
                                                        kUserPoolScope};

}  // namespace

bool OAuth::allows(Grant grant) const { return std::ranges::find(grants, grant) != grants.end(); }
bool OAuth::allows_scope(std::string_view scope) const {
    return std::ranges::find(scopes, scope) != scopes.end();
}
bool OAuth::takes_provider(std::string_view name) const {
    return std::ranges::find(identity_providers, name) != identity_providers.end();
}
bool OAuth::redirects_to(std::string_view uri) const {
    return std::ranges::find(redirect_uris, uri) != redirect_uris.end();
}

bool is_own_scope(std::string_view scope) {
    return std::ranges::find(kOwnScopes, scope) != kOwnScopes.end();
}

}  // namespace domicile::config
