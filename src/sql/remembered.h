// What was read from a database, in memory, for as long as this process is the only one that
// changes it: whoever changes a row forgets it here, and where other processes write too
// (Database::shared) nothing is remembered at all. Bounded. Callable from any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "sql/database.h"

namespace domicile::sql {

template <class V>
class Remembered {
  public:
    // `max` entries; a further one takes the place of any other.
    Remembered(const Database& database, std::size_t max) : max_(database.shared() ? 0 : max) {}

    std::optional<V> find(const std::string& key) {
        const std::lock_guard lock(mutex_);
        const auto found = known_.find(key);
        return found == known_.end() ? std::nullopt : std::optional<V>(found->second);
    }
    // Before the read whose outcome is to be remembered.
    std::uint64_t changes() {
        const std::lock_guard lock(mutex_);
        return changes_;
    }
    // Unless something was forgotten `since`, perhaps this.
    void remember(const std::string& key, V value, std::uint64_t since) {
        const std::lock_guard lock(mutex_);
        if (max_ == 0 || changes_ != since) return;
        if (known_.size() >= max_) known_.erase(known_.begin());
        known_.insert_or_assign(key, std::move(value));
    }
    // After the change, also after one whose outcome nobody knows.
    void forget(const std::string& key) {
        const std::lock_guard lock(mutex_);
        known_.erase(key);
        ++changes_;
    }
    void forget_all() {
        const std::lock_guard lock(mutex_);
        known_.clear();
        ++changes_;
    }

  private:
    const std::size_t max_;
    std::mutex mutex_;
    std::unordered_map<std::string, V> known_;
    std::uint64_t changes_ = 0;
};

}  // namespace domicile::sql
