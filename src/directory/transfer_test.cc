#include "directory/transfer.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "directory/testing.h"
#include "kv/etcd_testing.h"

namespace domicile::directory {
namespace {

using sql::testing::TemporaryFolder;

// An export in a file of its own, and what it says.
struct Export {
    Exported report;
    std::string text;
};
Result<Export> export_from(kv::Store& store) {
    TemporaryFolder folder;
    const std::string path = folder.file("export");
    TRY(const Exported report, testing::run<Result<Exported>>([&] {
            return export_all(store, io::system_files(), path, [](std::size_t) {});
        }));
    TRY(std::string text, io::system_files().read(path, 10 << 20));
    EXPECT_EQ(io::system_files().list(folder.path()).value(), std::vector<std::string>{"export"});
    return Export{report, std::move(text)};
}
Result<Imported> import_into(kv::Store& store, const std::string& text) {
    TemporaryFolder folder;
    const std::string path = folder.file("export");
    TRY_VOID(io::system_files().write_atomic(path, text));
    return testing::run<Result<Imported>>(
        [&] { return import_all(store, io::system_files(), path, [](std::size_t) {}); });
}

// 150 people, a fence and a published key.
void fill(kv::Store& store) {
    Directory directory(store, io::system_clock(), testing::options_of("eu-central-1"));
    for (int i = 0; i < 150; ++i) {
        const std::string id = io::system_random().bytes(kClaimIdBytes);
        const SubjectKey key = directory.key("pool", IdentifierKind::email, std::to_string(i));
        ASSERT_TRUE(testing::claim(directory, {{key}, id, 0}));
        ASSERT_TRUE(testing::run<Result<void>>([&] { return directory.activate({key}, id); }));
    }
    const SubjectKey gone = directory.key("pool", IdentifierKind::email, "gone");
    ASSERT_TRUE(testing::run<Result<void>>(
        [&] { return directory.release({gone}, testing::claim_id('g')); }));
    const KeyRecord record{"eu-central-1", "kid", {{"kty", "OKP"}}, "signature"};
    ASSERT_TRUE(testing::run<Result<void>>([&] { return directory.publish_key(record); }));
}

TEST(Transfer, a_directory_goes_from_sqlite_to_etcd_and_back_without_loss) {
    TemporaryFolder folder;
    auto sqlite = kv::open_sqlite_store(folder.file("directory.db"));
    ASSERT_TRUE(sqlite);
    fill(**sqlite);
    const auto first = export_from(**sqlite);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->report.entries, 152u);

    auto etcd = kv::testing::open_etcd(folder, {});
    const auto imported = import_into(*etcd, first->text);
    ASSERT_TRUE(imported) << imported.error().message;
    EXPECT_EQ(imported->written, 152u);
    EXPECT_EQ(imported->conflicts, 0u);
    const auto second = export_from(*etcd);
    ASSERT_TRUE(second);

    auto back = kv::make_memory_store();
    ASSERT_TRUE(import_into(*back, second->text));
    Directory directory(*back, io::system_clock(), testing::options_of("us-east-2"));
    const SubjectKey key = directory.key("pool", IdentifierKind::email, "149");
    EXPECT_EQ(testing::locate(directory, key).home, "eu-central-1");
    EXPECT_TRUE(testing::locate(directory, key).known);
}

// Does something just after the first page was read: the page is older than that.
class BusyStore final : public kv::Store {
  public:
    BusyStore(kv::Store& inner, std::function<void()> meanwhile)
        : inner_(inner), meanwhile_(std::move(meanwhile)) {}
    io::Task<Result<kv::TransactionResult>> commit(kv::Transaction transaction) override {
        return inner_.commit(std::move(transaction));
    }
    io::Task<Result<std::optional<kv::Entry>>> get(std::string key) override {
        return inner_.get(std::move(key));
    }
    io::Task<Result<std::vector<kv::Entry>>> range(std::string prefix, std::string after,
                                                   std::size_t limit) override {
        auto page = co_await inner_.range(std::move(prefix), std::move(after), limit);
        if (meanwhile_) std::exchange(meanwhile_, nullptr)();
        co_return page;
    }
    io::Task<Result<std::vector<kv::Change>>> changes(std::int64_t after,
                                                      std::size_t limit) override {
        return inner_.changes(after, limit);
    }

  private:
    kv::Store& inner_;
    std::function<void()> meanwhile_;
};

void write(kv::Store& store, std::vector<kv::Write> writes) {
    kv::Transaction transaction;
    transaction.writes = std::move(writes);
    ASSERT_TRUE(
        testing::run<Result<kv::TransactionResult>>([&] { return store.commit(transaction); }));
}
std::string fence_key(char id) { return "f/" + std::string(kClaimIdBytes, id); }

TEST(Transfer, an_export_has_what_changed_while_it_read) {
    auto store = kv::make_memory_store();
    write(*store,
          {{fence_key('b'), "\1old"}, {fence_key('d'), "\1old"}, {fence_key('f'), "\1old"}});
    BusyStore busy(*store, [&] {
        write(*store, {{fence_key('a'), "\1new"}, {fence_key('b'), "\1new"}});
        write(*store, {{fence_key('c'), "\1new"}, {fence_key('e'), "\1new"}});
        write(*store, {{fence_key('d'), std::nullopt}, {fence_key('e'), std::nullopt}});
        write(*store, {{fence_key('g'), "\1new"}});
    });
    const auto exported = export_from(busy);
    ASSERT_TRUE(exported) << exported.error().message;
    const auto quiet = export_from(*store);
    EXPECT_EQ(exported->text, quiet->text);
    EXPECT_EQ(exported->report.entries, 5u) << "a, b, c, f and g";
}

TEST(Transfer, an_export_that_breaks_off_leaves_the_last_one_alone) {
    TemporaryFolder folder;
    const std::string path = folder.file("export");
    ASSERT_TRUE(io::system_files().write_atomic(path, "the last one"));
    auto store = kv::make_memory_store({.log_revisions_max = 2});
    BusyStore busy(*store, [&] {
        for (char id = 'a'; id < 'g'; ++id) write(*store, {{fence_key(id), "\1new"}});
    });
    const auto exported = testing::run<Result<Exported>>(
        [&] { return export_all(busy, io::system_files(), path, [](std::size_t) {}); });
    ASSERT_FALSE(exported);
    EXPECT_EQ(exported.error().reason, kv::kReasonCompacted);
    EXPECT_EQ(io::system_files().read(path, 100).value(), "the last one");
    EXPECT_EQ(io::system_files().list(folder.path()).value(), std::vector<std::string>{"export"});
}

TEST(Transfer, an_import_may_be_repeated_and_overwrites_nothing) {
    auto store = kv::make_memory_store();
    fill(*store);
    const std::string text = export_from(*store)->text;
    auto other = kv::make_memory_store();
    Directory directory(*other, io::system_clock(), testing::options_of("us-east-2"));
    const SubjectKey taken = directory.key("pool", IdentifierKind::email, "7");
    ASSERT_TRUE(testing::claim(directory, {{taken}, testing::claim_id('o'), 0}));
    const auto first = import_into(*other, text);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->written, 151u);
    EXPECT_EQ(first->conflicts, 1u);
    EXPECT_EQ(testing::record(directory, taken)->home, "us-east-2") << "one home";
    const auto again = import_into(*other, text);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->written, 0u);
    EXPECT_EQ(again->present, 151u);
    EXPECT_EQ(again->conflicts, 1u);
}

// An export with these lines between head and a tail that fits them.
std::string forged(const std::string& lines, int entries) {
    const std::string text = R"({"format":"domicile directory","version":1,"revision":1})"
                             "\n" +
                             lines;
    return text + R"({"entries":)" + std::to_string(entries) + R"(,"sha256":")" +
           to_hex(crypto::sha256(text)) + "\"}\n";
}
std::string entry(const std::string& key, const std::string& value) {
    return R"({"key":")" + to_base64(key) + R"(","value":")" + to_base64(value) + "\"}\n";
}

std::string fence(char id) { return entry("f/" + std::string(16, id), "\1eu"); }

TEST(Transfer, what_is_not_whole_or_not_a_directory_is_refused_before_anything_is_written) {
    auto source = kv::make_memory_store();
    fill(*source);
    const std::string text = export_from(*source)->text;
    std::string changed = text;
    changed[text.size() / 2] = changed[text.size() / 2] == 'A' ? 'B' : 'A';
    const std::string last_line = text.substr(text.rfind('\n', text.size() - 2) + 1);
    auto store = kv::make_memory_store();
    for (const std::string& bad :
         {std::string(), std::string("{}\n"), changed, text.substr(0, text.size() - 1),
          text.substr(0, text.size() - last_line.size()), text + text,
          forged(entry("k/short", "x"), 1), forged(entry("k/" + std::string(16, 'k'), "x"), 1),
          forged(entry("email/a@example.com", "x"), 1), forged("{}\n", 1),
          forged(fence('g') + fence('f'), 2), forged(fence('f') + fence('f'), 2),
          forged(fence('f'), 2)})
        EXPECT_FALSE(import_into(*store, bad)) << bad.substr(0, 200);
    EXPECT_EQ(export_from(*store)->report.entries, 0u);
    EXPECT_TRUE(import_into(*store, forged(fence('f') + fence('g'), 2)));
}

}  // namespace
}  // namespace domicile::directory
