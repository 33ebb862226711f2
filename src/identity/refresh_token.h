// What a refresh token says, sealed by the home behind its region's name (routable.h).
#pragma once

#include <boost/describe.hpp>
#include <string>

#include "base/result.h"
#include "keyring/keyring.h"

namespace domicile::identity {

struct RefreshToken {
    std::string origin_jti, sub, client_id, event_id;
    std::int64_t auth_time_ms = 0;
    std::optional<std::int64_t> generation;           // nullopt: the first
    std::optional<std::string> scope = std::nullopt;  // where the OpenID provider gave it
};
BOOST_DESCRIBE_STRUCT(RefreshToken, (),
                      (origin_jti, sub, client_id, event_id, auth_time_ms, generation, scope))

std::string write_refresh_token(const keyring::DataKey& key, const std::string& region,
                                const RefreshToken& token);
Result<RefreshToken> read_refresh_token(const keyring::DataKey& key, const std::string& region,
                                        const std::string& token);

}  // namespace domicile::identity
