#include "functions/worker.h"

#include <signal.h>

#include "base/log.h"
#include "telemetry/trace.h"

namespace domicile::functions {
namespace {

constexpr std::string_view kPrefix = "/2018-06-01/runtime/";
constexpr std::size_t kResultBytesMax = 6 << 20;
constexpr std::size_t kLineBytesMax = 8 << 10;
constexpr int kFailedStartsMax = 2;
constexpr Millis kRestartMin{100}, kRestartMax{10'000};
const Instant kFar{INT64_MAX / 2};

io::Task<Result<void>> reply(http::Exchange& exchange, int status, std::string body) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", "application/json");
    co_return co_await exchange.respond(std::move(head), body);
}

}  // namespace

Worker::Worker(config::Function function, Options options)
    : function_(std::move(function)), options_(std::move(options)) {}
Worker::~Worker() = default;

void Worker::stop() {
    stopping_ = true;
    changed_.notify_all();
    if (process_ != nullptr) process_->signal(SIGKILL);
}

io::Task<void> Worker::run() {
    running_ = true;
    Millis pause = kRestartMin;
    while (!stopping_) {
        const Instant started = io::Executor::current().clock().monotonic();
        const Result<void> ended = co_await run_once();
        if (stopping_) break;
        if (!ended) log::warning("function_start_failed", {{"function", function_.name}});
        // A process that lived for a while starts the pauses over.
        const bool lived = io::Executor::current().clock().monotonic() - started > kRestartMax;
        pause = lived ? kRestartMin : std::min(pause * 2, kRestartMax);
        co_await changed_.wait_until(io::deadline_in(pause));
    }
    // Completing resumes the caller, which may call again.
    for (const auto& invocation : std::exchange(waiting_, {})) {
        complete(*invocation, fail(Code::cancelled, "The region is stopping."));
    }
    co_await deadlines_.drain(io::deadline_in(Millis(1000)));
    running_ = false;
}

io::Task<Result<void>> Worker::run_once() {
    const io::Endpoint any{"127.0.0.1", 0};
    CO_TRY(auto listener, io::Executor::current().network().listen(any));
    http::ServerOptions server_options;
    server_options.body_bytes_max = kResultBytesMax;
    http::Server server(std::move(listener), server_options,
                        [this](http::Exchange& exchange) { return answer(exchange); });
    server.start();

    io::ProcessOptions process_options;
    process_options.command = function_.command;
    process_options.directory = directory();
    polled_ = false;
    process_options.environment = environment(server.local());
    process_options.capture_output = true;
    Result<std::unique_ptr<io::Process>> process = io::start_process(process_options);
    Result<void> outcome;
    if (process) {
        process_ = process->get();
        metrics_->starts.add();
        io::TaskGroup output;
        output.spawn(log_output(*process_->output()));
        const Result<int> status = co_await process_->wait(kFar);
        process_ = nullptr;
        asks_ = false;
        metrics_->exits.add();
        if (!stopping_)
            log::warning("function_exited",
                         {{"function", function_.name}, {"status", status.value_or(-1)}});
        (*process)->output()->cancel();
        co_await output.drain(io::deadline_in(Millis(1000)));
    } else {
        outcome = std::unexpected(process.error());
    }
    if (busy_)
        complete(*busy_,
                 fail(Code::unavailable, "The function's process ended.", reason::kCrashed));
    busy_.reset();
    failed_starts_ = polled_ ? 0 : failed_starts_ + 1;
    if (failed_starts_ >= kFailedStartsMax && !stopping_) fail_waiting();
    count_load();
    changed_.notify_all();  // polls of this process end
    co_await server.stop(io::deadline_in(Millis(50)));
    co_return outcome;
}

// Processes that ended before they asked for work, twice in a row, would end so for each of them:
// callers hear of it now, not at their deadline.
void Worker::fail_waiting() {
    for (const auto& invocation : std::exchange(waiting_, {})) {
        complete(*invocation,
                 fail(Code::unavailable, "The function did not start.", reason::kCrashed));
    }
}

io::Task<void> Worker::log_output(io::Stream& output) {
    std::string line;
    std::array<char, 4096> buffer;
    for (;;) {
        const Result<std::size_t> count = co_await output.read_some(buffer, kFar);
        if (!count || *count == 0) break;
        for (char c : std::string_view(buffer.data(), *count)) {
            if (c != '\n' && line.size() < kLineBytesMax) {
                line += c;
                continue;
            }
            log::info("function_output", {{"function", function_.name},
                                          {"request_id", busy_ ? busy_->id : std::string()},
                                          {"line", line}});
            line.clear();
        }
    }
}

std::string Worker::directory() const {
    return function_.directory.starts_with('/')
               ? function_.directory
               : options_.config_directory + '/' + function_.directory;
}

std::vector<std::pair<std::string, std::string>> Worker::environment(
    const io::Endpoint& api) const {
    std::vector<std::pair<std::string, std::string>> out = {
        {"PATH", getenv("PATH") != nullptr ? getenv("PATH") : "/usr/local/bin:/usr/bin:/bin"},
        {"LANG", "C.UTF-8"},
        {"TZ", "UTC"},
        {"HOME", "/tmp"},
        {"AWS_LAMBDA_RUNTIME_API", api.to_string()},
        {"AWS_LAMBDA_FUNCTION_NAME", function_.name},
        {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"},
        {"LAMBDA_TASK_ROOT", directory()},
        {"AWS_REGION", options_.region},
        {"AWS_DEFAULT_REGION", options_.region},
        {"AWS_ENDPOINT_URL", options_.aws_endpoint},
        {"AWS_ENDPOINT_URL_DYNAMODB", options_.aws_endpoint}};
    for (const auto& [name, value] : function_.environment) out.emplace_back(name, value);
    return out;
}

// For whoever reads the metrics, on another thread.
void Worker::count_load() {
    metrics_->waiting = waiting_.size();
    metrics_->running = busy_ ? 1 : 0;
}

void Worker::report_to(telemetry::Registry& registry) const {
    const telemetry::Labels labels{{"function", function_.name}};
    registry.add("domicile_function_invocations_total",
                 "Invocations; failed: the handler raised an error.", metrics_->invocations,
                 {"outcome"}, labels);
    registry.add("domicile_function_duration_seconds",
                 "Invocations from the call to the result, waiting for the process included.",
                 metrics_->time, labels);
    registry.add("domicile_function_starts_total", "Processes started (cold starts).",
                 metrics_->starts, labels);
    registry.add("domicile_function_exits_total", "Processes that ended.", metrics_->exits, labels);
    registry.add_gauge(
        "domicile_function_waiting", "Invocations that wait for the process.",
        [m = metrics_] { return static_cast<double>(m->waiting.load()); }, labels);
    registry.add_gauge(
        "domicile_function_running", "Invocations that the process is working on.",
        [m = metrics_] { return static_cast<double>(m->running.load()); }, labels);
}

io::Task<Result<std::string>> Worker::invoke(std::string event, std::string request_id) {
    const io::Clock& clock = io::Executor::current().clock();
    const std::int64_t start = clock.monotonic_ns();
    auto result = co_await invoke_counted(std::move(event), std::move(request_id));
    metrics_->invocations.add(telemetry::outcome_of(result));
    metrics_->time.observe(telemetry::Nanos(clock.monotonic_ns() - start));
    co_return result;
}

io::Task<Result<std::string>> Worker::invoke_counted(std::string event, std::string request_id) {
    if (stopping_) co_return fail(Code::cancelled, "The region is stopping.");
    if (waiting_.size() >= options_.queue_max) {
        co_return fail(Code::resource_exhausted, "The function has too many waiting calls.",
                       reason::kBusy);
    }
    auto invocation = std::make_shared<Invocation>();
    invocation->id = std::move(request_id);
    invocation->event = std::move(event);
    invocation->trace = telemetry::amazon_trace_of(RequestContext::current());
    invocation->deadline = io::deadline_in(Seconds(function_.timeout_seconds));
    waiting_.push_back(invocation);
    count_load();
    changed_.notify_all();
    deadlines_.spawn(enforce_deadline(invocation));
    while (!invocation->result) co_await invocation->done.wait_until(kFar);
    co_return std::move(*invocation->result);
}

io::Task<void> Worker::enforce_deadline(std::shared_ptr<Invocation> invocation) {
    while (!invocation->result) {
        const bool notified = co_await invocation->done.wait_until(invocation->deadline);
        if (notified || invocation->result) continue;
        std::erase(waiting_, invocation);
        // Its process may never come back: kill it, and the next invocation gets a fresh one.
        if (busy_ == invocation) {
            busy_.reset();
            if (process_ != nullptr) process_->signal(SIGKILL);
        }
        count_load();
        complete(*invocation, fail(Code::deadline_exceeded, "The function did not answer in time.",
                                   reason::kTimedOut));
    }
}

void Worker::complete(Invocation& invocation, Result<std::string> result) {
    if (invocation.result) return;
    invocation.result.emplace(std::move(result));
    invocation.done.notify_all();
}

io::Task<Result<void>> Worker::answer(http::Exchange& exchange) {
    std::string_view path = exchange.request().path;
    if (!path.starts_with(kPrefix)) co_return co_await reply(exchange, 404, "{}");
    path.remove_prefix(kPrefix.size());
    if (path == "invocation/next" && exchange.request().method == "GET")
        co_return co_await next(exchange);
    if (exchange.request().method != "POST") co_return co_await reply(exchange, 405, "{}");
    if (path == "init/error") {
        log::warning("function_init_error", {{"function", function_.name}});
        co_return co_await reply(exchange, 202, R"({"status":"OK"})");
    }
    if (path.starts_with("invocation/")) co_return co_await finish(exchange, path.substr(11));
    co_return co_await reply(exchange, 404, "{}");
}

io::Task<Result<void>> Worker::next(http::Exchange& exchange) {
    const io::Process* process = process_;
    polled_ = true;
    asks_ = process != nullptr;
    while (waiting_.empty() || busy_) {
        co_await changed_.wait_until(kFar);
        if (stopping_ || process_ != process || process_ == nullptr) {
            co_return fail(Code::cancelled, "The process is gone.");
        }
    }
    busy_ = waiting_.front();
    waiting_.pop_front();
    count_load();
    const std::shared_ptr<Invocation> invocation = busy_;
    const io::Clock& clock = io::Executor::current().clock();
    const Timestamp deadline = clock.now() + (invocation->deadline - clock.monotonic());
    http::ResponseHead head;
    head.add("Content-Type", "application/json");
    head.add("Lambda-Runtime-Aws-Request-Id", invocation->id);
    head.add("Lambda-Runtime-Trace-Id", invocation->trace);
    head.add("Lambda-Runtime-Deadline-Ms", std::to_string(deadline.ms));
    head.add("Lambda-Runtime-Invoked-Function-Arn",
             "arn:aws:lambda:" + options_.region + ":000000000000:function:" + function_.name);
    const Result<void> sent = co_await exchange.respond(std::move(head), invocation->event);
    if (!sent && busy_ == invocation && !invocation->result) {
        // The poll's connection was gone: the next poll gets it.
        busy_.reset();
        waiting_.push_front(invocation);
        count_load();
        changed_.notify_all();
    }
    co_return sent;
}

std::shared_ptr<Worker::Invocation> Worker::current(std::string_view id) {
    return busy_ && busy_->id == id ? busy_ : nullptr;
}

io::Task<Result<void>> Worker::finish(http::Exchange& exchange, std::string_view rest) {
    const auto slash = std::min(rest.find('/'), rest.size());
    const std::string id(rest.substr(0, slash));
    const std::string what(rest.substr(std::min(slash + 1, rest.size())));
    CO_TRY(std::string body, co_await exchange.read_all(kResultBytesMax));
    const std::shared_ptr<Invocation> invocation = current(id);
    if (!invocation || (what != "response" && what != "error")) {
        // Late, or for an invocation that was never handed out.
        co_return co_await reply(exchange, 400, R"({"errorType":"InvalidRequestID"})");
    }
    busy_.reset();
    count_load();
    if (what == "response") {
        complete(*invocation, std::move(body));
    } else {
        complete(*invocation,
                 fail(Code::internal, "The function raised an error.", reason::kRaised));
    }
    changed_.notify_all();
    co_return co_await reply(exchange, 202, R"({"status":"OK"})");
}

}  // namespace domicile::functions
