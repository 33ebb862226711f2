// A folder with all that is in it. Blocking, as files.h.
#pragma once

#include <string>

#include "base/result.h"

namespace domicile::io {

// Links in it are removed, not followed. What is not there is no error. After an error or a crash
// a part may be gone.
Result<void> remove_tree(const std::string& path);

}  // namespace domicile::io
