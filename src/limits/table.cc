#include "limits/table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "crypto/hash.h"

namespace domicile::limits {
namespace {

// Beyond these a count grows no more, so that the worst one is forgiven in a known time.
constexpr int kDoublingsMax = 20;

}  // namespace

Millis delay_after(const Rule& rule, int count) {
    if (count < rule.free) return Millis(0);
    const int doublings = std::min(count - rule.free, kDoublingsMax);
    return std::min(rule.first_delay * (std::int64_t{1} << doublings), rule.delay_max);
}

Table::Table(std::string secret, std::size_t counters)
    : secret_(std::move(secret)),
      sets_(std::max<std::size_t>(1, (counters + kPlaces - 1) / kPlaces)) {}

Table::Key Table::key_of(std::string_view whom) const {
    const std::string digest = crypto::hmac_sha256(secret_, whom);
    Key out = 0;
    std::memcpy(&out, digest.data(), sizeof(out));
    return std::max<Key>(out, 1);
}

void Table::forgive(Counter& counter, Instant now) {
    const std::int64_t over = (now - counter.since) / counter.forgive_each;
    if (over <= 0) return;
    counter.since = counter.since + over * counter.forgive_each;
    counter.count -= static_cast<int>(std::min<std::int64_t>(over, counter.count));
}

Table::Counter& Table::find_or_make(Key key, const Rule& rule, Instant now) {
    auto& counters = sets_[place_of(key)].counters;
    for (Counter& counter : counters) forgive(counter, now);
    auto found = std::ranges::find(counters, key, &Counter::key);
    if (found == counters.end()) {
        found = std::ranges::min_element(counters, {}, [](const Counter& counter) {
            return std::pair(counter.count, counter.inside);
        });
        if (found->count > 0) ++part_of(key).pushed_out;
        *found = Counter{.key = key, .since = now, .not_before = now};
    }
    found->forgive_each = rule.forgive_each;
    if (found->count <= rule.free / 2) found->told = false;
    return *found;
}

std::optional<Table::Wait> Table::enter(Key key, const Rule& rule, Instant now) {
    const std::lock_guard lock(part_of(key).mutex);
    Counter& counter = find_or_make(key, rule, now);
    if (now < counter.not_before) {
        return Wait{counter.not_before - now, !std::exchange(counter.told, true)};
    }
    // As many at once as are free, then one after the other.
    if (counter.inside > 0 && counter.count + counter.inside >= rule.free) {
        return Wait{rule.first_delay, false};
    }
    ++counter.inside;
    return std::nullopt;
}

void Table::leave(Key key, const Rule& rule, Counts counts, Instant now) {
    const std::lock_guard lock(part_of(key).mutex);
    Counter& counter = find_or_make(key, rule, now);
    counter.inside = std::max(0, counter.inside - 1);
    if (counts == Counts::no) return;
    if (counter.count == 0) counter.since = now;
    counter.count = std::min(counter.count + 1, rule.free + kDoublingsMax);
    counter.not_before = std::max(counter.not_before, now + delay_after(rule, counter.count));
}

std::uint64_t Table::pushed_out() const {
    std::uint64_t out = 0;
    for (const Part& part : parts_) {
        const std::lock_guard lock(part.mutex);
        out += part.pushed_out;
    }
    return out;
}

}  // namespace domicile::limits
