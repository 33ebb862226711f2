// What an authenticator says and signs (WebAuthn 6.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile::webauthn {

inline constexpr std::size_t kCredentialIdBytesMax = 1023;

struct AttestedCredential {
    std::string aaguid;      // 16 bytes: the model; zeros where nothing is told
    std::string id;          // 1 to 1023 bytes
    std::string public_key;  // COSE_Key, as it was sent
};

struct AuthenticatorData {
    std::string rp_id_hash;  // 32 bytes
    bool user_present = false, user_verified = false;
    bool backup_eligible = false, backed_up = false;
    std::uint32_t counter = 0;  // 0: it has none
    std::optional<AttestedCredential> credential;
};

// malformed. Extensions are read and passed over: none was asked for.
Result<AuthenticatorData> read_authenticator_data(std::string_view bytes);

}  // namespace domicile::webauthn
