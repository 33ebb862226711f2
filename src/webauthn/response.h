// What browsers send back, as WebAuthn 5.1.8 writes it in JSON (RegistrationResponseJSON,
// AuthenticationResponseJSON), and the client data inside (5.8.1). What is not needed is not read:
// what it repeats in another form (authenticatorData, publicKey of a registration) might differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace domicile::webauthn {

inline constexpr std::size_t kResponseBytesMax = 64 * 1024;

struct RegistrationResponse {
    std::string id;                         // of the credential; bytes, as all of these
    std::string client_data;                // JSON
    std::string attestation;                // CBOR
    std::vector<std::string> transports;    // "internal", "usb", ...; at most eight
    std::optional<std::string> attachment;  // "platform" or "cross-platform"
};
struct AssertionResponse {
    std::string id, client_data, authenticator_data, signature;
    std::optional<std::string> user_handle;
};
// malformed with reason webauthn_malformed.
Result<RegistrationResponse> read_registration_response(std::string_view json);
Result<AssertionResponse> read_assertion_response(std::string_view json);

struct ClientData {
    std::string type;       // "webauthn.create" or "webauthn.get"
    std::string challenge;  // bytes
    std::string origin;
    bool cross_origin = false;  // in a frame of another origin
};
Result<ClientData> read_client_data(std::string_view json);

}  // namespace domicile::webauthn
