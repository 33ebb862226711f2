// A lock for what many threads read all the time and one changes now and then. A reader touches
// only a counter of its own thread, so that readers on several cores do not slow each other down,
// as they would at the one counter of a shared_mutex; a change pays for it by looking at all
// counters. Both must be short: readers that come during a change sleep, a change spins until the
// readers that are inside have left.
//
// Why it holds: a reader counts itself in and then looks whether a change is on; a change says that
// it is on and then looks at the counters. All four are sequentially consistent, so one of the two
// sees the other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

namespace domicile::io {

class ManyReaders {
  public:
    // What `look` returns. It must not wait, and must not call read() or change() of this.
    template <class Look>
    auto read(Look look) const {
        const Inside inside(*this);
        return look();
    }

    // No reader is inside meanwhile, nor another change.
    template <class Change>
    void change(Change make) {
        const std::lock_guard lock(mutex_);
        changing_.store(true);
        for (const Place& place : places_)
            while (place.readers.load() != 0) std::this_thread::yield();
        make();
        changing_.store(false);
    }

  private:
    static constexpr std::size_t kPlaces = 32;  // threads beyond that share them
    struct alignas(64) Place {
        std::atomic<std::uint32_t> readers = 0;
    };
    static std::size_t own_place() {
        static std::atomic<std::size_t> next = 0;
        thread_local const std::size_t mine = next++ % kPlaces;
        return mine;
    }

    class Inside {
      public:
        explicit Inside(const ManyReaders& lock) : place_(lock.places_[own_place()]) {
            place_.readers.fetch_add(1);
            if (!lock.changing_.load()) return;
            place_.readers.fetch_sub(1);
            waited_ = std::unique_lock(lock.mutex_);
        }
        ~Inside() {
            if (!waited_.owns_lock()) place_.readers.fetch_sub(1, std::memory_order_release);
        }
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;

      private:
        Place& place_;
        std::unique_lock<std::mutex> waited_;
    };

    mutable std::array<Place, kPlaces> places_;
    std::atomic<bool> changing_ = false;
    mutable std::mutex mutex_;
};

}  // namespace domicile::io
