#include "directory/presence.h"

#include <gtest/gtest.h>

#include "directory/testing.h"
#include "kv/etcd_testing.h"
#include "telemetry/registry.h"

namespace domicile::directory {
namespace {

LivingNodes living(kv::Store& store) {
    return testing::run<Result<LivingNodes>>([&] { return living_nodes(store); }).value();
}
Result<void> beat(Presence& presence) {
    return testing::run<Result<void>>([&] { return presence.beat(); });
}
struct Stop {
    static io::Task<bool> run(Presence& presence) {
        co_await presence.stop();
        co_return true;
    }
};
void stop(Presence& presence) {
    (void)testing::run<bool>([&] { return Stop::run(presence); });
}

TEST(Presence, regions_tell_each_other_how_many_of_their_nodes_live) {
    kv::testing::EtcdCluster cluster(1);
    ASSERT_TRUE(cluster.wait_until_ready());
    const auto store = kv::testing::host(kv::open_etcd_store(cluster.options("d/")).value());
    Presence first(*store, io::system_clock(), "eu-central-1", std::string(16, '\1'));
    Presence second(*store, io::system_clock(), "eu-central-1", std::string(16, '\2'));
    Presence far(*store, io::system_clock(), "us-east-2", std::string(16, '\3'));
    EXPECT_EQ(first.living(), std::nullopt) << "nothing was seen yet";
    for (Presence* presence : {&first, &second, &far, &first}) ASSERT_TRUE(beat(*presence));
    EXPECT_EQ(first.living(), (LivingNodes{{"eu-central-1", 2}, {"us-east-2", 1}}));

    telemetry::Registry registry;
    first.report_to(registry, {"ap-southeast-2", "eu-central-1", "us-east-2"});
    const std::string text = registry.expose();
    EXPECT_NE(text.find("living_nodes{home=\"ap-southeast-2\"} 0\n"), std::string::npos) << text;
    EXPECT_NE(text.find("living_nodes{home=\"eu-central-1\"} 2\n"), std::string::npos) << text;

    stop(second);
    stop(far);
    ASSERT_TRUE(beat(first));
    EXPECT_EQ(first.living(), (LivingNodes{{"eu-central-1", 1}})) << "who stops says so";
    stop(first);
    EXPECT_TRUE(living(*store).empty());
}

TEST(Presence, a_node_that_died_is_forgotten_by_itself) {
    kv::testing::EtcdCluster cluster(1);
    ASSERT_TRUE(cluster.wait_until_ready());
    const auto store = kv::testing::host(kv::open_etcd_store(cluster.options("d/")).value());
    Presence::Options options;
    options.kept = Seconds(3);
    Presence died(*store, io::system_clock(), "us-east-2", std::string(16, '\1'), options);
    ASSERT_TRUE(beat(died));
    EXPECT_EQ(living(*store), (LivingNodes{{"us-east-2", 1}}));
    struct Gone {
        static io::Task<Result<bool>> run(kv::Store& store) {
            while (true) {
                CO_TRY(const LivingNodes nodes, co_await living_nodes(store));
                if (nodes.empty()) co_return true;
                co_await io::sleep_for(Millis(20));
            }
        }
    };
    EXPECT_TRUE(testing::run<Result<bool>>([&] { return Gone::run(*store); }));
}

TEST(Presence, a_store_without_leases_tells_of_nobody) {
    const auto store = kv::make_memory_store();
    Presence presence(*store, io::system_clock(), "eu-central-1", std::string(16, '\1'));
    const auto done = beat(presence);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::unsupported);
    EXPECT_EQ(presence.living(), std::nullopt);
    stop(presence);
}

}  // namespace
}  // namespace domicile::directory
