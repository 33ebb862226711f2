// Carries all entries of one store to another, whatever engines they have; revisions mean nothing
// outside their store, and are not carried; nor are entries under a lease, which would stay for
// ever.
//
// Entries go over in the order of their keys, a page in some transactions at once. While a copy is
// under way, the target has an entry `transfer` with the copy's id and the last key of the last
// page that is there whole: a copy that was killed goes on from it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kv/store.h"

namespace domicile::kv {

inline constexpr std::string_view kCopyKey = "transfer";
inline constexpr std::string_view kReasonUnfinishedCopy = "unfinished_copy";

using OnEntries = std::function<void(std::size_t more)>;

struct StoreDigest {
    std::int64_t entries = 0;
    std::string sha256;  // raw, over keys and values in the order of keys
    bool operator==(const StoreDigest&) const = default;
};

// Changes nothing. already_exists when there is anything in the target that is not of this copy;
// failed_precondition when the source is itself the target of a copy that did not end.
io::Task<Result<void>> check_copy(Store& source, Store& target, std::string id);
// That, then marks the target.
io::Task<Result<void>> begin_copy(Store& source, Store& target, std::string id);
// After begin_copy; again after any interruption. on_entries is told of those that this call has
// copied.
io::Task<Result<void>> copy_entries(Store& source, Store& target, std::string id,
                                    OnEntries on_entries);
// Of all entries that are carried.
io::Task<Result<StoreDigest>> digest(Store& store, OnEntries on_entries);
// Takes the mark away: the target may be used. May be repeated.
io::Task<Result<void>> end_copy(Store& target);

// failed_precondition (reason kReasonUnfinishedCopy) when a copy to it was begun and not ended.
io::Task<Result<void>> refuse_unfinished_copy(Store& store);

}  // namespace domicile::kv
