// Carrying a directory's store to another engine: whole, again after a kill at any moment, refused
// where it would mix or lose something.
#include "kv/copy.h"

#include "kv/etcd_testing.h"

namespace domicile::kv {
namespace {

using sql::testing::TemporaryFolder;

// A store as one process sees it that dies at the n-th transaction (from 0): before it is done, or
// after it was done and before the answer came.
class Dying final : public Store {
  public:
    enum class When : std::uint8_t { before, after };
    Dying(Store& real, int left, When when = When::before)
        : real_(real), left_(left), when_(when) {}
    bool died() const { return left_ < 0; }

    io::Task<Result<TransactionResult>> commit(Transaction transaction) override {
        if (left_-- == 0 && when_ == When::after) CO_TRY_VOID(co_await real_.commit(transaction));
        if (died()) co_return fail(Code::unavailable, "The process died.");
        co_return co_await real_.commit(std::move(transaction));
    }
    io::Task<Result<std::optional<Entry>>> get(std::string key) override {
        return real_.get(std::move(key));
    }
    io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                               std::size_t limit) override {
        return real_.range(std::move(prefix), std::move(after), limit);
    }
    io::Task<Result<std::vector<Change>>> changes(std::int64_t, std::size_t) override {
        co_return fail(Code::internal, "A copy needs no changes.");
    }

  private:
    Store& real_;
    int left_;
    const When when_;
};

struct Engines {
    std::string name;
    bool from_etcd = false, to_etcd = false;
};

class DirectoryCopy : public ::testing::TestWithParam<Engines> {
  protected:
    void SetUp() override {
        source_ = open(from_, GetParam().from_etcd);
        target_ = open(to_, GetParam().to_etcd);
        Transaction transaction;
        for (int i = 0; i < kEntries - 2; ++i) {
            const std::string number = std::to_string(i);
            transaction.writes.push_back(
                {std::string("k/\0\xFF", 4) + number, std::string(i % 7, '\0') + number});
            if (transaction.writes.size() < kTransactionItemsMax && i < kEntries - 3) continue;
            commit(*source_, std::exchange(transaction, {}));
        }
        put(*source_, "r/r1/key/a", "");
        put(*source_, "z", "after the mark's key");
        put(*source_, "p/r1/live", "who lives at the moment stays");
    }
    static std::shared_ptr<Store> open(const TemporaryFolder& folder, bool etcd) {
        if (etcd) return testing::open_etcd(folder, {});
        return open_sqlite_store(folder.file("directory.db")).value();
    }
    std::shared_ptr<Store> open_target(const TemporaryFolder& folder) {
        return open(folder, GetParam().to_etcd);
    }
    static void commit(Store& store, const Transaction& transaction) {
        ASSERT_TRUE(
            io::run_task<Result<TransactionResult>>([&] { return store.commit(transaction); }));
    }
    static void put(Store& store, std::string key, std::optional<std::string> value) {
        Transaction transaction;
        transaction.writes.push_back({std::move(key), std::move(value)});
        commit(store, transaction);
    }
    static Result<void> copy(Store& source, Store& target, const std::string& id) {
        TRY_VOID(io::run_task<Result<void>>([&] { return begin_copy(source, target, id); }));
        return io::run_task<Result<void>>(
            [&] { return copy_entries(source, target, id, [](std::size_t) {}); });
    }
    static StoreDigest digest_of(Store& store) {
        const auto out =
            io::run_task<Result<StoreDigest>>([&] { return digest(store, [](std::size_t) {}); });
        EXPECT_TRUE(out);
        return out.value_or(StoreDigest());
    }
    static std::vector<std::pair<std::string, std::string>> entries(Store& store) {
        const auto page =
            io::run_task<Result<std::vector<Entry>>>([&] { return store.range("", "", 10'000); });
        std::vector<std::pair<std::string, std::string>> out;
        for (const Entry& entry : page.value()) out.emplace_back(entry.key, entry.value);
        return out;
    }
    static Result<void> end(Store& store) {
        return io::run_task<Result<void>>([&] { return end_copy(store); });
    }
    static Result<void> usable(Store& store) {
        return io::run_task<Result<void>>([&] { return refuse_unfinished_copy(store); });
    }

    static constexpr int kEntries = 1'100;  // a page and some
    TemporaryFolder from_, to_;
    std::shared_ptr<Store> source_, target_;
};

TEST_P(DirectoryCopy, everything_is_at_the_target) {
    ASSERT_TRUE(copy(*source_, *target_, "one"));
    EXPECT_EQ(digest_of(*target_).entries, kEntries);
    EXPECT_EQ(digest_of(*target_), digest_of(*source_));
    ASSERT_TRUE(end(*target_));
    auto wanted = entries(*source_);
    std::erase_if(wanted, [](const auto& entry) { return entry.first == "p/r1/live"; });
    EXPECT_EQ(entries(*target_), wanted);
}

TEST_P(DirectoryCopy, one_that_was_killed_at_any_transaction_goes_on) {
    int kills = 0;
    for (const auto when : {Dying::When::before, Dying::When::after}) {
        // The mark, 16 transactions and the mark, 2 and the mark: some of a page, or all.
        for (const int at : {0, 1, 9, 16, 17, 18, 20}) {
            const TemporaryFolder folder;
            auto real = open_target(folder);
            Dying dying(*real, at, when);
            EXPECT_FALSE(copy(*source_, dying, "one"));
            ++kills;
            ASSERT_TRUE(dying.died());
            const auto done = copy(*source_, *real, "one");
            ASSERT_TRUE(done) << at << ' ' << done.error().message;
            EXPECT_EQ(digest_of(*real), digest_of(*source_)) << at;
            EXPECT_FALSE(usable(*real)) << "only the end lets it be used";
            ASSERT_TRUE(end(*real));
            EXPECT_TRUE(usable(*real));
        }
    }
    EXPECT_EQ(kills, 14);
    const TemporaryFolder folder;
    auto real = open_target(folder);
    Dying dying(*real, 21);
    EXPECT_TRUE(copy(*source_, dying, "one")) << "21 transactions, and all of them were tried";
}

TEST_P(DirectoryCopy, damage_at_the_target_is_noticed) {
    ASSERT_TRUE(copy(*source_, *target_, "one"));
    const StoreDigest wanted = digest_of(*source_);
    put(*target_, "z", "another value");
    EXPECT_NE(digest_of(*target_), wanted);
    EXPECT_EQ(digest_of(*target_).entries, wanted.entries);
    put(*target_, "z", "after the mark's key");
    EXPECT_EQ(digest_of(*target_), wanted);
    put(*target_, "z", std::nullopt);
    EXPECT_NE(digest_of(*target_), wanted);
    put(*target_, "zafter", " the mark's key");
    EXPECT_NE(digest_of(*target_), wanted);
}

TEST_P(DirectoryCopy, a_target_that_is_not_empty_is_refused) {
    put(*target_, "k/somebody", "home");
    auto refused = copy(*source_, *target_, "one");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::already_exists);
    EXPECT_EQ(entries(*target_).size(), 1u);
    put(*target_, "k/somebody", std::nullopt);
    ASSERT_TRUE(copy(*source_, *target_, "one"));
    refused = copy(*source_, *target_, "two");
    ASSERT_FALSE(refused) << "of another copy";
    EXPECT_EQ(refused.error().code, Code::already_exists);
    EXPECT_EQ(digest_of(*target_), digest_of(*source_));
}

TEST_P(DirectoryCopy, what_a_copy_did_not_end_with_is_no_source) {
    ASSERT_TRUE(copy(*source_, *target_, "one"));
    const TemporaryFolder folder;
    auto third = open_target(folder);
    const auto refused = copy(*target_, *third, "two");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, kReasonUnfinishedCopy);
    EXPECT_TRUE(entries(*third).empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, DirectoryCopy,
                         ::testing::Values(Engines{"sqlite_to_sqlite"},
                                           Engines{"sqlite_to_etcd", false, true},
                                           Engines{"etcd_to_sqlite", true, false}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace domicile::kv
