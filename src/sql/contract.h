// What every Database must do. An engine's test instantiates the suite with a factory:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, DatabaseContract, ::testing::Values(EngineUnderTest{...}));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sql/database.h"
#include "sql/testing.h"

namespace domicile::sql {

struct EngineUnderTest {
    std::string name;
    // Opens the same, initially empty, database at each call with the same folder.
    std::function<Result<std::unique_ptr<Database>>(const testing::TemporaryFolder&)> open;
};

class DatabaseContract : public ::testing::TestWithParam<EngineUnderTest> {
  protected:
    void SetUp() override {
        reopen();
        migrate("notes", {"CREATE TABLE notes (id TEXT PRIMARY KEY, body BYTEA, size BIGINT)"});
    }
    void reopen() {
        database_.reset();
        auto opened = GetParam().open(folder_);
        ASSERT_TRUE(opened) << opened.error().message;
        database_ = std::move(*opened);
    }
    Result<BatchResult> write(std::vector<Statement> batch) {
        return io::run_task<Result<BatchResult>>([&] { return database_->write(batch); });
    }
    Result<BatchResult> read(std::vector<Statement> batch) {
        return io::run_task<Result<BatchResult>>([&] { return database_->read(batch); });
    }
    Result<void> try_migrate(std::string component, std::vector<std::string> steps) {
        return io::run_task<Result<void>>([&] { return database_->migrate(component, steps); });
    }
    void migrate(std::string component, std::vector<std::string> steps) {
        auto done = try_migrate(component, steps);
        ASSERT_TRUE(done) << done.error().message;
    }
    static Statement insert(const std::string& id) {
        return {"INSERT INTO notes (id, size) VALUES ($1, 1)", {id}};
    }
    std::int64_t count() {
        auto out = read({{"SELECT count(*) FROM notes", {}}});
        return out ? (*out)[0].rows[0].integer(0) : -1;
    }

    testing::TemporaryFolder folder_;
    std::unique_ptr<Database> database_;
};

TEST_P(DatabaseContract, a_batch_is_atomic) {
    EXPECT_FALSE(write({insert("a"), insert("b"), {"INSERT INTO nowhere VALUES (1)", {}}}));
    EXPECT_EQ(count(), 0);
    EXPECT_TRUE(write({insert("a"), insert("b")}));
    EXPECT_EQ(count(), 2);
}

TEST_P(DatabaseContract, what_was_acknowledged_is_read) {
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(write({insert(std::to_string(i))}));
        EXPECT_EQ(count(), i + 1);
    }
}

TEST_P(DatabaseContract, what_was_acknowledged_is_there_after_reopening) {
    ASSERT_TRUE(write({insert("a")}));
    reopen();
    EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, an_unmet_expectation_undoes_the_batch) {
    ASSERT_TRUE(write({insert("a")}));
    auto out = write({insert("b"), {"UPDATE notes SET size = 2 WHERE id = $1", {"missing"}, 1}});
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, Code::conflict);
    EXPECT_EQ(out.error().reason, "expectation");
    EXPECT_EQ(count(), 1);
    EXPECT_TRUE(write({{"UPDATE notes SET size = 2 WHERE id = $1", {"a"}, 1}}));
    EXPECT_FALSE(write({{"SELECT id FROM notes WHERE id = $1", {"a"}, 0}, insert("c")}));
    EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, a_second_row_with_the_same_key_is_a_conflict_that_names_no_value) {
    ASSERT_TRUE(write({insert("secret-id")}));
    auto out = write({insert("secret-id")});
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, Code::conflict);
    EXPECT_EQ(out.error().reason, "unique");
    EXPECT_EQ(out.error().message.find("secret-id"), std::string::npos);
}

TEST_P(DatabaseContract, returning_gives_rows_and_counts_changes) {
    auto out = write({insert("a"),
                      insert("b"),
                      {"UPDATE notes SET size = size + 1 RETURNING size", {}, 2},
                      {"SELECT id FROM notes", {}},
                      {"DELETE FROM notes WHERE id = $1", {"zzz"}},
                      {"DELETE FROM notes", {}}});
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ((*out)[0].changed, 1);
    EXPECT_EQ((*out)[2].changed, 2);
    EXPECT_EQ((*out)[2].rows[0].integer(0), 2);
    EXPECT_EQ((*out)[3].changed, 0);
    EXPECT_EQ((*out)[3].rows.size(), 2u);
    EXPECT_EQ((*out)[4].changed, 0);
    EXPECT_EQ((*out)[5].changed, 2);
}

TEST_P(DatabaseContract, parameters_are_bound_by_number_and_may_repeat) {
    ASSERT_TRUE(write({{"INSERT INTO notes (size, id) VALUES ($2, $1)", {"a", std::int64_t{7}}}}));
    auto out = read({{"SELECT id, size FROM notes WHERE size = $2 AND id = $1 AND $2 = 7",
                      {"a", std::int64_t{7}},
                      1}});
    EXPECT_TRUE(out);
    EXPECT_FALSE(read({{"SELECT id FROM notes WHERE id = $1", {}}}));
    EXPECT_FALSE(read({{"SELECT id FROM notes WHERE id = $1", {"a", "b"}}}));
}

TEST_P(DatabaseContract, values_come_back_as_they_were) {
    const std::string bytes("\0a\xff\0", 4);
    const std::string text = "d\xc3\xa9j\xc3\xa0 'vu' \"$1\"";
    const std::int64_t least = std::numeric_limits<std::int64_t>::min();
    ASSERT_TRUE(write({{"INSERT INTO notes VALUES ($1, $2, $3)", {text, Blob{bytes}, least}},
                       {"INSERT INTO notes VALUES ($1, $2, $3)", {"", Blob{}, std::monostate{}}}}));
    auto out = read({{"SELECT id, body, size FROM notes ORDER BY id", {}}});
    ASSERT_TRUE(out);
    const Row& empty = (*out)[0].rows[0];
    const Row& full = (*out)[0].rows[1];
    EXPECT_EQ(empty.text(0), "");
    EXPECT_EQ(empty.bytes(1), "");
    EXPECT_TRUE(empty.is_null(2));
    EXPECT_EQ(full.text(0), text);
    EXPECT_EQ(full.bytes(1), bytes);
    EXPECT_EQ(full.integer(2), least);
}

TEST_P(DatabaseContract, text_is_utf8_without_zero_bytes) {
    for (const std::string& text :
         {std::string("a\0b", 3), std::string("\xff"), std::string(1, 0)}) {
        auto out = write({insert("before"), insert(text)});
        ASSERT_FALSE(out);
        EXPECT_EQ(out.error().code, Code::invalid_argument);
        EXPECT_FALSE(read({{"SELECT id FROM notes WHERE id = $1", {text}}}));
    }
    EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseContract, expectations_hold_for_every_kind_of_statement) {
    ASSERT_TRUE(write({insert("a"), insert("b")}));
    const std::string update = "UPDATE notes SET size = 2 WHERE id = $1";
    const std::string insert = "INSERT INTO notes (id) VALUES ($1) ON CONFLICT (id) DO NOTHING";
    const std::string remove = "DELETE FROM notes WHERE id = $1";
    const std::string select = "SELECT id FROM notes WHERE id = $1";
    auto out = write({{update, {"a"}, 1},
                      {update, {"x"}, 0},
                      {insert, {"a"}, 0},
                      {insert, {"c"}, 1},
                      {remove, {"b"}, 1},
                      {select, {"c"}, 1},
                      {select, {"b"}, 0},
                      {update + " RETURNING size", {"a"}, 1}});
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ((*out)[0].changed, 1);
    EXPECT_TRUE((*out)[0].rows.empty());
    EXPECT_EQ((*out)[5].rows.size(), 1u);
    EXPECT_EQ((*out)[7].rows[0].integer(0), 2);
    EXPECT_EQ(count(), 2);
    const Statement unmet[] = {{update, {"a"}, 0}, {update, {"x"}, 1}, {insert, {"a"}, 1},
                               {insert, {"d"}, 0}, {remove, {"a"}, 2}, {remove, {"x"}, 1},
                               {select, {"x"}, 1}, {select, {"a"}, 0}};
    for (const Statement& statement : unmet) {
        auto refused = write({{insert, {"e"}, 1}, statement});
        ASSERT_FALSE(refused) << statement.sql;
        EXPECT_EQ(refused.error().reason, "expectation") << statement.sql;
    }
    EXPECT_EQ(count(), 2);
}

TEST_P(DatabaseContract, a_read_batch_cannot_write) {
    EXPECT_FALSE(read({insert("a")}));
    EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseContract, concurrent_writers_lose_nothing) {
    ASSERT_TRUE(write({{"INSERT INTO notes (id, size) VALUES ('sum', 0)", {}}}));
    const auto results = io::run_task<std::vector<Result<BatchResult>>>([&] {
        std::vector<io::Task<Result<BatchResult>>> tasks;
        for (int i = 0; i < 64; ++i)
            tasks.push_back(
                database_->write({insert(std::to_string(i)),
                                  {"UPDATE notes SET size = size + 1 WHERE id = 'sum'", {}}}));
        return testing::gather(std::move(tasks));
    });
    for (const auto& result : results) EXPECT_TRUE(result);
    EXPECT_EQ(count(), 65);
    auto sum = read({{"SELECT size FROM notes WHERE id = 'sum'", {}}});
    EXPECT_EQ((*sum)[0].rows[0].integer(0), 64);
}

TEST_P(DatabaseContract, a_batch_that_fails_leaves_the_rest_of_its_group_alone) {
    const auto results = io::run_task<std::vector<Result<BatchResult>>>([&] {
        std::vector<io::Task<Result<BatchResult>>> tasks;
        for (int i = 0; i < 60; ++i) {
            Statement second = insert("x" + std::to_string(i));
            if (i % 3 == 0) second = {"UPDATE notes SET size = 9 WHERE id = 'missing'", {}, 1};
            if (i % 3 == 1) second = insert("id" + std::to_string(i));  // its own first row
            tasks.push_back(database_->write({insert("id" + std::to_string(i)), second}));
        }
        return testing::gather(std::move(tasks));
    });
    for (int i = 0; i < 60; ++i) EXPECT_EQ(results[i].has_value(), i % 3 == 2) << i;
    EXPECT_EQ(count(), 40);
}

TEST_P(DatabaseContract, one_of_many_writers_of_the_same_key_wins) {
    const auto results = io::run_task<std::vector<Result<BatchResult>>>([&] {
        std::vector<io::Task<Result<BatchResult>>> tasks;
        for (int i = 0; i < 64; ++i) tasks.push_back(database_->write({insert("one")}));
        return testing::gather(std::move(tasks));
    });
    int won = 0;
    for (const auto& result : results) {
        won += result.has_value() ? 1 : 0;
        if (!result) {
            EXPECT_EQ(result.error().reason, "unique");
        }
    }
    EXPECT_EQ(won, 1);
}

TEST_P(DatabaseContract, each_migration_step_runs_once) {
    migrate("other", {"CREATE TABLE one (a BIGINT); INSERT INTO one VALUES (1)"});
    migrate("other", {"CREATE TABLE one (a BIGINT); INSERT INTO one VALUES (1)",
                      "CREATE TABLE two (b BIGINT)"});
    reopen();
    migrate("other", {"CREATE TABLE one (a BIGINT); INSERT INTO one VALUES (1)",
                      "CREATE TABLE two (b BIGINT)"});
    auto out = read({{"SELECT a FROM one", {}, 1}, {"SELECT b FROM two", {}, 0}});
    EXPECT_TRUE(out);
}

TEST_P(DatabaseContract, a_database_of_a_newer_version_is_refused) {
    migrate("other", {"CREATE TABLE one (a BIGINT)", "CREATE TABLE two (b BIGINT)"});
    auto refused = try_migrate("other", {"CREATE TABLE one (a BIGINT)"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::failed_precondition);
    EXPECT_NE(refused.error().message.find("part other, is of format 2"), std::string::npos)
        << refused.error().message;
}

TEST_P(DatabaseContract, a_migration_step_that_fails_leaves_the_old_tables) {
    EXPECT_FALSE(try_migrate("other", {"CREATE TABLE one (a BIGINT)", "CREATE TABLE ("}));
    migrate("other", {"CREATE TABLE one (a BIGINT)"});
}

TEST_P(DatabaseContract, tables_are_told_with_their_columns_and_keys) {
    migrate("more", {"CREATE TABLE a_more (b TEXT NOT NULL, a BYTEA NOT NULL, n BIGINT, "
                     "PRIMARY KEY (a, b))",
                     "CREATE INDEX a_more_by_n ON a_more (n)"});
    const auto tables =
        io::run_task<Result<std::vector<Table>>>([&] { return database_->tables(); });
    ASSERT_TRUE(tables) << tables.error().message;
    std::string all;
    for (const Table& table : *tables) {
        all += table.name + ':';
        for (const Column& column : table.columns)
            all += ' ' + column.name + ' ' + std::to_string(static_cast<int>(column.type)) +
                   std::to_string(column.key);
        all += '\n';
    }
    EXPECT_EQ(all,
              "a_more: b 12 a 21 n 00\nnotes: id 11 body 20 size 00\n"
              "schema_versions: component 11 version 00\n");
    migrate("odd", {"CREATE TABLE odd (id REAL PRIMARY KEY)"});
    const auto refused =
        io::run_task<Result<std::vector<Table>>>([&] { return database_->tables(); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unsupported);
}

}  // namespace domicile::sql
