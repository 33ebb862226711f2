// Published keys as they stand in the store: see docs/formats/directory.md.
#pragma once

#include <string>

#include "base/result.h"
#include "directory/directory.h"
#include "kv/store.h"

namespace domicile::directory {

inline constexpr char kKeyRecordPrefix[] = "r/";

// invalid_argument for a name that cannot stand in a key, or a jwk with a member that is no string.
Result<kv::Write> encode_key(const KeyRecord& record);
// malformed also when the place in the store does not fit the record.
Result<KeyRecord> decode_key(const kv::Entry& entry);

}  // namespace domicile::directory
