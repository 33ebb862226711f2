// Where a region keeps its own data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/endpoint.h"

namespace domicile::config {

// sqlite: files in the region's folder. postgres: a server (15 or later), or what speaks its
// protocol.
enum class DatabaseEngine : std::uint8_t { sqlite, postgres };

// All but the engine is PostgreSQL's. Files are relative to the configuration's folder.
struct Database {
    DatabaseEngine engine = DatabaseEngine::sqlite;
    std::vector<Endpoint> endpoints;  // an address that begins with / is the folder of a socket
    std::string name = "domicile";
    std::string user = "domicile";
    std::string password_file;  // empty: none
    bool tls = false;
    std::string ca_file;           // empty: the system's authorities
    std::string certificate_file;  // of this side, with key_file
    std::string key_file;
    std::int64_t connections_max = 8;  // of each node

    bool operator==(const Database&) const = default;
};

}  // namespace domicile::config
