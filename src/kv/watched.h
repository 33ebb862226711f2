// A store with a local copy of all its entries, kept by following the changes: what answers while
// the quorum is away (I7). The copy is late by what is under way, and by any amount while the store
// cannot be reached; a negative answer of it means nothing.
#pragma once

#include <memory>

#include "kv/store.h"

namespace domicile::kv {

// get_local() is answered from the copy, and from the store until there is one; all else is the
// store's. start() begins to follow; a copy that misses changes (they were compacted) is read anew
// and goes on serving meanwhile.
std::unique_ptr<Store> make_watched_store(std::unique_ptr<Store> store);

}  // namespace domicile::kv
