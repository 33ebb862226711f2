// Regions and jurisdictions as the file has them. The rules made of them are residency::Policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/database.h"
#include "config/endpoint.h"
#include "config/mail.h"
#include "config/named.h"
#include "residency/residency.h"

namespace domicile::config {

// The ports of one region; 0: any free one is taken at start, but for http, which is off then.
struct RegionPorts {
    std::uint16_t https = 0;     // TLS, every host name of the region
    std::uint16_t http = 0;      // the same without TLS, on loopback; 0: off
    std::uint16_t loopback = 0;  // plain HTTP, AWS dialects only
    std::uint16_t border = 0;    // mutual TLS between regions
    std::uint16_t admin = 0;     // metrics, health, admin

    bool operator==(const RegionPorts&) const = default;
};

struct Region {
    std::string name;
    RegionPorts listen;
    std::optional<std::string> standby;  // in the same jurisdiction
    std::optional<double> latitude;      // degrees
    std::optional<double> longitude;
    Database database;
    // What can erase people: their keys. Left out: beside `database`, and not in its backups.
    std::optional<Database> keys_database;
    std::optional<MailServer> mail;  // none: mails stay in the region's outbox
    std::int64_t nodes = 1;          // processes that `up` starts for it

    // What its nodes share is in databases that several processes can use.
    bool can_have_nodes() const {
        const DatabaseEngine keys = keys_database ? keys_database->engine : database.engine;
        return database.engine == DatabaseEngine::postgres && keys == DatabaseEngine::postgres;
    }

    bool operator==(const Region&) const = default;
};

struct Jurisdiction {
    std::string name;
    std::vector<residency::Country> countries;
    std::vector<residency::RegionId> regions;
    residency::Transit transit = residency::Transit::allow;
    std::vector<residency::RegionId>
        failover;  // the first other one stands by for a region without standby

    bool operator==(const Jurisdiction&) const = default;
};

}  // namespace domicile::config
