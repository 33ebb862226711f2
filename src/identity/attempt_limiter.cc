#include "identity/attempt_limiter.h"

#include <algorithm>

#include "identity/types.h"

namespace domicile::identity {

Millis delay_after(const AttemptLimiter::Options& options, int failures) {
    if (failures < options.free_failures) return Millis(0);
    const int doublings = std::min(failures - options.free_failures, 20);
    return std::min(options.first_delay * (1 << doublings), options.delay_max);
}

std::unexpected<Error> too_many_attempts() {
    return fail(Code::resource_exhausted, "Attempt limit exceeded, please try after some time.",
                reason::kTooManyAttempts);
}

Result<void> AttemptLimiter::check(const std::string& key, Instant now) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end() || now >= found->second.not_before) return {};
    return too_many_attempts();
}

void AttemptLimiter::failed(const std::string& key, Instant now) {
    const std::lock_guard lock(mutex_);
    auto [at, added] = entries_.try_emplace(key);
    Entry& entry = at->second;
    if (added) {
        by_age_.push_back(key);
        entry.age = std::prev(by_age_.end());
    } else {
        by_age_.splice(by_age_.end(), by_age_, entry.age);
        if (now - entry.last > options_.forget_after) entry.failures = 0;
    }
    entry.last = now;
    ++entry.failures;
    entry.not_before = now + delay_after(options_, entry.failures);
    if (entries_.size() > options_.entries_max) {
        entries_.erase(by_age_.front());
        by_age_.pop_front();
    }
}

void AttemptLimiter::succeeded(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    by_age_.erase(found->second.age);
    entries_.erase(found);
}

}  // namespace domicile::identity
