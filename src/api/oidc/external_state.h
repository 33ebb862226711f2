// What a browser carries, sealed, while its person is at another OpenID provider, and then on the
// page that asks for more. Pure.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "identity/external.h"
#include "identity/messages.h"

namespace domicile::api::oidc {

inline constexpr const char* kStatePurpose = "external_state";

struct ExternalState {
    std::string query;  // of /oauth2/authorize
    std::string provider, nonce, verifier;
    std::string browser;  // the hash of its cookie: nobody else's browser may bring this back
    std::int64_t expires_ms = 0;
    std::optional<identity::ExternalProof> proof;  // once there is one
};
BOOST_DESCRIBE_STRUCT(ExternalState, (),
                      (query, provider, nonce, verifier, browser, expires_ms, proof))

inline std::string write_state(const ExternalState& state) {
    return json::serialize(identity::to_message(state));
}
inline Result<ExternalState> read_state(const std::string& text) {
    TRY(const json::value stored, parse_json(text));
    return identity::from_message<ExternalState>(stored);
}

}  // namespace domicile::api::oidc
