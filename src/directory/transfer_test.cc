#include "directory/transfer.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "directory/testing.h"
#include "kv/etcd_testing.h"

namespace domicile::directory {
namespace {

using sql::testing::TemporaryFolder;

Result<Exported> export_from(kv::Store& store) {
    return testing::run<Result<Exported>>([&] { return export_all(store); });
}
Result<Imported> import_into(kv::Store& store, const std::string& text) {
    return testing::run<Result<Imported>>([&] { return import_all(store, text); });
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
    EXPECT_EQ(first->entries, 152u);

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
          forged(entry("f/" + std::string(16, 'f'), "\1eu"), 2)})
        EXPECT_FALSE(import_into(*store, bad)) << bad.substr(0, 200);
    EXPECT_EQ(export_from(*store)->entries, 0u);
    EXPECT_TRUE(import_into(*store, forged(entry("f/" + std::string(16, 'f'), "\1eu"), 1)));
}

}  // namespace
}  // namespace domicile::directory
