#include "events/queue.h"

#include "base/log.h"

namespace domicile::events {
namespace {
constexpr Millis kLoopEnd{15'000};  // as long as a batch of the database may take
constexpr Millis kJobsEnd{3'000};
}  // namespace

// The place that a payload is sealed for.
std::string seal_context(const std::string& id) { return "function_events.sealed:" + id; }

Queue::Queue(Parts parts)
    : parts_(std::move(parts)),
      store_(parts_.database, parts_.nodes.run()),
      region_key_(parts_.keyring.region_key("function_events")) {}
Queue::~Queue() = default;

io::Task<Result<void>> Queue::open() { return store_.open(); }

void Queue::start() {
    executor_ = &io::Executor::current();
    loop_.spawn(run());
}

void Queue::wake() {
    woken_ = true;
    wake_.notify_all();
}

io::Task<void> Queue::stop(Instant deadline) {
    if (executor_.exchange(nullptr) == nullptr) co_return;
    stopping_ = true;
    stop_.notify_all();
    wake();
    const Instant end = io::deadline_in(kLoopEnd);
    co_await loop_.drain(end);
    co_await running_.drain(deadline);
}

io::Task<void> Queue::release() {
    const Instant end = io::deadline_in(kJobsEnd);
    co_await running_.drain(end);
    std::vector<sql::Statement> batch;
    batch.push_back(Store::freeing_all_of(store_.run()));
    // Without it the others wait for the silence of this run.
    (void)co_await parts_.database.write(std::move(batch));
}

// ---- Lanes -------------------------------------------------------------------------------------

Queue::Lane& Queue::lane(const std::string& function) {
    const auto found = lanes_.find(function);
    if (found != lanes_.end()) return found->second;
    Lane& made = lanes_[function];
    if (registry_ == nullptr) return made;
    const telemetry::Labels labels{{"function", function}};
    registry_->add("domicile_function_events_total", "Event invocations, by what became of them.",
                   made.metrics->steps, {"step"}, labels);
    registry_->add_gauge(
        "domicile_function_events_queued", "Event invocations that wait or are worked on.",
        [m = made.metrics] { return static_cast<double>(m->events.load()); }, labels);
    registry_->add_gauge(
        "domicile_function_events_queued_bytes", "The size of their payloads.",
        [m = made.metrics] { return static_cast<double>(m->bytes.load()); }, labels);
    return made;
}

Queue::Amount& Queue::Amount::operator+=(const Amount& other) {
    events += other.events;
    bytes += other.bytes;
    return *this;
}

Queue::Amount& Queue::Amount::operator-=(const Amount& other) {
    events -= other.events;
    bytes -= other.bytes;
    return *this;
}

void Queue::promise(Lane& lane, Amount amount) {
    lane.held += amount;
    lane.promised += amount;
    changed_ = true;
}

// It is written, or will not be. A count that is under way may have read before: then it is held
// twice until the next one, never missed.
void Queue::end_promise(const std::string& function, Amount amount) {
    const std::lock_guard lock(mutex_);
    Lane& own = lane(function);
    own.promised -= amount;
    own.written += amount;
    changed_ = true;
}

// Whether this node runs it at once.
Result<bool> Queue::reserve(const config::Function& function, std::size_t bytes) {
    const auto size = static_cast<std::int64_t>(bytes);
    const std::int64_t bytes_max = std::int64_t(function.events.queue_megabytes) << 20;
    const std::lock_guard lock(mutex_);
    Lane& own = lane(function.name);
    if (own.held.events >= function.events.queue_max || own.held.bytes + size > bytes_max) {
        own.metrics->steps.add(Step::refused);
        return fail(Code::resource_exhausted, "The function has too many waiting events.",
                    functions::reason::kBusy);
    }
    promise(own, {1, size});
    const auto most = static_cast<std::size_t>(function.concurrency.maximum);
    const bool here = executor_.load() != nullptr && !own.waiting && own.running < most;
    if (here) ++own.running;
    return here;
}

void Queue::leave(const std::string& function) {
    const std::lock_guard lock(mutex_);
    --lane(function).running;
}

void Queue::note(const std::string& function, Step step) {
    const std::lock_guard lock(mutex_);
    lane(function).metrics->steps.add(step);
}

// ---- Taking ------------------------------------------------------------------------------------

io::Task<Result<keyring::DataKey>> Queue::key_of(std::optional<std::string> subject) {
    if (!subject) co_return region_key_;
    co_return co_await parts_.keyring.find(std::move(*subject));
}

io::Task<Result<void>> Queue::accept(const config::Function& function, Event event) {
    if (event.payload.size() > kPayloadBytesMax)
        co_return fail(Code::too_large, "The payload of an event has at most 1048576 bytes.");
    Result<keyring::DataKey> key = co_await key_of(event.subject);
    if (!key && key.error().code == Code::not_found)
        co_return fail(Code::permission_denied, "The subject is not at home in this region.");
    if (!key) co_return std::unexpected(key.error());
    Stored row;
    row.id = event.id;
    row.function = function.name;
    row.subject = std::move(event.subject);
    row.sealed = key->seal(seal_context(row.id), event.payload);
    row.created = parts_.clock.now();
    row.expires = row.created + Seconds(function.events.max_age_seconds);
    CO_TRY(const bool here, reserve(function, row.sealed.size()));
    std::vector<sql::Statement> batch;
    batch.push_back(store_.insertion(row, here, row.created));
    const Result<sql::BatchResult> kept = co_await parts_.database.write(std::move(batch));
    end_promise(row.function, {1, static_cast<std::int64_t>(row.sealed.size())});
    if (!kept) {
        if (here) leave(row.function);
        const std::lock_guard lock(mutex_);
        if (kept.error().reason == sql::kReasonOutcomeUnknown) strays_.push_back({row.id, true});
        co_return std::unexpected(kept.error());
    }
    note(row.function, Step::accepted);
    if (here) {
        begin({std::move(row), std::move(event.payload)});
    } else {
        const std::lock_guard lock(mutex_);
        lane(row.function).waiting = true;
    }
    co_return Result<void>{};
}

// Where this node stops at the same time, release() frees it.
void Queue::begin(Job job) {
    io::Executor* const home = executor_.load();
    if (home == nullptr) return;
    home->post([this, job = std::move(job)]() mutable { running_.spawn(work(std::move(job))); });
}

}  // namespace domicile::events
