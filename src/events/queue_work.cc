// What becomes of one event, from the attempt to its end.
#include "base/log.h"
#include "events/queue.h"
#include "events/record.h"
#include "functions/functions.h"

namespace domicile::events {

std::string seal_context(const std::string& id);

namespace {

constexpr Millis kWriteAgain{1000};
// Between two tries while the function, or what it needs, has no room: as long as it has waited
// already, within these. So tries become rarer as Lambda's do.
constexpr Millis kPauseMin{1000}, kPauseMax{300'000};

// The function had its chance; anything else is not its doing.
bool failed_by_itself(const Result<functions::Answer>& result) {
    if (result) return result->raised;
    return result.error().reason == functions::reason::kCrashed ||
           result.error().reason == functions::reason::kTimedOut;
}

}  // namespace

// Holds a place of its function's lane.
io::Task<void> Queue::work(Job job) {
    const std::string function = job.event.function;
    co_await attempt(std::move(job));
    leave(function);
    wake();
}

io::Task<Result<std::string>> Queue::open_payload(const Stored& event) {
    CO_TRY(const keyring::DataKey key, co_await key_of(event.subject));
    co_return key.open(seal_context(event.id), event.sealed);
}

io::Task<void> Queue::attempt(Job job) {
    if (!job.payload) {
        Result<std::string> opened = co_await open_payload(job.event);
        if (!opened) {
            const Code why = opened.error().code;
            if (why != Code::not_found && why != Code::malformed) {
                co_await postpone(std::move(job.event));
                co_return;
            }
            log::info("event_unreadable", {{"function", job.event.function},
                                           {"request_id", job.event.id},
                                           {"erased", why == Code::not_found}});
            std::vector<sql::Statement> batch;
            batch.push_back(store_.removal(job.event.id));
            co_await write_at_last(std::move(batch));
            note(job.event.function, Step::erased);
            co_return;
        }
        job.payload = std::move(*opened);
    }
    if (job.event.expires <= parts_.clock.now()) {
        co_await conclude(std::move(job), Step::expired, std::nullopt);
        co_return;
    }
    functions::Call call;
    call.event = *job.payload;
    call.request_id = job.event.id;
    std::string name = job.event.function;
    Result<functions::Answer> result = co_await parts_.call(std::move(name), std::move(call));
    co_await settle(std::move(job), std::move(result));
}

io::Task<void> Queue::settle(Job job, Result<functions::Answer> result) {
    if (result && !result->raised) {
        ++job.event.attempts;
        co_await conclude(std::move(job), Step::succeeded, std::move(result->payload));
        co_return;
    }
    // Processes that end since the region does have not failed.
    if (stopping_ || !failed_by_itself(result)) {
        co_await postpone(std::move(job.event));
        co_return;
    }
    const config::Function* function = parts_.config.get().functions.find(job.event.function);
    const config::Events bounds = function == nullptr ? config::Events() : function->events;
    const int timeout = function == nullptr ? 0 : function->timeout_seconds;
    ++job.event.attempts;
    std::optional<std::string> answer =
        result ? result->payload : functions::document_of(result.error(), job.event.id, timeout);
    if (job.event.attempts > bounds.retries) {
        co_await conclude(std::move(job), Step::exhausted, std::move(answer));
        co_return;
    }
    const Timestamp due = parts_.clock.now() +
                          Seconds(std::int64_t(bounds.retry_seconds) << (job.event.attempts - 1));
    if (due >= job.event.expires) {
        co_await conclude(std::move(job), Step::expired, std::move(answer));
        co_return;
    }
    std::vector<sql::Statement> batch;
    batch.push_back(store_.putting_back(job.event.id, job.event.attempts, due));
    co_await write_at_last(std::move(batch));
    note(job.event.function, Step::retried);
}

// No attempt of the function: it does not count.
io::Task<void> Queue::postpone(Stored event) {
    const Timestamp now = parts_.clock.now();
    const Millis pause = std::clamp(Millis((now.ms - event.created.ms) / 2), kPauseMin, kPauseMax);
    std::vector<sql::Statement> batch;
    batch.push_back(store_.putting_back(event.id, event.attempts, stopping_ ? now : now + pause));
    co_await write_at_last(std::move(batch));
    note(event.function, Step::postponed);
}

namespace {

std::string_view condition_of(Step how) {
    if (how == Step::succeeded) return kSuccess;
    return how == Step::expired ? kAgeExceeded : kRetriesExhausted;
}

}  // namespace

// Null: nobody does.
const config::Function* Queue::hears_of(const std::string& function, Step how) const {
    const config::NamedList<config::Function>& all = parts_.config.get().functions;
    const config::Function* its = all.find(function);
    if (its == nullptr) return nullptr;
    const config::Events& events = its->events;
    const auto& name = how == Step::succeeded ? events.on_success : events.on_failure;
    return name ? all.find(*name) : nullptr;
}

// Each success makes an event, so that a function that hears of them and is slower would have a
// queue without a bound. This waits, and keeps the place in the lane of the one that is heard of,
// whose callers are refused when its own queue is full. False when the region stops before.
io::Task<bool> Queue::room_for_record(std::string function) {
    while (!stopping_) {
        {
            const config::Function* hears = parts_.config.get().functions.find(function);
            const std::lock_guard lock(mutex_);
            Lane& own = lane(function);
            const bool room = hears == nullptr || own.held.events < hears->events.queue_max;
            if (room) promise(own, {1, 0});
            if (room) co_return true;
        }
        const Instant again = io::deadline_in(parts_.look);
        co_await stop_.wait_until(again);
    }
    co_return false;
}

io::Task<void> Queue::conclude(Job job, Step how, std::optional<std::string> answer) {
    std::string hears;
    if (const config::Function* function = hears_of(job.event.function, how))
        hears = function->name;
    const bool waits = !hears.empty() && how == Step::succeeded;
    if (waits) {
        const bool room = co_await room_for_record(hears);
        // release() frees the event: it runs once more.
        if (!room) co_return;
    }
    co_await replace(std::move(job), how, std::move(answer), hears);
    if (waits) end_promise(hears, {1, 0});
}

// The record takes the place of the event, in one commit, and belongs to the same person.
io::Task<void> Queue::replace(Job job, Step how, std::optional<std::string> answer,
                              std::string heard_by) {
    Stored record;
    record.function = std::move(heard_by);
    const Timestamp now = parts_.clock.now();
    std::vector<sql::Statement> batch;
    batch.push_back(store_.removal(job.event.id));
    const config::Function* hears = parts_.config.get().functions.find(record.function);
    if (hears != nullptr) {
        record.expires = now + Seconds(hears->events.max_age_seconds);
        const std::string arn = functions::arn_of(parts_.region, job.event.function);
        const std::string text =
            record_of({job.event.id, arn, condition_of(how), job.event.attempts, now, *job.payload,
                       std::move(answer)});
        record.id = parts_.random.uuid();
        record.subject = job.event.subject;
        record.created = now;
        const Result<keyring::DataKey> key = co_await key_of(record.subject);
        if (!key && key.error().code != Code::not_found) {
            co_await postpone(std::move(job.event));
            co_return;
        }
        if (key) record.sealed = key->seal(seal_context(record.id), text);
        if (key) batch.push_back(store_.insertion(record, false, now));
    }
    const bool told = batch.size() > 1;
    if (how != Step::succeeded)
        log::warning("event_failed", {{"function", job.event.function},
                                      {"request_id", job.event.id},
                                      {"attempts", job.event.attempts},
                                      {"expired", how == Step::expired},
                                      {"on_failure", told ? record.function : std::string()}});
    co_await write_at_last(std::move(batch));
    note(job.event.function, how);
    if (!told) co_return;
    const std::lock_guard lock(mutex_);
    changed_ = true;
    lane(record.function).waiting = true;
}

// Until it is written, or held by another run by now; the place in the lane is kept, so that a
// database that is away ends in a queue that is full.
io::Task<void> Queue::write_at_last(std::vector<sql::Statement> batch) {
    {
        const std::lock_guard lock(mutex_);
        changed_ = true;
    }
    for (;;) {
        std::vector<sql::Statement> once = batch;
        const Result<sql::BatchResult> done = co_await parts_.database.write(std::move(once));
        if (done || done.error().code == Code::conflict || stopping_) co_return;
        log::warning("event_write_failed", {{"code", to_string(done.error().code)}});
        const Instant again = io::deadline_in(kWriteAgain);
        co_await stop_.wait_until(again);
    }
}

}  // namespace domicile::events
