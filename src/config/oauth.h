// What the OpenID provider of a pool lets an application do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace domicile::config {

enum class Grant : std::uint8_t { authorization_code, refresh_token, client_credentials };

struct OAuth {
    // Compared byte by byte with what a request says.
    std::vector<std::string> redirect_uris;
    std::vector<std::string> post_logout_redirect_uris;
    std::vector<std::string> scopes = {"openid", "email", "phone", "profile"};
    std::vector<Grant> grants = {Grant::authorization_code, Grant::refresh_token};

    // COGNITO and names of the pool's identity_providers.
    std::vector<std::string> identity_providers = {"COGNITO"};

    bool allows(Grant grant) const;
    bool takes_provider(std::string_view name) const;
    bool allows_scope(std::string_view scope) const;
    bool redirects_to(std::string_view uri) const;
};

// An API that tokens are for: its scopes are IDENTIFIER/SCOPE.
struct ResourceServer {
    std::string name;
    std::string identifier;
    std::vector<std::string> scopes;
};

// The scopes that say something of the provider itself.
inline constexpr std::string_view kOpenIdScope = "openid";
// Lets an access token call the user pool's own operations for its person.
inline constexpr std::string_view kUserPoolScope = "aws.cognito.signin.user.admin";
bool is_own_scope(std::string_view scope);

}  // namespace domicile::config
