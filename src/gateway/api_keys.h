// API keys: which program calls, and how much its usage plan lets it. A key says nothing about a
// person and opens nothing by itself; it is for counting. Internal.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/config.h"
#include "gateway/throttle.h"

namespace domicile::gateway {

// Counted by this process for itself, as all buckets are.
class UsagePlan {
  public:
    explicit UsagePlan(const config::UsagePlan& plan);
    // For one key: 0, or in how many seconds there will be room.
    std::int64_t take(std::string_view key, std::int64_t now_ns, Timestamp now);

  private:
    std::int64_t take_of_day(std::string_view key, Timestamp now);

    std::unique_ptr<Buckets> buckets_;  // null: any rate
    const std::int64_t per_day_;        // 0: any number
    std::mutex mutex_;
    std::int64_t day_ = 0;                                // since 1970, UTC
    std::unordered_map<std::string, std::int64_t> used_;  // of that day, by key
};

class ApiKeys {
  public:
    explicit ApiKeys(const config::Config& config);

    struct Key {
        std::string name;
        UsagePlan* plan = nullptr;  // null: none
    };
    // Of the key as it was sent; null when it is not one. Looked up by its hash, so that no time
    // tells how much of a guess was right.
    const Key* find(std::string_view sent) const;

  private:
    std::unordered_map<std::string, std::unique_ptr<UsagePlan>> plans_;
    std::unordered_map<std::string, Key> by_hash_;  // SHA-256, lower-case hex
};

}  // namespace domicile::gateway
