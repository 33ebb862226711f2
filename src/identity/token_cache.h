// Verified tokens by their full text. The hash is keyed, so that nobody can choose tokens that
// collide; a hit compares the whole token. Sharded, so that reactors seldom meet on a lock.
// Bounded: the token verified longest ago goes first.
#pragma once

#include <array>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "identity/token_verifier.h"

namespace domicile::identity {

class TokenCache {
  public:
    explicit TokenCache(std::size_t tokens_max);

    // Null on a miss, also when the token was verified under another key set.
    TokenPtr find(std::string_view token, std::uint64_t key_set) const;
    void add(std::string token, TokenPtr verified, std::uint64_t key_set);
    std::size_t size() const;

  private:
    struct Entry {
        std::string token;
        TokenPtr verified;
        std::uint64_t key_set;
    };
    struct Shard {
        mutable std::mutex mutex;
        std::list<Entry> by_age;  // oldest first
        std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_hash;
    };
    static constexpr std::size_t kShards = 16;

    std::uint64_t hash(std::string_view token) const;

    std::size_t shard_max_;
    std::string seed_;
    std::array<Shard, kShards> shards_;
};

}  // namespace domicile::identity
