// Global tables: two regions, each with its own Documents, over one store.
#include <gtest/gtest.h>

#include "documents/documents.h"
#include "documents/global_items.h"
#include "io/runtime.h"
#include "io/testing.h"
#include "sql/engine_testing.h"

namespace domicile::documents {
namespace {

Attribute text(std::string value) { return {std::move(value)}; }
Attribute number(std::string_view value) { return {make_number(value).value()}; }

config::NamedList<config::Table> all_tables() {
    using enum config::ItemType;
    config::NamedList<config::Table> out;
    config::Table table;
    table.name = "Catalogue";
    table.partition_key = {"group", config::KeyType::string};
    table.sort_key = config::Key{"sku", config::KeyType::string};
    table.global = config::Global{};
    table.global->attributes = {
        {"title", string}, {"price", number}, {"more", map}, {"tags", string_set}};
    out.push_back(table);
    table.name = "Flags";
    table.partition_key = {"flag", config::KeyType::string};
    table.sort_key.reset();
    table.global->attributes = {{"on", boolean}, {"count", number}};
    out.push_back(table);
    table.name = "Raw";
    table.partition_key = {"bytes", config::KeyType::binary};
    table.sort_key = config::Key{"place", config::KeyType::number};
    table.global->attributes = {};
    out.push_back(table);
    return out;
}

template <class T>
T run(io::Task<T> task) {
    return io::run_task<T>([&] { return std::move(task); });
}

access::Principal anyone() { return {"DOMKTEST", {{{{"dynamodb:*"}, {"table/*"}}}}, {}}; }

struct Region {
    Region(const std::string& name, kv::Store& shared,
           const config::NamedList<config::Table>& tables)
        : data(sql::testing::open_database(folder.file("data.db"))),
          key_data(sql::testing::open_database(folder.file("keys.db"))),
          keyring(*key_data, io::system_random(), std::string(32, 'm')),
          log(audit::Log::open(io::system_files(), folder.file("audit.log"), name,
                               io::system_clock())
                  .value()),
          documents(Documents::Parts{tables, *data, keyring, *log,
                                     [](std::string) -> io::Task<Result<bool>> { co_return false; },
                                     &shared}) {
        EXPECT_TRUE(run(keyring.open()));
        EXPECT_TRUE(run(documents.open()));
    }
    auto put(std::string table, Item item, std::optional<bool> must_exist = {}) {
        return run(documents.put(anyone(), std::move(table), std::move(item), must_exist));
    }
    auto overwrite(std::string table, Item item) {
        return run(documents.overwrite(anyone(), std::move(table), std::move(item)));
    }
    auto get(std::string table, Item key) {
        return run(documents.get(anyone(), std::move(table), std::move(key)));
    }
    std::string audited() {
        return io::system_files().read(folder.file("audit.log"), 1 << 20).value();
    }

    io::testing::TemporaryFolder folder;
    std::unique_ptr<sql::Database> data, key_data;
    keyring::Keyring keyring;
    std::unique_ptr<audit::Log> log;
    Documents documents;
};

class GlobalTables : public ::testing::Test {
  protected:
    std::vector<std::string> skus(Region& region, QueryRequest request,
                                  std::optional<Item>* last = nullptr) {
        request.table = "Catalogue";
        request.partition = text("bikes");
        auto result = run(region.documents.query(anyone(), std::move(request)));
        EXPECT_TRUE(result) << result.error().message;
        std::vector<std::string> out;
        if (!result) return out;
        for (const Item& item : result->items)
            out.push_back(std::get<std::string>(item.at("sku").value));
        if (last != nullptr) *last = result->last_key;
        return out;
    }
    void put_skus(const std::vector<std::string>& all) {
        for (const auto& sku : all)
            EXPECT_TRUE(
                here_.overwrite("Catalogue", {{"group", text("bikes")}, {"sku", text(sku)}}));
    }

    std::shared_ptr<kv::Store> store_ = kv::make_memory_store();
    config::NamedList<config::Table> tables_ = all_tables();
    Region here_{"eu-central-1", *store_, tables_}, there_{"us-east-1", *store_, tables_};
};

using Texts = std::vector<std::string>;

TEST_F(GlobalTables, what_one_region_writes_every_region_reads) {
    const Item item{{"group", text("bikes")},
                    {"sku", text("b1")},
                    {"title", text("Blue")},
                    {"price", number("299.9")}};
    ASSERT_TRUE(here_.overwrite("Catalogue", item));
    const Item key{{"group", text("bikes")}, {"sku", text("b1")}};
    EXPECT_EQ(there_.get("Catalogue", key).value(), item);
    ASSERT_TRUE(run(there_.documents.remove(anyone(), "Catalogue", key, true)));
    EXPECT_EQ(here_.get("Catalogue", key).value(), std::nullopt);
}

TEST_F(GlobalTables, a_condition_holds_over_all_regions) {
    const Item item{{"flag", text("dark")}, {"on", {true}}};
    ASSERT_TRUE(here_.put("Flags", item, false));
    EXPECT_EQ(there_.put("Flags", item, false).error().reason, reason::kConditionFailed);
    const auto removed =
        run(there_.documents.remove(anyone(), "Flags", {{"flag", text("dark")}}, true));
    EXPECT_EQ(removed.value(), item);
    EXPECT_EQ(run(here_.documents.remove(anyone(), "Flags", {{"flag", text("dark")}}, true))
                  .error()
                  .reason,
              reason::kConditionFailed);
}

// Read, add one, write if nobody wrote in between: what other writers did is never lost.
TEST_F(GlobalTables, writers_of_two_regions_lose_no_update_of_each_other) {
    kv::Store& store = *store_;
    GlobalItems rows(store);
    const config::Table& flags = *tables_.find("Flags");
    const Partition place{&flags, here_.keyring.region_key("x"),
                          rows.partition_index(flags, text("n"))};
    const auto with = [](int count) {
        return Item{{"flag", text("n")}, {"count", number(std::to_string(count))}};
    };
    ASSERT_TRUE(run(rows.replace(place, "", std::nullopt, with(0))));
    const auto mine = run(rows.find(place, "")).value();
    ASSERT_TRUE(run(rows.replace(place, "", mine, with(1))));
    EXPECT_EQ(run(rows.replace(place, "", mine, with(1))).error().code, Code::conflict);
    EXPECT_EQ(run(rows.replace(place, "", std::nullopt, with(9))).error().code, Code::conflict);
    EXPECT_EQ(run(rows.find(place, "")).value()->item, with(1));
}

TEST_F(GlobalTables, an_update_keeps_what_another_region_set) {
    ASSERT_TRUE(here_.overwrite("Catalogue",
                                {{"group", text("g")}, {"sku", text("s")}, {"title", text("T")}}));
    UpdateRequest update{
        "Catalogue", {{"group", text("g")}, {"sku", text("s")}}, {{"price", number("5")}}, {}, {}};
    const auto done = run(there_.documents.update(anyone(), update));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->after.at("title"), text("T"));
    EXPECT_EQ(here_.get("Catalogue", update.key).value()->at("price"), number("5"));
}

TEST_F(GlobalTables, queries_go_forward_backward_and_by_page) {
    put_skus({"b", "a", "d", "c", "aa", std::string("a\0b", 3)});
    const Texts all{"a", std::string("a\0b", 3), "aa", "b", "c", "d"};
    EXPECT_EQ(skus(there_, {}), all);
    QueryRequest request;
    request.forward = false;
    EXPECT_EQ(skus(there_, request), Texts(all.rbegin(), all.rend()));
    request = {};
    request.sort = {SortRange::Kind::between, text("aa"), text("c")};
    EXPECT_EQ(skus(there_, request), (Texts{"aa", "b", "c"}));
    request.sort = {SortRange::Kind::begins_with, text("a"), {}};
    EXPECT_EQ(skus(there_, request), (Texts{"a", std::string("a\0b", 3), "aa"}));
    request.sort = {SortRange::Kind::greater, text("a"), {}};
    request.limit = 2;
    std::optional<Item> last;
    EXPECT_EQ(skus(there_, request, &last), (Texts{std::string("a\0b", 3), "aa"}));
    request.start_after = last;
    EXPECT_EQ(skus(there_, request, &last), (Texts{"b", "c"}));
    request.start_after = last;
    EXPECT_EQ(skus(there_, request, &last), Texts{"d"});
    EXPECT_EQ(last, std::nullopt);
}

TEST_F(GlobalTables, more_than_one_step_of_reading_makes_one_page) {
    Texts many;
    for (int i = 100; i < 300; ++i) many.push_back(std::to_string(i));
    put_skus(many);
    EXPECT_EQ(skus(there_, {}), many);
    QueryRequest request;
    request.sort = {SortRange::Kind::greater_equal, text("100"), {}};
    EXPECT_EQ(skus(there_, request), many);
}

// A partition key that begins with another one, or with its end: neither's items are the other's.
TEST_F(GlobalTables, partitions_do_not_run_into_each_other) {
    const auto item = [](std::string bytes, const char* place) {
        return Item{{"bytes", {Binary{std::move(bytes)}}}, {"place", number(place)}};
    };
    const std::string keys[] = {"a", std::string("a\0", 2), std::string("a\0\1", 3),
                                std::string("a\0\xff", 3), "a/"};
    for (const auto& key : keys)
        for (const char* place : {"-1", "2", "10"})
            ASSERT_TRUE(here_.overwrite("Raw", item(key, place)));
    for (const auto& key : keys)
        for (const bool forward : {true, false}) {
            QueryRequest request;
            request.table = "Raw";
            request.partition = {Binary{key}};
            request.forward = forward;
            const auto found = run(there_.documents.query(anyone(), request));
            ASSERT_EQ(found.value().items.size(), 3u);
            EXPECT_EQ(found->items[forward ? 0 : 2], item(key, "-1"));
            EXPECT_EQ(found->items[forward ? 2 : 0], item(key, "10"));
        }
}

struct Refused {
    const char* table;
    Item item;
    const char* reason;
};

TEST_F(GlobalTables, take_nothing_undeclared_and_nothing_that_looks_personal) {
    const Item key{{"group", text("g")}, {"sku", text("s")}};
    const auto with = [&](const char* name, Attribute value) {
        Item out = key;
        out.insert_or_assign(name, std::move(value));
        return out;
    };
    const Refused cases[] = {
        {"Catalogue", with("colour", text("blue")), reason::kNotDeclared},
        {"Catalogue", with("price", text("12")), reason::kNotDeclared},
        {"Catalogue", with("title", {Null{}}), reason::kNotDeclared},
        {"Catalogue", with("title", text("ask anna@example.com")), reason::kLooksPersonal},
        {"Catalogue", with("price", number("4111111111111111")), reason::kLooksPersonal},
        {"Catalogue", with("tags", {StringSet{{"a", "+49 170 1234567"}}}), reason::kLooksPersonal},
        {"Catalogue", with("more", {Item{{"list", {std::vector<Attribute>{text("078-05-1120")}}}}}),
         reason::kLooksPersonal},
        {"Catalogue", with("more", {Item{{"anna@example.com", {true}}}}), reason::kLooksPersonal},
        {"Catalogue", with("sku", text("anna@example.com")), reason::kLooksPersonal},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(here_.overwrite(one.table, one.item).error().reason, one.reason);
        const auto refused = here_.put(one.table, one.item);
        EXPECT_EQ(refused.error().code, Code::invalid_argument);
        EXPECT_EQ(refused.error().message.find("anna@"), std::string::npos);
    }
    EXPECT_EQ(here_.get("Catalogue", key).value(), std::nullopt);
    const std::string audited = here_.audited();
    EXPECT_NE(audited.find("\"reason\":\"looks_personal\""), std::string::npos);
    EXPECT_NE(audited.find("\"attribute\":\"title\""), std::string::npos);
    EXPECT_NE(audited.find("\"reason\":\"not_declared\""), std::string::npos);
    EXPECT_EQ(audited.find("anna"), std::string::npos);
    EXPECT_EQ(audited.find("colour"), std::string::npos) << "what clients make up may be personal";
}

TEST_F(GlobalTables, refuse_it_in_updates_too) {
    UpdateRequest update{"Catalogue", {{"group", text("g")}, {"sku", text("s")}}, {}, {}, {}};
    update.set = {{"title", text("anna@example.com")}};
    EXPECT_EQ(run(here_.documents.update(anyone(), update)).error().reason, reason::kLooksPersonal);
    update.set = {{"colour", text("blue")}};
    EXPECT_EQ(run(here_.documents.update(anyone(), update)).error().reason, reason::kNotDeclared);
    update.set = {};
    update.key.at("sku") = text("anna@example.com");
    EXPECT_EQ(run(here_.documents.update(anyone(), update)).error().reason, reason::kLooksPersonal);
}

TEST_F(GlobalTables, say_so_when_a_key_or_an_item_is_too_large_for_the_store) {
    const Item large{
        {"group", text("g")}, {"sku", text("s")}, {"title", text(std::string(64 << 10, 'x'))}};
    EXPECT_EQ(here_.overwrite("Catalogue", large).error().reason, reason::kItemSize);
    EXPECT_EQ(here_.put("Catalogue", large).error().reason, reason::kItemSize);
    Item key{{"group", text(std::string(400, 'g'))},
             {"sku", text(std::string(98, 's'))}};  // 512 bytes in all
    EXPECT_TRUE(here_.overwrite("Catalogue", key));
    key.at("sku") = text(std::string(99, 's'));
    EXPECT_EQ(here_.overwrite("Catalogue", key).error().reason, reason::kKeySchema);
    EXPECT_EQ(here_.get("Catalogue", key).error().reason, reason::kKeySchema);
    QueryRequest request;
    request.table = "Catalogue";
    request.partition = text(std::string(600, 'g'));
    EXPECT_EQ(run(here_.documents.query(anyone(), request)).error().reason, reason::kKeySchema);
}

// Whoever can write the shared store must not be able to bring a region down.
TEST_F(GlobalTables, an_entry_that_no_region_wrote_is_an_error_and_no_more) {
    const Item key{{"group", text("bikes")}, {"sku", text("x")}};
    ASSERT_TRUE(here_.overwrite("Catalogue", key));
    const auto entries = run(store_->range("t/", "", 10)).value();
    ASSERT_EQ(entries.size(), 1u);
    ASSERT_TRUE(here_.overwrite("Flags", {{"flag", text("bikes")}}));
    const auto others = run(store_->range("t/Flags", "", 10)).value();
    for (const std::string& value : {std::string("garbage"), std::string(), others.at(0).value}) {
        kv::Transaction write;
        write.writes.push_back({entries[0].key, value});
        ASSERT_TRUE(run(store_->commit(write)));
        EXPECT_EQ(there_.get("Catalogue", key).error().code, Code::internal);
        QueryRequest request;
        request.table = "Catalogue";
        request.partition = text("bikes");
        for (request.forward = true; request.forward; request.forward = false)
            EXPECT_EQ(run(there_.documents.query(anyone(), request)).error().code, Code::internal);
        EXPECT_EQ(run(there_.documents.query(anyone(), request)).error().code, Code::internal);
    }
    ASSERT_TRUE(here_.overwrite("Catalogue", key)) << "it can be written over";
    EXPECT_EQ(there_.get("Catalogue", key).value(), key);
}

}  // namespace
}  // namespace domicile::documents
