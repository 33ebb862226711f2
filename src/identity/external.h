// People whom another OpenID provider names. What is asked of such a provider is behind an
// interface: identity knows no HTTP. A region that asks another one to sign somebody in sends the
// provider's own proof along, and the home checks it again: no region speaks for a provider.
#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/pool.h"
#include "identity/oauth_types.h"
#include "identity/types.h"
#include "io/task.h"

namespace domicile::identity {

namespace reason {
inline constexpr const char* kProviderUnknown = "provider_unknown";  // not one of this client's
inline constexpr const char* kProviderAnswer = "provider_answer";    // its answer is no good
inline constexpr const char* kProviderDown = "provider_down";        // it does not answer
inline constexpr const char* kAddressTaken = "address_taken";        // somebody's: nobody is linked
}  // namespace reason

namespace message {
inline constexpr const char* kOAuthExternal = "identity.oauth_external";
}  // namespace message

// What a provider gave for a code: its ID token, and what asks it for more.
struct ExternalProof {
    std::string provider, id_token, nonce;
    std::optional<std::string> access_token;
};
// What is known of somebody by it: attributes as they are mapped, with email_verified where there
// is an address.
struct ExternalPerson {
    std::string subject;
    Attributes attributes;
};
// Who was here for the first time may be asked for what the provider does not say.
struct BrowserExternal {
    Authorization asked;
    ExternalProof proof;
    Attributes answers;
};
struct ExternalOutcome {
    Authorized authorized;
    std::vector<std::string> missing;  // attributes to ask for; nobody was signed in then
};

BOOST_DESCRIBE_STRUCT(ExternalProof, (), (provider, id_token, nonce, access_token))
BOOST_DESCRIBE_STRUCT(BrowserExternal, (), (asked, proof, answers))

class ExternalProviders {
  public:
    virtual ~ExternalProviders() = default;
    // Whom the proof names. unauthenticated with reason provider_answer; unavailable with reason
    // provider_down; not_found with reason provider_unknown. Calls from any executor. `pool`
    // outlives the call.
    virtual io::Task<Result<ExternalPerson>> identify(const config::Pool* pool,
                                                      ExternalProof proof) = 0;
};

// PROVIDER_SUBJECT, as Cognito names them. A subject that would be taken for an address, or does
// not fit into a name, is there as its hash, behind a `~`.
std::string external_username(std::string_view provider, std::string_view subject);
// Whether a user name is of such a form: nobody else may have it.
bool is_external_username(const config::Pool& pool, std::string_view username);
// invalid_argument: for people who sign up otherwise.
Result<void> check_own_username(const config::Pool& pool, std::string_view username);

}  // namespace domicile::identity
