#include "gateway/api_keys.h"

#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::gateway {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

UsagePlan::UsagePlan(const config::UsagePlan& plan) : per_day_(plan.per_day) {
    if (plan.per_second)
        buckets_ = std::make_unique<Buckets>(Rate(*plan.per_second, plan.burst.value_or(0)));
}

std::int64_t UsagePlan::take(std::string_view key, std::int64_t now_ns, Timestamp now) {
    const std::int64_t wait = buckets_ == nullptr ? 0 : buckets_->take(key, now_ns);
    if (wait > 0) return (wait + kSecond - 1) / kSecond;
    return per_day_ == 0 ? 0 : take_of_day(key, now);
}

std::int64_t UsagePlan::take_of_day(std::string_view key, Timestamp now) {
    const std::lock_guard lock(mutex_);
    const std::int64_t day = now.seconds() / kDaySeconds;
    // A clock that jumps back does not give the day anew.
    if (day > day_) {
        day_ = day;
        used_.clear();
    }
    std::int64_t& used = used_[std::string(key)];
    if (used >= per_day_) return (day_ + 1) * kDaySeconds - now.seconds();
    ++used;
    return 0;
}

ApiKeys::ApiKeys(const config::Config& config) {
    for (const config::UsagePlan& plan : config.usage_plans)
        plans_.emplace(plan.name, std::make_unique<UsagePlan>(plan));
    for (const config::ApiKey& key : config.api_keys) {
        const auto plan = key.plan ? plans_.find(*key.plan) : plans_.end();
        by_hash_[key.sha256] = {key.name, plan == plans_.end() ? nullptr : plan->second.get()};
    }
}

const ApiKeys::Key* ApiKeys::find(std::string_view sent) const {
    const auto found = by_hash_.find(to_hex(crypto::sha256(sent)));
    return found == by_hash_.end() ? nullptr : &found->second;
}

}  // namespace domicile::gateway
