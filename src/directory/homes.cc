#include "directory/homes.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "directory/record.h"

namespace domicile::directory {
namespace {

constexpr std::size_t kByteMax = 255;
// As many as a core has misses of the cache under way, and some.
constexpr std::size_t kTogether = 32;

std::optional<KeyBits> key_of(std::string_view store_key) {
    if (!store_key.starts_with("k/") || store_key.size() != 2 + kSubjectKeyBytes)
        return std::nullopt;
    return KeyBits::of(store_key.substr(2));
}

// Nothing for what is no home: a pending claim, or a record that cannot be read.
std::optional<Record> active_record(const kv::Entry& entry) {
    auto record = decode(entry.value);
    if (!record) log::warning("directory_record_ignored");
    if (!record || record->state != State::active) return std::nullopt;
    return std::move(*record);
}

std::optional<HomeNumber> number_if_fits(std::size_t region, std::uint64_t epoch) {
    if (region > kByteMax || epoch > kByteMax) return std::nullopt;
    return HomeNumber{static_cast<std::uint8_t>(region), static_cast<std::uint8_t>(epoch)};
}

}  // namespace

Homes::Homes(unsigned shard_bits) : shard_bits_(shard_bits) {
    DOMICILE_CHECK(shard_bits <= 16);
    const std::size_t count = std::size_t{1} << shard_bits;
    for (std::size_t i = 0; i < count; ++i) shards_.emplace_back(shard_bits);
}

std::optional<Home> Homes::look(KeyBits key) const {
    if (const auto found = shards_[shard_of(key)].find(key))
        return Home{short_names_[found->region], found->epoch};
    if (rare_.empty()) return std::nullopt;
    const auto rare = rare_.find(key);
    if (rare == rare_.end()) return std::nullopt;
    return rare->second;
}

std::optional<Home> Homes::find(KeyBits key) const {
    return lock_.read([&] { return look(key); });
}

void Homes::find_all(std::span<const KeyBits> keys, std::span<std::optional<Home>> out) const {
    DOMICILE_CHECK(keys.size() == out.size());
    for (std::size_t from = 0; from < keys.size(); from += kTogether) {
        const auto some = keys.subspan(from, std::min(kTogether, keys.size() - from));
        lock_.read([&] {
            for (const KeyBits key : some) shards_[shard_of(key)].prefetch(key);
            for (std::size_t i = 0; i < some.size(); ++i) out[from + i] = look(some[i]);
        });
    }
}

std::size_t Homes::size() const {
    return lock_.read([this] {
        std::size_t out = rare_.size();
        for (const HomeShard& shard : shards_) out += shard.size();
        return out;
    });
}

std::size_t Homes::rare() const {
    return lock_.read([this] { return rare_.size(); });
}

std::size_t Homes::bytes() const {
    return lock_.read([this] {
        std::size_t out = shards_.size() * sizeof(HomeShard);
        for (const HomeShard& shard : shards_) out += shard.bytes();
        return out;
    });
}

std::size_t Homes::number_of(const std::string& region) {
    const auto known = numbers_.find(region);
    if (known != numbers_.end()) return known->second;
    lock_.change([&] {
        names_.push_back(region);
        if (names_.size() <= short_names_.size()) short_names_[names_.size() - 1] = names_.back();
    });
    numbers_.emplace(names_.back(), names_.size() - 1);
    return names_.size() - 1;
}

void Homes::keep(HomeShard& shard, Rare& rare, KeyBits key, std::size_t region,
                 std::uint64_t epoch) {
    const auto number = number_if_fits(region, epoch);
    if (number && shard.put(key, *number)) {
        rare.erase(key);
    } else {
        shard.erase(key);
        rare.insert_or_assign(key, Home{names_[region], epoch});
    }
}

void Homes::put(KeyBits key, const Record& record) {
    const std::size_t region = number_of(record.home);
    HomeShard& shard = shards_[shard_of(key)];
    HomeShard larger;
    const bool grows = !shard.has_room();
    if (grows) larger = shard.grown();  // readers go on with the other one meanwhile
    lock_.change([&] {
        if (grows) shard.swap(larger);
        keep(shard, rare_, key, region, record.epoch);
    });
}

void Homes::erase(KeyBits key) {
    lock_.change([&] {
        shards_[shard_of(key)].erase(key);
        rare_.erase(key);
    });
}

void Homes::begin_reading() {
    reading_ = true;
    reading_shard_ = 0;
    read_.clear();
    new_rare_.clear();
}

void Homes::entry(const kv::Entry& entry) {
    const auto key = key_of(entry.key);
    if (!key || !reading_) return;
    while (reading_shard_ < shard_of(*key)) finish_shard();
    if (const auto record = active_record(entry))
        read_.push_back({*key, number_of(record->home), record->epoch});
}

void Homes::end_reading() {
    while (reading_shard_ < shards_.size()) finish_shard();
    lock_.change([&] { rare_.swap(new_rare_); });
    new_rare_.clear();
    read_.shrink_to_fit();
    reading_ = false;
}

// The old copy's rare keys stay until all has been read: for a key that is now in the table, nobody
// looks at them any more.
void Homes::finish_shard() {
    HomeShard made = HomeShard::for_keys(shard_bits_, read_.size());
    for (const Read& read : read_) {
        const auto number = number_if_fits(read.region, read.epoch);
        if (!number || !made.append(read.key, *number))
            new_rare_.insert_or_assign(read.key, Home{names_[read.region], read.epoch});
    }
    read_.clear();
    HomeShard& old = shards_[reading_shard_++];
    lock_.change([&] { old.swap(made); });
}

// While everything is read, changes go into what answers now and into what has been read; of the
// rest the reading will tell as it is by then.
void Homes::change(const kv::Change& change) {
    const auto key = key_of(change.entry.key);
    if (!key) return;
    std::optional<Record> record;
    if (!change.deleted) record = active_record(change.entry);
    if (record)
        put(*key, *record);
    else
        erase(*key);
    if (reading_ && shard_of(*key) <= reading_shard_) correct(*key, record);
}

void Homes::correct(KeyBits key, const std::optional<Record>& record) {
    if (shard_of(key) < reading_shard_) {  // that shard is new already
        new_rare_.erase(key);
        const auto rare = rare_.find(key);
        if (rare != rare_.end()) new_rare_.insert(*rare);
        return;
    }
    if (read_.empty() || key > read_.back().key) return;
    const auto at = std::ranges::lower_bound(read_, key, {}, &Read::key);
    const bool there = at->key == key;
    if (there && !record) {
        read_.erase(at);
    } else if (record) {
        const Read fresh{key, number_of(record->home), record->epoch};
        if (there)
            *at = fresh;
        else
            read_.insert(at, fresh);
    }
}

}  // namespace domicile::directory
