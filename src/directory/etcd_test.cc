// The directory on a real cluster of three members that loses one, its leader, its quorum.
#include <gtest/gtest.h>

#include "directory/directory.h"
#include "directory/testing.h"
#include "kv/etcd_testing.h"
#include "kv/watched.h"

namespace domicile::directory {
namespace {

using kv::testing::EtcdCluster;

// One region's way to the directory: its own connections and its own copy.
struct Region {
    Region(const EtcdCluster& cluster, const std::string& name)
        : store(kv::testing::host(kv::make_watched_store(
              kv::open_etcd_store(cluster.options("domicile/")).value(), homes))),
          directory(*store, io::system_clock(), testing::options_of(name), &homes) {}

    SubjectKey key(const std::string& person) const {
        return directory.key("pool", IdentifierKind::email, person + "@example.com");
    }
    Result<void> claim(const std::string& person, const std::string& id) {
        return testing::claim(directory, {{key(person)}, id, 0});
    }
    Result<void> activate(const std::string& person, const std::string& id) {
        return testing::run<Result<void>>([&] { return directory.activate({key(person)}, id); });
    }
    Result<Located> locate(const std::string& person) {
        return testing::run<Result<Located>>([&] { return directory.locate(key(person)); });
    }
    // Waits until the region's copy has this person's key.
    bool copies(const std::string& person) {
        const Instant deadline = io::system_clock().monotonic() + Millis(30'000);
        const KeyBits bits = KeyBits::of(key(person).bytes);
        while (!homes.find(bits)) {
            if (io::system_clock().monotonic() > deadline) return false;
            std::this_thread::yield();
        }
        return true;
    }

    Homes homes;
    std::shared_ptr<kv::Store> store;
    Directory directory;
};

std::string new_id() { return io::system_random().bytes(kClaimIdBytes); }

class DirectoryOnEtcd : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(cluster_.wait_until_ready()) << cluster_.log_of(0); }
    // A person who is at home in the region of this name.
    void settle(Region& region, const std::string& person) {
        const std::string id = new_id();
        ASSERT_TRUE(region.claim(person, id));
        ASSERT_TRUE(region.activate(person, id));
    }
    EtcdCluster cluster_;
};

TEST_F(DirectoryOnEtcd, claims_go_on_without_a_member_and_without_the_leader) {
    Region region(cluster_, "eu-central-1");
    const std::size_t leader = cluster_.leader();
    ASSERT_LT(leader, cluster_.size());
    const std::size_t other = (leader + 1) % cluster_.size();
    cluster_.kill_member(other);
    for (int i = 0; i < 20; ++i) settle(region, "without-member-" + std::to_string(i));
    cluster_.start(other);
    ASSERT_TRUE(cluster_.wait_until_ready());
    cluster_.kill_member(leader);
    for (int i = 0; i < 20; ++i) settle(region, "without-leader-" + std::to_string(i));
    EXPECT_EQ(region.locate("without-leader-19")->home, "eu-central-1");
    EXPECT_TRUE(region.locate("without-leader-19")->known);
}

TEST_F(DirectoryOnEtcd, without_a_quorum_claims_stop_cleanly_and_known_homes_are_still_found) {
    Region region(cluster_, "eu-central-1");
    settle(region, "known");
    ASSERT_TRUE(region.copies("known"));
    cluster_.kill_member(0);
    cluster_.kill_member(1);
    const std::string id = new_id();
    EXPECT_EQ(region.claim("new", id).error().code, Code::unavailable);
    const auto known = region.locate("known");
    ASSERT_TRUE(known);
    EXPECT_TRUE(known->known);
    EXPECT_EQ(known->home, "eu-central-1");
    EXPECT_EQ(region.locate("unknown").error().code, Code::unavailable)
        << "that nobody lives there is never told from a copy";
    cluster_.start(0);
    ASSERT_TRUE(cluster_.wait_until_ready());
    EXPECT_TRUE(region.claim("new", id)) << "the same claim again, whatever became of the first";
    EXPECT_TRUE(region.activate("new", id));
}

// Every region claims the same people while the leader dies; whoever was told that the claim is
// theirs must be the one home that the directory names.
struct Race {
    static constexpr int kPeople = 60;
    Region& region;
    std::vector<int> won;

    static io::Task<Result<void>> run(Race& race) {
        for (int i = 0; i < kPeople; ++i) {
            ClaimRequest request{{race.region.key("person-" + std::to_string(i))}, new_id(), 0};
            const auto claimed = co_await race.region.directory.claim(std::move(request));
            if (claimed) race.won.push_back(i);
        }
        co_return Result<void>();
    }
};

TEST_F(DirectoryOnEtcd, racing_claims_give_one_home_each_while_the_leader_dies) {
    std::vector<std::unique_ptr<Region>> regions;
    std::vector<std::unique_ptr<Race>> races;
    for (const std::string& name : testing::kRegions) {
        regions.push_back(std::make_unique<Region>(cluster_, name));
        races.push_back(std::make_unique<Race>(*regions.back()));
    }
    std::vector<std::thread> threads;
    threads.reserve(races.size());
    for (auto& race : races)
        threads.emplace_back(
            [&race] { EXPECT_TRUE(testing::run<Result<void>>([&] { return Race::run(*race); })); });
    cluster_.kill_member(cluster_.leader());
    for (std::thread& thread : threads) thread.join();

    std::vector<std::string> home(Race::kPeople);
    for (std::size_t r = 0; r < races.size(); ++r)
        for (const int person : races[r]->won) {
            EXPECT_EQ(home[person], "") << "two homes for person " << person;
            home[person] = testing::kRegions[r];
        }
    for (int i = 0; i < Race::kPeople; ++i) {
        const SubjectKey key = regions[0]->key("person-" + std::to_string(i));
        const auto record = testing::record(regions[0]->directory, key);
        ASSERT_TRUE(record) << "nobody got person " << i;
        EXPECT_EQ(record->home, home[i]) << "person " << i;
    }
}

}  // namespace
}  // namespace domicile::directory
