#include "kv/watched.h"

#include <map>
#include <mutex>
#include <thread>

#include "http/testing.h"
#include "io/clock.h"
#include "kv/etcd_testing.h"

namespace domicile::kv {
namespace {

// Keeps all that it is told.
class Copy final : public Follower {
  public:
    void begin_reading() override {
        const std::lock_guard lock(mutex_);
        fresh_.clear();
        reading_ = true;
    }
    void entry(const Entry& entry) override {
        const std::lock_guard lock(mutex_);
        EXPECT_TRUE(fresh_.empty() || fresh_.rbegin()->first < entry.key) << "in their order";
        fresh_[entry.key] = entry.value;
    }
    void end_reading() override {
        const std::lock_guard lock(mutex_);
        known_.swap(fresh_);
        reading_ = false;
        ++readings_;
    }
    void change(const Change& change) override {
        const std::lock_guard lock(mutex_);
        ++(reading_ ? changes_between_ : changes_);
        if (change.deleted)
            known_.erase(change.entry.key);
        else
            known_[change.entry.key] = change.entry.value;
    }
    // "none" when there is none.
    std::string find(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        const auto found = known_.find(key);
        return found == known_.end() ? "none" : found->second;
    }
    int readings() const {
        const std::lock_guard lock(mutex_);
        return readings_;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string> known_, fresh_;
    bool reading_ = false;
    int readings_ = 0, changes_ = 0, changes_between_ = 0;
};

// A memory store that can be cut off.
struct Fragile {
    std::shared_ptr<Store> memory;
    bool cut = false;
    int busy_pages = 0;  // before each of so many, 300 changes of "busy"
};
class FragileStore final : public Store {
  public:
    explicit FragileStore(std::shared_ptr<Fragile> state) : state_(std::move(state)) {}
    io::Task<Result<TransactionResult>> commit(Transaction transaction) override {
        if (state_->cut) co_return away();
        co_return co_await state_->memory->commit(std::move(transaction));
    }
    io::Task<Result<std::optional<Entry>>> get(std::string key) override {
        if (state_->cut) co_return away();
        co_return co_await state_->memory->get(std::move(key));
    }
    io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                               std::size_t limit) override {
        if (state_->cut) co_return away();
        for (int i = 0; i < 300 && state_->busy_pages > 0; ++i) {
            Transaction transaction;
            transaction.writes.push_back({"busy", std::to_string(state_->busy_pages)});
            (void)co_await state_->memory->commit(std::move(transaction));
        }
        if (state_->busy_pages > 0) --state_->busy_pages;
        co_return co_await state_->memory->range(std::move(prefix), std::move(after), limit);
    }
    io::Task<Result<std::vector<Change>>> changes(std::int64_t after, std::size_t limit) override {
        if (state_->cut) co_return away();
        co_return co_await state_->memory->changes(after, limit);
    }

  private:
    static std::unexpected<Error> away() { return fail(Code::unavailable, "away"); }
    std::shared_ptr<Fragile> state_;
};

struct Watched {
    std::shared_ptr<Fragile> state = std::make_shared<Fragile>();
    Copy copy;
    std::unique_ptr<Store> store;

    explicit Watched(std::int64_t log_revisions_max = 1'000, Millis changes_every = Millis(2'000)) {
        state->memory = make_memory_store({.log_revisions_max = log_revisions_max,
                                           .watch_wait = Millis(20),
                                           .watch_poll = Millis(5)});
        store = make_watched_store(std::make_unique<FragileStore>(state), copy, changes_every);
    }
    io::Task<bool> put(std::string key, std::optional<std::string> value) {
        Transaction transaction;
        transaction.writes.push_back({std::move(key), std::move(value)});
        co_return (co_await state->memory->commit(std::move(transaction))).has_value();
    }
    // Looks until the copy says this.
    io::Task<bool> becomes(std::string key, std::string value) {
        return io::testing::until([this, key, value] { return copy.find(key) == value; });
    }
};

HTTP_TEST(WatchedStore, follows_what_others_change) {
    Watched watched;
    co_await watched.put("before", "1");
    watched.store->start();
    EXPECT_TRUE(co_await watched.becomes("before", "1"));
    co_await watched.put("after", "1");
    EXPECT_TRUE(co_await watched.becomes("after", "1"));
    co_await watched.put("after", "2");
    EXPECT_TRUE(co_await watched.becomes("after", "2"));
    co_await watched.put("before", std::nullopt);
    EXPECT_TRUE(co_await watched.becomes("before", "none"));
    co_await watched.store->stop();
    co_return true;
}

HTTP_TEST(WatchedStore, answers_known_entries_while_the_store_is_away_and_catches_up_after) {
    Watched watched;
    co_await watched.put("a", "1");
    watched.store->start();
    CO_ASSERT(co_await watched.becomes("a", "1"));
    watched.state->cut = true;
    const auto sure = co_await watched.store->get("a");
    EXPECT_EQ(sure.error().code, Code::unavailable);
    EXPECT_TRUE(co_await watched.becomes("a", "1"));
    co_await watched.put("a", "2");
    watched.state->cut = false;
    EXPECT_TRUE(co_await watched.becomes("a", "2"));
    co_await watched.store->stop();
    co_return true;
}

HTTP_TEST(WatchedStore, reads_everything_anew_when_changes_are_compacted) {
    Watched watched(3);
    co_await watched.put("gone", "1");
    co_await watched.put("kept", "1");
    watched.store->start();
    CO_ASSERT(co_await watched.becomes("gone", "1"));
    watched.state->cut = true;
    co_await watched.put("gone", std::nullopt);
    for (int i = 0; i < 20; ++i) co_await watched.put("kept", std::to_string(i));
    watched.state->cut = false;
    EXPECT_TRUE(co_await watched.becomes("gone", "none")) << "no change told of it";
    EXPECT_TRUE(co_await watched.becomes("kept", "19"));
    co_await watched.store->stop();
    co_return true;
}

// Each page takes so long that more is written meanwhile than the store keeps the changes of two.
HTTP_TEST(WatchedStore, takes_over_changes_while_it_reads_more_than_the_log_lasts_for) {
    Watched watched(400, Millis(0));
    for (int i = 0; i < 4'500; ++i) co_await watched.put("k" + std::to_string(10'000 + i), "1");
    watched.state->busy_pages = 5;
    watched.store->start();
    EXPECT_TRUE(co_await watched.becomes("busy", "1"));
    EXPECT_TRUE(co_await watched.becomes("k14499", "1"));
    EXPECT_EQ(watched.copy.readings(), 1) << "never too late";
    co_await watched.store->stop();
    co_return true;
}

Result<TransactionResult> write(Store& store, const std::string& key,
                                std::optional<std::string> value) {
    Transaction transaction;
    transaction.writes.push_back({key, std::move(value)});
    transaction.repeatable = true;
    return io::run_task<Result<TransactionResult>>([&] { return store.commit(transaction); });
}

bool becomes(const Copy& copy, const std::string& key, const std::string& value) {
    const Instant deadline = io::system_clock().monotonic() + Millis(60'000);
    while (copy.find(key) != value) {
        if (io::system_clock().monotonic() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

TEST(WatchedEtcd, a_member_that_was_away_and_compacted_meanwhile_leads_to_a_new_copy) {
    testing::EtcdCluster cluster;
    ASSERT_TRUE(cluster.wait_until_ready());
    EtcdOptions first = cluster.options("w/");
    EtcdOptions others = first;
    first.endpoints.resize(1);
    others.endpoints.erase(others.endpoints.begin());
    others.store.log_revisions_max = 2;
    Copy copy;
    auto watched = testing::host(make_watched_store(open_etcd_store(first).value(), copy));
    auto store = testing::host(open_etcd_store(others));
    ASSERT_TRUE(write(*store, "gone", "1"));
    ASSERT_TRUE(becomes(copy, "gone", "1"));
    cluster.kill_member(0);
    ASSERT_TRUE(write(*store, "gone", std::nullopt));
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(write(*store, "kept", std::to_string(i)));
    EXPECT_EQ(copy.find("gone"), "1") << "as long as nobody can tell it";
    cluster.start(0);
    ASSERT_TRUE(cluster.wait_until_ready());
    EXPECT_TRUE(becomes(copy, "kept", "9"));
    EXPECT_EQ(copy.find("gone"), "none");
    ASSERT_TRUE(write(*store, "kept", "after"));
    EXPECT_TRUE(becomes(copy, "kept", "after")) << "the new watch goes on";
}

TEST(EtcdLease, an_entry_that_is_kept_present_goes_when_nobody_does_so_any_more) {
    testing::EtcdCluster cluster(1);
    ASSERT_TRUE(cluster.wait_until_ready());
    Copy copy;
    auto watched =
        testing::host(make_watched_store(open_etcd_store(cluster.options("w/")).value(), copy));
    const auto keep = [&] {
        return io::run_task<Result<void>>(
            [&] { return watched->keep_present("p/alive", "r", Seconds(5)); });
    };
    ASSERT_TRUE(keep());
    EXPECT_TRUE(becomes(copy, "p/alive", "r"));
    ASSERT_TRUE(keep()) << "the same lease again";
    EXPECT_TRUE(becomes(copy, "p/alive", "none")) << "after its time";
    ASSERT_TRUE(keep());
    EXPECT_TRUE(becomes(copy, "p/alive", "r")) << "under a new lease";
}

}  // namespace
}  // namespace domicile::kv
