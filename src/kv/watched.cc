#include "kv/watched.h"

#include <algorithm>

#include "io/executor.h"

namespace domicile::kv {
namespace {

constexpr std::size_t kPage = 1'000;
constexpr Millis kPauseFirst{100};
constexpr Millis kPauseMax{5'000};

class WatchedStore final : public Store {
  public:
    WatchedStore(std::unique_ptr<Store> store, Follower& follower, Millis changes_every)
        : store_(std::move(store)), follower_(follower), changes_every_(changes_every) {}

    io::Task<Result<TransactionResult>> commit(Transaction transaction) override {
        return store_->commit(std::move(transaction));
    }
    io::Task<Result<std::optional<Entry>>> get(std::string key) override {
        return store_->get(std::move(key));
    }
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
    io::Task<void> follow();
    io::Task<Result<void>> load();
    io::Task<Result<std::size_t>> advance(std::int64_t& revision);
    io::Task<Result<void>> catch_up(std::int64_t& revision);

    std::unique_ptr<Store> store_;
    Follower& follower_;
    const Millis changes_every_;
    std::int64_t revision_ = -1;  // up to where the follower was told; -1: read everything first
    bool stopping_ = false;
    io::Event wake_;
    io::TaskGroup tasks_;
    telemetry::Counter loads_, changes_, failures_;
};

io::Task<void> WatchedStore::follow() {
    Millis pause = kPauseFirst;
    while (!stopping_) {
        Result<void> done;
        if (revision_ < 0) {
            done = co_await load();
        } else {
            auto told = co_await advance(revision_);
            if (!told) done = std::unexpected(std::move(told.error()));
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

// The revision first: what is read after it may be newer, and is told again as changes.
io::Task<Result<void>> WatchedStore::load() {
    Transaction nothing;
    CO_TRY(const TransactionResult now, co_await store_->commit(std::move(nothing)));
    std::int64_t revision = now.revision;
    Instant pause = io::deadline_in(changes_every_);
    std::string after;
    follower_.begin_reading();
    while (!stopping_) {
        std::string all;
        CO_TRY(const auto page, co_await store_->range(std::move(all), after, kPage));
        for (const Entry& entry : page) follower_.entry(entry);
        if (page.size() < kPage) {
            follower_.end_reading();
            loads_.add();
            revision_ = revision;
            break;
        }
        after = page.back().key;
        if (io::deadline_in(Millis(0)) < pause) continue;
        CO_TRY_VOID(co_await catch_up(revision));
        pause = io::deadline_in(changes_every_);
    }
    co_return Result<void>();
}

io::Task<Result<void>> WatchedStore::catch_up(std::int64_t& revision) {
    std::size_t told = kPage;
    while (told >= kPage && !stopping_) {
        CO_TRY(told, co_await advance(revision));
    }
    co_return Result<void>();
}

// How many changes there were.
io::Task<Result<std::size_t>> WatchedStore::advance(std::int64_t& revision) {
    CO_TRY(const auto news, co_await store_->changes(revision, kPage));
    for (const Change& change : news) follower_.change(change);
    changes_.add(news.size());
    if (!news.empty()) revision = news.back().entry.revision;
    co_return news.size();
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
                 "How often everything was read; more than once: changes were missed.", loads_,
                 labels);
    registry.add("domicile_kv_copy_changes_total", "Changes that were followed.", changes_, labels);
    registry.add("domicile_kv_copy_failures_total",
                 "Times that following the store failed; it goes on.", failures_, labels);
}

}  // namespace

std::unique_ptr<Store> make_watched_store(std::unique_ptr<Store> store, Follower& follower,
                                          Millis changes_every) {
    return std::make_unique<WatchedStore>(std::move(store), follower, changes_every);
}

}  // namespace domicile::kv
