#include "functions/pool.h"

#include <algorithm>

#include "base/log.h"
#include "telemetry/trace.h"

namespace domicile::functions {
namespace {

constexpr int kFailedStartsMax = 2;
constexpr Millis kRestartMin{100}, kRestartMax{10'000};
constexpr Millis kPatience{16};              // of a call, before it gets a process of its own
constexpr Millis kOwnLifetime{60 * 60'000};  // of a process's credentials; SDKs fetch new ones
constexpr Millis kReap{1000};                // between two looks for idle processes
const Instant kFar{INT64_MAX / 2};

Instant now() { return io::Executor::current().clock().coarse(); }

}  // namespace

Pool::Pool(config::Function function, Options options, access::Access& access, audit::Log* audit)
    : ready_(function.concurrency.reserved == 0),
      function_(std::move(function)),
      options_(std::move(options)),
      access_(access),
      audit_(audit),
      pause_(kRestartMin) {}
Pool::~Pool() = default;

access::Credentials Pool::credentials() const {
    std::vector<std::string> tables;
    for (const std::string& table : function_.tables)
        if (std::ranges::count(options_.resident_tables, table) == 0) tables.push_back(table);
    return access_.issue_session(policy_of(function_, tables), std::nullopt, kOwnLifetime);
}

void Pool::stop() {
    stopping_ = true;
    for (const auto& instance : instances_) instance->kill();
    changed_.notify_all();
}

io::Task<void> Pool::run() {
    running_ = true;
    while (!stopping_) {
        shrink();
        grow();
        count_load();
        co_await changed_.wait_until(next_look());
    }
    fail_waiting(Error{Code::cancelled, "The region is stopping.", {}});
    co_await running_instances_.drain(io::deadline_in(Millis(2000)));
    co_await deadlines_.drain(io::deadline_in(Millis(1000)));
    running_ = false;
}

// ---- How many ----------------------------------------------------------------------------------

std::size_t Pool::count(bool (Instance::*is)() const) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(instances_, [is](const auto& one) { return (*one.*is)(); }));
}

bool Pool::in_use() const {
    return used_ && now() - last_used_ < Seconds(function_.concurrency.idle_seconds);
}

std::size_t Pool::wanted() const {
    const config::Concurrency& bounds = function_.concurrency;
    const std::size_t busy = count(&Instance::busy);
    std::size_t out = static_cast<std::size_t>(bounds.reserved);
    if (!waiting_.empty()) {
        out = std::max<std::size_t>(out, 1);
        const bool long_enough = now() - waiting_.front()->since >= kPatience;
        const auto each = static_cast<std::size_t>(bounds.per_process);
        if (long_enough) out = std::max(out, busy + (waiting_.size() + each - 1) / each);
    }
    if (bounds.warm > 0 && in_use())
        out = std::max(out, busy + static_cast<std::size_t>(bounds.warm));
    return std::min(out, static_cast<std::size_t>(bounds.maximum));
}

void Pool::grow() {
    if (stopping_ || now() < no_start_before_) return;
    std::size_t target = wanted();
    // Those that are ending count: they still take memory, and a start can wait for them.
    if (failed_starts_ > 0) target = std::min(target, instances_.size() + 1);
    while (instances_.size() < target && now() >= no_start_before_) start_one();
}

// Idle for long, and more than are kept: the one that is idle longest goes first.
void Pool::shrink() {
    const config::Concurrency& bounds = function_.concurrency;
    const std::size_t warm = in_use() ? static_cast<std::size_t>(bounds.warm) : 0;
    for (;;) {
        const std::size_t staying = instances_.size() - count(&Instance::ending);
        if (staying <= static_cast<std::size_t>(bounds.reserved)) return;
        if (count(&Instance::idle) <= warm) return;
        Instance* oldest = nullptr;
        for (const auto& one : instances_)
            if (one->idle() && (oldest == nullptr || one->idle_since() < oldest->idle_since()))
                oldest = one.get();
        if (now() - oldest->idle_since() < Seconds(bounds.idle_seconds)) return;
        oldest->end();
    }
}

Instant Pool::next_look() const {
    Instant at = kFar;
    if (instances_.size() > static_cast<std::size_t>(function_.concurrency.reserved))
        at = std::min(at, now() + kReap);
    if (now() < no_start_before_) at = std::min(at, no_start_before_);
    const auto most = static_cast<std::size_t>(function_.concurrency.maximum);
    if (!waiting_.empty() && instances_.size() < most)
        at = std::min(at, std::max(waiting_.front()->since + kPatience, now() + kPatience));
    return at;
}

void Pool::start_one() {
    auto instance = std::make_shared<Instance>(*this);
    instances_.push_back(instance);
    running_instances_.spawn(run_instance(std::move(instance)));
}

io::Task<void> Pool::run_instance(std::shared_ptr<Instance> instance) {
    metrics_->starts.add();
    const Result<void> outcome = co_await instance->run();
    metrics_->exits.add();
    std::erase(instances_, instance);
    if (!outcome) log::warning("function_start_failed", {{"function", function_.name}});
    if (!instance->ending()) ended(*instance);
    ready_ = count(&Instance::polled) > 0 ||
             (function_.concurrency.reserved == 0 && failed_starts_ == 0);
    count_load();
    changed_.notify_all();
}

// By itself. Processes that ended before they asked for work, twice in a row, would end so for each
// of those that wait: they hear of it now, not at their deadline.
void Pool::ended(const Instance& instance) {
    failed_starts_ = instance.polled() ? 0 : failed_starts_ + 1;
    if (instance.polled()) pause_ = kRestartMin;
    no_start_before_ = now() + pause_;
    if (!instance.polled()) pause_ = std::min(pause_ * 2, kRestartMax);
    const bool none_works = count(&Instance::polled) == 0;
    if (failed_starts_ >= kFailedStartsMax && none_works && !stopping_)
        fail_waiting(Error{Code::unavailable, "The function did not start.", reason::kCrashed});
}

void Pool::fail_waiting(const Error& error) {
    for (const auto& invocation : std::exchange(waiting_, {}))
        invocation->complete(std::unexpected(error));
}

// For whoever reads the metrics, on another thread.
void Pool::count_load() {
    metrics_->waiting = waiting_.size();
    std::size_t running = 0;
    for (const auto& instance : instances_) running += instance->works();
    metrics_->running = running;
    metrics_->processes = instances_.size();
}

void Pool::report_to(telemetry::Registry& registry) const {
    const telemetry::Labels labels{{"function", function_.name}};
    registry.add("domicile_function_invocations_total",
                 "Invocations; failed: the handler raised an error.", metrics_->invocations,
                 {"outcome"}, labels);
    registry.add("domicile_function_duration_seconds",
                 "Invocations from the call to the result, waiting for a process included.",
                 metrics_->time, labels);
    registry.add("domicile_function_starts_total", "Processes started (cold starts).",
                 metrics_->starts, labels);
    registry.add("domicile_function_exits_total", "Processes that ended.", metrics_->exits, labels);
    registry.add("domicile_function_dropped_lines_total",
                 "Lines of output that were not logged, since there were too many.",
                 metrics_->dropped_lines, labels);
    registry.add_gauge(
        "domicile_function_waiting", "Invocations that wait for a process.",
        [m = metrics_] { return static_cast<double>(m->waiting.load()); }, labels);
    registry.add_gauge(
        "domicile_function_running", "Invocations that processes are working on.",
        [m = metrics_] { return static_cast<double>(m->running.load()); }, labels);
    registry.add_gauge(
        "domicile_function_processes", "Processes there are.",
        [m = metrics_] { return static_cast<double>(m->processes.load()); }, labels);
}

// ---- Calls -------------------------------------------------------------------------------------

io::Task<Result<Answer>> Pool::invoke(Call call) {
    const io::Clock& clock = io::Executor::current().clock();
    const std::int64_t start = clock.monotonic_ns();
    auto result = co_await invoke_counted(std::move(call));
    const bool raised = result && result->raised;
    metrics_->invocations.add(raised ? telemetry::Outcome::failed : telemetry::outcome_of(result));
    metrics_->time.observe(telemetry::Nanos(clock.monotonic_ns() - start));
    co_return result;
}

io::Task<Result<Answer>> Pool::invoke_counted(Call call) {
    if (stopping_) co_return fail(Code::cancelled, "The region is stopping.");
    auto invocation = std::make_shared<Invocation>();
    invocation->call = std::move(call);
    invocation->trace = telemetry::amazon_trace_of(RequestContext::current());
    invocation->since = last_used_ = now();
    invocation->deadline = io::deadline_in(Seconds(function_.timeout_seconds));
    used_ = true;
    Instance* const free = freest();
    if (free == nullptr &&
        waiting_.size() >= static_cast<std::size_t>(function_.concurrency.queue_max)) {
        co_return fail(Code::resource_exhausted, "The function has too many waiting calls.",
                       reason::kBusy);
    }
    deadlines_.spawn(enforce_deadline(invocation));
    if (free != nullptr)
        free->hand_over(invocation);
    else
        waiting_.push_back(invocation);
    count_load();
    // Somebody has to be started, now or soon.
    if (free == nullptr || function_.concurrency.warm > 0) changed_.notify_all();
    while (!invocation->result) co_await invocation->done.wait_until(kFar);
    count_load();
    co_return std::move(*invocation->result);
}

// The one with the least to do; of several, the one that worked last.
Instance* Pool::freest() const {
    Instance* out = nullptr;
    for (const auto& one : instances_) {
        if (!one->takes()) continue;
        const bool better = out == nullptr || one->works() < out->works() ||
                            (one->works() == out->works() && one->idle_since() > out->idle_since());
        if (better) out = one.get();
    }
    return out;
}

void Pool::offer(Instance& instance) {
    ready_ = true;
    failed_starts_ = 0;
    while (!waiting_.empty() && instance.takes()) {
        std::shared_ptr<Invocation> invocation = std::move(waiting_.front());
        waiting_.pop_front();
        instance.hand_over(std::move(invocation));
        count_load();
    }
}

void Pool::give_back(std::shared_ptr<Invocation> invocation) {
    waiting_.push_front(std::move(invocation));
    Instance* const free = freest();
    if (free != nullptr) return offer(*free);
    changed_.notify_all();
}

io::Task<void> Pool::enforce_deadline(std::shared_ptr<Invocation> invocation) {
    while (!invocation->result) {
        const bool notified = co_await invocation->done.wait_until(invocation->deadline);
        if (notified || invocation->result) continue;
        std::erase(waiting_, invocation);
        // Its process may never come back: it goes with all of its group.
        if (invocation->at != nullptr) invocation->at->give_up(invocation);
        invocation->complete(fail(Code::deadline_exceeded, "The function did not answer in time.",
                                  reason::kTimedOut));
    }
}

}  // namespace domicile::functions
