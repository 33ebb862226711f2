// Passkeys of a pool, as Cognito's WebAuthnConfigurationType has them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace domicile::config {

// Whether the authenticator has to verify its user, by a fingerprint or a PIN.
enum class UserVerification : std::uint8_t { preferred, required };

// What a sign-in with a passkey counts for.
enum class PasskeyFactor : std::uint8_t {
    single_factor,
    multi_factor_with_user_verification,  // for the second factor too, if it verified its user
};

struct Passkeys {
    std::string relying_party_id;
    UserVerification user_verification = UserVerification::preferred;
    PasskeyFactor factor = PasskeyFactor::single_factor;
    std::vector<std::string> origins;  // empty: https at the relying party id and hosts below it
};

}  // namespace domicile::config
