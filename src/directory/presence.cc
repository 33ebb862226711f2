#include "directory/presence.h"

#include <limits>

#include "base/encoding.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/executor.h"

namespace domicile::directory {
namespace {

constexpr std::size_t kPage = 1'000;

std::string presence_key(const std::string& region, const std::string& run) {
    return std::string(kv::kPresencePrefix) + region + '/' + to_hex(run);
}

// Empty for what is none of ours.
std::string region_of(std::string_view key) {
    key.remove_prefix(kv::kPresencePrefix.size());
    return std::string(key.substr(0, key.find('/')));
}

}  // namespace

io::Task<Result<LivingNodes>> living_nodes(kv::Store& store) {
    LivingNodes out;
    std::string after;
    while (true) {
        std::string prefix(kv::kPresencePrefix);
        CO_TRY(const auto page, co_await store.range(std::move(prefix), after, kPage));
        for (const kv::Entry& entry : page) ++out[region_of(entry.key)];
        if (page.size() < kPage) co_return out;
        after = page.back().key;
    }
}

Presence::Presence(kv::Store& store, const io::Clock& clock, const std::string& region,
                   const std::string& run, Options options)
    : store_(store), key_(presence_key(region, run)), options_(options), clock_(clock) {}
Presence::~Presence() = default;

void Presence::start() { tasks_.spawn(beat_on()); }

io::Task<void> Presence::beat_on() {
    while (!stopping_) {
        const auto done = co_await beat();
        if (!done && done.error().code == Code::unsupported) co_return;
        if (!done) log::warning("presence_lost", {{"code", to_string(done.error().code)}});
        const Instant next = io::deadline_in(options_.beat_interval);
        if (!stopping_) co_await wake_.wait_until(next);
    }
}

io::Task<void> Presence::stop() {
    stopping_ = true;
    wake_.notify_all();
    const Instant deadline = io::deadline_in(Millis(15'000));
    co_await tasks_.drain(deadline);
    if (!living()) co_return;  // it goes by itself
    kv::Transaction away;
    away.writes.push_back({key_, std::nullopt});
    away.repeatable = true;
    (void)co_await store_.commit(std::move(away));
}

io::Task<Result<void>> Presence::beat() {
    std::string key = key_;
    std::string value = "1";  // the version of what follows, which is nothing
    CO_TRY_VOID(co_await store_.keep_present(std::move(key), std::move(value), options_.kept));
    CO_TRY(LivingNodes all, co_await living_nodes(store_));
    const std::lock_guard lock(mutex_);
    living_ = std::move(all);
    seen_ = clock_.monotonic();
    co_return Result<void>();
}

std::optional<LivingNodes> Presence::living() const {
    const std::lock_guard lock(mutex_);
    if (clock_.monotonic() > seen_ + options_.kept) return std::nullopt;
    return living_;
}

void Presence::report_to(telemetry::Registry& registry, const std::vector<std::string>& regions) {
    for (const std::string& region : regions) {
        const auto read = [this, region] {
            const auto all = living();
            if (!all) return std::numeric_limits<double>::quiet_NaN();
            const auto found = all->find(region);
            return found == all->end() ? 0.0 : static_cast<double>(found->second);
        };
        registry.add_gauge("domicile_directory_living_nodes",
                           "Nodes of the region that the directory has heard of within seconds; "
                           "NaN where it does not answer, or is a file.",
                           read, {{"home", region}});
    }
}

}  // namespace domicile::directory
