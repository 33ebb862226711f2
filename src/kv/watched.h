// Following a store: reading everything once, and then what changes. Whoever follows keeps of it
// what they need; the directory keeps where people live (directory/homes.h).
#pragma once

#include <memory>

#include "kv/store.h"

namespace domicile::kv {

// What is told of a store, by one task. Late by what is under way, and by any amount while the
// store cannot be reached. During a reading and for a moment after it, an entry may be told as it
// was before, and then again as it is: what counts is the last word.
class Follower {
  public:
    virtual ~Follower() = default;
    // All entries, in the order of their keys; what is not among them is no longer there. A reading
    // that breaks off is begun again. Changes may come in between.
    virtual void begin_reading() = 0;
    virtual void entry(const Entry& entry) = 0;
    virtual void end_reading() = 0;
    virtual void change(const Change& change) = 0;
};

// start() begins to follow the store; the follower outlives stop(). When changes are missed (they
// were compacted), everything is read anew.
// A reading of many millions of entries takes longer than the store keeps its changes, so these are
// taken over in between, every so often.
std::unique_ptr<Store> make_watched_store(std::unique_ptr<Store> store, Follower& follower,
                                          Millis changes_every = Millis(2'000));

}  // namespace domicile::kv
