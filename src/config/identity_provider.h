// Another OpenID provider, with which people of a pool sign in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace domicile::config {

// The name under which a client names the pool's own sign-in, as with Cognito.
inline constexpr std::string_view kOwnSignIn = "COGNITO";

struct IdentityProvider {
    std::string name;  // without `_`, which ends it in the names of its people
    std::string issuer;
    std::string client_id;
    std::optional<std::string> client_secret_file;  // relative to the file's folder; PKCE always
    std::vector<std::string> scopes = {"openid", "email", "profile"};
    // Attribute of the pool: claim of the ID token or of the provider's userinfo.
    std::map<std::string, std::string> attributes;
};

}  // namespace domicile::config
