// How commands reach a region's admin port: with the operator's key from the region's folder.
// Internal to cmd.
#pragma once

#include <string>

#include "api/admin/client.h"
#include "server/deployment.h"

namespace domicile::cmd {

struct AdminPort {
    http::Target target;
    std::string region;
    access::Credentials credentials;
};

// not_found for a region that the deployment does not have.
Result<AdminPort> admin_port(const server::Deployment& deployment, const std::string& region,
                             std::size_t node = 1);

}  // namespace domicile::cmd
