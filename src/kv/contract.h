// What every Store must do. An engine's test instantiates the suite with a factory:
//   INSTANTIATE_TEST_SUITE_P(Memory, StoreContract, ::testing::Values(StoreUnderTest{...}));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kv/store.h"
#include "sql/testing.h"

namespace domicile::kv {

struct StoreUnderTest {
    std::string name;
    // An initially empty store; the same one at each call with the same folder if it is durable.
    std::function<std::shared_ptr<Store>(const sql::testing::TemporaryFolder&, const StoreOptions&)>
        open;
    bool durable = false;
};

class StoreContract : public ::testing::TestWithParam<StoreUnderTest> {
  protected:
    static constexpr Millis kShort{20};

    void SetUp() override { open({.watch_wait = kShort, .watch_poll = Millis(5)}); }
    void open(const StoreOptions& options) {
        store_.reset();
        store_ = GetParam().open(folder_, options);
        ASSERT_NE(store_, nullptr);
    }
    Result<TransactionResult> commit(Transaction transaction) {
        return io::run_task<Result<TransactionResult>>([&] { return store_->commit(transaction); });
    }
    std::int64_t put(const std::string& key, const std::string& value) {
        auto out = commit({.compares = {}, .writes = {{key, value}}});
        return out && out->applied ? out->revision : -1;
    }
    std::int64_t erase(const std::string& key) {
        auto out = commit({.compares = {}, .writes = {{key, std::nullopt}}});
        return out && out->applied ? out->revision : -1;
    }
    std::optional<Entry> get(const std::string& key) {
        auto out = io::run_task<Result<std::optional<Entry>>>([&] { return store_->get(key); });
        EXPECT_TRUE(out);
        return out.value_or(std::nullopt);
    }
    std::string keys(const std::string& prefix, const std::string& after, std::size_t limit) {
        auto out = io::run_task<Result<std::vector<Entry>>>(
            [&] { return store_->range(prefix, after, limit); });
        std::string joined;
        for (const Entry& entry : out.value()) joined += entry.key + " ";
        return joined;
    }
    Result<std::vector<Change>> changes(std::int64_t after, std::size_t limit) {
        return io::run_task<Result<std::vector<Change>>>(
            [&] { return store_->changes(after, limit); });
    }

    sql::testing::TemporaryFolder folder_;
    std::shared_ptr<Store> store_;
};

TEST_P(StoreContract, an_entry_keeps_its_create_revision_until_it_is_deleted) {
    EXPECT_EQ(get("a"), std::nullopt);
    const auto first = put("a", "1");
    const auto second = put("a", "2");
    EXPECT_LT(first, second);
    EXPECT_EQ(get("a"), (Entry{"a", "2", first, second}));
    EXPECT_GT(erase("a"), second);
    EXPECT_EQ(get("a"), std::nullopt);
    const auto again = put("a", "3");
    EXPECT_EQ(get("a"), (Entry{"a", "3", again, again}));
}

TEST_P(StoreContract, keys_and_values_are_any_bytes) {
    const std::string key("k\0/\xff\0", 5);
    const std::string value("\0\xfe", 2);
    const auto revision = put(key, value);
    EXPECT_EQ(get(key), (Entry{key, value, revision, revision}));
    EXPECT_EQ(get(std::string("k\0/\xff", 4)), std::nullopt);
    EXPECT_GT(put("empty", ""), revision);
    EXPECT_EQ(get("empty")->value, "");
}

TEST_P(StoreContract, a_transaction_applies_only_when_all_compares_hold) {
    const auto revision = put("a", "1");
    using Kind = Compare::Kind;
    const std::vector<std::pair<Compare, bool>> cases = {
        {{.kind = Kind::absent, .key = "b", .value = "", .revision = 0}, true},
        {{.kind = Kind::absent, .key = "a", .value = "", .revision = 0}, false},
        {{.kind = Kind::present, .key = "a", .value = "", .revision = 0}, true},
        {{.kind = Kind::present, .key = "b", .value = "", .revision = 0}, false},
        {{.kind = Kind::value_is, .key = "a", .value = "1", .revision = 0}, true},
        {{.kind = Kind::value_is, .key = "a", .value = "2", .revision = 0}, false},
        {{.kind = Kind::value_is, .key = "b", .value = "", .revision = 0}, false},
        {{.kind = Kind::revision_is, .key = "a", .value = "", .revision = revision}, true},
        {{.kind = Kind::revision_is, .key = "a", .value = "", .revision = revision + 1}, false},
        {{.kind = Kind::revision_is, .key = "b", .value = "", .revision = 0}, false},
    };
    const Compare good{.kind = Kind::present, .key = "a", .value = "", .revision = 0};
    for (const auto& [compare, expected] : cases) {
        auto out = commit({.compares = {good, compare}, .writes = {{"w", "x"}, {"v", "y"}}});
        ASSERT_TRUE(out);
        EXPECT_EQ(out->applied, expected);
        EXPECT_EQ(get("w").has_value(), expected);
        EXPECT_EQ(get("v").has_value(), expected);
        erase("w");
        erase("v");
    }
}

TEST_P(StoreContract, an_unapplied_transaction_tells_the_current_entries_in_order) {
    const auto revision = put("a", "1");
    auto out = commit(
        {.compares = {{.kind = Compare::Kind::absent, .key = "b", .value = "", .revision = 0},
                      {.kind = Compare::Kind::absent, .key = "a", .value = "", .revision = 0}},
         .writes = {{"b", "2"}}});
    ASSERT_TRUE(out);
    EXPECT_FALSE(out->applied);
    EXPECT_EQ(out->revision, revision);
    ASSERT_EQ(out->current.size(), 2u);
    EXPECT_EQ(out->current[0], std::nullopt);
    EXPECT_EQ(out->current[1], (Entry{"a", "1", revision, revision}));
}

TEST_P(StoreContract, what_changes_nothing_takes_no_revision) {
    const auto revision = put("a", "1");
    auto empty = commit({});
    ASSERT_TRUE(empty);
    EXPECT_TRUE(empty->applied);
    EXPECT_EQ(empty->revision, revision);
    EXPECT_EQ(erase("absent"), revision);
}

TEST_P(StoreContract, bounds_are_kept) {
    const auto code = [&](Transaction transaction) {
        auto out = commit(std::move(transaction));
        return out ? "applied" : std::string(to_string(out.error().code));
    };
    EXPECT_EQ(code({{}, {{std::string(512, 'k'), std::string(65536, 'v')}}}), "applied");
    EXPECT_EQ(code({{}, {{std::string(513, 'k'), "v"}}}), "too_large");
    EXPECT_EQ(code({{}, {{"k", std::string(65537, 'v')}}}), "too_large");
    EXPECT_EQ(code({{}, {{"", "v"}}}), "invalid_argument");
    EXPECT_EQ(code({{}, {{"k", "v"}, {"k", std::nullopt}}}), "invalid_argument");
    Transaction many;
    for (int i = 0; i < 64; ++i) {
        const std::string key = "m" + std::to_string(i);
        many.compares.push_back(
            {.kind = Compare::Kind::absent, .key = key, .value = "", .revision = 0});
        many.writes.push_back({key, "v"});
    }
    EXPECT_EQ(code(many), "applied");
    many.writes.push_back({"one more", "v"});
    EXPECT_EQ(code(many), "invalid_argument");
    many.writes.clear();
    many.compares.push_back(
        {.kind = Compare::Kind::absent, .key = "x", .value = "", .revision = 0});
    EXPECT_EQ(code(many), "invalid_argument");
    EXPECT_EQ(get("one more"), std::nullopt);
}

TEST_P(StoreContract, ranges_are_in_byte_order_and_paged) {
    for (const char* key : {"b/2", "a", "b/1", "b/\xff", "b0", "b", "b/10"}) put(key, "v");
    EXPECT_EQ(keys("b/", "", 10), "b/1 b/10 b/2 b/\xff ");
    EXPECT_EQ(keys("b/", "", 2), "b/1 b/10 ");
    EXPECT_EQ(keys("b/", "b/10", 2), "b/2 b/\xff ");
    EXPECT_EQ(keys("b/", "c", 2), "");
    EXPECT_EQ(keys("", "b/2", 10), "b/\xff b0 ");
    EXPECT_EQ(keys("\xff", "", 10), "");
    EXPECT_EQ(keys("b/\xff", "", 10), "b/\xff ");
    EXPECT_EQ(keys("b/", "", 0), "");
}

TEST_P(StoreContract, changes_come_in_order_with_tombstones) {
    const auto start = commit({})->revision;
    const auto first = put("a", "1");
    const auto second = put("b", "2");
    const auto third = erase("a");
    auto all = changes(start, 10);
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 3u);
    EXPECT_EQ((*all)[0].entry, (Entry{"a", "1", first, first}));
    EXPECT_EQ((*all)[1].entry, (Entry{"b", "2", second, second}));
    EXPECT_EQ((*all)[2].entry, (Entry{"a", "", 0, third}));
    EXPECT_FALSE((*all)[1].deleted);
    EXPECT_TRUE((*all)[2].deleted);
    EXPECT_EQ(changes(first, 1)->at(0).entry.key, "b");
    EXPECT_TRUE(changes(third, 10)->empty());
}

TEST_P(StoreContract, changes_keep_a_transaction_whole) {
    const auto start = commit({})->revision;
    ASSERT_TRUE(commit({.compares = {}, .writes = {{"a", "1"}, {"b", "1"}, {"c", "1"}}}));
    put("d", "1");
    EXPECT_EQ(changes(start, 2)->size(), 3u);
    EXPECT_EQ(changes(start, 4)->size(), 4u);
}

io::Task<Result<std::vector<Change>>> watch_while_writing(Store& store, std::int64_t after) {
    std::vector<io::Task<bool>> tasks;
    auto found = std::make_shared<Result<std::vector<Change>>>();
    struct Steps {
        static io::Task<bool> watch(Store& store, std::int64_t after,
                                    std::shared_ptr<Result<std::vector<Change>>> found) {
            *found = co_await store.changes(after, 10);
            co_return true;
        }
        static io::Task<bool> write(Store& store) {
            Transaction transaction;
            transaction.writes.push_back({"later", "1"});
            auto out = co_await store.commit(std::move(transaction));
            co_return out.has_value();
        }
    };
    tasks.push_back(Steps::watch(store, after, found));
    tasks.push_back(Steps::write(store));
    co_await sql::testing::gather(std::move(tasks));
    co_return *found;
}

TEST_P(StoreContract, changes_wait_for_the_first) {
    open({.watch_wait = Millis(60'000), .watch_poll = Millis(5)});
    const auto start = commit({})->revision;
    auto out = io::run_task<Result<std::vector<Change>>>(
        [&] { return watch_while_writing(*store_, start); });
    ASSERT_TRUE(out);
    ASSERT_EQ(out->size(), 1u);
    EXPECT_EQ((*out)[0].entry.key, "later");
}

TEST_P(StoreContract, a_log_that_begins_later_says_so) {
    open({.log_revisions_max = 5, .watch_wait = kShort, .watch_poll = Millis(5)});
    const auto start = commit({})->revision;
    for (int i = 0; i < 8; ++i) put("a", std::to_string(i));
    auto lost = changes(start, 10);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Code::failed_precondition);
    EXPECT_EQ(lost.error().reason, "compacted");
    EXPECT_EQ(changes(start + 3, 10)->size(), 5u);
    EXPECT_EQ(get("a")->value, "7");
}

TEST_P(StoreContract, of_many_transactions_that_want_an_absent_key_one_applies) {
    const auto results = io::run_task<std::vector<Result<TransactionResult>>>([&] {
        std::vector<io::Task<Result<TransactionResult>>> tasks;
        for (int i = 0; i < 64; ++i)
            tasks.push_back(store_->commit(
                {.compares =
                     {{.kind = Compare::Kind::absent, .key = "one", .value = "", .revision = 0}},
                 .writes = {{"one", std::to_string(i)}, {"own" + std::to_string(i), ""}}}));
        return sql::testing::gather(std::move(tasks));
    });
    int applied = 0;
    for (const auto& result : results) applied += result && result->applied ? 1 : 0;
    EXPECT_EQ(applied, 1);
    EXPECT_EQ(keys("own", "", 100), "own" + get("one")->value + " ");
}

TEST_P(StoreContract, a_durable_store_is_there_after_reopening) {
    if (!GetParam().durable) return;
    const auto revision = put("a", "1");
    open({.watch_wait = kShort, .watch_poll = Millis(5)});
    EXPECT_EQ(get("a"), (Entry{"a", "1", revision, revision}));
    EXPECT_EQ(commit({})->revision, revision);
    EXPECT_EQ(changes(revision - 1, 10)->size(), 1u);
}

}  // namespace domicile::kv
