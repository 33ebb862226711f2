// All tables that the parts of a region make, by database; what migrate-store carries.
#pragma once

#include <vector>

#include "sql/copy.h"
#include "sql/database.h"

namespace domicile::server {

// A plan for each database of a region. A part that is missing here is not forgotten: the copy
// refuses a source that has it.
sql::CopyPlan keys_plan(std::string copy_id);
sql::CopyPlan data_plan(std::string copy_id);

}  // namespace domicile::server
