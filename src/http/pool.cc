#include "http/pool.h"

#include <algorithm>

namespace domicile::http {

std::unique_ptr<PooledConnection> Pool::take(Bucket& bucket) {
    while (!bucket.idle.empty()) {
        auto connection = std::move(bucket.idle.back());
        bucket.idle.pop_back();
        if (connection->stream->is_idle()) return connection;
    }
    return nullptr;
}

bool Pool::lease(Bucket& bucket) {
    if (bucket.leased >= options_.connections_per_target_max) return false;
    ++bucket.leased;
    return true;
}

void Pool::give_back(Bucket& bucket, std::unique_ptr<PooledConnection> connection) {
    --bucket.leased;
    // Idle and leased connections share one bound.
    const std::size_t room = options_.connections_per_target_max - bucket.leased;
    const std::size_t idle_max = std::min(options_.idle_per_target_max, room);
    if (!connection || bucket.idle.size() >= idle_max) return;
    const Instant now = io::Executor::current().clock().monotonic();
    connection->inbound.end_message();
    connection->idle_since = now;
    bucket.idle.push_back(std::move(connection));
    if (!armed()) io::Executor::current().arm(*this, now + options_.idle_timeout);
}

void Pool::expired() {
    const Instant now = io::Executor::current().clock().monotonic();
    const Instant limit = now - options_.idle_timeout;
    bool any = false;
    for (auto entry = buckets_.begin(); entry != buckets_.end();) {
        Bucket& bucket = entry->second;
        std::erase_if(bucket.idle,
                      [&](const auto& connection) { return connection->idle_since <= limit; });
        any = any || !bucket.idle.empty();
        const bool unused = bucket.idle.empty() && bucket.leased == 0;
        entry = unused ? buckets_.erase(entry) : std::next(entry);
    }
    // Half the time, so that nothing stays for more than one and a half times as long.
    if (any) io::Executor::current().arm(*this, now + options_.idle_timeout / 2);
}

}  // namespace domicile::http
