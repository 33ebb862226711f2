// The documents in which an issuer publishes its keys: OpenID Connect Discovery 1.0, 4.2, and a JWK
// set (RFC 7517, 5). They come from outside: bounded and strict. Internal.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/url.h"
#include "crypto/keys.h"

namespace domicile::federation {

inline constexpr std::size_t kJwksBytesMax = 256 * 1024;
inline constexpr std::size_t kJwksKeysMax = 64;
inline constexpr std::size_t kKidBytesMax = 512;

// Where an issuer says where its keys are.
std::string discovery_url(std::string_view issuer);

// The `jwks_uri` of a discovery document of exactly this issuer. malformed; permission_denied when
// it leads where nobody can say who answers.
Result<Url> parse_discovery(std::string_view text, std::string_view issuer);

using Keys = std::vector<std::shared_ptr<const crypto::PublicKey>>;

// The keys that can check our algorithms' signatures; what else is in the set is passed over, as
// RFC 7517 wants. Of two with one kid and algorithm the first counts. malformed when there are too
// many, or none that is of use.
Result<Keys> parse_jwks(std::string_view text);

// Which of them a token names. Without a kid, the only one of the algorithm.
std::shared_ptr<const crypto::PublicKey> find_key(const Keys& keys, std::string_view kid,
                                                  crypto::Algorithm algorithm);
bool same_keys(const Keys& a, const Keys& b);

}  // namespace domicile::federation
