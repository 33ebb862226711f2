// What every engine asks of the text that it is given.
#pragma once

#include <vector>

#include "sql/database.h"

namespace domicile::sql {

// invalid_argument for text that is no UTF-8 or has a zero byte in it, which PostgreSQL cannot
// store.
Result<void> check_text(const std::vector<Value>& parameters);

}  // namespace domicile::sql
