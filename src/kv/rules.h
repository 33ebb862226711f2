// What every store does alike: the bounds of a transaction and the meaning of its compares.
#pragma once

#include <optional>
#include <string>

#include "kv/store.h"

namespace domicile::kv {

Result<void> check_bounds(const Transaction& transaction);
bool holds(const Compare& compare, const std::optional<Entry>& current);
// The least key greater than all keys with this prefix; nullopt when there is none.
std::optional<std::string> prefix_end(std::string prefix);
std::unexpected<Error> compacted();

}  // namespace domicile::kv
