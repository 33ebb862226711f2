#include "gateway/throttle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/ip.h"

namespace domicile::gateway {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

Rate::Rate(double per_second, std::int64_t burst)
    : interval_(std::max<std::int64_t>(1, static_cast<std::int64_t>(kSecond / per_second))) {
    if (burst <= 0) burst = std::max<std::int64_t>(1, std::llround(per_second));
    tolerance_ = interval_ * (burst - 1);
}

std::int64_t Rate::take(std::int64_t& full_at, std::int64_t now) const {
    const std::int64_t ahead = std::max(full_at, now) - now;
    if (ahead > tolerance_) return ahead - tolerance_;
    full_at = now + ahead + interval_;
    return 0;
}

void Buckets::sweep(Shard& shard, std::int64_t now) {
    if (now - shard.swept < kSecond) return;
    shard.swept = now;
    std::erase_if(shard.full_at, [now](const auto& entry) { return entry.second <= now; });
}

std::int64_t Buckets::take(std::string_view caller, std::int64_t now) {
    // Of the upper bits: the map within takes the lower ones.
    Shard& shard = shards_[Hash()(caller) >> 59 & (kShards - 1)];
    const std::lock_guard lock(shard.mutex);
    auto found = shard.full_at.find(caller);
    if (found == shard.full_at.end()) {
        if (shard.full_at.size() >= kPerShardMax) sweep(shard, now);
        if (shard.full_at.size() >= kPerShardMax) return rate_.take(shard.shared_full_at, now);
        found = shard.full_at.emplace(std::string(caller), now).first;
    }
    return rate_.take(found->second, now);
}

std::size_t Buckets::size() const {
    std::size_t all = 0;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        all += shard.full_at.size();
    }
    return all;
}

Throttles::One::One(const config::Throttle& from)
    : by(from.by),
      buckets(std::make_unique<Buckets>(Rate(from.per_second, from.burst.value_or(0)))) {}

Throttles::Throttles(const std::vector<config::Throttle>& throttles) {
    for (const config::Throttle& one : throttles) all_.emplace_back(one);
}

std::optional<Throttles::Refusal> Throttles::take(const Callers& callers, bool known,
                                                  std::int64_t now) {
    std::array<char, 48> room;
    for (One& one : all_) {
        const bool later =
            one.by == config::ThrottleBy::subject || one.by == config::ThrottleBy::key;
        if (later != known) continue;
        std::string_view caller = "route";
        if (one.by == config::ThrottleBy::key) caller = callers.key;
        if (one.by == config::ThrottleBy::subject) caller = callers.subject;
        if (one.by == config::ThrottleBy::address) caller = counted_address(callers.address, room);
        if (caller.empty()) continue;
        const std::int64_t wait = one.buckets->take(caller, now);
        if (wait > 0) return Refusal{one.by, (wait + kSecond - 1) / kSecond};
    }
    return std::nullopt;
}

std::string_view counted_address(std::string_view address, std::array<char, 48>& room) {
    if (address.find(':') == std::string_view::npos || address.size() >= room.size())
        return address;
    std::array<char, 48> text{};
    std::copy(address.begin(), address.end(), text.begin());
    in6_addr bytes{};
    if (inet_pton(AF_INET6, text.data(), &bytes) != 1) return address;
    // ::ffff:192.0.2.7 is one IPv4 address.
    if (IN6_IS_ADDR_V4MAPPED(&bytes)) return address;
    constexpr std::size_t kKept = kSubscriberBitsV6 / 8;
    std::memset(bytes.s6_addr + kKept, 0, sizeof(bytes.s6_addr) - kKept);
    if (inet_ntop(AF_INET6, &bytes, room.data(), room.size()) == nullptr) return address;
    return {room.data(), std::strlen(room.data())};
}

std::optional<Gauge::Permit> Gauge::enter() {
    if (most_ == 0) return Permit();
    if (count_.fetch_add(1, std::memory_order_relaxed) < most_) return Permit(&count_);
    count_.fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
}

}  // namespace domicile::gateway
