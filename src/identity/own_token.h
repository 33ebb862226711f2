// Tokens that this region signed, whoever they are about: ID tokens of the OpenID provider, also
// those about people of other regions, and tokens of clients that act for themselves. The verifier
// of the gateway takes neither.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "identity/oauth_types.h"
#include "identity/signer.h"
#include "io/task.h"

namespace domicile::identity {

// Its claims, of which only the signature is checked; unauthenticated.
io::Task<Result<json::object>> read_own_token(const Signer& signer, std::string token);

// What the claims of read_own_token say of a client that acts for itself.
TokenState client_token_state(const json::object& claims, const std::string& issuer, Timestamp now);

}  // namespace domicile::identity
