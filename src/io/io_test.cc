#include <gtest/gtest.h>
#include <signal.h>

#include "base/log.h"
#include "io/files.h"
#include "io/line_writer.h"
#include "io/lock_file.h"
#include "io/network.h"
#include "io/process.h"
#include "io/process_identity.h"
#include "io/readiness.h"
#include "io/remove_tree.h"
#include "io/runtime.h"
#include "io/testing.h"
#include "io/tls.h"
#include "io/wheel.h"

namespace domicile::io {
namespace {

struct Note final : Timer {
    std::vector<int>* out = nullptr;
    int id = 0;
    void expired() override { out->push_back(id); }
};

TEST(wheel, fires_in_time_never_early_and_not_after_unlink) {
    std::vector<int> fired;
    Wheel wheel({0});
    std::array<Note, 4> notes;
    for (int i = 0; i < 4; ++i) {
        notes[i].out = &fired;
        notes[i].id = i;
    }
    wheel.arm(notes[0], {20});
    wheel.arm(notes[1], {10'000});  // beyond one turn
    wheel.arm(notes[2], {30});
    wheel.arm(notes[3], {0});  // in the past: at the next tick
    notes[2].unlink();
    wheel.advance({8});
    EXPECT_EQ(fired, std::vector<int>{3});
    wheel.advance({19});
    EXPECT_EQ(fired, std::vector<int>{3});
    wheel.advance({5'000});
    EXPECT_EQ(fired, (std::vector<int>{3, 0}));
    wheel.advance({50'000});
    EXPECT_EQ(fired, (std::vector<int>{3, 0, 1}));
    EXPECT_EQ(wheel.next({50'000}), std::nullopt);
}

Task<void> echo(std::unique_ptr<Stream> stream) {
    std::array<char, 65536> buffer;
    for (;;) {
        const auto count = co_await stream->read_some(buffer, deadline_in(Millis(5000)));
        if (!count || *count == 0) co_return;
        const std::string_view part(buffer.data(), *count);
        if (!co_await stream->write(part, deadline_in(Millis(5000)))) co_return;
    }
}

Task<void> serve(Listener& listener) {
    TaskGroup echoing;
    for (;;) {
        auto stream = co_await listener.accept();
        if (!stream) break;
        echoing.spawn(echo(std::move(*stream)));
    }
    co_await echoing.drain(deadline_in(Millis(5000)));
}

Task<void> send_all(Stream& stream, std::string text) {
    co_await stream.write(text, deadline_in(Millis(5000)));
}

Task<Result<std::string>> echo_a_megabyte() {
    Network& network = Executor::current().network();
    CO_TRY(auto listener, network.listen({"127.0.0.1", 0}));
    TaskGroup group;
    group.spawn(serve(*listener));
    ConnectOptions plain;
    CO_TRY(auto stream,
           co_await network.connect(listener->local(), plain, deadline_in(Millis(5000))));
    // Larger than the socket buffers, so that both sides suspend.
    group.spawn(send_all(*stream, std::string(1 << 22, 'x')));
    std::string back(1 << 22, '\0');
    CO_TRY_VOID(co_await read_exactly(*stream, back, deadline_in(Millis(5000))));
    listener->close();
    stream.reset();
    co_await group.drain(deadline_in(Millis(5000)));
    co_return back;
}

TEST(network, bytes_larger_than_the_buffers_come_back_whole) {
    const auto back = run_task<Result<std::string>>(echo_a_megabyte);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, std::string(1 << 22, 'x'));
}

Task<Result<void>> read_from_silence() {
    Network& network = Executor::current().network();
    CO_TRY(auto listener, network.listen({"127.0.0.1", 0}));
    ConnectOptions plain;
    CO_TRY(auto stream,
           co_await network.connect(listener->local(), plain, deadline_in(Millis(5000))));
    std::array<char, 8> buffer;
    CO_TRY_VOID(co_await stream->read_some(buffer, deadline_in(Millis(20))));
    co_return Result<void>{};
}

TEST(network, a_read_ends_at_its_deadline) {
    EXPECT_EQ(run_task<Result<void>>(read_from_silence).error().code, Code::deadline_exceeded);
}

Task<Result<void>> connect_to_nobody() {
    Network& network = Executor::current().network();
    CO_TRY(auto listener, network.listen({"127.0.0.1", 0}));
    const Endpoint gone = listener->local();
    listener->close();
    ConnectOptions plain;
    CO_TRY_VOID(co_await network.connect(gone, plain, deadline_in(Millis(5000))));
    co_return Result<void>{};
}

TEST(network, a_refused_connection_is_unavailable) {
    EXPECT_EQ(run_task<Result<void>>(connect_to_nobody).error().code, Code::unavailable);
}

Task<Result<int>> full_pool() {
    CO_TRY(const int value, co_await run_blocking([]() -> Result<int> { return 42; }));
    co_return value;
}

TEST(blocking, work_comes_back_with_its_value_and_is_refused_at_the_bound) {
    EXPECT_EQ(run_task<Result<int>>(full_pool), 42);
    const auto refused = run_task<Result<int>>(full_pool, {.blocking_queue_max = 0});
    EXPECT_EQ(refused.error().code, Code::resource_exhausted);
}

Task<Result<Endpoint>> through_proxy(std::string header) {
    Network& network = Executor::current().network();
    CO_TRY(auto listener, network.listen({"127.0.0.1", 0}));
    ConnectOptions plain;
    CO_TRY(auto client,
           co_await network.connect(listener->local(), plain, deadline_in(Millis(5000))));
    CO_TRY(auto server, co_await listener->accept());
    co_await client->write(header, deadline_in(Millis(5000)));
    client->shutdown_write();
    co_return co_await read_proxy_header(*server, deadline_in(Millis(5000)));
}

TEST(proxy_protocol, carries_addresses_and_refuses_anything_else) {
    const auto via = [](std::string header) {
        return run_task<Result<Endpoint>>([header] { return through_proxy(header); });
    };
    EXPECT_EQ(via(proxy_header({"192.0.2.1", 77}, {"127.0.0.1", 443})),
              (Endpoint{"192.0.2.1", 77}));
    EXPECT_EQ(via(proxy_header({"2001:db8::1", 77}, {"::1", 443})), (Endpoint{"2001:db8::1", 77}));
    EXPECT_EQ(via("PROXY TCP4 192.0.2.1 127.0.0.1 77 443\r\n").error().code, Code::malformed);
    EXPECT_EQ(via("\r\n").error().code, Code::unavailable);
    std::string huge = proxy_header({"192.0.2.1", 77}, {"127.0.0.1", 443});
    huge[14] = '\x7f';
    EXPECT_EQ(via(huge).error().code, Code::malformed);
}

Task<Result<Executor*>> executor_here(bool broken) {
    if (broken) throw std::runtime_error("broken");
    co_return &Executor::current();
}

Task<Result<Executor*>> ask(Executor& other, bool broken) {
    Executor* const before = &Executor::current();
    auto there =
        co_await run_on<Result<Executor*>>(other, [broken] { return executor_here(broken); });
    EXPECT_EQ(before, &Executor::current()) << "comes back to where it was";
    co_return there;
}

// Takes nothing until it is let go, as a pipe does that nobody reads.
class StuckFile final : public AppendFile {
  public:
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        bool open = false;
        std::string written;
    };
    explicit StuckFile(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
    Result<void> append(std::string_view bytes) override {
        std::unique_lock lock(shared_->mutex);
        shared_->changed.wait(lock, [this] { return shared_->open; });
        shared_->written += bytes;
        return {};
    }
    Result<void> sync() override { return {}; }
    std::uint64_t size() const override { return 0; }

  private:
    std::shared_ptr<Shared> shared_;
};

TEST(LineWriter, never_waits_for_its_file_and_says_how_many_lines_it_dropped) {
    auto shared = std::make_shared<StuckFile::Shared>();
    const auto note = [](std::uint64_t count) { return std::to_string(count) + " dropped\n"; };
    LineWriter::Options options;
    options.note_dropped = note;
    options.buffer_bytes = 32;
    auto writer = std::make_unique<LineWriter>(std::make_unique<StuckFile>(shared), options);
    int taken = 0;
    for (int i = 0; i < 100; ++i) taken += writer->append("0123456789abcde\n");
    EXPECT_GE(taken, 2);
    EXPECT_LE(taken, 4) << "one buffer waits, another may be with the file";
    EXPECT_EQ(writer->dropped(), 100u - static_cast<unsigned>(taken));
    {
        const std::lock_guard lock(shared->mutex);
        shared->open = true;
    }
    shared->changed.notify_all();
    writer.reset();  // writes what waits
    EXPECT_EQ(std::count(shared->written.begin(), shared->written.end(), '\n'), taken + 1);
    EXPECT_NE(shared->written.find(std::to_string(100 - taken) + " dropped\n"), std::string::npos);
}

TEST(LineWriter, goes_on_in_another_file_when_one_is_full) {
    const testing::TemporaryFolder folder;
    const std::string path = folder.file("log.jsonl");
    LineWriter::Options options;
    options.file_bytes_max = 10;
    options.next_file = [path] { return start_file_anew(path); };
    // Each writer writes once, when it ends: what it finds decides which file that is.
    for (const char* line : {"first, long\n", "second, long\n", "third\n", "fourth\n"}) {
        LineWriter writer(system_files().open_append(path).value(), options);
        EXPECT_TRUE(writer.append(line));
    }
    EXPECT_EQ(system_files().read(path, 100).value(), "third\nfourth\n");
    EXPECT_EQ(system_files().read(path + ".1", 100).value(), "second, long\n");
}

RequestContext context_of(std::uint8_t number) {
    RequestContext context;
    context.request_id[0] = number;
    return context;
}

int current_number() { return RequestContext::current().request_id[0]; }

// Waits in each way there is, and looks each time whether its own request is still the current one.
Task<void> keep_context(std::uint8_t number, Event& event, int& right) {
    RequestContext::current() = context_of(number);
    co_await sleep_for(Millis(1 + number % 3));
    right += current_number() == number;
    co_await event.wait_until(deadline_in(Seconds(20)));
    right += current_number() == number;
    const auto elsewhere = co_await run_blocking([]() -> Result<int> { return current_number(); });
    right += elsewhere == number;
    right += current_number() == number;
}

Task<bool> contexts_of_many() {
    constexpr int kTasks = 20;
    Event event;
    TaskGroup tasks;
    int right = 0;
    for (int i = 1; i <= kTasks; ++i) {
        tasks.spawn(keep_context(static_cast<std::uint8_t>(i), event, right));
        EXPECT_EQ(current_number(), 0) << "starting a task must not change the starter's request";
    }
    const auto all_have_slept = [&right] { return right == kTasks; };
    EXPECT_TRUE(co_await testing::until(all_have_slept));
    event.notify_all();
    EXPECT_EQ(current_number(), 0) << "nor must waking one up";
    co_await tasks.drain(deadline_in(Seconds(20)));
    EXPECT_EQ(right, 4 * kTasks);
    co_return true;
}

TEST(RequestContext, stays_with_the_task_through_every_wait) {
    EXPECT_TRUE(run_task<bool>(contexts_of_many));
    EXPECT_EQ(current_number(), 0);
}

TEST(run_on, runs_on_the_other_executor_and_comes_back_with_its_value_or_its_failure) {
    Runtime runtime({.reactors = 2});
    Result<Executor*> where, broken;
    runtime.run([&] { return store(ask(runtime.executor(1), false), where); });
    EXPECT_EQ(where, &runtime.executor(1));
    runtime.run([&] { return store(ask(runtime.executor(1), true), broken); });
    EXPECT_EQ(broken.error().code, Code::internal);
}

Task<bool> listen_twice(bool first_shared, bool second_shared) {
    Network& network = Executor::current().network();
    const ListenOptions first{first_shared}, second{second_shared};
    const Endpoint any{"127.0.0.1", 0};
    const auto one = network.listen(any, first);
    if (!one) co_return false;
    const auto two = network.listen((*one)->local(), second);
    co_return two.has_value();
}

Task<std::string> what_a_pipe_is_ready_for(int read_end, int write_end) {
    using For = Readiness::For;
    std::string seen;
    const Instant soon = deadline_in(Millis(0)), late = deadline_in(Millis(10'000));
    auto reading = Readiness::of(read_end), writing = Readiness::of(write_end);
    if (!reading || !writing) co_return "refused";
    const auto note = [&seen](bool ready) { seen += ready ? "+" : "-"; };
    note(co_await (*reading)->wait(For::reading, soon));
    note(co_await (*writing)->wait(For::writing, late));
    if (write(write_end, "ab", 2) != 2) co_return "not written";
    // Level-triggered: what was there before the call counts, also what was left unread.
    note(co_await (*reading)->wait(For::reading, late));
    char byte = 0;
    if (read(read_end, &byte, 1) != 1) co_return "not read";
    note(co_await (*reading)->wait(For::either, late));
    if (read(read_end, &byte, 1) != 1) co_return "not read";
    note(co_await (*reading)->wait(For::reading, deadline_in(Millis(0))));
    co_return seen;
}

TEST(Readiness, says_when_a_descriptor_of_somebody_else_has_something) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    EXPECT_EQ(run_task<std::string>([&] { return what_a_pipe_is_ready_for(ends[0], ends[1]); }),
              "-+++-");
    close(ends[0]);
    close(ends[1]);
}

TEST(network, a_port_has_several_listeners_only_when_all_of_them_share_it) {
    EXPECT_TRUE(run_task<bool>([] { return listen_twice(true, true); }));
    EXPECT_FALSE(run_task<bool>([] { return listen_twice(true, false); }));
    EXPECT_FALSE(run_task<bool>([] { return listen_twice(false, true); }));
    EXPECT_FALSE(run_task<bool>([] { return listen_twice(false, false); }));
}

Task<Result<int>> exit_with(std::string code) {
    ProcessOptions options;
    options.command = {"/bin/sh", "-c", code};
    CO_TRY(auto child, start_process(options));
    co_return co_await child->wait(deadline_in(Millis(10'000)));
}

TEST(process, exit_codes_and_signals_are_reported) {
    EXPECT_EQ(run_task<Result<int>>([] { return exit_with("exit 7"); }), 7);
    EXPECT_EQ(run_task<Result<int>>([] { return exit_with("kill -9 $$"); }), 128 + 9);
}

Task<Result<int>> write_to(std::string file, std::string code) {
    ProcessOptions options;
    options.command = {"/bin/sh", "-c", code};
    options.output_file = file;
    CO_TRY(auto child, start_process(options));
    co_return co_await child->wait(deadline_in(Millis(10'000)));
}

TEST(process, both_outputs_are_appended_to_a_file) {
    const testing::TemporaryFolder folder;
    const std::string file = folder.file("output");
    for (const char* code : {"echo a", "echo b >&2"})
        EXPECT_EQ(run_task<Result<int>>([&] { return write_to(file, code); }), 0);
    EXPECT_EQ(system_files().read(file, 100), "a\nb\n");
}

Task<Result<int>> run_as(User user, std::string code) {
    ProcessOptions options;
    options.command = {"/bin/sh", "-c", code};
    options.user = user;
    CO_TRY(auto child, start_process(options));
    co_return co_await child->wait(deadline_in(Millis(10'000)));
}

TEST(process, root_may_start_others_who_have_nothing_of_it) {
    if (!is_root()) GTEST_SKIP() << "needs root";
    const auto nobody = find_user("nobody");
    ASSERT_TRUE(nobody);
    const std::string is_it = "test $(id -u) = " + std::to_string(nobody->uid) +
                              " && test $(id -G) = " + std::to_string(nobody->gid);
    EXPECT_EQ(run_task<Result<int>>([&] { return run_as(*nobody, is_it); }), 0);
    EXPECT_NE(run_task<Result<int>>([&] { return run_as(*nobody, "cat /etc/shadow"); }), 0);
}

TEST(user, folders_that_are_closed_to_somebody_are_named) {
    const testing::TemporaryFolder temporary;
    const std::string& folder = temporary.path();
    ASSERT_TRUE(system_files().create_directories(folder + "/in"));
    const User stranger{"stranger", 54321, 54321};
    EXPECT_EQ(first_closed_folder(folder + "/in", stranger), folder);
    ASSERT_TRUE(let_through(folder));
    EXPECT_EQ(first_closed_folder(folder + "/in", stranger), folder + "/in");
    ASSERT_TRUE(let_through(folder + "/in"));
    EXPECT_EQ(first_closed_folder(folder + "/in", stranger), std::nullopt);
    EXPECT_EQ(owner_of(folder)->uid, geteuid());
    EXPECT_TRUE(find_program("sh"));
    EXPECT_FALSE(find_program("no-such-program"));
}

struct KilledChild {
    std::optional<ProcessIdentity> identity;
    Result<bool> as_another, as_it_is, again;
    Result<int> status;
};

Task<KilledChild> kill_a_child() {
    KilledChild out;
    ProcessOptions options;
    options.command = {"/bin/sleep", "1000"};
    const auto child = start_process(options).value();
    out.identity = identify(child->pid());
    ProcessIdentity another = *out.identity;
    another.started = "1@another-boot";
    out.as_another = co_await kill_process(another, Millis(10'000));
    out.as_it_is = co_await kill_process(*out.identity, Millis(10'000));
    out.again = co_await kill_process(*out.identity, Millis(10'000));
    out.status = co_await child->wait(deadline_in(Millis(10'000)));
    co_return out;
}

TEST(process_identity, ends_exactly_the_process_that_it_is_of) {
    const KilledChild seen = run_task<KilledChild>([] { return kill_a_child(); });
    EXPECT_EQ(seen.as_another, false) << "the pid belongs to somebody else by now";
    EXPECT_EQ(seen.as_it_is, true);
    EXPECT_EQ(seen.again, false);
    EXPECT_EQ(seen.status, 128 + SIGKILL);
    EXPECT_EQ(parse_process_identity(print(*seen.identity)), seen.identity);
    for (const char* bad : {"", "1 x", "x y", "4711"}) EXPECT_FALSE(parse_process_identity(bad));
}

TEST(lock_file, is_held_by_one_or_by_those_who_share_it) {
    const testing::TemporaryFolder folder;
    const std::string file = folder.file("lock");
    auto one = take_lock(file, LockKind::shared);
    ASSERT_TRUE(one);
    EXPECT_TRUE(take_lock(file, LockKind::shared));
    EXPECT_EQ(take_lock(file, LockKind::exclusive).error().code, Code::failed_precondition);
    one->reset();
    const auto alone = take_lock(file, LockKind::exclusive);
    ASSERT_TRUE(alone);
    EXPECT_EQ(take_lock(file, LockKind::shared).error().code, Code::failed_precondition);
}

TEST(files, atomic_write_leaves_no_temporary_and_reads_are_bounded) {
    Files& files = system_files();
    const testing::TemporaryFolder temporary;
    const std::string& folder = temporary.path();
    ASSERT_TRUE(files.create_directories(folder + "/a"));
    ASSERT_TRUE(files.write_atomic(folder + "/a/x", "hello"));
    EXPECT_EQ(files.read(folder + "/a/x", 5), "hello");
    EXPECT_EQ(files.read(folder + "/a/x", 4).error().code, Code::too_large);
    EXPECT_EQ(files.read(folder + "/a/y", 4).error().code, Code::not_found);
    EXPECT_EQ(files.list(folder + "/a"), std::vector<std::string>{"x"});
    ASSERT_TRUE(files.remove(folder + "/a/x"));
}

TEST(files, publishing_never_replaces_a_file) {
    Files& files = system_files();
    const testing::TemporaryFolder temporary;
    const std::string& folder = temporary.path();
    for (const char* text : {"first", "second"}) {
        auto file = files.create(folder + "/new");
        ASSERT_TRUE(file) << file.error().message;
        EXPECT_EQ(files.create(folder + "/new").error().code, Code::already_exists);
        ASSERT_TRUE((*file)->append(text));
        ASSERT_TRUE((*file)->sync());
        const auto published = files.publish(folder + "/new", folder + "/x");
        const bool first = std::string_view(text) == "first";
        EXPECT_EQ(published.has_value(), first);
        EXPECT_TRUE(first || published.error().code == Code::already_exists);
    }
    EXPECT_EQ(files.read(folder + "/x", 10), "first");
    EXPECT_EQ(files.list(folder), (std::vector<std::string>{"new", "x"}));
}

TEST(files, a_folder_is_published_whole_and_never_over_another) {
    Files& files = system_files();
    const testing::TemporaryFolder temporary;
    const std::string fresh = temporary.file("new"), there = temporary.file("x");
    ASSERT_TRUE(files.create_directories(fresh));
    ASSERT_TRUE(files.write_atomic(fresh + "/a", "first"));
    ASSERT_TRUE(files.publish(fresh, there));
    ASSERT_TRUE(files.create_directories(fresh));
    EXPECT_EQ(files.publish(fresh, there).error().code, Code::already_exists);
    EXPECT_EQ(files.read(there + "/a", 10), "first");
}

TEST(remove_tree, takes_a_folder_with_all_that_is_in_it_and_nothing_that_is_linked) {
    Files& files = system_files();
    const testing::TemporaryFolder temporary;
    const std::string tree = temporary.file("tree"), kept = temporary.file("kept");
    ASSERT_TRUE(files.create_directories(tree + "/in"));
    ASSERT_TRUE(files.create_directories(kept));
    for (const std::string& file : {tree + "/in/a", tree + "/b", kept + "/c"})
        ASSERT_TRUE(files.write_atomic(file, "x"));
    ASSERT_EQ(symlink(kept.c_str(), (tree + "/in/link").c_str()), 0);
    EXPECT_TRUE(remove_tree(tree));
    EXPECT_EQ(files.list(temporary.path()), std::vector<std::string>{"kept"});
    EXPECT_EQ(files.read(kept + "/c", 1), "x");
    EXPECT_TRUE(remove_tree(tree)) << "it is gone already";
}

TEST(client_hello, wants_more_bytes_or_says_what_is_wrong) {
    EXPECT_EQ(client_hello_server_name("\x16\x03").error().code, Code::unavailable);
    EXPECT_EQ(client_hello_server_name("GET / HTTP/1.1\r\n").error().code, Code::malformed);
}

TEST(endpoint, parses_both_families) {
    EXPECT_EQ(parse_endpoint("[::1]:443"), (Endpoint{"::1", 443}));
    EXPECT_EQ(parse_endpoint("127.0.0.1:0"), (Endpoint{"127.0.0.1", 0}));
    for (const char* bad : {"", ":1", "x", "::1:443", "a:65536", "a:1x", "[::1:4"}) {
        EXPECT_FALSE(parse_endpoint(bad)) << bad;
    }
}

TEST(endpoint, brackets_hold_an_ipv6_address_and_nothing_else) {
    for (const char* bad :
         {"[]:1", "[x]:1", "[[x]]:1", "[[::1]]:1", "[a.example]:1", "[127.0.0.1]:1", "[::1%eth0]:1",
          "x]:1", "[:1", "]:1", "a b:1", "a/b:1"}) {
        EXPECT_FALSE(parse_endpoint(bad)) << bad;
    }
    EXPECT_FALSE(parse_endpoint(std::string_view("127.0.0.1\0.evil:1", 17)));
    EXPECT_FALSE(parse_endpoint(std::string_view("[::1\0]:1", 9)));
    EXPECT_EQ(parse_endpoint("[2001:db8::7]:1")->to_string(), "[2001:db8::7]:1");
    EXPECT_EQ(parse_endpoint("a_b-c.example:80")->to_string(), "a_b-c.example:80");
}

}  // namespace
}  // namespace domicile::io
