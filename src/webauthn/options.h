// What a browser is asked, as WebAuthn 5.1.10 reads it from JSON
// (PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON). Passkeys are
// always discoverable, so that a request need not name any (docs/adr/0030).
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace domicile::webauthn {

struct CreationRequest {
    std::string relying_party_id;
    std::string user_id;  // at most 64 bytes, nothing that says who it is
    std::string user_name, display_name;
    std::string challenge;          // bytes
    std::string user_verification;  // "required", "preferred"
    // What the person has already; bytes.
    struct Known {
        std::string id;
        std::vector<std::string> transports;
    };
    std::vector<Known> known;
    std::int64_t timeout_ms = 0;
};
json::object creation_options(const CreationRequest& request);

struct AssertionRequest {
    std::string relying_party_id, challenge, user_verification;
    std::int64_t timeout_ms = 0;
};
json::object request_options(const AssertionRequest& request);

}  // namespace domicile::webauthn
