// The simulator itself: time, waiting, the network, the disk and the real SQLite engines on it.
#include <gtest/gtest.h>

#include "http/client.h"
#include "kv/store.h"
#include "sim/files.h"
#include "sim/host.h"
#include "sim/network.h"
#include "sim/vfs.h"
#include "sql/database.h"

namespace domicile::sim {
namespace {

using io::Task;

constexpr std::int64_t kMinuteUs = 60'000'000;

struct Pair {
    explicit Pair(std::uint64_t seed) : scheduler(seed), fabric(scheduler) {
        seed_sqlite(seed);
        a.start();
        b.start();
    }
    bool run(const bool& done) {
        return scheduler.run_until(scheduler.now_us() + kMinuteUs, [&] { return done; });
    }

    Scheduler scheduler;
    Fabric fabric;
    Host a{scheduler, fabric, "a", "10.0.0.1"};
    Host b{scheduler, fabric, "b", "10.0.0.2"};
    bool done = false;
    std::string got;
    std::optional<Error> error;
};

Task<void> sleep_a_while(Pair& pair) {
    const Instant before = pair.a.process()->clock().monotonic();
    co_await io::sleep_for(Millis(20'000));
    const Millis slept = pair.a.process()->clock().monotonic() - before;
    EXPECT_GE(slept, Millis(20'000));
    EXPECT_LE(slept, Millis(20'008));
    pair.done = true;
}

TEST(Process, sleeps_in_simulated_time) {
    Pair pair(1);
    pair.a.process()->spawn([&] { return sleep_a_while(pair); });
    EXPECT_TRUE(pair.run(pair.done));
}

Task<void> echo_once() {
    auto listener = io::Executor::current().network().listen({"", 80});
    auto stream = co_await (*listener)->accept();
    EXPECT_EQ((*stream)->peer().certificate_name, "a.border");
    std::array<char, 64> buffer{};
    const Instant deadline = io::deadline_in(Millis(5'000));
    auto bytes = co_await (*stream)->read_some(buffer, deadline);
    if (!bytes) co_return;
    const std::string_view text(buffer.data(), *bytes);
    (void)co_await (*stream)->write("echo ", text, deadline);
}

Task<void> ask(Pair& pair) {
    const Instant deadline = io::deadline_in(Millis(5'000));
    const io::Endpoint to{"10.0.0.2", 80};
    const io::ConnectOptions plain;
    auto stream = co_await io::Executor::current().network().connect(to, plain, deadline);
    if (stream) (void)co_await (*stream)->write("hello", deadline);
    std::array<char, 64> buffer{};
    while (stream) {
        auto bytes = co_await (*stream)->read_some(buffer, deadline);
        if (!bytes) pair.error = bytes.error();
        if (!bytes || *bytes == 0) break;
        pair.got.append(buffer.data(), *bytes);
    }
    if (!stream) pair.error = stream.error();
    pair.done = true;
}

void exchange(Pair& pair) {
    pair.b.process()->spawn([] { return echo_once(); });
    pair.a.process()->spawn([&] { return ask(pair); });
}

TEST(Fabric, carries_bytes_and_their_end) {
    Pair pair(2);
    exchange(pair);
    EXPECT_TRUE(pair.run(pair.done));
    EXPECT_EQ(pair.got, "echo hello");
    EXPECT_FALSE(pair.error);
}

TEST(Fabric, a_port_that_nobody_listens_on_refuses) {
    Pair pair(3);
    pair.a.process()->spawn([&] { return ask(pair); });
    EXPECT_TRUE(pair.run(pair.done));
    EXPECT_EQ(pair.error.value().code, Code::unavailable);
}

TEST(Fabric, a_cut_network_is_silent_until_it_heals) {
    Pair pair(4);
    pair.fabric.cut(pair.a, pair.b);
    exchange(pair);
    EXPECT_TRUE(pair.run(pair.done));
    EXPECT_EQ(pair.error.value().code, Code::deadline_exceeded);
    pair.done = false;
    pair.fabric.heal_all();
    pair.a.process()->spawn([&] { return ask(pair); });
    EXPECT_TRUE(pair.run(pair.done));
    EXPECT_EQ(pair.got, "echo hello");
}

Task<void> say_nothing() {
    auto listener = io::Executor::current().network().listen({"", 80});
    auto stream = co_await (*listener)->accept();
    co_await io::sleep_for(Millis(600'000));
}

TEST(Fabric, a_killed_program_resets_its_connections) {
    Pair pair(5);
    pair.b.process()->spawn([] { return say_nothing(); });
    pair.a.process()->spawn([&] { return ask(pair); });
    pair.scheduler.in_world(1'000'000, [&] { pair.b.kill(); });
    EXPECT_TRUE(pair.run(pair.done));
    ASSERT_TRUE(pair.error);
    EXPECT_EQ(pair.error->code, Code::unavailable);
}

TEST(Fabric, a_host_without_power_says_nothing) {
    Pair pair(6);
    pair.b.process()->spawn([] { return say_nothing(); });
    pair.a.process()->spawn([&] { return ask(pair); });
    pair.scheduler.in_world(1'000'000, [&] { pair.b.lose_power(); });
    EXPECT_TRUE(pair.run(pair.done));
    ASSERT_TRUE(pair.error);
    EXPECT_EQ(pair.error->code, Code::deadline_exceeded);
}

Task<void> get(Pair& pair, http::Client& client) {
    http::RequestHead head;
    head.method = "GET";
    head.target = "/";
    http::Target target{{"10.0.0.2", 80}};
    const Instant deadline = io::deadline_in(Millis(20'000));
    const auto response = co_await client.send(std::move(target), head, "", deadline);
    if (!response) pair.error = response.error();
    pair.done = true;
}

// Nothing was sent, so it is safe to say: not now, come back. "Late" would leave it open.
TEST(HttpClient, a_server_that_cannot_be_reached_is_unavailable_and_not_late) {
    Pair pair(9);
    http::Client client;
    pair.fabric.cut(pair.a, pair.b);
    pair.a.process()->spawn([&] { return get(pair, client); });
    EXPECT_TRUE(pair.run(pair.done));
    ASSERT_TRUE(pair.error);
    EXPECT_EQ(pair.error->code, Code::unavailable);
}

TEST(Trace, is_the_same_for_the_same_seed_only) {
    std::vector<std::uint64_t> traces;
    for (const std::uint64_t seed : {7, 7, 8}) {
        Pair pair(seed);
        exchange(pair);
        EXPECT_TRUE(pair.run(pair.done));
        traces.push_back(pair.scheduler.trace());
    }
    EXPECT_EQ(traces[0], traces[1]);
    EXPECT_NE(traces[0], traces[2]);
}

TEST(Disk, what_was_synced_survives_a_loss_of_power_and_the_rest_may_not) {
    int lost = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Disk disk(seed, [] {});
        SimFiles files(disk);
        auto file = *files.open_append("/log");
        ASSERT_TRUE(file->append("kept"));
        ASSERT_TRUE(file->sync());
        ASSERT_TRUE(file->append("gone"));
        disk.lose_power();
        EXPECT_FALSE(file->append("late"));
        disk.power_on();
        const std::string left = *files.read("/log", 100);
        EXPECT_TRUE(left == "kept" || left == "keptgone") << left;
        lost += left == "kept" ? 1 : 0;
    }
    EXPECT_GT(lost, 0);
    EXPECT_LT(lost, 20);
}

struct Counter {
    std::int64_t acknowledged = 0;
    std::int64_t found = -1;
    bool done = false;
};

Result<std::unique_ptr<sql::Database>> open(Host& host, const Vfs& vfs) {
    return sql::open_sqlite(
        {.path = "/data.db", .vfs = vfs.name(), .pool = &host.process()->blocking()});
}

Task<void> count_up(sql::Database& database, Counter& counter) {
    std::vector<std::string> steps{"CREATE TABLE t (n BIGINT, filling TEXT)"};
    (void)co_await database.migrate("t", std::move(steps));
    for (std::int64_t n = 1;; ++n) {
        std::vector<sql::Statement> batch;
        batch.push_back({"INSERT INTO t VALUES ($1, $2)", {n, std::string(700, 'x')}});
        auto done = co_await database.write(std::move(batch));
        if (done) counter.acknowledged = n;
    }
}

Task<void> look(sql::Database& database, Counter& counter) {
    std::vector<sql::Statement> batch;
    batch.push_back({"SELECT count(*), coalesce(max(n), 0) FROM t", {}});
    auto out = co_await database.read(std::move(batch));
    counter.done = true;
    if (!out) co_return;
    counter.found = (*out)[0].rows[0].integer(0);
    EXPECT_EQ(counter.found, (*out)[0].rows[0].integer(1));
}

// The real engine, with power lost at any write or sync.
TEST(Sqlite, what_was_acknowledged_survives_a_loss_of_power_at_any_point) {
    std::int64_t acknowledged = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        Pair pair(seed);
        const Vfs vfs(pair.a.disk(), "a");
        Counter counter;
        auto database = open(pair.a, vfs);
        ASSERT_TRUE(database) << database.error().message;
        pair.a.disk().lose_power_after(20 + seed * 7);
        pair.a.process()->spawn([&] { return count_up(**database, counter); });
        pair.scheduler.run_until(kMinuteUs, [&] { return !pair.a.up(); });
        ASSERT_FALSE(pair.a.up());
        new std::unique_ptr(std::move(*database));  // a dead process destroys nothing
        pair.a.start();
        auto again = open(pair.a, vfs);
        ASSERT_TRUE(again) << again.error().message;
        pair.a.process()->spawn([&] { return look(**again, counter); });
        EXPECT_TRUE(pair.run(counter.done));
        EXPECT_GE(counter.found, counter.acknowledged) << "seed " << seed;
        acknowledged += counter.acknowledged;
        again->reset();
    }
    EXPECT_GT(acknowledged, 100);
}

}  // namespace
}  // namespace domicile::sim
