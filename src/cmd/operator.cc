#include "cmd/operator.h"

#include "io/files.h"

namespace domicile::cmd {

Result<AdminPort> admin_port(const server::Deployment& deployment, const std::string& region) {
    const auto ports = deployment.ports.find(region);
    if (ports == deployment.ports.end())
        return fail(Code::not_found, "There is no region " + region + ".");
    TRY(const std::string text,
        io::system_files().read(deployment.region_directory(region) + "/admin-credentials.json",
                                65536));
    TRY(const json::object document, parse_json_object(text));
    AdminPort out;
    out.target.endpoint = {"127.0.0.1", ports->second.admin};
    out.region = region;
    TRY(out.credentials.access_key_id, require_string(document, "access_key_id"));
    TRY(std::string secret, require_string(document, "secret_access_key"));
    out.credentials.secret_access_key = Redacted<std::string>(std::move(secret));
    return out;
}

}  // namespace domicile::cmd
