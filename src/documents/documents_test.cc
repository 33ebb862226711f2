#include "documents/documents.h"

#include <gtest/gtest.h>

#include "documents/codec.h"
#include "documents/number.h"
#include "io/runtime.h"
#include "io/testing.h"
#include "sql/engine_testing.h"

namespace domicile::documents {
namespace {

constexpr const char* kAnna = "11111111-1111-4111-8111-111111111111";
constexpr const char* kBob = "22222222-2222-4222-8222-222222222222";
constexpr const char* kAway = "33333333-3333-4333-8333-333333333333";

Attribute text(std::string value) { return {std::move(value)}; }
Attribute number(std::string_view value) { return {make_number(value).value()}; }

config::Table table(std::string name, std::optional<config::Key> sort, bool resident,
                    config::SortKeyStorage storage) {
    config::Table out;
    out.name = std::move(name);
    out.partition_key = {"user", config::KeyType::string};
    out.sort_key = std::move(sort);
    if (resident) out.resident = config::Resident{"user"};
    out.sort_key_storage = storage;
    return out;
}

config::NamedList<config::Table> all_tables() {
    using enum config::SortKeyStorage;
    using enum config::KeyType;
    config::NamedList<config::Table> out;
    out.push_back(table("Profile", std::nullopt, true, encrypted));
    out.push_back(table("Diary", config::Key{"at", string}, true, encrypted));
    out.push_back(table("Steps", config::Key{"day", number}, true, clear));
    out.push_back(table("Weights", config::Key{"kg", number}, true, encrypted));
    out.push_back(table("Words", config::Key{"word", string}, false, clear));
    return out;
}

class DocumentsTest : public ::testing::Test {
  protected:
    DocumentsTest() {
        database_ = sql::testing::open_database(folder_.file("data.db"));
        key_database_ = sql::testing::open_database(folder_.file("keys.db"));
        keyring_ = std::make_unique<keyring::Keyring>(*key_database_, io::system_random(),
                                                      std::string(32, 'm'));
        audit_ = audit::Log::open(io::system_files(), folder_.file("audit.log"), "eu-central-1",
                                  io::system_clock())
                     .value();
        IsResident resident = [](std::string subject) -> io::Task<Result<bool>> {
            co_return subject != kAway;
        };
        documents_ = std::make_unique<Documents>(
            Documents::Parts{tables_, *database_, *keyring_, *audit_, resident});
        EXPECT_TRUE(run(keyring_->open()));
        EXPECT_TRUE(run(documents_->open()));
        for (const char* subject : {kAnna, kBob}) EXPECT_TRUE(run(keyring_->create(subject)));
    }

    template <class T>
    static T run(io::Task<T> task) {
        return io::run_task<T>([&] { return std::move(task); });
    }
    static access::Principal anyone(std::optional<std::string> subject = {}) {
        return {"DOMKTEST", {{{{"dynamodb:*"}, {"table/*"}}}}, std::move(subject)};
    }
    auto put(std::string name, Item item, std::optional<bool> must_exist = {},
             std::optional<std::string> bound = {}) {
        return run(documents_->put(anyone(bound), std::move(name), std::move(item), must_exist));
    }
    auto get(std::string name, Item key) {
        return run(documents_->get(anyone(), std::move(name), std::move(key)));
    }
    std::vector<std::string> query(QueryRequest request, const char* sort,
                                   std::optional<Item>* last = nullptr) {
        auto result = run(documents_->query(anyone(), std::move(request)));
        EXPECT_TRUE(result) << result.error().message;
        std::vector<std::string> out;
        if (!result) return out;
        for (const Item& item : result->items) {
            const auto& value = item.at(sort).value;
            out.push_back(std::holds_alternative<Number>(value) ? std::get<Number>(value).text
                                                                : std::get<std::string>(value));
        }
        if (last != nullptr) *last = result->last_key;
        return out;
    }
    std::string audit_text() {
        return io::system_files().read(folder_.file("audit.log"), 1 << 20).value();
    }
    std::string all_bytes() {
        std::string out;
        for (const char* name : {"data.db", "data.db-wal"})
            if (auto bytes = io::system_files().read(folder_.file(name), 64 << 20)) out += *bytes;
        return out;
    }

    io::testing::TemporaryFolder folder_;
    config::NamedList<config::Table> tables_ = all_tables();
    std::unique_ptr<sql::Database> database_, key_database_;
    std::unique_ptr<keyring::Keyring> keyring_;
    std::unique_ptr<audit::Log> audit_;
    std::unique_ptr<Documents> documents_;
};

using Texts = std::vector<std::string>;

TEST(Numbers, are_brought_to_one_normal_form) {
    const std::pair<const char*, const char*> cases[] = {
        {"0", "0"},
        {"-0", "0"},
        {"0.000", "0"},
        {"1", "1"},
        {"+1", "1"},
        {"001.500", "1.5"},
        {"1E+2", "100"},
        {"1.5e-3", "0.0015"},
        {"-12.340", "-12.34"},
        {".5", "0.5"},
        {"5.", "5"},
        {"100", "100"},
        {"0e999999", "0"},
        {"123456789012345678901234567890.12345678", "123456789012345678901234567890.12345678"}};
    for (const auto& [given, expected] : cases)
        EXPECT_EQ(make_number(given).value().text, expected) << given;
}

TEST(Numbers, outside_the_range_or_no_numbers_are_refused) {
    for (const char* bad :
         {"", "-", ".", "1e", "1e+", "abc", "0x10", "1 ", " 1", "NaN", "Infinity", "1.2.3", "1e126",
          "1e-131", "1e99999999999999999999", "123456789012345678901234567890123456789"})
        EXPECT_EQ(make_number(bad).error().code, Code::invalid_argument) << bad;
    EXPECT_TRUE(make_number("9.99e125"));
    EXPECT_TRUE(make_number("1e-130"));
    EXPECT_EQ(make_number("1e125").value().text.size(), 126u);
}

TEST(Numbers, ordered_bytes_compare_as_the_numbers_do) {
    const char* ascending[] = {"-9.9e125", "-1000", "-12",    "-11.5", "-11",  "-1",     "-0.5",
                               "-1e-130",  "0",     "1e-130", "0.05",  "0.5",  "0.55",   "1",
                               "1.1",      "9",     "10",     "11",    "1000", "9.9e125"};
    std::string before;
    for (const char* value : ascending) {
        const std::string bytes = ordered_bytes(parse_decimal(value).value());
        EXPECT_LT(before, bytes) << value;
        before = bytes;
    }
}

TEST(Codec, every_type_round_trips) {
    Item item;
    item["s"] = text("Grüße");
    item["n"] = number("-1.5");
    item["b"] = {Binary{std::string("\0\xff", 2)}};
    item["t"] = {true};
    item["f"] = {false};
    item["0"] = {Null{}};
    item["ss"] = {StringSet{{"a", "b"}}};
    item["ns"] = {NumberSet{{"1", "2"}}};
    item["bs"] = {BinarySet{{"x"}}};
    item["l"] = {
        std::vector<Attribute>{text("x"), {std::map<std::string, Attribute>{{"y", {true}}}}}};
    item[""] = text("");
    EXPECT_EQ(decode_item(encode_item(item)).value(), item);
}

TEST(Codec, every_cut_of_an_encoded_item_is_refused) {
    Item item;
    item["list"] = {std::vector<Attribute>{text("some"), number("1")}};
    item["text"] = text("value");
    const std::string bytes = encode_item(item);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_item(std::string_view(bytes).substr(0, size))) << size;
    EXPECT_FALSE(decode_item(bytes + "x"));
}

TEST(Codec, an_item_has_one_form_and_any_other_is_refused) {
    using namespace std::string_literals;
    EXPECT_TRUE(decode_item("\1\2\1aT\1bs\2\1x\1y"s));
    const std::vector<std::pair<const char*, std::string>> cases = {
        {"names out of order", "\1\2\1bT\1aT"s},
        {"a name twice", "\1\2\1aT\1aF"s},
        {"a set out of order", "\1\1\1as\2\1y\1x"s},
        {"a set with one element twice", "\1\1\1as\2\1x\1x"s},
        {"a count longer than it need be", "\1\x81\0\1aT"s},
    };
    for (const auto& [name, bytes] : cases) EXPECT_FALSE(decode_item(bytes)) << name;
}

TEST_F(DocumentsTest, what_is_put_is_got_and_what_was_there_is_returned) {
    Item item{{"user", text(kAnna)}, {"at", text("2026-01-01")}, {"mood", text("good")}};
    EXPECT_EQ(put("Diary", item).value(), std::nullopt);
    Item key{{"user", text(kAnna)}, {"at", text("2026-01-01")}};
    EXPECT_EQ(get("Diary", key).value(), item);
    Item other = item;
    other["mood"] = text("bad");
    EXPECT_EQ(put("Diary", other).value(), item);
    EXPECT_EQ(get("Diary", key).value(), other);
    EXPECT_EQ(run(documents_->remove(anyone(), "Diary", key, {})).value(), other);
    EXPECT_EQ(get("Diary", key).value(), std::nullopt);
    EXPECT_EQ(run(documents_->remove(anyone(), "Diary", key, {})).value(), std::nullopt);
}

TEST_F(DocumentsTest, overwriting_is_putting_without_looking_at_what_was_there) {
    const auto overwrite = [this](Item item, std::optional<std::string> bound = {}) {
        return run(documents_->overwrite(anyone(std::move(bound)), "Diary", std::move(item)));
    };
    Item item{{"user", text(kAnna)}, {"at", text("2026-01-01")}, {"mood", text("good")}};
    const Item key{{"user", text(kAnna)}, {"at", text("2026-01-01")}};
    ASSERT_TRUE(overwrite(item));
    EXPECT_EQ(get("Diary", key).value(), item);
    item["mood"] = text("bad");
    ASSERT_TRUE(overwrite(item));
    EXPECT_EQ(get("Diary", key).value(), item);
    EXPECT_EQ(put("Diary", item, true).value(), item) << "conditions see what it wrote";

    EXPECT_EQ(overwrite(item, kBob).error().code, Code::permission_denied);
    EXPECT_EQ(overwrite({{"user", text(kAway)}, {"at", text("x")}}).error().reason,
              reason::kNotHome);
    EXPECT_EQ(overwrite({{"user", text(kAnna)}}).error().reason, reason::kKeySchema);
}

TEST_F(DocumentsTest, an_item_is_there_after_the_database_is_opened_again) {
    ASSERT_TRUE(put("Profile", {{"user", text(kAnna)}, {"name", text("Anna")}}));
    documents_.reset();
    database_.reset();
    database_ = sql::testing::open_database(folder_.file("data.db"));
    documents_ = std::make_unique<Documents>(
        Documents::Parts{tables_, *database_, *keyring_, *audit_,
                         [](std::string) -> io::Task<Result<bool>> { co_return true; }});
    ASSERT_TRUE(run(documents_->open()));
    EXPECT_EQ(get("Profile", {{"user", text(kAnna)}}).value()->at("name"), text("Anna"));
}

TEST_F(DocumentsTest, no_value_key_or_subject_is_in_the_files_in_clear) {
    ASSERT_TRUE(put("Diary", {{"user", text(kAnna)},
                              {"at", text("canary-sort")},
                              {"entry", text("canary-diary-entry")}}));
    const std::string bytes = all_bytes();
    for (const char* canary : {"canary-sort", "canary-diary-entry", kAnna})
        EXPECT_EQ(bytes.find(canary), std::string::npos) << canary;
}

TEST_F(DocumentsTest,
       a_write_for_a_subject_at_home_elsewhere_is_refused_and_audited_without_the_subject) {
    Item item{{"user", text(kAway)}, {"at", text("x")}};
    auto refused = put("Diary", item);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::misdirected);
    EXPECT_EQ(refused.error().reason, reason::kNotHome);
    EXPECT_FALSE(run(documents_->remove(anyone(), "Diary", item, {})));
    UpdateRequest update{"Diary", item, {{"a", text("b")}}, {}, {}};
    EXPECT_EQ(run(documents_->update(anyone(), update)).error().reason, reason::kNotHome);
    const std::string log = audit_text();
    EXPECT_NE(log.find(R"("kind":"refusal")"), std::string::npos);
    EXPECT_NE(log.find(R"("operation":"UpdateItem")"), std::string::npos);
    EXPECT_EQ(log.find(kAway), std::string::npos);
}

TEST_F(DocumentsTest, a_table_that_is_not_resident_takes_any_partition) {
    EXPECT_TRUE(put("Words", {{"user", text("anything")}, {"word", text("x")}}));
}

TEST_F(DocumentsTest, bound_credentials_reach_only_their_subject_in_resident_tables) {
    Item item{{"user", text(kAnna)}, {"at", text("x")}};
    EXPECT_TRUE(put("Diary", item, {}, kAnna));
    EXPECT_EQ(put("Diary", item, {}, kBob).error().code, Code::permission_denied);
    auto got = run(documents_->get(anyone(kBob), "Diary", item));
    EXPECT_EQ(got.error().code, Code::permission_denied);
    QueryRequest request;
    request.table = "Diary";
    request.partition = text(kAnna);
    EXPECT_EQ(run(documents_->query(anyone(kBob), request)).error().code, Code::permission_denied);
}

TEST_F(DocumentsTest, a_policy_that_does_not_allow_hides_whether_the_table_exists) {
    access::Principal who{"k", {{{{"dynamodb:GetItem"}, {"table/Diary"}}}}, {}};
    Item item{{"user", text(kAnna)}, {"at", text("x")}};
    EXPECT_TRUE(run(documents_->get(who, "Diary", item)));
    EXPECT_EQ(run(documents_->put(who, "Diary", item, {})).error().code, Code::permission_denied);
    EXPECT_EQ(run(documents_->get(who, "Nothing", item)).error().code, Code::permission_denied);
    EXPECT_EQ(get("Nothing", item).error().reason, reason::kUnknownTable);
}

TEST_F(DocumentsTest, keys_of_the_wrong_shape_are_refused) {
    const Item bad[] = {{},
                        {{"user", text(kAnna)}},
                        {{"user", text(kAnna)}, {"at", number("1")}},
                        {{"user", text("")}, {"at", text("x")}},
                        {{"user", text(kAnna)}, {"at", text("")}},
                        {{"user", text(kAnna)}, {"at", text(std::string(1025, 'x'))}}};
    for (const Item& item : bad) EXPECT_EQ(put("Diary", item).error().reason, reason::kKeySchema);
    EXPECT_EQ(get("Diary", {{"user", text(kAnna)}, {"at", text("x")}, {"more", text("x")}})
                  .error()
                  .reason,
              reason::kKeySchema);
}

TEST_F(DocumentsTest, conditions_compare_with_whether_the_item_exists) {
    Item item{{"user", text(kAnna)}};
    EXPECT_EQ(put("Profile", item, true).error().reason, reason::kConditionFailed);
    EXPECT_TRUE(put("Profile", item, false));
    EXPECT_EQ(put("Profile", item, false).error().reason, reason::kConditionFailed);
    EXPECT_TRUE(put("Profile", item, true));
    EXPECT_EQ(run(documents_->remove(anyone(), "Profile", item, false)).error().reason,
              reason::kConditionFailed);
}

TEST_F(DocumentsTest, of_many_conditional_puts_of_one_item_exactly_one_wins) {
    int won = 0;
    io::Runtime runtime;
    runtime.run([&]() -> io::Task<void> {
        return [](Documents& documents, int& won) -> io::Task<void> {
            io::TaskGroup group;
            for (int i = 0; i < 40; ++i) {
                group.spawn([](Documents& documents, int& won) -> io::Task<void> {
                    Item item{{"user", text(kAnna)}};
                    auto done = co_await documents.put(anyone(), "Profile", item, false);
                    if (done) ++won;
                }(documents, won));
            }
            EXPECT_TRUE(co_await group.drain(io::deadline_in(Seconds(60))));
        }(*documents_, won);
    });
    EXPECT_EQ(won, 1);
}

TEST_F(DocumentsTest, concurrent_updates_of_one_item_lose_nothing) {
    io::Runtime runtime;
    runtime.run([&]() -> io::Task<void> {
        return [](Documents& documents) -> io::Task<void> {
            io::TaskGroup group;
            for (int i = 0; i < 20; ++i) {
                group.spawn([](Documents& documents, int i) -> io::Task<void> {
                    UpdateRequest request;
                    request.table = "Profile";
                    request.key = Item{{"user", text(kAnna)}};
                    request.set["a" + std::to_string(i)] = text("x");
                    auto done = co_await documents.update(anyone(), std::move(request));
                    EXPECT_TRUE(done) << done.error().message;
                }(documents, i));
            }
            EXPECT_TRUE(co_await group.drain(io::deadline_in(Seconds(60))));
        }(*documents_);
    });
    EXPECT_EQ(get("Profile", {{"user", text(kAnna)}}).value()->size(), 21u);
}

TEST_F(DocumentsTest, update_sets_removes_and_makes_the_item_if_needed) {
    Item key{{"user", text(kAnna)}};
    auto made = run(documents_->update(
        anyone(), {"Profile", key, {{"a", text("1")}, {"b", text("2")}}, {}, {}}));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->before, std::nullopt);
    auto next = run(
        documents_->update(anyone(), {"Profile", key, {{"a", text("3")}}, {"b", "none"}, true}));
    EXPECT_EQ(next->before, made->after);
    EXPECT_EQ(next->after, (Item{{"user", text(kAnna)}, {"a", text("3")}}));
    EXPECT_EQ(run(documents_->update(anyone(), {"Profile", key, {{"user", text(kBob)}}, {}, {}}))
                  .error()
                  .reason,
              reason::kKeySchema);
}

TEST_F(DocumentsTest, items_above_400_kb_and_nested_too_deep_are_refused) {
    Item item{{"user", text(kAnna)}, {"x", text(std::string(400 * 1024, 'x'))}};
    EXPECT_EQ(put("Profile", item).error().reason, reason::kItemSize);
    item["x"] = text(std::string(399 * 1024, 'x'));
    EXPECT_TRUE(put("Profile", item));
    Attribute deep = text("x");
    for (int i = 0; i < 33; ++i) deep = {std::vector<Attribute>{deep}};
    EXPECT_EQ(put("Profile", {{"user", text(kAnna)}, {"x", deep}}).error().code,
              Code::invalid_argument);
}

// The same expectations for a table sorted at rest and one sorted in memory.
class QueryTest : public DocumentsTest,
                  public ::testing::WithParamInterface<std::pair<const char*, const char*>> {
  protected:
    void SetUp() override {
        for (const char* value : {"10", "-5", "2", "0", "-0.5", "100", "2.5"})
            ASSERT_TRUE(put(name_, {{"user", text(kAnna)}, {sort_, number(value)}}));
        ASSERT_TRUE(put(name_, {{"user", text(kBob)}, {sort_, number("7")}}));
    }
    QueryRequest all() {
        QueryRequest request;
        request.table = name_;
        request.partition = text(kAnna);
        return request;
    }
    Texts range(SortRange::Kind kind, const char* low, const char* high = nullptr) {
        QueryRequest request = all();
        request.sort.kind = kind;
        request.sort.low = number(low);
        if (high != nullptr) request.sort.high = number(high);
        return query(request, sort_);
    }
    const char* name_ = GetParam().first;
    const char* sort_ = GetParam().second;
};

TEST_P(QueryTest, returns_one_partition_in_order_both_ways) {
    Texts expected{"-5", "-0.5", "0", "2", "2.5", "10", "100"};
    EXPECT_EQ(query(all(), sort_), expected);
    QueryRequest backward = all();
    backward.forward = false;
    std::ranges::reverse(expected);
    EXPECT_EQ(query(backward, sort_), expected);
}

TEST_P(QueryTest, narrows_by_the_sort_key) {
    using enum SortRange::Kind;
    EXPECT_EQ(range(equal, "2.50"), (Texts{"2.5"}));
    EXPECT_EQ(range(less, "0"), (Texts{"-5", "-0.5"}));
    EXPECT_EQ(range(less_equal, "0"), (Texts{"-5", "-0.5", "0"}));
    EXPECT_EQ(range(greater, "10"), (Texts{"100"}));
    EXPECT_EQ(range(greater_equal, "10"), (Texts{"10", "100"}));
    EXPECT_EQ(range(between, "-1", "2"), (Texts{"-0.5", "0", "2"}));
    EXPECT_EQ(range(equal, "3"), Texts{});
}

TEST_P(QueryTest, pages_follow_on_another_until_nothing_is_left) {
    for (const bool forward : {true, false}) {
        QueryRequest request = all();
        request.forward = forward;
        request.limit = 3;
        Texts seen;
        std::optional<Item> last;
        for (int pages = 1;; ++pages) {
            for (auto& value : query(request, sort_, &last)) seen.push_back(value);
            if (!last) {
                EXPECT_EQ(pages, 3);
                break;
            }
            ASSERT_LT(pages, 10);
            request.start_after = last;
        }
        Texts expected{"-5", "-0.5", "0", "2", "2.5", "10", "100"};
        if (!forward) std::ranges::reverse(expected);
        EXPECT_EQ(seen, expected);
    }
}

TEST_P(QueryTest, a_page_ends_at_one_megabyte) {
    for (int i = 0; i < 4; ++i)
        ASSERT_TRUE(put(name_, {{"user", text(kBob)},
                                {sort_, number(std::to_string(i))},
                                {"x", text(std::string(300 * 1024, 'x'))}}));
    QueryRequest request = all();
    request.partition = text(kBob);
    std::optional<Item> last;
    EXPECT_EQ(query(request, sort_, &last), (Texts{"0", "1", "2"}));
    EXPECT_TRUE(last);
}

TEST_P(QueryTest, a_start_key_of_another_partition_is_refused) {
    QueryRequest request = all();
    request.start_after = Item{{"user", text(kBob)}, {sort_, number("1")}};
    EXPECT_EQ(run(documents_->query(anyone(), request)).error().code, Code::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Storage, QueryTest,
                         ::testing::Values(std::pair{"Steps", "day"}, std::pair{"Weights", "kg"}),
                         [](const auto& info) {
                             return std::string(info.index == 0 ? "clear" : "encrypted");
                         });

TEST_F(DocumentsTest, begins_with_finds_prefixes_of_text) {
    for (const char* word : {"an", "ant", "any", "b", "a"})
        ASSERT_TRUE(put("Words", {{"user", text("w")}, {"word", text(word)}}));
    QueryRequest request;
    request.table = "Words";
    request.partition = text("w");
    request.sort = {SortRange::Kind::begins_with, text("an"), {}};
    EXPECT_EQ(query(request, "word"), (Texts{"an", "ant", "any"}));
}

TEST_F(DocumentsTest, reading_for_a_subject_without_a_key_here_finds_nothing) {
    EXPECT_EQ(get("Profile", {{"user", text(kAway)}}).value(), std::nullopt);
    QueryRequest request;
    request.table = "Diary";
    request.partition = text(kAway);
    EXPECT_TRUE(query(request, "at").empty());
}

}  // namespace
}  // namespace domicile::documents
