// What `domicile migrate-store` is to carry from where to where. Internal to server.
#pragma once

#include <optional>

#include "server/migrate_store.h"
#include "server/stores_place.h"

namespace domicile::server {

struct Journey {
    Deployment from, to;
    StoresPlace place;  // copying or verified

    bool moves(const std::string& store) const {
        return place.from.at(store) != place.to.at(store);
    }
};

// The one that was begun, or a new one, of which nothing is written yet. nullopt: everything is
// there already. failed_precondition, invalid_argument: see the message.
Result<std::optional<Journey>> plan_journey(io::Files& files, const MigrateOptions& options);

}  // namespace domicile::server
