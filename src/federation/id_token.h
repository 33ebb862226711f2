// What an ID token of another provider has to say (OpenID Connect Core 1.0, 3.1.3.7). Pure: the
// signature is checked beside this.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "config/identity_provider.h"
#include "identity/external.h"

namespace domicile::federation {

struct Expected {
    std::string issuer, client_id, nonce;
    std::optional<std::string> access_token;  // what at_hash, where it is there, has to fit
};

// The subject. unauthenticated with reason provider_answer; the message says which claim is wrong,
// never what it is.
Result<std::string> check_id_token(const json::object& claims, const Expected& expected,
                                   Timestamp now);

// The attributes that claims are mapped to: texts, numbers and flags; what else a claim may be is
// left out. With email_verified where there is an address.
identity::Attributes map_claims(const config::IdentityProvider& provider,
                                const json::object& claims);
// Whether a claim that is mapped is missing.
bool lacks_claims(const config::IdentityProvider& provider, const json::object& claims);

}  // namespace domicile::federation
