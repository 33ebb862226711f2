// Which second factors somebody can be asked for: what the pool takes, what they have set up and
// turned on, and where a code could be mailed to.
#pragma once

#include <string>
#include <vector>

#include "config/pool.h"
#include "identity/authenticators.h"

namespace domicile::identity {

// The challenges that ask for one. `address`: the person's proven one, or empty. Who has to have a
// second factor and no app has codes by mail without turning them on.
std::vector<std::string> second_factors(const config::Pool& pool, const Authenticator& app,
                                        const std::string& address);
// Codes are mailed to them, or would be if they had a proven address.
bool wants_mailed_factor(const config::Pool& pool, const Authenticator& app);

}  // namespace domicile::identity
