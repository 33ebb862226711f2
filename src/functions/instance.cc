#include "functions/instance.h"

#include <signal.h>

#include "base/encoding.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "functions/guarded_listener.h"
#include "functions/pool.h"
#include "functions/redact.h"

namespace domicile::functions {
namespace {

constexpr std::string_view kPrefix = "/2018-06-01/runtime/";
constexpr std::string_view kCredentials = "/credentials";
constexpr std::size_t kResultBytesMax = 6 << 20;
constexpr std::size_t kStreamBytesMax = 200 << 20;
constexpr Millis kStreamPause{900'000};               // the invocation's deadline comes before
constexpr std::size_t kTailBytes = 4 << 10;           // of the log, as Lambda returns them
constexpr std::size_t kOutputBytesASecond = 1 << 20;  // more of it is read later
constexpr Millis kTermGrace{500};
constexpr Millis kEgressLook{1000};
constexpr Millis kOutputTurn{16};  // two turns of the reactor, at least
const Instant kFar{INT64_MAX / 2};

io::Task<Result<void>> reply(http::Exchange& exchange, int status, std::string body) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", "application/json");
    co_return co_await exchange.respond(std::move(head), body);
}

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

// Tells a poll that its process has closed the connection: what was sent there would be lost.
class Departure final : public io::EndWatcher {
  public:
    Departure(http::Exchange& exchange, io::Event& changed)
        : exchange_(exchange), changed_(changed) {
        exchange_.watch_client(this);
    }
    ~Departure() {
        if (!left_) exchange_.watch_client(nullptr);
    }
    bool left() const { return left_; }

  private:
    void peer_ended() override {
        left_ = true;
        changed_.notify_all();  // the last that touches this
    }
    http::Exchange& exchange_;
    io::Event& changed_;
    bool left_ = false;
};

namespace {

// Nothing when it is too long. That is read to its end all the same, so that the process, which
// writes first and listens then, hears of it.
io::Task<Result<std::optional<std::string>>> read_result(http::Exchange& exchange) {
    std::optional<std::string> body = std::string();
    const std::uint64_t known = exchange.content_length().value_or(0);
    if (known <= kResultBytesMax) body->reserve(known);
    for (;;) {
        CO_TRY(const std::string_view piece, co_await exchange.read());
        if (piece.empty()) break;
        if (body && body->size() + piece.size() > kResultBytesMax) body.reset();
        if (body) *body += piece;
    }
    co_return body;
}

const char* const kTooLargeForUs = R"({"errorType":"RequestEntityTooLarge"})";
const char* const kTooLargeForCaller =
    R"({"errorType":"Function.ResponseSizeTooLarge","errorMessage":)"
    R"("Response payload size exceeded maximum allowed payload size (6291456 bytes)."})";

// What a process that streams says behind its answer when it failed in the middle of it.
std::optional<std::string> error_in_trailers(const http::Exchange& exchange) {
    const auto type = exchange.trailer("Lambda-Runtime-Function-Error-Type");
    if (!type) return std::nullopt;
    const auto body = exchange.trailer("Lambda-Runtime-Function-Error-Body");
    std::optional<std::string> document = from_base64(body.value_or(""));
    if (document && !document->empty()) return document;
    return json::serialize(json::object{{"errorType", *type}});
}

void add_to_tail(std::string& tail, std::string_view line) {
    tail += line;
    tail += '\n';
    if (tail.size() > kTailBytes) tail.erase(0, tail.size() - kTailBytes);
}

}  // namespace

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
    idle_ = false;
    ++polls_;
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
    idle_ = false;
    if (!ending_)
        log::warning("function_exited",
                     {{"function", pool_.function().name}, {"status", status.value_or(-1)}});
    // What was written before the end is part of the log of what was under way. Whatever left the
    // group and holds the pipe open is not waited for.
    (void)co_await output.drain(io::deadline_in(Millis(100)));
    process.output()->cancel();
    co_await output.drain(io::deadline_in(Millis(1000)));
    const std::shared_ptr<Invocation> lost = std::exchange(work_, nullptr);
    if (lost) {
        lost->at = nullptr;
        lost->complete(fail(Code::unavailable, "The function's process ended.", reason::kCrashed));
    }
}

void Instance::kill() {
    ending_ = true;
    idle_ = false;
    changed_.notify_all();
    if (process_ != nullptr) process_->signal(SIGKILL);
}

void Instance::end() {
    ending_ = true;
    idle_ = false;
    changed_.notify_all();
    if (process_ == nullptr) return;
    process_->signal(SIGTERM);
    tasks_.spawn(watch_end());
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

// A line belongs to what the process works on at the time.
void Instance::log_line(std::string_view line, bool cut) {
    const std::string id = work_ ? work_->call.request_id : std::string();
    const std::string clean = redact(line, id);
    if (work_ && work_->call.tail && !work_->result) add_to_tail(*work_->call.tail, clean);
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
         "http://" + api.to_string() + std::string(kCredentials)},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", token_}};
    const auto& own = pool_.function().environment;
    // Where a runtime has its handler as the last argument; others say it in their configuration.
    if (!own.contains("_HANDLER")) out.emplace_back("_HANDLER", pool_.function().command.back());
    for (const auto& [key, value] : own) out.emplace_back(key, value);
    return out;
}

// ---- Runtime API -------------------------------------------------------------------------------

io::Task<Result<void>> Instance::answer(http::Exchange& exchange) {
    std::string_view path = exchange.request().path;
    if (path == kCredentials) co_return co_await give_credentials(exchange);
    if (!path.starts_with(kPrefix)) co_return co_await reply(exchange, 404, "{}");
    path.remove_prefix(kPrefix.size());
    if (path == "invocation/next" && exchange.request().method == "GET")
        co_return co_await next(exchange);
    if (exchange.request().method != "POST") co_return co_await reply(exchange, 405, "{}");
    if (path == "init/error") {
        log::warning("function_init_error", {{"function", pool_.function().name}});
        co_return co_await reply(exchange, 202, R"({"status":"OK"})");
    }
    if (path.starts_with("invocation/")) co_return co_await finish(exchange, path.substr(11));
    co_return co_await reply(exchange, 404, "{}");
}

// As the SDKs' container provider reads them, and fetches them again before they end. The token
// keeps other programs of this machine away.
io::Task<Result<void>> Instance::give_credentials(http::Exchange& exchange) {
    const std::string_view token = exchange.request().headers.find("Authorization").value_or("");
    if (exchange.request().method != "GET" || !crypto::constant_time_equal(token, token_))
        co_return co_await reply(exchange, 403, R"({"code":"AccessDenied"})");
    const access::Credentials own = pool_.credentials();
    const json::object body{{"AccessKeyId", own.access_key_id},
                            {"SecretAccessKey", own.secret_access_key.expose()},
                            {"Token", own.session_token},
                            {"Expiration", to_rfc3339(own.expires)}};
    co_return co_await reply(exchange, 200, json::serialize(body));
}

void Instance::hand_over(std::shared_ptr<Invocation> invocation) {
    idle_ = false;
    work_ = std::move(invocation);
    work_->at = this;
    changed_.notify_all();
}

// False when the wait ended for another poll of the process, or for its end. A process that polls
// while it has not answered waits until its invocation has ended: runtimes may ask ahead.
io::Task<Result<bool>> Instance::wait_for_work(const Departure& client) {
    const std::uint64_t turn = ++polls_;
    const std::shared_ptr<Invocation> before = work_;
    polled_ = true;
    changed_.notify_all();  // an earlier poll ends
    for (;;) {
        if (turn != polls_ || process_ == nullptr || ending_) co_return false;
        if (client.left()) {
            idle_ = false;
            co_return false;
        }
        if (work_ && work_ != before) co_return true;
        if (!work_ && !idle_) {
            idle_ = true;
            idle_since_ = io::Executor::current().clock().coarse();
            pool_.offer(*this);  // may hand over
            continue;
        }
        co_await changed_.wait_until(kFar);
    }
}

io::Task<Result<void>> Instance::next(http::Exchange& exchange) {
    Result<bool> any = false;
    {
        const Departure client(exchange, changed_);
        any = co_await wait_for_work(client);
    }
    if (!any.value_or(false)) co_return fail(Code::cancelled, "The process is gone.");
    const std::shared_ptr<Invocation> invocation = work_;
    const io::Clock& clock = io::Executor::current().clock();
    invocation->handed_ns = clock.monotonic_ns();
    if (invocation->call.tail)
        *invocation->call.tail =
            "START RequestId: " + invocation->call.request_id + " Version: $LATEST\n";
    const Result<void> sent =
        co_await exchange.respond(head_of(*invocation), invocation->call.event);
    if (!sent && work_ == invocation && !invocation->result) {
        // The poll's connection was gone: the next poll gets it, of whichever process.
        work_.reset();
        invocation->at = nullptr;
        pool_.give_back(invocation);
    }
    co_return sent;
}

http::ResponseHead Instance::head_of(const Invocation& invocation) const {
    const io::Clock& clock = io::Executor::current().clock();
    const Timestamp deadline = clock.now() + (invocation.deadline - clock.monotonic());
    http::ResponseHead head;
    head.add("Content-Type", "application/json");
    head.add("Lambda-Runtime-Aws-Request-Id", invocation.call.request_id);
    head.add("Lambda-Runtime-Trace-Id", invocation.trace);
    head.add("Lambda-Runtime-Deadline-Ms", std::to_string(deadline.ms));
    head.add("Lambda-Runtime-Invoked-Function-Arn",
             arn_of(pool_.options().region, pool_.function().name));
    if (!invocation.call.client_context.empty())
        head.add("Lambda-Runtime-Client-Context", invocation.call.client_context);
    return head;
}

io::Task<Result<void>> Instance::finish(http::Exchange& exchange, std::string_view rest) {
    const auto slash = std::min(rest.find('/'), rest.size());
    const std::string id(rest.substr(0, slash));
    const std::string what(rest.substr(std::min(slash + 1, rest.size())));
    const bool streams =
        exchange.request().headers.find("Lambda-Runtime-Function-Response-Mode").value_or("") ==
        "streaming";
    if (streams && what == "response" && has(id) && work_->call.pipe)
        co_return co_await stream(exchange, work_);
    CO_TRY(std::optional<std::string> body, co_await read_result(exchange));
    const std::shared_ptr<Invocation> invocation = work_;
    // Late, or for an invocation that was never handed out.
    if (!has(id) || (what != "response" && what != "error"))
        co_return co_await reply(exchange, 400, R"({"errorType":"InvalidRequestID"})");
    if (invocation->call.tail) co_await report(*invocation);
    if (work_ == invocation) release();
    invocation->at = nullptr;
    bool raised = what == "error" || !body;
    // It streamed for a caller that wants it whole, and failed in the middle.
    if (const auto error = error_in_trailers(exchange); streams && error) {
        body = *error;
        raised = true;
    }
    invocation->complete(Answer{body ? std::move(*body) : kTooLargeForCaller, raised});
    if (!body) co_return co_await reply(exchange, 413, kTooLargeForUs);
    co_return co_await reply(exchange, 202, R"({"status":"OK"})");
}

bool Instance::has(std::string_view id) const {
    return work_ && work_->call.request_id == id && !work_->result && !work_->streaming;
}

// Pieces go to the caller as they come. One that has left is read for all the same: the function
// goes on to its end.
io::Task<Result<void>> Instance::stream(http::Exchange& exchange,
                                        std::shared_ptr<Invocation> invocation) {
    invocation->streaming = true;
    Pipe& pipe = *invocation->call.pipe;
    pipe.begin(std::string(exchange.request().headers.find("Content-Type").value_or("")));
    bool read_on = true;
    Result<std::string_view> piece = std::string_view();
    for (;;) {
        piece = co_await exchange.read();
        if (!piece || piece->empty()) break;
        if (!read_on) continue;
        std::string bytes(*piece);
        const Result<void> taken = co_await pipe.write(std::move(bytes), invocation->deadline);
        read_on = taken.has_value();
    }
    if (invocation->call.tail && piece && !invocation->result) co_await report(*invocation);
    if (work_ == invocation) release();
    invocation->at = nullptr;
    if (!piece) {
        invocation->complete(
            fail(Code::unavailable, "The function broke off its answer.", reason::kCrashed));
        co_return std::unexpected(piece.error());
    }
    std::optional<std::string> error = error_in_trailers(exchange);
    const bool raised = error.has_value();
    invocation->complete(Answer{std::move(error).value_or(""), raised, true});
    co_return co_await reply(exchange, 202, R"({"status":"OK"})");
}

void Instance::release() {
    work_.reset();
    changed_.notify_all();  // a poll that waits for it
}

// The lines that Lambda puts around an invocation's log. What was written before the answer is in
// the pipe by now, and is read first.
io::Task<void> Instance::report(Invocation& invocation) {
    co_await io::sleep_for(kOutputTurn);
    const io::Clock& clock = io::Executor::current().clock();
    const double ms = static_cast<double>(clock.monotonic_ns() - invocation.handed_ns) / 1e6;
    const std::string id = invocation.call.request_id;
    std::array<char, 64> duration{};
    std::snprintf(duration.data(), duration.size(), "%.2f ms", ms);
    std::string& tail = *invocation.call.tail;
    add_to_tail(tail, "END RequestId: " + id);
    add_to_tail(tail, "REPORT RequestId: " + id + "\tDuration: " + duration.data());
}

}  // namespace domicile::functions
