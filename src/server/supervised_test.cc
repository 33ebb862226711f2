#include "server/supervised.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "io/files.h"
#include "io/process_identity.h"
#include "io/runtime.h"
#include "io/testing.h"

namespace domicile::server {
namespace {

class SupervisedTest : public testing::Test {
  protected:
    Supervised::Options options(std::string code) const {
        Supervised::Options out;
        out.name = "the program";
        out.process.command = {"/bin/sh", "-c", std::move(code)};
        out.process.environment = {{"PATH", "/usr/bin:/bin"}};
        out.process.output_file = folder_.file("log");
        out.pid_file = folder_.file("pid");
        out.stop_signal = SIGTERM;
        return out;
    }
    std::optional<io::ProcessIdentity> written() const {
        const auto line = io::system_files().read(folder_.file("pid"), 4096);
        return line ? io::parse_process_identity(*line) : std::nullopt;
    }
    static io::Task<bool> wait_for(std::function<bool()> condition) {
        const Instant deadline = io::deadline_in(Millis(30'000));
        while (!condition() && io::deadline_in(Millis(0)) < deadline)
            co_await io::sleep_for(Millis(10));
        co_return condition();
    }

    io::testing::TemporaryFolder folder_;
};

struct Restarts {
    Result<void> started;
    int first = 0, second = 0;
    bool again = false;
};

io::Task<Restarts> die_once(Supervised& program,
                            std::function<io::Task<bool>(std::function<bool()>)> wait_for) {
    Restarts out;
    out.started = co_await program.start();
    out.first = program.pid();
    kill(out.first, SIGKILL);
    std::function<bool()> another = [&] {
        return program.pid() != 0 && program.pid() != out.first;
    };
    out.again = co_await wait_for(another);
    out.second = program.pid();
    co_await program.stop(true);
    co_return out;
}

TEST_F(SupervisedTest, what_dies_is_started_again_and_what_is_stopped_is_not) {
    Supervised program(options("exec sleep 1000"));
    const Restarts seen =
        io::run_task<Restarts>([&] { return die_once(program, &SupervisedTest::wait_for); });
    ASSERT_TRUE(seen.started) << seen.started.error().message;
    EXPECT_TRUE(seen.again);
    EXPECT_NE(kill(seen.second, 0), 0);
    EXPECT_EQ(program.pid(), 0);
    EXPECT_EQ(program.deaths(), 1);
    EXPECT_FALSE(written()) << "the next start has nobody to end";
}

io::Task<bool> stop_deaf(Supervised& program) {
    const auto started = co_await program.start();
    co_await program.stop(true);
    co_return started.has_value();
}

TEST_F(SupervisedTest, what_does_not_listen_is_killed_when_its_time_is_over) {
    auto deaf = options("trap '' TERM; echo deaf; while :; do sleep 1000; done");
    deaf.patience = Millis(50);
    Supervised program(deaf);
    EXPECT_TRUE(io::run_task<bool>([&] { return stop_deaf(program); }));
    EXPECT_EQ(program.pid(), 0);
}

struct Leftover {
    int pid = 0;
    Result<void> started;
    Result<int> status;
};

io::Task<Leftover> start_over_leftover(Supervised& program, std::string pid_file,
                                       std::string started) {
    Leftover out;
    io::ProcessOptions options;
    options.command = {"/bin/sleep", "1000"};
    const auto old = io::start_process(options).value();
    io::ProcessIdentity identity = *io::identify(old->pid());
    if (!started.empty()) identity.started = started;
    (void)io::system_files().write_atomic(pid_file, io::print(identity));
    out.started = co_await program.start();
    co_await program.stop(true);
    out.status = co_await old->wait(io::deadline_in(Millis(started.empty() ? 30'000 : 0)));
    co_return out;
}

TEST_F(SupervisedTest, what_a_crashed_run_left_is_ended_and_nobody_else) {
    Supervised program(options("exec sleep 1000"));
    const Leftover ours = io::run_task<Leftover>(
        [&] { return start_over_leftover(program, folder_.file("pid"), ""); });
    EXPECT_TRUE(ours.started);
    EXPECT_EQ(ours.status, 128 + SIGKILL);
    Supervised other(options("exec sleep 1000"));
    const Leftover theirs = io::run_task<Leftover>(
        [&] { return start_over_leftover(other, folder_.file("pid"), "1@another-boot"); });
    EXPECT_TRUE(theirs.started);
    EXPECT_EQ(theirs.status.error().code, Code::deadline_exceeded) << "it is not ours: it runs";
}

}  // namespace
}  // namespace domicile::server
