// What one section alone cannot see: names that lead nowhere, and what would break the invariants.
#pragma once

#include "config/config.h"
#include "config/reader.h"

namespace domicile::config {

// Fills in what is derived from other values, so that everybody sees the same: site hosts,
// mail.from, `authorizer: none`.
void complete(Config& config);

// After complete().
void check(const Config& config, Reader& reader);

}  // namespace domicile::config
