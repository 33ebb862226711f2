// From the rows of an engine's catalogue to tables.
#pragma once

#include <vector>

#include "sql/database.h"

namespace domicile::sql {

// Rows of table, column, type, place in the primary key; by table, then in its order.
Result<std::vector<Table>> tables_of(const std::vector<Row>& catalogue);

}  // namespace domicile::sql
