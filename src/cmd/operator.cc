#include "cmd/operator.h"

#include "io/files.h"
#include "server/stores.h"

namespace domicile::cmd {

Result<AdminPort> admin_port(const server::Deployment& deployment, const std::string& region,
                             std::size_t node) {
    const auto ports = deployment.ports.find(region);
    if (ports == deployment.ports.end())
        return fail(Code::not_found, "There is no region " + region + ".");
    AdminPort out;
    out.target.endpoint = {"127.0.0.1", deployment.ports_of(region, node).admin};
    out.region = region;
    const std::string path = server::admin_credentials_path(deployment, region);
    TRY(out.credentials, server::read_admin_credentials(io::system_files(), path));
    return out;
}

}  // namespace domicile::cmd
