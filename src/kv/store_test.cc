#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "kv/contract.h"
#include "kv/etcd_testing.h"

namespace domicile::kv {
namespace {

using sql::testing::Child;
using sql::testing::TemporaryFolder;

std::shared_ptr<Store> open_memory(const TemporaryFolder&, const StoreOptions& options) {
    return make_memory_store(options);
}
std::shared_ptr<Store> open_file(const TemporaryFolder& folder, const StoreOptions& options) {
    auto store = open_sqlite_store(folder.file("test.kv"), options);
    return store ? std::shared_ptr<Store>(std::move(*store)) : nullptr;
}
INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         ::testing::Values(StoreUnderTest{"memory", open_memory, false},
                                           StoreUnderTest{"sqlite", open_file, true},
                                           StoreUnderTest{"etcd", testing::open_etcd, true}),
                         [](const auto& info) { return info.param.name; });

Result<TransactionResult> put(Store& store, const std::string& key) {
    return io::run_task<Result<TransactionResult>>(
        [&] { return store.commit({.compares = {}, .writes = {{key, "v"}}}); });
}

TEST(SqliteStore, files_are_for_the_owner_only) {
    TemporaryFolder folder;
    auto store = open_file(folder, {});
    ASSERT_TRUE(put(*store, "a"));
    for (const char* name : {"test.kv", "test.kv-wal", "test.kv-shm"}) {
        struct stat info{};
        ASSERT_EQ(stat(folder.file(name).c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777u, 0600u) << name;
    }
}

TEST(SqliteStore, a_lock_that_another_process_holds_too_long_is_unavailable) {
    TemporaryFolder folder;
    auto store = open_file(folder, {.busy = Millis(10)});
    sqlite3* holder = nullptr;
    ASSERT_EQ(sqlite3_open(folder.file("test.kv").c_str(), &holder), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(holder, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    auto refused = put(*store, "a");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    sqlite3_exec(holder, "ROLLBACK", nullptr, nullptr, nullptr);
    sqlite3_close(holder);
    EXPECT_TRUE(put(*store, "a"));
}

TEST(SqliteStore, a_newer_format_is_refused) {
    TemporaryFolder folder;
    open_file(folder, {}).reset();
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(folder.file("test.kv").c_str(), &other), SQLITE_OK);
    sqlite3_exec(other, "UPDATE meta SET value = 2 WHERE name = 'format'", nullptr, nullptr,
                 nullptr);
    sqlite3_close(other);
    auto refused = open_sqlite_store(folder.file("test.kv"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::failed_precondition);
    EXPECT_TRUE(refused.error().message.starts_with(folder.file("test.kv")));
}

constexpr int kIncrements = 100;

// Adds one to a counter by compare and set, until it has done so kIncrements times.
io::Task<bool> increment(Store& store) {
    for (int done = 0; done < kIncrements;) {
        auto current = co_await store.get("counter");
        if (!current || !*current) co_return false;
        Transaction transaction;
        Compare unchanged{
            .kind = Compare::Kind::revision_is, .key = "counter", .value = "", .revision = 0};
        unchanged.revision = (*current)->revision;
        transaction.compares.push_back(std::move(unchanged));
        transaction.writes.push_back({"counter", std::to_string(std::stoi((*current)->value) + 1)});
        auto out = co_await store.commit(std::move(transaction));
        if (!out) co_return false;
        done += out->applied ? 1 : 0;
    }
    co_return true;
}

// Runs in a process of its own.
TEST(SqliteStoreChild, DISABLED_increments) {
    const char* path = std::getenv("DOMICILE_TEST_STORE");
    ASSERT_NE(path, nullptr);
    auto store = open_sqlite_store(path);
    ASSERT_TRUE(store);
    EXPECT_TRUE(io::run_task<bool>([&] { return increment(**store); }));
}

TEST(SqliteStore, processes_that_compare_and_set_lose_nothing) {
    TemporaryFolder folder;
    auto store = open_file(folder, {});
    ASSERT_TRUE(io::run_task<Result<TransactionResult>>(
        [&] { return store->commit({.compares = {}, .writes = {{"counter", "0"}}}); }));
    std::vector<std::unique_ptr<Child>> children;
    children.reserve(3);
    for (int i = 0; i < 3; ++i)
        children.push_back(std::make_unique<Child>(
            "SqliteStoreChild.DISABLED_increments",
            std::vector<std::string>{"DOMICILE_TEST_STORE=" + folder.file("test.kv")}));
    for (auto& child : children) {
        while (child->read_line()) continue;
        EXPECT_EQ(child->wait(), 0);
    }
    auto counter =
        io::run_task<Result<std::optional<Entry>>>([&] { return store->get("counter"); });
    EXPECT_EQ((*counter)->value, std::to_string(3 * kIncrements));
}

}  // namespace
}  // namespace domicile::kv
