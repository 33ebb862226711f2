// Routes from OpenAPI documents: each operation is a route like the entry that names the document.
// Internal.
#pragma once

#include "config/config.h"
#include "config/reader.h"

namespace domicile::config {

inline constexpr std::size_t kApiDepthMax = 64;

// Puts the operations' routes in the place of their entries, and says of each route which entry it
// is of. Problems of a document are added to `problems`, with the document's name as their file;
// those of an entry go to the reader.
void import_apis(Config& config, const ReadFile& read, Reader& reader,
                 std::vector<Problem>& problems);

}  // namespace domicile::config
