// Carrying a database to another engine: whole, again after a kill at any moment, refused where it
// would mix or lose something.
#include "sql/copy.h"

#include <set>

#include "sql/postgres_testing.h"
#include "sql/table_reader.h"

namespace domicile::sql {
namespace {

using testing::TemporaryFolder;

std::int64_t bytes_of(const std::vector<Statement>& batch) {
    std::int64_t out = 0;
    for (const Statement& statement : batch)
        for (const Value& value : statement.parameters)
            if (const auto* blob = std::get_if<Blob>(&value))
                out += static_cast<std::int64_t>(blob->bytes.size());
    return out;
}

// A database as one process sees it that dies before the n-th change (from 0). It also says how
// large the changes were.
class Dying final : public Database {
  public:
    explicit Dying(Database& real, int left = 1 << 30) : real_(real), left_(left) {}
    bool died() const { return left_ < 0; }
    std::size_t rows_max() const { return rows_max_; }
    std::int64_t bytes_max() const { return bytes_max_; }
    int changes() const { return changes_; }

    io::Task<Result<BatchResult>> write(std::vector<Statement> batch) override {
        ++changes_;
        rows_max_ = std::max(rows_max_, batch.size());
        bytes_max_ = std::max(bytes_max_, bytes_of(batch));
        if (--left_ < 0) co_return dead();
        co_return co_await real_.write(std::move(batch));
    }
    io::Task<Result<void>> migrate(std::string component, std::vector<std::string> steps) override {
        ++changes_;
        if (--left_ < 0) co_return dead();
        co_return co_await real_.migrate(std::move(component), std::move(steps));
    }
    io::Task<Result<BatchResult>> read(std::vector<Statement> batch) override {
        if (died()) co_return dead();
        co_return co_await real_.read(std::move(batch));
    }
    io::Task<Result<std::vector<Table>>> tables() override {
        if (died()) co_return dead();
        co_return co_await real_.tables();
    }

  private:
    static std::unexpected<Error> dead() { return fail(Code::unavailable, "The process died."); }

    Database& real_;
    int left_;
    std::size_t rows_max_ = 0;
    std::int64_t bytes_max_ = 0;
    int changes_ = 0;
};

// What reads it may do, and nothing else.
class ReadOnly final : public Database {
  public:
    explicit ReadOnly(Database& real) : real_(real) {}
    io::Task<Result<BatchResult>> write(std::vector<Statement>) override {
        return refuse<BatchResult>();
    }
    io::Task<Result<void>> migrate(std::string, std::vector<std::string>) override {
        return refuse<void>();
    }
    io::Task<Result<BatchResult>> read(std::vector<Statement> batch) override {
        return real_.read(std::move(batch));
    }
    io::Task<Result<std::vector<Table>>> tables() override { return real_.tables(); }

  private:
    template <class T>
    static io::Task<Result<T>> refuse() {
        ADD_FAILURE() << "the source was written to";
        co_return fail(Code::internal, "The source was written to.");
    }
    Database& real_;
};

// Two parts as those of a region: composite keys, every type, a row that a step puts in.
CopyPlan plan() {
    CopyPlan out;
    out.id = "copy one";
    out.schema = {
        {"things",
         {"CREATE TABLE things (kind TEXT NOT NULL, place BYTEA NOT NULL, n BIGINT NOT NULL, "
          "note TEXT, body BYTEA, PRIMARY KEY (kind, place, n))",
          "CREATE INDEX things_by_note ON things (note)"}},
        {"paces",
         {"CREATE TABLE paces (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)",
          "INSERT INTO paces (id, n) VALUES (1, 0)"}},
        {"empty", {"CREATE TABLE empty_table (id TEXT PRIMARY KEY)"}}};
    out.passing_components = {"nodes"};
    out.passing_tables = {"region_nodes"};
    return out;
}

Statement thing(std::string kind, std::string place, std::int64_t n, Value note, Value body) {
    return {"INSERT INTO things (kind, place, n, note, body) VALUES ($1, $2, $3, $4, $5)",
            {std::move(kind), Blob{std::move(place)}, n, std::move(note), std::move(body)}};
}

struct Engines {
    std::string name;
    bool from_postgres = false, to_postgres = false;
};

class Copy : public ::testing::TestWithParam<Engines> {
  protected:
    void SetUp() override {
        source_ = open("source", GetParam().from_postgres);
        target_ = open("target", GetParam().to_postgres);
        for (const Component& part : plan().schema) migrate(*source_, part);
        fill();
    }
    std::unique_ptr<Database> open(const std::string& name, bool postgres) {
        const std::string path = folder_.file(name);
        auto out = postgres ? open_postgres(testing::shared_postgres().options_for(path))
                            : open_sqlite({.path = path});
        EXPECT_TRUE(out);
        return std::move(*out);
    }
    std::unique_ptr<Database> open_target(const std::string& name) {
        return open(name, GetParam().to_postgres);
    }
    static void migrate(Database& database, const Component& part) {
        const auto done =
            io::run_task<Result<void>>([&] { return database.migrate(part.name, part.steps); });
        ASSERT_TRUE(done) << done.error().message;
    }
    static void write(Database& database, std::vector<Statement> batch) {
        const auto done = io::run_task<Result<BatchResult>>([&] { return database.write(batch); });
        ASSERT_TRUE(done) << done.error().message;
    }
    static std::vector<Row> read(Database& database, const std::string& sql) {
        std::vector<Statement> batch{{sql, {}}};
        const auto out = io::run_task<Result<BatchResult>>([&] { return database.read(batch); });
        EXPECT_TRUE(out) << out.error().message;
        return out ? (*out)[0].rows : std::vector<Row>();
    }
    // More rows than a transaction has; values at the ends of their types, keys that only order by
    // bytes sorts as both engines do.
    void fill() {
        std::vector<Statement> batch = {{"UPDATE paces SET n = 7", {}}};
        for (const char* kind : {"B", "a", "a b", "aa", "\xC3\xA4", "Z", "_"})
            for (std::int64_t n : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX})
                batch.push_back(thing(kind, std::string("\x00\xFF", 2), n, "", Blob{""}));
        batch.push_back(thing("", "", 0, {}, {}));
        batch.push_back(thing("", std::string(1, '\0'), 0, "gr\xC3\xBC\xC3\x9F'\"\\", {}));
        for (int i = 0; i < 1'200; ++i)
            batch.push_back(thing("many", std::to_string(i), i % 3, {}, Blob{"x"}));
        write(*source_, std::move(batch));
    }

    static Result<void> begin(Database& source, Database& target, const CopyPlan& how) {
        return io::run_task<Result<void>>([&] { return begin_copy(source, target, how); });
    }
    static Result<void> copy(
        Database& source, Database& target, const CopyPlan& how,
        OnProgress told = [](const CopyProgress&) {}) {
        TRY_VOID(begin(source, target, how));
        return io::run_task<Result<void>>([&] { return copy_tables(source, target, how, told); });
    }
    static std::vector<TableComparison> compare(Database& source, Database& target) {
        const auto out = io::run_task<Result<std::vector<TableComparison>>>(
            [&] { return compare_tables(source, target, plan(), [](const CopyProgress&) {}); });
        EXPECT_TRUE(out) << out.error().message;
        return out ? *out : std::vector<TableComparison>();
    }
    // The tables that are not the same.
    static std::string different(Database& source, Database& target) {
        std::string out;
        for (const TableComparison& both : compare(source, target))
            if (!both.same()) out += both.source.table + ' ';
        return out;
    }
    static Result<void> end(Database& target, const std::string& id) {
        return io::run_task<Result<void>>([&] { return end_copy(target, id); });
    }
    static Result<void> usable(Database& database) {
        return io::run_task<Result<void>>([&] { return refuse_unfinished_copy(database); });
    }
    void expect_refused(const Result<void>& refused, Code code, const std::string& words) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, code);
        EXPECT_NE(refused.error().message.find(words), std::string::npos)
            << refused.error().message;
    }

    TemporaryFolder folder_;
    std::unique_ptr<Database> source_, target_;
};

TEST_P(Copy, everything_is_at_the_target_and_nothing_was_changed_at_the_source) {
    ReadOnly source(*source_);
    const auto done = copy(source, *target_, plan());
    ASSERT_TRUE(done) << done.error().message;
    const auto tables = compare(source, *target_);
    ASSERT_EQ(tables.size(), 3u);
    for (const TableComparison& both : tables) EXPECT_TRUE(both.same()) << both.source.table;
    EXPECT_EQ(tables[2].source.rows, 7 * 4 + 2 + 1'200);
    // Not only by what compares them.
    for (const char* sql : {"SELECT kind, place, n, note, body FROM things ORDER BY kind, place, n",
                            "SELECT id, n FROM paces",
                            "SELECT component, version FROM "
                            "schema_versions WHERE component <> 'transfer' ORDER BY component"}) {
        const auto here = read(*source_, sql), there = read(*target_, sql);
        ASSERT_EQ(here.size(), there.size());
        for (std::size_t i = 0; i < here.size(); ++i) EXPECT_EQ(here[i].values, there[i].values);
    }
}

TEST_P(Copy, one_that_was_killed_at_any_change_goes_on) {
    int kills = 0;
    for (;; ++kills) {
        auto real = open_target("t" + std::to_string(kills));
        Dying dying(*real, kills);
        if (copy(*source_, dying, plan())) break;
        ASSERT_TRUE(dying.died());
        EXPECT_TRUE(kills <= 1 || !usable(*real)) << kills;
        const auto done = copy(*source_, *real, plan());
        ASSERT_TRUE(done) << kills << ' ' << done.error().message;
        EXPECT_EQ(different(*source_, *real), "") << kills;
        EXPECT_FALSE(usable(*real)) << "only the end lets it be used";
        EXPECT_TRUE(end(*real, plan().id));
        EXPECT_TRUE(usable(*real));
    }
    EXPECT_EQ(kills, 10) << "mark and tables, 6; one page, three pages";
}

TEST_P(Copy, what_is_there_already_is_not_copied_again) {
    Dying first(*target_, 9);
    EXPECT_FALSE(copy(*source_, first, plan()));
    const std::int64_t there = read(*target_, "SELECT COUNT(*) FROM things")[0].integer(0);
    ASSERT_EQ(there, 2 * TableReader::kPageRows);
    std::vector<std::int64_t> told;
    ASSERT_TRUE(copy(*source_, *target_, plan(), [&](const CopyProgress& now) {
        if (now.table == "things") told.push_back(now.rows);
        EXPECT_LE(now.rows, now.total);
    }));
    EXPECT_EQ(told, (std::vector<std::int64_t>{there, 7 * 4 + 2 + 1'200}));
}

TEST_P(Copy, transactions_are_bounded_in_rows_and_bytes) {
    const std::string large(3 << 20, 'l'), huge(5 << 20, 'h');
    for (int i = 0; i < 3; ++i)
        write(*source_, {thing("large", std::to_string(i), 0, {}, Blob{i == 1 ? huge : large})});
    Dying target(*target_);
    ASSERT_TRUE(copy(*source_, target, plan()));
    EXPECT_EQ(target.rows_max(), static_cast<std::size_t>(TableReader::kPageRows));
    EXPECT_EQ(target.bytes_max(), (5 << 20) + 1) << "the huge one with its key, alone";
    EXPECT_EQ(different(*source_, *target_), "");
}

TEST_P(Copy, damage_at_the_target_is_noticed) {
    ASSERT_TRUE(copy(*source_, *target_, plan()));
    const std::string one =
        " WHERE kind = 'many' AND n = 0 AND place = (SELECT place FROM "
        "things WHERE kind = 'many' AND n = 0 ORDER BY place LIMIT 1)";
    const std::vector<std::string> damages = {
        "DELETE FROM things" + one,
        "INSERT INTO things (kind, place, n) SELECT kind, place, 9 FROM things" + one,
        "UPDATE things SET n = 5" + one,
        "UPDATE things SET note = ''" + one,
        "UPDATE things SET note = 'x', body = NULL" + one,
        "UPDATE things SET body = $1" + one,
    };
    int number = 0;
    for (const std::string& damage : damages) {
        auto target = open_target("damaged" + std::to_string(number++));
        ASSERT_TRUE(copy(*source_, *target, plan()));
        std::vector<Value> parameters;
        if (damage.find("$1") != std::string::npos) parameters.emplace_back(Blob{"y"});
        write(*target, {{damage, std::move(parameters), 1}});
        EXPECT_EQ(different(*source_, *target), "things ") << damage;
    }
    EXPECT_EQ(different(*source_, *target_), "");
    write(*target_,
          {{"UPDATE paces SET n = 8", {}}, {"INSERT INTO empty_table (id) VALUES ('')", {}}});
    EXPECT_EQ(different(*source_, *target_), "empty_table paces ");
}

TEST_P(Copy, a_target_with_something_in_it_is_refused_and_stays_as_it_is) {
    migrate(*target_, {"other", {"CREATE TABLE other (id TEXT PRIMARY KEY)"}});
    Dying target(*target_);
    const auto checked =
        io::run_task<Result<void>>([&] { return check_copy(*source_, target, plan()); });
    expect_refused(checked, Code::already_exists, "table other");
    expect_refused(copy(*source_, target, plan()), Code::already_exists, "table other");
    EXPECT_EQ(target.changes(), 0);
    EXPECT_TRUE(usable(*target_));
}

TEST_P(Copy, a_target_that_was_filled_before_is_refused) {
    ASSERT_TRUE(copy(*source_, *target_, plan()));
    CopyPlan other = plan();
    other.id = "copy two";
    expect_refused(copy(*source_, *target_, other), Code::already_exists, "Another copy");
    ASSERT_TRUE(end(*target_, plan().id));
    expect_refused(copy(*source_, *target_, other), Code::already_exists, "not empty");
    expect_refused(copy(*source_, *target_, plan()), Code::already_exists, "not empty");
}

TEST_P(Copy, a_database_is_not_used_until_the_copy_to_it_has_ended) {
    EXPECT_TRUE(usable(*target_));
    ASSERT_TRUE(begin(*source_, *target_, plan()));
    expect_refused(usable(*target_), Code::failed_precondition, "migrate-store");
    EXPECT_EQ(usable(*target_).error().reason, kReasonUnfinishedCopy);
    ASSERT_TRUE(end(*target_, "another"));
    EXPECT_FALSE(usable(*target_)) << "ended by another copy";
    ASSERT_TRUE(end(*target_, plan().id));
    EXPECT_TRUE(usable(*target_));
    ASSERT_TRUE(end(*target_, plan().id)) << "may be repeated";
    EXPECT_TRUE(usable(*source_));
}

TEST_P(Copy, nothing_of_the_source_is_left_behind_in_silence) {
    CopyPlan less = plan();
    less.schema.erase(less.schema.begin() + 1);
    expect_refused(copy(*source_, *target_, less), Code::failed_precondition, "paces");
    CopyPlan newer = plan();
    newer.schema[0].steps.emplace_back("CREATE TABLE more (id TEXT PRIMARY KEY)");
    expect_refused(copy(*source_, *target_, newer), Code::failed_precondition, "version 2");
    CopyPlan older = plan();
    older.schema[0].steps.pop_back();
    expect_refused(copy(*source_, *target_, older), Code::failed_precondition, "version 2");
    EXPECT_TRUE(usable(*target_)) << "nothing was begun";
    write(*source_, {{"CREATE TABLE stray (id TEXT PRIMARY KEY)", {}}});
    expect_refused(copy(*source_, *target_, plan()), Code::failed_precondition, "stray");
    EXPECT_FALSE(usable(*target_));
}

TEST_P(Copy, what_is_about_running_processes_stays) {
    migrate(*source_, {"nodes", {"CREATE TABLE region_nodes (run BYTEA PRIMARY KEY)"}});
    write(*source_, {{"INSERT INTO region_nodes (run) VALUES ($1)", {Blob{"me"}}}});
    ASSERT_TRUE(copy(*source_, *target_, plan()));
    EXPECT_EQ(different(*source_, *target_), "");
    migrate(*target_, {"nodes", {"CREATE TABLE region_nodes (run BYTEA PRIMARY KEY)"}});
    EXPECT_TRUE(read(*target_, "SELECT run FROM region_nodes").empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, Copy,
                         ::testing::Values(Engines{"sqlite_to_sqlite"},
                                           Engines{"sqlite_to_postgres", false, true},
                                           Engines{"postgres_to_sqlite", true, false}),
                         [](const auto& info) { return info.param.name; });

TEST(Canonical, rows_that_differ_have_different_bytes) {
    const std::vector<std::vector<Value>> rows = {{Value{}, Value{}},
                                                  {"", Value{}},
                                                  {Value{}, ""},
                                                  {Blob{""}, Value{}},
                                                  {"ab", "c"},
                                                  {"a", "bc"},
                                                  {Blob{"ab"}, "c"},
                                                  {std::int64_t{0}, ""},
                                                  {std::int64_t{1}, ""},
                                                  {std::int64_t{-1}, ""},
                                                  {std::int64_t{256}, ""}};
    std::set<std::string> seen;
    for (const auto& values : rows) seen.insert(canonical({values}));
    EXPECT_EQ(seen.size(), rows.size());
}

}  // namespace
}  // namespace domicile::sql
