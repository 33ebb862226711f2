#include "server/region_database.h"

namespace domicile::server {
namespace {

Result<std::shared_ptr<io::SecretFile>> open_password(io::Files& files, const std::string& path) {
    if (path.empty()) return nullptr;
    auto out = io::SecretFile::open(files, path);
    if (!out)
        return fail(out.error().code,
                    "The database's file " + path + ": " + std::move(out.error().message));
    return out;
}

Result<std::unique_ptr<sql::Database>> open(io::Files& files, const Deployment& deployment,
                                            const config::Database& section,
                                            const std::string& name,
                                            const std::string& sqlite_path) {
    if (section.engine == config::DatabaseEngine::sqlite)
        return sql::open_sqlite({.path = sqlite_path});
    sql::PostgresOptions out;
    for (const config::Endpoint& server : section.endpoints)
        out.servers.push_back({server.address, server.port});
    out.database = name;
    out.user = section.user;
    TRY(out.password_file, open_password(files, deployment.placed(section.password_file)));
    out.tls = section.tls;
    out.ca_file = deployment.placed(section.ca_file);
    out.certificate_file = deployment.placed(section.certificate_file);
    out.key_file = deployment.placed(section.key_file);
    out.connections_max = static_cast<std::size_t>(section.connections_max);
    return sql::open_postgres(out);
}

}  // namespace

Result<RegionDatabases> open_databases(io::Files& files, const Deployment& deployment,
                                       const std::string& region) {
    const config::Region* section = deployment.config.regions.find(region);
    if (section == nullptr) return fail(Code::not_found, "The configuration has no such region.");
    const std::string folder = deployment.region_directory(region);
    const config::Database& data = section->database;
    const config::Database keys = section->keys_database.value_or(data);
    const std::string keys_name = section->keys_database ? keys.name : data.name + "_keys";
    RegionDatabases out;
    TRY(out.keys, open(files, deployment, keys, keys_name, folder + "/keys.db"));
    TRY(out.data, open(files, deployment, data, data.name, folder + "/region.db"));
    return out;
}

}  // namespace domicile::server
