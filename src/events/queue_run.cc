// The loop of a node: what is free and due goes to functions that have room; once a second it
// counts, and frees what dead nodes hold.
#include "base/log.h"
#include "events/queue.h"

namespace domicile::events {
namespace {
constexpr std::size_t kTakenAtOnceMax = 64;  // of a function: a payload has up to 1 MiB
constexpr std::size_t kExpiredAtOnceMax = 64;
}  // namespace

io::Task<void> Queue::run() {
    Instant next_look = io::Executor::current().clock().coarse();
    while (!stopping_) {
        woken_ = false;
        if (io::Executor::current().clock().coarse() >= next_look) {
            const Result<void> looked = co_await look();
            if (!looked)
                log::warning("events_look_failed", {{"code", to_string(looked.error().code)}});
            next_look = io::deadline_in(parts_.look);
        }
        const Result<void> taken = co_await take_due();
        if (!taken) log::warning("events_take_failed", {{"code", to_string(taken.error().code)}});
        if (!woken_ && !stopping_) co_await wake_.wait_until(next_look);
    }
}

io::Task<Result<void>> Queue::look() {
    CO_TRY_VOID(co_await settle_strays());
    CO_TRY_VOID(co_await free_what_the_dead_hold());
    CO_TRY_VOID(co_await count());
    co_return co_await bury_expired();
}

io::Task<Result<void>> Queue::settle_strays() {
    std::vector<Stray> strays;
    {
        const std::lock_guard lock(mutex_);
        strays = strays_;
    }
    if (strays.empty()) co_return Result<void>{};
    std::vector<sql::Statement> batch;
    for (const Stray& stray : strays) {
        sql::Statement settle = stray.remove ? store_.removal(stray.id) : store_.freeing(stray.id);
        settle.expect_rows = -1;
        batch.push_back(std::move(settle));
    }
    CO_TRY_VOID(co_await parts_.database.write(std::move(batch)));
    const std::lock_guard lock(mutex_);
    strays_.erase(strays_.begin(), strays_.begin() + static_cast<std::ptrdiff_t>(strays.size()));
    co_return Result<void>{};
}

// A node that has just started may hold something before others have seen its beat: where there can
// be such, a holder has to seem dead twice.
io::Task<Result<void>> Queue::free_what_the_dead_hold() {
    if (!parts_.nodes.sweeps()) co_return Result<void>{};
    CO_TRY(const std::vector<std::string> holders, co_await store_.holders());
    std::vector<sql::Statement> batch = parts_.nodes.fence();
    const std::size_t fences = batch.size();
    std::set<std::string> silent;
    for (const std::string& holder : holders) {
        if (parts_.nodes.lives(holder)) continue;
        const bool sure = !parts_.database.shared() || silent_.contains(holder);
        if (sure)
            batch.push_back(Store::freeing_all_of(holder));
        else
            silent.insert(holder);
    }
    silent_ = std::move(silent);
    if (batch.size() == fences) co_return Result<void>{};
    log::info("events_freed", {{"holders", static_cast<std::int64_t>(batch.size() - fences)}});
    CO_TRY_VOID(co_await parts_.database.write(std::move(batch)));
    co_return Result<void>{};
}

io::Task<Result<void>> Queue::count() {
    {
        const std::lock_guard lock(mutex_);
        if (!changed_ && !parts_.database.shared()) co_return Result<void>{};
        changed_ = false;
        for (auto& [name, lane] : lanes_) lane.written = {};
    }
    CO_TRY(const std::vector<Count> counts, co_await store_.count());
    const std::lock_guard lock(mutex_);
    for (auto& [name, lane] : lanes_) {
        lane.held = lane.promised;
        lane.held += lane.written;
    }
    for (const Count& one : counts) {
        Lane& own = lane(one.function);
        own.held += {one.events, one.bytes};
        own.waiting = one.events > static_cast<std::int64_t>(own.running);
    }
    // What waits for its time is looked for again, also when nothing changes.
    if (!counts.empty()) changed_ = true;
    for (auto& [name, lane] : lanes_) {
        lane.metrics->events = lane.held.events;
        lane.metrics->bytes = lane.held.bytes;
    }
    co_return Result<void>{};
}

// Those of functions that are gone from the configuration, too.
io::Task<Result<void>> Queue::bury_expired() {
    CO_TRY(std::vector<std::string> ids,
           co_await store_.expired(parts_.clock.now(), kExpiredAtOnceMax));
    if (ids.empty()) co_return Result<void>{};
    CO_TRY(std::vector<Stored> taken, co_await take(std::move(ids)));
    for (Stored& event : taken) {
        {
            const std::lock_guard lock(mutex_);
            ++lane(event.function).running;
        }
        running_.spawn(work({std::move(event), {}}));
    }
    co_return Result<void>{};
}

// The rows are this run's, or it is to be found out later whether they are.
io::Task<Result<std::vector<Stored>>> Queue::take(std::vector<std::string> ids) {
    std::vector<std::string> wanted = ids;
    Result<std::vector<Stored>> taken = co_await store_.take(std::move(wanted));
    if (!taken && taken.error().reason == sql::kReasonOutcomeUnknown) {
        const std::lock_guard lock(mutex_);
        for (std::string& id : ids) strays_.push_back({std::move(id), false});
    }
    co_return taken;
}

// Room is set aside for what is wished for.
std::vector<Store::Wish> Queue::wishes() {
    std::vector<Store::Wish> out;
    const config::Config& config = parts_.config.get();
    const std::lock_guard lock(mutex_);
    for (auto& [name, lane] : lanes_) {
        if (!lane.waiting) continue;
        const config::Function* function = config.functions.find(name);
        const auto most = function == nullptr
                              ? std::size_t(0)
                              : static_cast<std::size_t>(function->concurrency.maximum);
        if (lane.running >= most) continue;
        const std::size_t room = std::min(most - lane.running, kTakenAtOnceMax);
        out.push_back({name, room});
        lane.running += room;
        lane.waiting = false;
    }
    return out;
}

io::Task<Result<void>> Queue::take_due() {
    std::vector<Store::Wish> wanted = wishes();
    if (wanted.empty()) co_return Result<void>{};
    std::vector<Store::Wish> asked = wanted;
    const Timestamp now = parts_.clock.now();
    Result<std::vector<std::string>> ids = co_await store_.due(std::move(asked), now);
    Result<std::vector<Stored>> taken = std::vector<Stored>();
    if (!ids)
        taken = std::unexpected(ids.error());
    else if (!ids->empty())
        taken = co_await take(std::move(*ids));
    std::map<std::string, std::size_t> got;
    if (taken)
        for (const Stored& event : *taken) ++got[event.function];
    {
        const std::lock_guard lock(mutex_);
        for (const Store::Wish& wish : wanted) {
            Lane& own = lane(wish.function);
            own.running -= wish.events - std::min(wish.events, got[wish.function]);
            // There may be more.
            if (!taken || got[wish.function] == wish.events) own.waiting = true;
        }
    }
    if (!taken) co_return std::unexpected(taken.error());
    for (Stored& event : *taken) running_.spawn(work({std::move(event), {}}));
    co_return Result<void>{};
}

}  // namespace domicile::events
