#include "functions/instance.h"

#include <signal.h>

#include "base/encoding.h"
#include "base/log.h"
#include "functions/guarded_listener.h"
#include "functions/pool.h"
#include "functions/redact.h"

namespace domicile::functions {
namespace {

constexpr std::size_t kStreamBytesMax = 200 << 20;
constexpr Millis kStreamPause{900'000};               // the invocation's deadline comes before
constexpr std::size_t kTailBytes = 4 << 10;           // of the log, as Lambda returns them
constexpr std::size_t kOutputBytesASecond = 1 << 20;  // more of it is read later
constexpr Millis kTermGrace{500};
constexpr Millis kEgressLook{1000};
const Instant kFar{INT64_MAX / 2};

// In the network of the process, or in the machine's.
Result<std::unique_ptr<io::Listener>> listen_in(const Egress* egress) {
    std::optional<io::NetworkNamespace::Visit> visit;
    if (egress != nullptr) visit.emplace(egress->network());
    return io::Executor::current().network().listen({"127.0.0.1", 0});
}

Result<std::unique_ptr<io::Process>> start_in(const Egress* egress, io::ProcessOptions& options) {
    std::optional<io::NetworkNamespace::Visit> visit;
    if (egress != nullptr) {
        visit.emplace(egress->network());
        options.confined = true;
        options.hosts_file = egress->hosts_file();
    }
    return io::start_process(options);
}

}  // namespace

void add_to_tail(std::string& tail, std::string_view line) {
    tail += line;
    tail += '\n';
    if (tail.size() > kTailBytes) tail.erase(0, tail.size() - kTailBytes);
}

Instance::Instance(Pool& pool)
    : pool_(pool), token_(to_hex(io::Executor::current().random().bytes(16))) {}
Instance::~Instance() = default;

io::Task<Result<void>> Instance::run() {
    CO_TRY(const std::unique_ptr<Egress> egress, make_egress());
    CO_TRY(auto listener, listen_in(egress.get()));
    GuardedListener* guard = nullptr;
    if (!egress) {
        auto guarded =
            std::make_unique<GuardedListener>(std::move(listener), pool_.function().name);
        guard = guarded.get();
        listener = std::move(guarded);
    }
    http::ServerOptions server_options;
    server_options.body_bytes_max = kStreamBytesMax;
    server_options.body_timeout = kStreamPause;
    http::Server server(std::move(listener), server_options,
                        [this](http::Exchange& exchange) { return answer(exchange); });
    server.start();

    io::ProcessOptions process_options;
    process_options.command = pool_.function().command;
    process_options.directory = directory();
    process_options.environment = environment(server.local());
    process_options.capture_output = true;
    const std::unique_ptr<io::ControlGroup> group = bound_memory(process_options);
    Result<std::unique_ptr<io::Process>> process = start_in(egress.get(), process_options);
    Result<void> outcome;
    if (process) {
        if (guard != nullptr) guard->admit((*process)->pid());
        process_ = process->get();
        if (egress) tasks_.spawn(report_egress(*egress));
        co_await run_process(**process);
    } else {
        outcome = std::unexpected(process.error());
    }
    changed_.notify_all();  // polls of this process end
    co_await tasks_.drain(io::deadline_in(Millis(1000)));
    co_await server.stop(io::deadline_in(Millis(50)));
    if (egress) {
        audit_egress(*egress);
        co_await egress->stop(io::deadline_in(Millis(1000)));
    }
    co_return outcome;
}

Result<std::unique_ptr<Egress>> Instance::make_egress() const {
    const config::Function& function = pool_.function();
    if (function.egress != config::Egress::enforced) return std::unique_ptr<Egress>();
    std::string_view region = pool_.options().aws_endpoint;
    region.remove_prefix(std::min(region.size(), std::string_view("http://").size()));
    TRY(const io::Endpoint endpoint, io::parse_endpoint(region));
    return Egress::create(endpoint, function.egress_allow);
}

// Where it went is the function's to know: an address or a name may be about a person.
void Instance::audit_egress(Egress& egress) {
    const std::uint64_t attempts = egress.take_refused();
    if (attempts == 0) return;
    const json::object details{{"function", pool_.function().name}, {"attempts", attempts}};
    log::warning("function_egress_refused", {{"function", pool_.function().name},
                                             {"attempts", static_cast<std::int64_t>(attempts)}});
    if (pool_.audit() != nullptr) pool_.audit()->record_soon({"egress_refused", details});
}

io::Task<void> Instance::report_egress(Egress& egress) {
    Instant next = io::deadline_in(kEgressLook);
    while (process_ != nullptr) {
        const bool notified = co_await changed_.wait_until(next);
        if (notified) continue;
        audit_egress(egress);
        next = io::deadline_in(kEgressLook);
    }
}

// Null where it has no bound, or where control groups cannot be had.
std::unique_ptr<io::ControlGroup> Instance::bound_memory(io::ProcessOptions& options) const {
    if (!pool_.function().memory_megabytes) return nullptr;
    const std::uint64_t bytes = std::uint64_t(*pool_.function().memory_megabytes) << 20;
    Result<std::unique_ptr<io::ControlGroup>> group = io::ControlGroup::create(bytes);
    if (!group) {
        options.data_bytes_max = bytes;
        return nullptr;
    }
    options.control_group = (*group)->join_file();
    return std::move(*group);
}

io::Task<void> Instance::run_process(io::Process& process) {
    process_ = &process;
    if (ending_) process.signal(SIGKILL);
    io::TaskGroup output;
    output.spawn(log_output(*process.output()));
    const Result<int> status = co_await process.wait(kFar);
    process_ = nullptr;
    if (!ending_)
        log::warning("function_exited",
                     {{"function", pool_.function().name}, {"status", status.value_or(-1)}});
    // What was written before the end is part of the log of what was under way. Whatever left the
    // group and holds the pipe open is not waited for.
    (void)co_await output.drain(io::deadline_in(Millis(100)));
    process.output()->cancel();
    co_await output.drain(io::deadline_in(Millis(1000)));
    for (const auto& lost : std::exchange(works_, {})) {
        lost->at = nullptr;
        lost->complete(fail(Code::unavailable, "The function's process ended.", reason::kCrashed));
    }
}

void Instance::kill() {
    ending_ = true;
    changed_.notify_all();
    if (process_ != nullptr) process_->signal(SIGKILL);
}

void Instance::end() {
    ending_ = true;
    changed_.notify_all();
    if (process_ == nullptr) return;
    process_->signal(SIGTERM);
    tasks_.spawn(watch_end());
}

// What it is stuck in may hold up the others that it works on, or not: it gets nothing new, and
// ends when they have been answered or have been given up too.
void Instance::give_up(const std::shared_ptr<Invocation>& invocation) {
    if (works_.size() <= 1) return kill();
    std::erase(works_, invocation);
    invocation->at = nullptr;
    retiring_ = true;
}

// Nobody has to heed SIGTERM.
io::Task<void> Instance::watch_end() {
    const Instant late = io::deadline_in(kTermGrace);
    while (process_ != nullptr && io::Executor::current().clock().coarse() < late) {
        co_await changed_.wait_until(late);
    }
    if (process_ != nullptr) process_->signal(SIGKILL);
}

// ---- Output ------------------------------------------------------------------------------------

io::Task<void> Instance::log_output(io::Stream& output) {
    Output lines;
    const Output::Line write = [this](std::string_view line, bool cut) { log_line(line, cut); };
    std::array<char, 16384> buffer;
    const io::Clock& clock = io::Executor::current().clock();
    Instant second = clock.coarse();
    std::size_t read = 0;
    for (;;) {
        const Result<std::size_t> count = co_await output.read_some(buffer, kFar);
        if (!count || *count == 0) break;
        lines.take(std::string_view(buffer.data(), *count), clock.coarse(), write);
        read += *count;
        const bool over = clock.coarse() - second >= Millis(1000);
        // Then the pipe fills, and the function waits for us instead of taking our time.
        if (!over && read >= kOutputBytesASecond && process_ != nullptr)
            co_await changed_.wait_until(second + Millis(1000));
        if (over || read >= kOutputBytesASecond) {
            log_dropped(lines);
            second = clock.coarse();
            read = 0;
        }
    }
    lines.finish(clock.coarse(), write);
    log_dropped(lines);
}

// A line belongs to what the process works on at the time, unless that is more than one thing.
void Instance::log_line(std::string_view line, bool cut) {
    const Invocation* work = works_.size() == 1 ? works_.front().get() : nullptr;
    const std::string id = work != nullptr ? work->call.request_id : std::string();
    const std::string clean = redact(line, id);
    if (work != nullptr && work->call.tail && !work->result) add_to_tail(*work->call.tail, clean);
    log::info(
        "function_output",
        {{"function", pool_.function().name}, {"request_id", id}, {"line", clean}, {"cut", cut}});
}

void Instance::log_dropped(Output& output) {
    const std::uint64_t lines = output.take_dropped();
    if (lines == 0) return;
    pool_.metrics().dropped_lines.add(lines);
    log::warning("function_output_dropped", {{"function", pool_.function().name},
                                             {"lines", static_cast<std::int64_t>(lines)}});
}

// ---- Process -----------------------------------------------------------------------------------

std::string Instance::directory() const {
    const std::string& own = pool_.function().directory;
    return own.starts_with('/') ? own : pool_.options().config_directory + '/' + own;
}

std::vector<std::pair<std::string, std::string>> Instance::environment(
    const io::Endpoint& api) const {
    const Options& options = pool_.options();
    const std::string& name = pool_.function().name;
    std::vector<std::pair<std::string, std::string>> out = {
        {"PATH", getenv("PATH") != nullptr ? getenv("PATH") : "/usr/local/bin:/usr/bin:/bin"},
        {"LANG", "C.UTF-8"},
        {"TZ", "UTC"},
        {"HOME", "/tmp"},
        {"AWS_LAMBDA_RUNTIME_API", api.to_string()},
        {"AWS_LAMBDA_FUNCTION_NAME", name},
        {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
         std::to_string(pool_.function().memory_megabytes.value_or(256))},
        {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
        {"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/" + name},
        {"AWS_LAMBDA_LOG_STREAM_NAME", "stdout"},
        {"LAMBDA_TASK_ROOT", directory()},
        {"AWS_REGION", options.region},
        {"AWS_DEFAULT_REGION", options.region},
        {"AWS_ENDPOINT_URL", options.aws_endpoint},
        {"AWS_ENDPOINT_URL_DYNAMODB", options.aws_endpoint},
        {"AWS_ENDPOINT_URL_LAMBDA", options.aws_endpoint},
        {"AWS_ENDPOINT_URL_SSM", options.aws_endpoint},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI",
         "http://" + api.to_string() + std::string(kCredentialsPath)},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", token_}};
    const auto& own = pool_.function().environment;
    // AWS's runtimes take several events at once when they are told so. That for Node does it by
    // threads, each of which takes any number.
    const int at_once = pool_.function().concurrency.per_process;
    if (at_once > 1) {
        out.emplace_back("AWS_LAMBDA_MAX_CONCURRENCY", std::to_string(at_once));
        const char* const threads = "AWS_LAMBDA_NODEJS_WORKER_COUNT";
        if (!own.contains(threads)) out.emplace_back(threads, "1");
    }
    // Where a runtime has its handler as the last argument; others say it in their configuration.
    if (!own.contains("_HANDLER")) out.emplace_back("_HANDLER", pool_.function().command.back());
    for (const auto& [key, value] : own) out.emplace_back(key, value);
    return out;
}

}  // namespace domicile::functions
