#include "kv/watched.h"

#include <atomic>
#include <shared_mutex>
#include <unordered_map>

#include "io/executor.h"

namespace domicile::kv {
namespace {

constexpr std::size_t kPage = 1'000;
constexpr Millis kPauseFirst{100};
constexpr Millis kPauseMax{5'000};

class WatchedStore final : public Store {
  public:
    explicit WatchedStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

    io::Task<Result<TransactionResult>> commit(Transaction transaction) override {
        return store_->commit(std::move(transaction));
    }
    io::Task<Result<std::optional<Entry>>> get(std::string key) override {
        return store_->get(std::move(key));
    }
    io::Task<Result<std::optional<Entry>>> get_local(std::string key) override;
    io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                               std::size_t limit) override {
        return store_->range(std::move(prefix), std::move(after), limit);
    }
    io::Task<Result<std::vector<Change>>> changes(std::int64_t after_revision,
                                                  std::size_t limit) override {
        return store_->changes(after_revision, limit);
    }
    io::Task<Result<void>> keep_present(std::string key, std::string value, Seconds ttl) override {
        return store_->keep_present(std::move(key), std::move(value), ttl);
    }
    void start() override {
        store_->start();
        tasks_.spawn(follow());
    }
    io::Task<void> stop() override;
    void report_to(telemetry::Registry& registry, const std::string& name) override;

  private:
    using Copy = std::unordered_map<std::string, Entry>;

    io::Task<void> follow();
    io::Task<Result<void>> load();
    io::Task<Result<void>> advance();
    void apply(std::vector<Change> news);

    std::unique_ptr<Store> store_;
    mutable std::shared_mutex mutex_;
    Copy copy_;                   // under mutex_
    bool copied_ = false;         // under mutex_: there is a copy
    std::int64_t revision_ = -1;  // up to where it has the changes; -1: read everything first
    bool stopping_ = false;
    io::Event wake_;
    io::TaskGroup tasks_;
    telemetry::Counter loads_, changes_, failures_;
};

// Not a coroutine that holds the lock: none is held across a wait.
io::Task<Result<std::optional<Entry>>> WatchedStore::get_local(std::string key) {
    {
        const std::shared_lock lock(mutex_);
        if (copied_) {
            const auto found = copy_.find(key);
            if (found == copy_.end()) co_return std::optional<Entry>();
            co_return std::optional<Entry>(found->second);
        }
    }
    co_return co_await store_->get(std::move(key));
}

io::Task<void> WatchedStore::follow() {
    Millis pause = kPauseFirst;
    while (!stopping_) {
        Result<void> done;
        if (revision_ < 0) {
            done = co_await load();
        } else {
            done = co_await advance();
        }
        if (done) {
            pause = kPauseFirst;
            continue;
        }
        failures_.add();
        if (done.error().reason == kReasonCompacted) {
            revision_ = -1;
            continue;
        }
        const Instant until = io::deadline_in(pause);
        if (!stopping_) co_await wake_.wait_until(until);
        pause = std::min(pause * 2, kPauseMax);
    }
}

// The revision first: what is read after it may be newer, and is told again as changes, where
// apply() passes over what is older than what it has.
io::Task<Result<void>> WatchedStore::load() {
    Transaction nothing;
    CO_TRY(const TransactionResult now, co_await store_->commit(std::move(nothing)));
    Copy fresh;
    std::string after;
    while (!stopping_) {
        std::string all;
        CO_TRY(auto page, co_await store_->range(std::move(all), after, kPage));
        const bool last = page.size() < kPage;
        if (!last) after = page.back().key;
        for (Entry& entry : page) {
            std::string key = entry.key;
            fresh.emplace(std::move(key), std::move(entry));
        }
        if (last) break;
    }
    loads_.add();
    {
        const std::unique_lock lock(mutex_);
        copy_.swap(fresh);
        copied_ = true;
    }
    revision_ = now.revision;
    co_return Result<void>();
}

io::Task<Result<void>> WatchedStore::advance() {
    CO_TRY(auto news, co_await store_->changes(revision_, kPage));
    if (news.empty()) co_return Result<void>();
    const std::int64_t revision = news.back().entry.revision;
    apply(std::move(news));
    revision_ = revision;
    co_return Result<void>();
}

void WatchedStore::apply(std::vector<Change> news) {
    changes_.add(news.size());
    const std::unique_lock lock(mutex_);
    for (Change& change : news) {
        const auto found = copy_.find(change.entry.key);
        if (found != copy_.end() && found->second.revision > change.entry.revision) continue;
        if (change.deleted) {
            if (found != copy_.end()) copy_.erase(found);
            continue;
        }
        std::string key = change.entry.key;
        copy_.insert_or_assign(std::move(key), std::move(change.entry));
    }
}

io::Task<void> WatchedStore::stop() {
    stopping_ = true;
    wake_.notify_all();
    co_await store_->stop();
    // What still waits has a deadline of its own.
    while (tasks_.running() > 0) {
        const Instant moment = io::deadline_in(Seconds(60));
        co_await tasks_.drain(moment);
    }
}

void WatchedStore::report_to(telemetry::Registry& registry, const std::string& name) {
    store_->report_to(registry, name);
    const telemetry::Labels labels{{"store", name}};
    registry.add("domicile_kv_copy_loads_total",
                 "How often the local copy was read anew; more than once: changes were missed.",
                 loads_, labels);
    registry.add("domicile_kv_copy_changes_total", "Changes taken over into the local copy.",
                 changes_, labels);
    registry.add("domicile_kv_copy_failures_total",
                 "Times that following the store failed; it goes on.", failures_, labels);
    registry.add_gauge(
        "domicile_kv_copy_entries", "Entries of the local copy.",
        [this] {
            const std::shared_lock lock(mutex_);
            return static_cast<double>(copy_.size());
        },
        labels);
}

}  // namespace

std::unique_ptr<Store> make_watched_store(std::unique_ptr<Store> store) {
    return std::make_unique<WatchedStore>(std::move(store));
}

}  // namespace domicile::kv
