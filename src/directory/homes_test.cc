// The copy of all homes against a map, and under readers on other threads.
#include "directory/homes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "directory/record.h"
#include "directory/testing.h"

namespace domicile::directory {
namespace {

using Numbers = std::mt19937_64;  // as they are: the same in every run

std::string key_bytes(Numbers& random) {
    std::string out;
    append_u64(out, random());
    append_u64(out, random());
    return out;
}

Record record(const std::string& home, std::uint64_t epoch, State state = State::active) {
    return {home, state, epoch, testing::claim_id('c'), Timestamp{0}};
}
kv::Entry entry(const std::string& key, const Record& record) {
    return {"k/" + key, encode(record), 1, 1};
}
kv::Change put(const std::string& key, const Record& record) { return {entry(key, record), false}; }
kv::Change gone(const std::string& key) { return {{"k/" + key, "", 0, 1}, true}; }

// ---- One shard ---------------------------------------------------------------------------------

bool put(HomeShard& shard, KeyBits key, HomeNumber home) {
    if (!shard.has_room()) shard = shard.grown();
    return shard.put(key, home);
}

using Model = std::map<KeyBits, HomeNumber>;

void expect_same(const HomeShard& shard, const Model& model, Numbers& random) {
    ASSERT_EQ(shard.size(), model.size());
    for (const auto& [key, home] : model) ASSERT_EQ(shard.find(key), home);
    for (int i = 0; i < 100; ++i) {
        const KeyBits absent{random(), random()};
        ASSERT_EQ(shard.find(absent), std::nullopt);
    }
}

// Few keys, so that they come back; the first bits as if the shard were one of 256.
TEST(HomeShard, does_what_a_map_does) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        Numbers random(seed);
        HomeShard shard(8);
        Model model;
        std::vector<KeyBits> keys;
        for (int i = 0; i < 1'500; ++i)
            keys.push_back({std::uint64_t{7} << 56 | random() >> 8, random()});
        const std::uint64_t erasing = seed % 3 + 2;  // of ten: from growing to shrinking
        for (int turn = 0; turn < 6'000; ++turn) {
            const KeyBits key = keys[random() % keys.size()];
            const HomeNumber home{static_cast<std::uint8_t>(random()),
                                  static_cast<std::uint8_t>(random())};
            if (random() % 10 < 2 * erasing) {
                ASSERT_EQ(shard.erase(key), model.erase(key) == 1);
            } else {
                ASSERT_TRUE(put(shard, key, home));
                model[key] = home;
            }
        }
        expect_same(shard, model, random);
    }
}

TEST(HomeShard, keys_that_differ_in_the_last_bits_only_are_told_apart) {
    HomeShard shard;
    for (std::uint64_t low = 0; low < 50; ++low)
        ASSERT_TRUE(put(shard, {9, low * 2}, {static_cast<std::uint8_t>(low), 0}));
    for (std::uint64_t low = 0; low < 50; ++low) {
        EXPECT_EQ(shard.find({9, low * 2})->region, low);
        EXPECT_EQ(shard.find({9, low * 2 + 1}), std::nullopt);
    }
}

TEST(HomeShard, the_first_and_the_last_key_there_can_be_are_keys_or_refused) {
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    HomeShard shard;
    EXPECT_EQ(shard.find({0, 0}), std::nullopt);
    EXPECT_FALSE(shard.erase({0, 0})) << "before there is an array";
    EXPECT_TRUE(put(shard, {0, 0}, {1, 2}));
    EXPECT_TRUE(put(shard, {kAll - 1, kAll}, {3, 4}));
    EXPECT_FALSE(put(shard, {kAll, kAll}, {5, 6})) << "it stands for an empty slot";
    EXPECT_FALSE(put(shard, {kAll, 0}, {5, 6}));
    EXPECT_EQ(shard.find({kAll, kAll}), std::nullopt);
    EXPECT_EQ(shard.find({0, 0}), (HomeNumber{1, 2}));
    EXPECT_EQ(shard.find({kAll - 1, kAll}), (HomeNumber{3, 4}));
}

// Whoever can write to the directory can choose keys.
TEST(HomeShard, refuses_keys_that_crowd_a_place_and_keeps_the_others) {
    HomeShard shard;
    Numbers random(1);
    Model model;
    for (int i = 0; i < 20'000; ++i) {
        const KeyBits key{random(), random()};
        ASSERT_TRUE(put(shard, key, {1, 0}));
        model[key] = {1, 0};
    }
    int refused = 0;
    for (std::uint64_t low = 10'000; low > 0; --low) {
        const KeyBits key{std::uint64_t{1} << 63, low};
        if (put(shard, key, {2, 0}))
            model[key] = {2, 0};
        else
            ++refused;
    }
    EXPECT_GT(refused, 5'000);
    expect_same(shard, model, random);
    for (int times = 0; times < 5; ++times) shard = shard.grown();
    expect_same(shard, model, random);
}

TEST(HomeShard, takes_at_most_26_bytes_a_key_at_any_size) {
    HomeShard shard;
    Numbers random(1);
    double worst = 0;
    for (std::size_t keys = 1; keys <= 400'000; ++keys) {
        ASSERT_TRUE(put(shard, {random(), random()}, {1, 0}));
        const double each = static_cast<double>(shard.bytes()) / static_cast<double>(shard.size());
        if (keys > 40'000) worst = std::max(worst, each);
    }
    EXPECT_LE(worst, 26);
    EXPECT_GT(worst, 18);
}

// A reading tells keys in their order; all of them fit the table then, and not only the first.
TEST(Homes, keys_that_are_read_in_their_order_take_26_bytes_each_too) {
    Numbers random(1);
    std::vector<std::string> keys;
    for (int i = 0; i < 100'000; ++i) keys.push_back(key_bytes(random));
    std::ranges::sort(keys);
    Homes homes(1);
    homes.begin_reading();
    for (const std::string& key : keys) homes.entry(entry(key, record("eu-central-1", 0)));
    homes.end_reading();
    EXPECT_EQ(homes.size(), keys.size());
    EXPECT_EQ(homes.rare(), 0u);
    EXPECT_LE(homes.bytes(), 26 * keys.size());
    for (const std::string& key : keys) ASSERT_TRUE(homes.find(KeyBits::of(key)));
}

// ---- All of them -------------------------------------------------------------------------------

TEST(Homes, has_active_homes_and_nothing_else) {
    Homes homes;
    Numbers random(1);
    const std::string active = key_bytes(random), pending = key_bytes(random),
                      damaged = key_bytes(random);
    homes.change(put(active, record("eu-central-1", 3)));
    homes.change(put(pending, record("us-east-2", 0, State::pending)));
    homes.change({{"k/" + damaged, "?", 1, 1}, false});
    homes.change({{"f/" + damaged, encode_fence("us-east-2"), 1, 1}, false});
    homes.change({{"k/short", encode(record("us-east-2", 0)), 1, 1}, false});
    EXPECT_EQ(homes.find(KeyBits::of(active)), (Home{"eu-central-1", 3}));
    EXPECT_EQ(homes.find(KeyBits::of(pending)), std::nullopt);
    EXPECT_EQ(homes.find(KeyBits::of(damaged)), std::nullopt);
    EXPECT_EQ(homes.size(), 1u);
    homes.change(put(active, record("us-east-2", 0, State::pending)));
    EXPECT_EQ(homes.find(KeyBits::of(active)), std::nullopt) << "it was released and claimed anew";
    homes.change(put(active, record("us-east-2", 0)));
    EXPECT_EQ(homes.find(KeyBits::of(active)), (Home{"us-east-2", 0}));
    homes.change(gone(active));
    EXPECT_EQ(homes.size(), 0u);
}

// Epochs and regions that a slot has no room for, and back; readings in between.
class HomesModel : public ::testing::TestWithParam<unsigned> {
  protected:
    Record any_record() {
        const std::uint64_t region = random_() % 300;
        const std::uint64_t epoch = random_() % 3 == 0 ? random_() : random_() % 256;
        const State state = random_() % 8 == 0 ? State::pending : State::active;
        return record("r" + std::to_string(region), epoch, state);
    }
    void change_one() {
        const std::string& key = keys_[random_() % keys_.size()];
        if (random_() % 3 == 0) {
            model_.erase(key);
            untold_.push_back(gone(key));
        } else {
            const Record made = any_record();
            model_[key] = made;
            untold_.push_back(put(key, made));
        }
    }
    void tell(Homes& homes) {
        for (const kv::Change& change : untold_) homes.change(change);
        untold_.clear();
    }
    // As kv::make_watched_store does it: a page is as of its moment, and the changes before it are
    // told after it.
    void read_all(Homes& homes, std::size_t page) {
        homes.begin_reading();
        std::string after;
        while (true) {
            std::size_t told = 0;
            for (int i = 0; i < 5; ++i) change_one();
            for (auto at = model_.upper_bound(after); at != model_.end() && told < page; ++at) {
                homes.entry(entry(at->first, at->second));
                after = at->first;
                ++told;
            }
            if (told < page) break;
            if (random_() % 2 == 0) tell(homes);
        }
        homes.end_reading();
        tell(homes);
    }
    void expect_same(const Homes& homes) {
        std::vector<KeyBits> asked;
        std::vector<std::optional<Home>> expected;
        for (const std::string& key : keys_) {
            const auto found = model_.find(key);
            const bool there = found != model_.end() && found->second.state == State::active;
            asked.push_back(KeyBits::of(key));
            expected.emplace_back();
            if (there) expected.back() = Home{found->second.home, found->second.epoch};
            ASSERT_EQ(homes.find(asked.back()), expected.back());
        }
        std::vector<std::optional<Home>> together(asked.size());
        homes.find_all(asked, together);
        EXPECT_EQ(together, expected);
    }

    Numbers random_{GetParam()};
    std::vector<std::string> keys_;
    std::map<std::string, Record> model_;
    std::vector<kv::Change> untold_;
};

TEST_P(HomesModel, is_the_same_as_a_map_after_changes_and_readings) {
    for (int i = 0; i < 500; ++i) keys_.push_back(key_bytes(random_));
    keys_.push_back(std::string(16, '\xff'));
    keys_.push_back(std::string(16, '\0'));
    Homes homes(GetParam() % 5);
    for (int turn = 0; turn < 5; ++turn) {
        for (int i = 0; i < 1'000; ++i) change_one();
        tell(homes);
        expect_same(homes);
        // Not told of: only the reading tells.
        for (int i = 0; i < 100; ++i) model_.erase(keys_[random_() % keys_.size()]);
        for (int i = 0; i < 100; ++i) model_[keys_[random_() % keys_.size()]] = any_record();
        if (turn % 2 == 1) {
            homes.begin_reading();  // one that breaks off
            homes.entry(entry(model_.begin()->first, model_.begin()->second));
        }
        read_all(homes, 7);
        expect_same(homes);
    }
}
INSTANTIATE_TEST_SUITE_P(Seeds, HomesModel, ::testing::Range(0u, 20u));

TEST(Homes, readers_on_other_threads_find_whom_they_know_while_it_changes_grows_and_is_read_anew) {
    Numbers random(1);
    std::map<std::string, Record> known;
    for (int i = 0; i < 2'000; ++i) known[key_bytes(random)] = record("eu-central-1", 7);
    std::vector<KeyBits> keys;
    for (const auto& [key, found] : known) keys.push_back(KeyBits::of(key));
    Homes homes(2);
    for (const auto& [key, found] : known) homes.change(put(key, found));
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0, looks = 0;
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 2; ++reader) {
        readers.emplace_back([&, reader] {
            const Home expected{"eu-central-1", 7};
            std::vector<std::optional<Home>> out(keys.size());
            while (!done) {
                if (reader == 0)
                    for (std::size_t i = 0; i < keys.size(); ++i) out[i] = homes.find(keys[i]);
                else
                    homes.find_all(keys, out);
                for (const auto& home : out)
                    if (home != expected) ++wrong;
                ++looks;
            }
        });
    }
    for (int turn = 0; turn < 5 || looks < 20; ++turn) {
        std::vector<std::string> more;
        for (int i = 0; i < 2'000; ++i) more.push_back(key_bytes(random));
        for (const std::string& key : more)
            homes.change(put(key, record("r" + std::to_string(turn), 0)));
        for (const std::string& key : more) homes.change(gone(key));
        homes.begin_reading();
        for (const auto& [key, found] : known) homes.entry(entry(key, found));
        homes.end_reading();
    }
    done = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace domicile::directory
