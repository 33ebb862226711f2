// The file store of blobs on a disk that loses power at any write, sync or move of a file.
#include <gtest/gtest.h>

#include <set>

#include "blob/files.h"
#include "blob/testing.h"
#include "sim/files.h"
#include "sim/host.h"
#include "sim/network.h"

namespace domicile::sim {
namespace {

using blob::testing::Made;
using io::Task;

constexpr std::int64_t kMinuteUs = 60'000'000;

struct Machine {
    explicit Machine(std::uint64_t seed) : scheduler(seed), fabric(scheduler) { host.start(); }

    Scheduler scheduler;
    Fabric fabric;
    Host host{scheduler, fabric, "a", "10.0.0.1"};
    SimFiles files{host.disk()};
    std::set<std::string> acknowledged;
    std::map<std::string, std::string> found;  // after the crash
    bool done = false;
};

Result<std::unique_ptr<blob::Store>> open(Machine& machine) {
    return blob::open_files({.folder = "/blobs", .files = &machine.files, .piece_bytes = 4096});
}

// The size is told by the key, so that a body can be known again.
std::uint64_t size_of(std::string_view key) {
    return std::stoull(std::string(key.substr(key.size() - 8))) * 1'777 % 20'000;
}

Task<void> put_for_ever(Machine& machine, blob::Store& store, int first) {
    for (int number = first;; number += 2) {
        std::string digits = std::to_string(number);
        const std::string key = "test/" + std::string(32 - digits.size(), '0') + digits;
        Made source(size_of(key), 1'500);
        const blob::Expected nothing;
        const auto stored = co_await store.put(key, source, nothing);
        if (stored) machine.acknowledged.insert(key);
    }
}

Task<void> look(Machine& machine, blob::Store& store) {
    auto listed = co_await store.list("", "", blob::kListMax);
    EXPECT_TRUE(listed.has_value());
    for (const blob::Listed& entry : *listed) {
        const blob::Range all;
        auto body = co_await blob::testing::get_text(store, entry.key, all);
        EXPECT_TRUE(body.has_value());
        machine.found[entry.key] = body.value_or("none");
    }
    machine.done = true;
}

void expect_whole_bodies(const Machine& machine, std::uint64_t seed) {
    for (const std::string& key : machine.acknowledged)
        EXPECT_TRUE(machine.found.contains(key)) << "lost: " << key << ", seed " << seed;
    for (const auto& [key, body] : machine.found)
        EXPECT_TRUE(body == Made::bytes(0, size_of(key))) << "half: " << key << ", seed " << seed;
}

TEST(Blobs, what_was_acknowledged_survives_a_loss_of_power_and_nothing_else_is_half) {
    std::size_t acknowledged = 0, left = 0, found = 0;
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
        Machine machine(seed);
        auto store = open(machine);
        ASSERT_TRUE(store) << store.error().message;
        machine.host.disk().lose_power_after(1 + seed);
        for (const int first : {1, 2})
            machine.host.process()->spawn(
                [&, first] { return put_for_ever(machine, **store, first); });
        machine.scheduler.run_until(kMinuteUs, [&] { return !machine.host.up(); });
        ASSERT_FALSE(machine.host.up());
        new std::unique_ptr(std::move(*store));  // a dead process destroys nothing
        left += machine.files.list("/blobs/incoming")->size();
        machine.host.start();
        auto again = open(machine);
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_TRUE(machine.files.list("/blobs/incoming")->empty());
        machine.host.process()->spawn([&] { return look(machine, **again); });
        machine.scheduler.run_until(machine.scheduler.now_us() + kMinuteUs,
                                    [&] { return machine.done; });
        ASSERT_TRUE(machine.done);
        expect_whole_bodies(machine, seed);
        acknowledged += machine.acknowledged.size();
        found += machine.found.size();
    }
    EXPECT_GT(acknowledged, 300u);
    EXPECT_GT(left, 60u);            // crashes came in the middle of puts
    EXPECT_GT(found, acknowledged);  // and between a put's last step and its answer
}

}  // namespace
}  // namespace domicile::sim
