// What a running region can take from a changed file, and what only a restart can.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace domicile::config {

// One sentence for each thing that changed and cannot change while the region runs, with its path
// as problems have it; empty: `after` may take the place of `before`.
std::vector<std::string> needs_restart(const Config& before, const Config& after);

}  // namespace domicile::config
