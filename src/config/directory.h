// Where the shared directory is kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/region.h"

namespace domicile::config {

// sqlite: a file that the region processes of one machine share. etcd: a cluster (3.4 or later).
enum class DirectoryEngine : std::uint8_t { sqlite, etcd };

// All but the engine is etcd's. Files are relative to the configuration's folder.
struct Directory {
    DirectoryEngine engine = DirectoryEngine::sqlite;
    std::vector<Endpoint> endpoints;
    std::string prefix = "domicile/";
    bool tls = false;
    std::string ca_file;           // empty: the system's authorities
    std::string certificate_file;  // of this side, with key_file
    std::string key_file;
    std::string server_name;  // empty: each endpoint's own host
    std::string user;         // with password_file
    std::string password_file;

    bool operator==(const Directory&) const = default;
};

}  // namespace domicile::config
