#include "server/region_schema.h"

#include "access/access.h"
#include "directory/claims.h"
#include "documents/store.h"
#include "events/store.h"
#include "identity/authorization_codes.h"
#include "identity/courier.h"
#include "identity/users.h"
#include "keyring/keyring.h"

namespace domicile::server {

sql::CopyPlan keys_plan(std::string copy_id) {
    sql::CopyPlan out;
    out.id = std::move(copy_id);
    out.schema = {keyring::Keyring::schema()};
    return out;
}

sql::CopyPlan data_plan(std::string copy_id) {
    sql::CopyPlan out;
    out.id = std::move(copy_id);
    out.schema = {access::Access::schema(),
                  directory::Claims::schema(),
                  documents::Store::schema(),
                  events::Store::schema(),
                  identity::Courier::schema(),
                  identity::Users::schema(),
                  identity::AuthorizationCodes::schema()};
    // Which nodes live: of no use to others, and only there where several can be.
    out.passing_components = {"nodes"};
    out.passing_tables = {"region_nodes", "region_leases"};
    return out;
}

}  // namespace domicile::server
