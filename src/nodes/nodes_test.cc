// Nodes of one region, on a real PostgreSQL and on a clock that stands still until it is told.
#include "nodes/nodes.h"

#include <gtest/gtest.h>

#include "sql/postgres_testing.h"

namespace domicile::nodes {
namespace {

using sql::testing::shared_postgres;

class StillClock final : public io::Clock {
  public:
    Timestamp now() const override { return time; }
    Instant monotonic() const override { return {time.ms}; }
    void pass(Millis duration) { time = time + duration; }

    Timestamp time{1'700'000'000'000};
};

class NodesTest : public ::testing::Test {
  protected:
    struct Node {
        Node(const sql::PostgresOptions& options, io::Clock& clock)
            : database(std::move(*sql::open_postgres(options))),
              nodes(*database, clock, io::system_random()) {}
        std::unique_ptr<sql::Database> database;
        Nodes nodes;
    };
    std::unique_ptr<Node> start(io::Clock& clock) {
        auto node =
            std::make_unique<Node>(shared_postgres().options_for(folder_.file("nodes")), clock);
        EXPECT_TRUE(wait([&] { return node->nodes.open(); }));
        return node;
    }
    static Result<void> wait(std::function<io::Task<Result<void>>()> make) {
        return io::run_task<Result<void>>(std::move(make));
    }
    static bool beat(Node& node) {
        return wait([&] { return node.nodes.beat(); }).has_value();
    }
    // As often as it takes for silence to count, while `living` beat.
    void let_time_pass(std::vector<Node*> living) {
        for (int i = 0; i < 12; ++i) {
            clock_.pass(Millis(1'000));
            for (Node* node : living) EXPECT_TRUE(beat(*node));
        }
    }
    static Result<void> fenced(Node& node) {
        auto done = io::run_task<Result<sql::BatchResult>>(
            [&] { return node.database->write(node.nodes.fence()); });
        if (!done) return std::unexpected(done.error());
        return {};
    }

    sql::testing::TemporaryFolder folder_;
    StillClock clock_;
};

TEST_F(NodesTest, the_first_one_sweeps_and_the_others_do_not) {
    const auto first = start(clock_), second = start(clock_);
    EXPECT_TRUE(beat(*first));
    EXPECT_TRUE(first->nodes.sweeps());
    EXPECT_FALSE(second->nodes.sweeps());
    EXPECT_TRUE(fenced(*first));
    EXPECT_EQ(fenced(*second).error().code, Code::conflict);
    EXPECT_EQ(first->nodes.living(), 2u);
    EXPECT_TRUE(first->nodes.lives(second->nodes.run()));
    EXPECT_TRUE(second->nodes.lives(first->nodes.run()));
}

TEST_F(NodesTest, when_the_sweeper_falls_silent_another_takes_over_and_the_old_one_is_fenced) {
    const auto first = start(clock_), second = start(clock_);
    let_time_pass({second.get()});
    EXPECT_TRUE(second->nodes.sweeps());
    EXPECT_FALSE(second->nodes.lives(first->nodes.run()));
    EXPECT_FALSE(first->nodes.sweeps());  // it knows by itself that it could not beat
    EXPECT_EQ(fenced(*first).error().code, Code::conflict);
    EXPECT_TRUE(beat(*first));
    EXPECT_FALSE(first->nodes.sweeps());
}

TEST_F(NodesTest, a_node_that_stops_leaves_the_sweep_to_the_next_beat) {
    const auto first = start(clock_), second = start(clock_);
    wait([&]() -> io::Task<Result<void>> {
        struct Stop {
            static io::Task<Result<void>> run(Nodes& nodes) {
                co_await nodes.stop();
                co_return Result<void>();
            }
        };
        return Stop::run(first->nodes);
    }).value();
    EXPECT_TRUE(beat(*second));
    EXPECT_TRUE(second->nodes.sweeps());
    EXPECT_FALSE(second->nodes.lives(first->nodes.run()));
}

TEST_F(NodesTest, a_clock_that_is_wrong_makes_nobody_dead_but_is_noticed) {
    StillClock wrong;
    wrong.time = wrong.time + Millis(3'600'000);
    const auto first = start(clock_), second = start(wrong);
    EXPECT_TRUE(beat(*first));
    EXPECT_TRUE(first->nodes.lives(second->nodes.run()));
    EXPECT_TRUE(second->nodes.lives(first->nodes.run()));
    EXPECT_EQ(first->nodes.clock_difference(), Millis(3'600'000));
}

TEST_F(NodesTest, a_database_of_its_own_makes_a_node_the_only_one) {
    auto database = std::move(*sql::open_sqlite({.path = folder_.file("data.db")}));
    Nodes nodes(*database, clock_, io::system_random());
    EXPECT_TRUE(wait([&] { return nodes.open(); }));
    EXPECT_TRUE(nodes.sweeps());
    EXPECT_EQ(nodes.living(), 1u);
    EXPECT_TRUE(nodes.fence().empty());
}

}  // namespace
}  // namespace domicile::nodes
