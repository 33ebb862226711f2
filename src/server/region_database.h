// Opens the databases of a region: files in its folder, or PostgreSQL, as the configuration says.
#pragma once

#include <memory>
#include <string>

#include "io/files.h"
#include "server/deployment.h"
#include "sql/database.h"

namespace domicile::server {

struct RegionDatabases {
    std::unique_ptr<sql::Database> keys, data;
};

// Errors name the file. PostgreSQL is not asked yet.
Result<RegionDatabases> open_databases(io::Files& files, const Deployment& deployment,
                                       const std::string& region);

}  // namespace domicile::server
