// A list of passwords that are known from leaks, as haveibeenpwned.com publishes it: a text file of
// lines "<SHA-1 in hex>:<times>", sorted by the hash, of any size; it is searched where it lies. A
// line without times is taken too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/files.h"

namespace domicile::identity {

inline constexpr std::size_t kBreachedLineBytesMax = 128;

// Blocking. unavailable when the file cannot be read or is no such list.
Result<bool> is_breached(io::Files& files, const std::string& path, std::string_view password);

}  // namespace domicile::identity
