// Registering a credential and verifying an assertion (WebAuthn 7.1, 7.2), with attestation `none`:
// what an authenticator says of its own kind is not asked for and not believed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "webauthn/authenticator_data.h"
#include "webauthn/response.h"

namespace domicile::webauthn {

namespace reason {
inline constexpr const char* kMalformed = "webauthn_malformed";
inline constexpr const char* kChallenge = "webauthn_challenge";
inline constexpr const char* kOrigin = "webauthn_origin";
inline constexpr const char* kRelyingParty = "webauthn_relying_party";
inline constexpr const char* kUnsupported = "webauthn_unsupported";  // the key, or no verification
inline constexpr const char* kSignature = "webauthn_signature";
}  // namespace reason

struct Expected {
    std::string challenge;  // bytes
    std::string relying_party_id;
    std::vector<std::string> origins;  // empty: https at the relying party id and hosts below it
    bool user_verification = false;    // whether it must have happened
};

struct NewCredential {
    AttestedCredential credential;
    std::uint32_t counter = 0;
    bool user_verified = false, backed_up = false;
};
// Errors have one of the reasons above.
Result<NewCredential> verify_registration(const RegistrationResponse& response,
                                          const Expected& expected);

struct Assertion {
    std::uint32_t counter = 0;
    bool user_verified = false;
};
// `public_key` is the COSE_Key of the credential that the response names.
Result<Assertion> verify_assertion(const AssertionResponse& response, const Expected& expected,
                                   std::string_view public_key);

// Whether a counter may follow another (7.2, step 22): one that does not grow is of a copy.
bool counter_goes_on(std::uint32_t before, std::uint32_t now);

// Whether a page there may use credentials of the relying party.
bool is_origin_of(std::string_view origin, std::string_view relying_party_id);

}  // namespace domicile::webauthn
