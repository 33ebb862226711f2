// The public key of a passkey, as authenticators write it: COSE_Key (RFC 9052, 7) for ES256, RS256
// (RFC 8812) or EdDSA with Ed25519 (RFC 9053, 2.2).
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "crypto/keys.h"
#include "webauthn/cbor.h"

namespace domicile::webauthn {

// COSE's numbers, in the order in which we would rather have them.
inline constexpr std::int64_t kEs256 = -7, kEdDsa = -8, kRs256 = -257;

class CredentialKey {
  public:
    // unsupported with reason webauthn_unsupported for another kind; malformed.
    static Result<CredentialKey> from_cose(const cbor::Value& key);
    static Result<CredentialKey> from_cose(std::string_view bytes);

    // WebAuthn 6.5.5: ES256 signatures are DER. unauthenticated.
    Result<void> verify(std::string_view message, std::string_view signature) const;

  private:
    struct Ed25519 {
        std::string key;
    };
    using Key = std::variant<crypto::PublicKey, Ed25519>;
    explicit CredentialKey(Key key) : key_(std::move(key)) {}

    Key key_;
};

}  // namespace domicile::webauthn
