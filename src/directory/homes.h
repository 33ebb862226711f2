// A region's copy of where people live: what answers while the directory's quorum is away (I7), and
// fast. Of a record it keeps what an answer needs: the home and the epoch, and only of active ones,
// since a pending claim may have been given up and be another region's by the time anybody asks. It
// is late by what is under way, and by any amount while the store cannot be reached; that it has no
// home for a key means nothing.
//
// About 23 bytes a key (home_shard.h). The keys are spread over shards by their first bits; one
// grows, or is replaced when everything is read anew, at a time, so that neither needs memory for
// two copies nor keeps readers out for longer than it takes to swap pointers.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "directory/directory.h"
#include "directory/home_shard.h"
#include "io/many_readers.h"
#include "kv/watched.h"

namespace domicile::directory {

struct Home {
    std::string_view region;  // as long as the copy lives
    std::uint64_t epoch = 0;
    bool operator==(const Home&) const = default;
};

class Homes final : public kv::Follower {
  public:
    // 2^shard_bits shards. The one that grows is copied while nothing else is taken over, which at
    // 256 shards and 50 million keys takes a few milliseconds.
    explicit Homes(unsigned shard_bits = 8);

    // On any thread.
    std::optional<Home> find(KeyBits key) const;
    // Many at once, which is faster than one after the other: their memory is fetched together.
    // `out` has as many.
    void find_all(std::span<const KeyBits> keys, std::span<std::optional<Home>> out) const;
    std::size_t size() const;
    std::size_t rare() const;   // of them, those that the table has no room for
    std::size_t bytes() const;  // of the table

    // One at a time, from any thread.
    void begin_reading() override;
    void entry(const kv::Entry& entry) override;
    void end_reading() override;
    void change(const kv::Change& change) override;

  private:
    // What a slot has no room for: an epoch above 255, regions after the 256th, keys that crowd a
    // place.
    using Rare = std::map<KeyBits, Home>;

    std::size_t shard_of(KeyBits key) const {
        return shard_bits_ == 0 ? 0 : static_cast<std::size_t>(key.high >> (64 - shard_bits_));
    }
    std::optional<Home> look(KeyBits key) const;
    std::size_t number_of(const std::string& region);
    // With room made before.
    void keep(HomeShard& shard, Rare& rare, KeyBits key, std::size_t region, std::uint64_t epoch);
    void put(KeyBits key, const Record& record);
    void erase(KeyBits key);
    void correct(KeyBits key, const std::optional<Record>& record);
    void finish_shard();

    const unsigned shard_bits_;
    io::ManyReaders lock_;
    // Changed under lock_.
    std::vector<HomeShard> shards_;
    Rare rare_;
    std::deque<std::string> names_;                  // of regions, by number; they never move
    std::array<std::string_view, 256> short_names_;  // of those that have a number in a slot

    // Of whoever tells the changes.
    std::map<std::string_view, std::size_t> numbers_;
    bool reading_ = false;
    std::size_t reading_shard_ = 0;  // those before it have been replaced
    struct Read {
        KeyBits key;
        std::size_t region;
        std::uint64_t epoch;
    };
    std::vector<Read> read_;  // of that shard, in order
    Rare new_rare_;
};

}  // namespace domicile::directory
