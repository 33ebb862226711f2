#include "identity/token_cache.h"

#include <algorithm>
#include <cstring>

#include "io/clock.h"

namespace domicile::identity {
namespace {

std::uint64_t word(std::string_view bytes) {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < bytes.size() && i < 8; ++i) {
        out |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return out;
}

std::uint64_t rotate(std::uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

// SipHash-1-3 (Aumasson, Bernstein): keyed and quick on texts of a kilobyte.
std::uint64_t sip_hash(std::uint64_t k0, std::uint64_t k1, std::string_view text) {
    std::uint64_t v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d;
    std::uint64_t v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;
    const auto round = [&] {
        v0 += v1, v1 = rotate(v1, 13) ^ v0, v0 = rotate(v0, 32);
        v2 += v3, v3 = rotate(v3, 16) ^ v2;
        v0 += v3, v3 = rotate(v3, 21) ^ v0;
        v2 += v1, v1 = rotate(v1, 17) ^ v2, v2 = rotate(v2, 32);
    };
    const std::uint64_t length = text.size();
    for (; text.size() >= 8; text.remove_prefix(8)) {
        std::uint64_t m = 0;
        std::memcpy(&m, text.data(), 8);  // in this machine's order: the hash never leaves it
        v3 ^= m, round(), v0 ^= m;
    }
    const std::uint64_t last = word(text) | (length << 56);
    v3 ^= last, round(), v0 ^= last;
    v2 ^= 0xff, round(), round(), round();
    return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace

TokenCache::TokenCache(std::size_t tokens_max)
    : shard_max_(std::max<std::size_t>(1, tokens_max / kShards)),
      seed_(io::system_random().bytes(16)) {}

// Over the end of the token only, which is the end of its signature: nobody can make good tokens
// that share it, and only good ones are ever kept.
std::uint64_t TokenCache::hash(std::string_view token) const {
    constexpr std::size_t kHashed = 64;
    if (token.size() > kHashed) token.remove_prefix(token.size() - kHashed);
    return sip_hash(word(std::string_view(seed_).substr(0, 8)),
                    word(std::string_view(seed_).substr(8)), token);
}

TokenPtr TokenCache::find(std::string_view token, std::uint64_t key_set) const {
    const std::uint64_t h = hash(token);
    const Shard& shard = shards_[h % kShards];
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.by_hash.find(h);
    if (found == shard.by_hash.end()) return nullptr;
    const Entry& entry = *found->second;
    if (entry.key_set != key_set || entry.token != token) return nullptr;
    return entry.verified;
}

void TokenCache::add(std::string token, TokenPtr verified, std::uint64_t key_set) {
    const std::uint64_t h = hash(token);
    Shard& shard = shards_[h % kShards];
    const std::lock_guard lock(shard.mutex);
    if (const auto found = shard.by_hash.find(h); found != shard.by_hash.end()) {
        shard.by_age.erase(found->second);
        shard.by_hash.erase(found);
    }
    shard.by_age.push_back({std::move(token), std::move(verified), key_set});
    shard.by_hash[h] = std::prev(shard.by_age.end());
    if (shard.by_age.size() > shard_max_) {
        shard.by_hash.erase(hash(shard.by_age.front().token));
        shard.by_age.pop_front();
    }
}

std::size_t TokenCache::size() const {
    std::size_t total = 0;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        total += shard.by_age.size();
    }
    return total;
}

}  // namespace domicile::identity
