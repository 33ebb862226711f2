#include "kv/watched.h"

#include "http/testing.h"
#include "kv/etcd_testing.h"

namespace domicile::kv {
namespace {

// A memory store that can be cut off.
struct Fragile {
    std::shared_ptr<Store> memory;
    bool cut = false;
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
    io::Task<Result<std::optional<Entry>>> get_local(std::string key) override {
        return get(std::move(key));
    }
    io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                               std::size_t limit) override {
        if (state_->cut) co_return away();
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
    std::unique_ptr<Store> store;

    explicit Watched(std::int64_t log_revisions_max = 1'000) {
        state->memory = make_memory_store({.log_revisions_max = log_revisions_max,
                                           .watch_wait = Millis(20),
                                           .watch_poll = Millis(5)});
        store = make_watched_store(std::make_unique<FragileStore>(state));
    }
    io::Task<bool> put(std::string key, std::optional<std::string> value) {
        Transaction transaction;
        transaction.writes.push_back({std::move(key), std::move(value)});
        co_return (co_await state->memory->commit(std::move(transaction))).has_value();
    }
    // Asks until the local answer is this.
    io::Task<bool> becomes(std::string key, std::optional<std::string> value) {
        const Instant deadline = http::soon();
        while (io::deadline_in(Millis(0)) < deadline) {
            const auto entry = co_await store->get_local(key);
            const bool absent = entry && !entry->has_value();
            const bool same = entry && *entry && value && (*entry)->value == *value;
            if (same || (absent && !value)) co_return true;
            co_await io::sleep_for(Millis(5));
        }
        co_return false;
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
    EXPECT_TRUE(co_await watched.becomes("before", std::nullopt));
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
    EXPECT_TRUE(co_await watched.becomes("gone", std::nullopt)) << "no change told of it";
    EXPECT_TRUE(co_await watched.becomes("kept", "19"));
    co_await watched.store->stop();
    co_return true;
}

HTTP_TEST(WatchedStore, asks_the_store_until_there_is_a_copy) {
    Watched watched;
    co_await watched.put("a", "1");
    EXPECT_TRUE(co_await watched.becomes("a", "1"));
    watched.state->cut = true;
    const auto none = co_await watched.store->get_local("a");
    EXPECT_EQ(none.error().code, Code::unavailable);
    co_return true;
}

Result<TransactionResult> write(Store& store, const std::string& key,
                                std::optional<std::string> value) {
    Transaction transaction;
    transaction.writes.push_back({key, std::move(value)});
    transaction.repeatable = true;
    return io::run_task<Result<TransactionResult>>([&] { return store.commit(transaction); });
}

std::string local(Store& store, const std::string& key) {
    auto entry = io::run_task<Result<std::optional<Entry>>>([&] { return store.get_local(key); });
    return entry && *entry ? (*entry)->value : "none";
}

bool becomes(Store& store, const std::string& key, const std::string& value) {
    for (int tries = 0; tries < 100'000; ++tries)
        if (local(store, key) == value) return true;
    return false;
}

// Until then look-ups go to the store itself.
bool is_copied(Store& store) {
    telemetry::Registry registry;
    store.report_to(registry, "t");
    for (int tries = 0; tries < 1'000'000; ++tries)
        if (registry.expose().contains("domicile_kv_copy_loads_total{store=\"t\"} 1\n"))
            return true;
    return false;
}

TEST(WatchedEtcd, a_member_that_was_away_and_compacted_meanwhile_leads_to_a_new_copy) {
    testing::EtcdCluster cluster;
    ASSERT_TRUE(cluster.wait_until_ready());
    EtcdOptions first = cluster.options("w/");
    EtcdOptions others = first;
    first.endpoints.resize(1);
    others.endpoints.erase(others.endpoints.begin());
    others.store.log_revisions_max = 2;
    auto watched = testing::host(make_watched_store(open_etcd_store(first).value()));
    auto store = testing::host(open_etcd_store(others));
    ASSERT_TRUE(write(*store, "gone", "1"));
    ASSERT_TRUE(is_copied(*watched));
    ASSERT_TRUE(becomes(*watched, "gone", "1"));
    cluster.kill_member(0);
    ASSERT_TRUE(write(*store, "gone", std::nullopt));
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(write(*store, "kept", std::to_string(i)));
    EXPECT_EQ(local(*watched, "gone"), "1") << "as long as nobody can tell it";
    cluster.start(0);
    ASSERT_TRUE(cluster.wait_until_ready());
    EXPECT_TRUE(becomes(*watched, "kept", "9"));
    EXPECT_EQ(local(*watched, "gone"), "none");
    ASSERT_TRUE(write(*store, "kept", "after"));
    EXPECT_TRUE(becomes(*watched, "kept", "after")) << "the new watch goes on";
}

TEST(EtcdLease, an_entry_that_is_kept_present_goes_when_nobody_does_so_any_more) {
    testing::EtcdCluster cluster(1);
    ASSERT_TRUE(cluster.wait_until_ready());
    auto watched =
        testing::host(make_watched_store(open_etcd_store(cluster.options("w/")).value()));
    const auto keep = [&] {
        return io::run_task<Result<void>>(
            [&] { return watched->keep_present("alive", "r", Seconds(5)); });
    };
    ASSERT_TRUE(keep());
    EXPECT_TRUE(becomes(*watched, "alive", "r"));
    ASSERT_TRUE(keep()) << "the same lease again";
    EXPECT_TRUE(becomes(*watched, "alive", "none")) << "after its time";
    ASSERT_TRUE(keep());
    EXPECT_TRUE(becomes(*watched, "alive", "r")) << "under a new lease";
}

}  // namespace
}  // namespace domicile::kv
