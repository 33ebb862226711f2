// The process of one region: start, what signals and the operator ask for, graceful stop
// (docs/lifecycle.md).
#include <signal.h>

#include <cstdio>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "io/line_writer.h"
#include "io/process.h"
#include "io/process_usage.h"
#include "io/runtime.h"
#include "server/region_node.h"
#include "server/stores_place.h"
#include "server/up.h"

namespace domicile::server {
namespace {

// Below this a reactor runs out of descriptors before it has as many connections as it may
// (http::ServerOptions), and clients wait.
constexpr std::uint64_t kDescriptorsWanted = 20'000;
constexpr int kForced = 1;  // exit status of a stop that cut something off
const Instant kFar{INT64_MAX / 2};

// What was asked of the process. Lives on the first reactor.
class Wishes {
  public:
    Wishes(io::Executor& home, std::function<void()> finish_log)
        : home_(home), finish_log_(std::move(finish_log)) {}

    bool stop() const { return stop_; }
    bool take_reload() { return std::exchange(reload_, false); }
    void ask_to_reload() {
        reload_ = true;
        changed_.notify_all();
    }
    io::Event::Wait changed(Instant deadline) { return changed_.wait_until(deadline); }
    // The first time gracefully. Whoever asks again does not want to wait: what was acknowledged is
    // on disk, so that the process may end here.
    void ask_to_stop(const char* who) {
        if (stop_) force_stop(who);
        stop_ = true;
        changed_.notify_all();
    }
    [[noreturn]] void force_stop(const char* who) {
        log::warning("region_stop_forced", {{"by", who}});
        finish_log_();
        std::_Exit(kForced);
    }
    // From any thread; asking again changes nothing.
    void ask_to_drain() {
        home_.post([this] {
            if (!stop_) ask_to_stop("drain");
        });
    }

  private:
    io::Executor& home_;
    std::function<void()> finish_log_;
    io::Event changed_;
    bool stop_ = false;
    bool reload_ = false;
};

io::Task<void> watch_signals(Wishes& wishes) {
    for (;;) {
        const Result<int> signal = co_await io::next_signal();
        if (!signal) continue;
        if (*signal == SIGHUP) {
            wishes.ask_to_reload();
        } else {
            wishes.ask_to_stop("signal");
        }
    }
}

io::Task<Result<void>> stop(RegionNode& node, config::Shutdown how, Wishes& wishes) {
    log::info("region_draining", {{"delay_ms", how.delay_ms}, {"deadline_ms", how.deadline_ms}});
    std::fputs("draining\n", stdout);
    std::fflush(stdout);
    co_await node.retire();
    if (how.delay_ms > 0) co_await io::sleep_for(Millis(how.delay_ms));
    const bool whole = co_await node.stop(io::deadline_in(Millis(how.deadline_ms)));
    if (!whole) wishes.force_stop("deadline");
    log::info("region_stopped");
    co_return Result<void>{};
}

io::Task<Result<void>> serve(RegionNode& node, std::string region, io::Runtime& runtime,
                             Wishes& wishes) {
    std::vector<io::Executor*> reactors;
    reactors.reserve(runtime.size());
    for (std::size_t i = 0; i < runtime.size(); ++i) reactors.push_back(&runtime.executor(i));
    node.on_drain([&wishes] { wishes.ask_to_drain(); });
    io::spawn(watch_signals(wishes));
    const Result<void> started = co_await node.start(std::move(reactors));
    if (!started) {
        const bool whole = co_await node.stop(io::deadline_in(Seconds(1)));
        if (!whole) wishes.force_stop("start");
        co_return started;
    }
    log::info("region_started", {{"region", region}});
    std::fputs("ready\n", stdout);
    std::fflush(stdout);
    while (!wishes.stop()) {
        if (wishes.take_reload()) {
            (void)co_await node.reload();
        } else {
            co_await wishes.changed(kFar);
        }
    }
    co_return co_await stop(node, node.config().shutdown, wishes);
}

// The node is destroyed between the end of the runtime's threads and the runtime's own; with it its
// stores are closed.
Result<void> serve_on_reactors(const Deployment& deployment, const std::string& region,
                               RegionNode::Output output, std::function<void()> finish_log) {
    io::RuntimeOptions options;
    options.reactors = static_cast<std::size_t>(deployment.config.reactors);
    options.blocking_threads = 4;
    io::Runtime runtime(options);
    TRY(const std::unique_ptr<RegionNode> node,
        RegionNode::open(deployment, region, std::move(output)));
    Wishes wishes(runtime.executor(0), std::move(finish_log));
    Result<void> outcome;
    runtime.run([&] { return io::store(serve(*node, region, runtime, wishes), outcome); });
    return outcome;
}

// The line that stands in the log for those that its buffer had no room for.
std::string tell_dropped(std::uint64_t count) {
    return json::serialize(json::object{{"time", to_rfc3339(io::system_clock().now())},
                                        {"level", "warning"},
                                        {"event", "log_lines_dropped"},
                                        {"count", count}}) +
           '\n';
}

// A line that a crash tore in the middle must not swallow the next one.
Result<std::unique_ptr<io::AppendFile>> open_log(const std::string& path) {
    TRY(std::unique_ptr<io::AppendFile> file, io::system_files().open_append(path));
    if (file->size() == 0) return file;
    TRY(const auto reader, io::system_files().open_read(path));
    char last = '\n';
    TRY_VOID(reader->read_at(file->size() - 1, &last, 1));
    if (last != '\n') TRY_VOID(file->append("\n"));
    return file;
}

}  // namespace

Result<void> run_region(const std::string& data, const std::string& region, std::size_t number) {
    io::block_signals();
    const std::uint64_t descriptors = io::raise_descriptor_limit();
    TRY(const auto use, use_data_folder(data));
    TRY(const Deployment whole, load(io::system_files(), data));
    TRY_VOID(refuse_elsewhere(io::system_files(), whole));
    TRY(const Deployment deployment, whole.as_node(region, number));
    TRY_VOID(io::system_files().create_directories(deployment.node_directory(region)));
    // The log stays in the region's own folder: lines of functions may be resident data.
    const std::string path = deployment.node_directory(region) + "/log.jsonl";
    TRY(std::unique_ptr<io::AppendFile> file, open_log(path));
    io::LineWriter::Options options;
    options.note_dropped = tell_dropped;
    options.file_bytes_max = static_cast<std::uint64_t>(deployment.config.log.file_bytes_max);
    options.next_file = [path] { return io::start_file_anew(path); };
    const auto lines = std::make_shared<io::LineWriter>(std::move(file), std::move(options));
    RegionNode::Output output;
    output.node = io::node_name();
    output.lines = [lines](std::string_view line) { lines->append(line); };
    output.dropped_lines = [lines] { return lines->dropped(); };
    log::configure(
        deployment.config.log.level, output.lines,
        [] { return to_rfc3339(io::system_clock().now()); }, region, output.node);
    if (descriptors != 0 && descriptors < kDescriptorsWanted)
        log::warning("few_descriptors",
                     {{"limit", static_cast<std::int64_t>(descriptors)},
                      {"wanted", static_cast<std::int64_t>(kDescriptorsWanted)}});
    const Result<void> outcome =
        serve_on_reactors(deployment, region, std::move(output), [lines] { lines->finish(); });
    if (!outcome) log::error("region_not_started", {{"problem", outcome.error().message}});
    log::configure(log::Level::info, {}, {}, {});  // writes what waits
    return outcome;
}

}  // namespace domicile::server
