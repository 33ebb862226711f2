// What PostgreSQL and the way to it do to a batch, and what the batch's caller is told.
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <functional>
#include <thread>

#include "io/files.h"
#include "sql/postgres_testing.h"
#include "telemetry/registry.h"

namespace domicile::sql {
namespace {

using testing::PostgresServer;
using testing::shared_postgres;
using testing::TemporaryFolder;

const Statement kAdd{"INSERT INTO notes (id, size) VALUES ($1, 1)", {"added"}};
const Statement kCount{"UPDATE notes SET size = size + 1 WHERE id = 'sum'", {}};
const Statement kSum{"SELECT size FROM notes WHERE id = 'sum'", {}};

// A session of somebody else's, to hold locks and connections with.
class Outside {
  public:
    explicit Outside(const std::string& conninfo) : connection_(PQconnectdb(conninfo.c_str())) {}
    ~Outside() { PQfinish(connection_); }
    Outside(const Outside&) = delete;
    bool connected() const { return PQstatus(connection_) == CONNECTION_OK; }
    std::string operator()(const std::string& sql) {
        PGresult* result = PQexec(connection_, sql.c_str());
        std::string out;
        if (PQntuples(result) > 0) out = PQgetvalue(result, 0, 0);
        PQclear(result);
        return out;
    }

  private:
    PGconn* connection_;
};

// Stands between a database and its server, and can cut the way after the server's answer.
class Wire {
  public:
    explicit Wire(const PostgresServer& server) : server_(server.folder()) {
        listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_un at = address(folder_.file("").substr(0, folder_.file("").size() - 1));
        if (bind(listening_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
            listen(listening_, 16) != 0)
            std::abort();
        serving_ = std::thread([this] { serve(); });
    }
    ~Wire() {
        ending_ = true;
        serving_.join();
        close(listening_);
    }
    Wire(const Wire&) = delete;
    std::string folder() const { return folder_.file("").substr(0, folder_.file("").size() - 1); }

    std::atomic<int> turns = 0;          // how often the client spoke after the server had
    std::atomic<bool> cut_next = false;  // the next answer gets lost, with its connection

  private:
    static sockaddr_un address(const std::string& folder) {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        const std::string path = folder + "/.s.PGSQL.5432";
        path.copy(at.sun_path, sizeof at.sun_path - 1);
        return at;
    }
    struct Pair {
        int client, server;
        bool client_speaks = false;
    };
    void serve() {
        std::vector<Pair> pairs;
        while (!ending_) {
            std::vector<pollfd> asked{{listening_, POLLIN, 0}};
            for (const Pair& pair : pairs) {
                asked.push_back({pair.client, POLLIN, 0});
                asked.push_back({pair.server, POLLIN, 0});
            }
            poll(asked.data(), asked.size(), 50);
            for (std::size_t i = pairs.size(); i-- > 0;)
                if (!carry(pairs[i], asked[2 * i + 1].revents != 0,
                           asked[2 * i + 2].revents != 0)) {
                    close(pairs[i].client);
                    close(pairs[i].server);
                    pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
                }
            if (asked[0].revents != 0) pairs.push_back(accept_one());
        }
        for (const Pair& pair : pairs) {
            close(pair.client);
            close(pair.server);
        }
    }
    Pair accept_one() const {
        Pair out{accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC),
                 socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        const sockaddr_un at = address(server_);
        if (connect(out.server, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
            std::abort();
        return out;
    }
    bool carry(Pair& pair, bool from_client, bool from_server) {
        if (from_client && !pair.client_speaks) ++turns;
        if (from_client) pair.client_speaks = true;
        if (from_client && !carry(pair.client, pair.server)) return false;
        if (!from_server) return true;
        if (cut_next.exchange(false)) return false;
        pair.client_speaks = false;
        return carry(pair.server, pair.client);
    }
    static bool carry(int from, int to) {
        std::array<char, 65536> bytes;
        const ssize_t size = recv(from, bytes.data(), bytes.size(), 0);
        return size > 0 &&
               send(to, bytes.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
    }

    TemporaryFolder folder_;
    std::string server_;
    int listening_ = -1;
    std::atomic<bool> ending_ = false;
    std::thread serving_;
};

// The database, with a table in it, and somebody else beside it.
class Faults : public ::testing::Test {
  protected:
    void SetUp() override { open(shared_postgres(), {}); }
    void open(PostgresServer& server, std::function<void(PostgresOptions&)> change) {
        server_ = &server;
        PostgresOptions options = server.options_for(folder_.file(""));
        name_ = options.database;
        if (change) change(options);
        database_ = std::move(*open_postgres(options));
        database_->report_to(registry_, "test");
        const auto made = io::run_task<Result<void>>([&] {
            return database_->migrate("notes",
                                      {"CREATE TABLE notes (id TEXT PRIMARY KEY, size BIGINT);"
                                       "INSERT INTO notes VALUES ('sum', 0)"});
        });
        ASSERT_TRUE(made) << made.error().message;
    }
    Result<BatchResult> write(std::vector<Statement> batch) {
        return io::run_task<Result<BatchResult>>([&] { return database_->write(batch); });
    }
    Result<BatchResult> read(std::vector<Statement> batch) {
        return io::run_task<Result<BatchResult>>([&] { return database_->read(batch); });
    }
    std::vector<Result<BatchResult>> all(std::vector<Statement> batch, int times) {
        return io::run_task<std::vector<Result<BatchResult>>>([&] {
            std::vector<io::Task<Result<BatchResult>>> tasks;
            tasks.reserve(static_cast<std::size_t>(times));
            for (int i = 0; i < times; ++i) tasks.push_back(database_->write(batch));
            return testing::gather(std::move(tasks));
        });
    }
    std::string ask(const std::string& sql) { return server_->execute(sql, name_); }
    std::string conninfo() const { return server_->conninfo(name_); }
    std::int64_t sum() { return std::stoll(ask("SELECT size FROM notes WHERE id = 'sum'")); }
    // Of the database's own sessions.
    std::string sessions(const std::string& condition = "true") {
        return ask(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'domicile' AND "
            "datname = current_database() AND " +
            condition);
    }
    void wait_for_session(const std::string& condition) {
        std::string found = sessions(condition);
        for (int tries = 0; tries < 3'000 && found == "0"; ++tries) {
            usleep(10'000);
            found = sessions(condition);
        }
        EXPECT_NE(found, "0") << condition;
    }
    // Runs the batch while somebody else holds the row that it wants; `then` happens when it waits
    // for the row.
    Result<BatchResult> write_blocked(std::vector<Statement> batch,
                                      const std::function<void(Outside&)>& then) {
        Outside other(conninfo());
        other("BEGIN");
        other("UPDATE notes SET size = size + 100 WHERE id = 'sum'");
        std::thread beside([&] {
            wait_for_session("wait_event_type = 'Lock'");
            then(other);
        });
        auto out = write(std::move(batch));
        beside.join();
        return out;
    }
    double metric(const std::string& name) const {
        const std::string text = registry_.expose();
        const std::size_t at = text.find("\n" + name + "{");
        EXPECT_NE(at, std::string::npos) << name;
        return std::stod(text.substr(text.find("} ", at) + 2));
    }

    void start_six_nodes() {
        std::vector<std::unique_ptr<Database>> nodes;
        nodes.reserve(6);
        for (int i = 0; i < 6; ++i) nodes.push_back(*open_postgres(server_->options(name_)));
        const auto results = io::run_task<std::vector<Result<void>>>([&] {
            std::vector<io::Task<Result<void>>> tasks;
            for (auto& node : nodes)
                for (const char* component : {"a", "b"})
                    tasks.push_back(node->migrate(
                        component, {std::string("CREATE TABLE made_") + component + " (n BIGINT)",
                                    std::string("INSERT INTO made_") + component + " VALUES (1)"}));
            return testing::gather(std::move(tasks));
        });
        for (const auto& result : results) EXPECT_TRUE(result) << result.error().message;
    }

    TemporaryFolder folder_;
    telemetry::Registry registry_;
    PostgresServer* server_ = nullptr;
    std::string name_;
    std::unique_ptr<Database> database_;
};

TEST_F(Faults, there_are_never_more_connections_than_allowed) {
    open(shared_postgres(), [](PostgresOptions& options) { options.connections_max = 3; });
    for (const auto& result : all({kCount}, 50)) EXPECT_TRUE(result);
    EXPECT_EQ(sum(), 50);
    EXPECT_EQ(metric("domicile_sql_connected_total"), 3);
}

TEST_F(Faults, a_full_queue_is_resource_exhausted) {
    open(shared_postgres(), [](PostgresOptions& options) {
        options.connections_max = 1;
        options.queue_max = 4;
    });
    int done = 0;
    for (const auto& result : all({kCount}, 20)) {
        done += result ? 1 : 0;
        if (!result) {
            EXPECT_EQ(result.error().code, Code::resource_exhausted);
        }
    }
    EXPECT_EQ(done, 5);
    EXPECT_EQ(sum(), done);
}

TEST_F(Faults, statements_are_prepared_once_for_a_connection) {
    open(shared_postgres(), [](PostgresOptions& options) { options.connections_max = 1; });
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(write({kCount}));
    auto prepared =
        read({{"SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE "
               "'UPDATE notes SET size%'",
               {}}});
    ASSERT_TRUE(prepared);
    EXPECT_EQ((*prepared)[0].rows[0].integer(0), 1);
}

TEST_F(Faults, more_statements_than_are_kept_prepared_run_all_the_same) {
    open(shared_postgres(), [](PostgresOptions& options) { options.connections_max = 1; });
    for (std::int64_t i = 0; i < 300; ++i) {
        auto out = read({{"SELECT " + std::to_string(i) + " + $1", {i}}});
        ASSERT_TRUE(out) << out.error().message;
        ASSERT_EQ((*out)[0].rows[0].integer(0), 2 * i);
    }
}

TEST_F(Faults, results_of_many_buffers_arrive_whole) {
    std::vector<Statement> batch;
    batch.reserve(4);
    for (int i = 0; i < 3; ++i)
        batch.push_back(
            {"SELECT CAST(repeat('x', 5000) AS TEXT) FROM generate_series(1, 1000)", {}});
    const std::string large(4'000'000, 'y');
    batch.push_back({"SELECT $1", {large}});
    auto out = read(batch);
    ASSERT_TRUE(out) << out.error().message;
    for (int i = 0; i < 3; ++i) ASSERT_EQ((*out)[static_cast<std::size_t>(i)].rows.size(), 1000u);
    EXPECT_EQ((*out)[3].rows[0].text(0), large);
}

TEST_F(Faults, what_lost_against_a_concurrent_change_is_tried_again) {
    auto out = write_blocked({kCount, kAdd}, [](Outside& other) { other("COMMIT"); });
    EXPECT_TRUE(out) << out.error().message;
    EXPECT_EQ(sum(), 101);
    EXPECT_GE(metric("domicile_sql_lost_total"), 1);
}

TEST_F(Faults, what_always_loses_is_given_up) {
    ask("CREATE FUNCTION lose() RETURNS BIGINT LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION SQLSTATE ''40001''; END'");
    open(shared_postgres(), [](PostgresOptions& options) { options.batch_max = Millis(500); });
    auto out = write({kCount, {"SELECT lose()", {}}});
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, Code::unavailable);
    EXPECT_EQ(out.error().reason, kReasonContention);
    EXPECT_EQ(sum(), 0);
}

TEST_F(Faults, a_session_killed_before_its_commit_is_replaced) {
    // Twice: COMMIT sent along, and held back since rows are expected.
    for (const std::int64_t expected : {-1, 1}) {
        Statement last{"SELECT id FROM notes WHERE id = 'sum'", {}, expected};
        auto out = write_blocked({kCount, last}, [&](Outside& other) {
            const std::string waits = "wait_event_type = 'Lock'";
            const std::string killed = ask("SELECT pid FROM pg_stat_activity WHERE " + waits +
                                           " AND datname = current_database()");
            other("SELECT pg_terminate_backend(" + killed + ")");
            wait_for_session(waits + " AND pid <> " + killed);  // the next try
            other("ROLLBACK");
        });
        EXPECT_TRUE(out) << out.error().message;
    }
    EXPECT_EQ(sum(), 2);
    EXPECT_EQ(metric("domicile_sql_replaced_total"), 2);
}

TEST_F(Faults, a_batch_is_one_round_trip_with_expectations_too) {
    Wire wire(*server_);
    open(*server_, [&](PostgresOptions& options) {
        options.servers = {{wire.folder(), 5432}};
        options.connections_max = 1;
    });
    const std::vector<Statement> large = {kCount,
                                          kCount,
                                          {kCount.sql, {}, 1},
                                          {kAdd.sql, {"x"}, 1},
                                          {kAdd.sql, {"y"}},
                                          {"SELECT id FROM notes", {}}};
    for (const auto& batch : {std::vector<Statement>{kCount}, large}) {
        const int before = wire.turns;
        auto out = write(batch);
        ASSERT_TRUE(out) << out.error().message;
        EXPECT_EQ(wire.turns - before, 1) << batch.size();
    }
    const int before = wire.turns;
    ASSERT_TRUE(read({kSum, kSum, kSum}));
    EXPECT_EQ(wire.turns - before, 1);
}

TEST_F(Faults, a_lost_answer_to_commit_is_an_unknown_outcome_and_not_tried_again) {
    Wire wire(*server_);
    open(*server_, [&](PostgresOptions& options) { options.servers = {{wire.folder(), 5432}}; });
    ASSERT_TRUE(write({kCount}));
    wire.cut_next = true;
    auto out = write({kCount});
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, Code::unavailable);
    EXPECT_EQ(out.error().reason, kReasonOutcomeUnknown);
    EXPECT_EQ(sum(), 2) << "it was done, once";
    // A read changes nothing, so it is asked again.
    ASSERT_TRUE(read({kSum}));
    wire.cut_next = true;
    EXPECT_TRUE(read({kSum}));
    // COMMIT was held back, since rows are expected: nothing happened, and it is tried again.
    wire.cut_next = true;
    EXPECT_TRUE(write({kCount, {"SELECT id FROM notes WHERE id = 'sum'", {}, 1}}));
    EXPECT_EQ(sum(), 3);
}

TEST_F(Faults, a_statement_that_takes_too_long_is_cancelled_and_left_nothing) {
    open(shared_postgres(), [](PostgresOptions& options) { options.batch_max = Millis(1'000); });
    auto out = write_blocked({kAdd, kCount}, [&](Outside& other) {
        for (int tries = 0; tries < 3'000 && sessions("wait_event_type = 'Lock'") != "0"; ++tries)
            usleep(10'000);
        other("ROLLBACK");
    });
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, Code::deadline_exceeded);
    EXPECT_EQ(out.error().reason, "");
    EXPECT_EQ(sum(), 0);
    EXPECT_EQ(ask("SELECT count(*) FROM notes"), "1");
    EXPECT_TRUE(write({kAdd}));
}

TEST_F(Faults, a_changed_table_costs_nothing) {
    open(shared_postgres(), [](PostgresOptions& options) { options.connections_max = 1; });
    const Statement all_of{"SELECT * FROM notes", {}};
    ASSERT_TRUE(read({all_of}));
    ask("ALTER TABLE notes ADD COLUMN more BIGINT");
    auto out = read({all_of});
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ((*out)[0].rows[0].values.size(), 3u);
}

TEST_F(Faults, only_bytes_order_text) {
    server_->execute(
        "CREATE DATABASE dictionary TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE "
        "'en'");
    auto database = open_postgres(server_->options("dictionary"));
    const auto out = io::run_task<Result<void>>([&] { return (*database)->migrate("x", {}); });
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, Code::failed_precondition);
    EXPECT_NE(out.error().message.find("createdb"), std::string::npos);
}

TEST_F(Faults, nodes_that_start_at_once_make_the_tables_once) {
    start_six_nodes();
    EXPECT_EQ(ask("SELECT count(*) FROM made_a"), "1");
    EXPECT_EQ(ask("SELECT count(*) FROM made_b"), "1");
}

TEST_F(Faults, nodes_make_the_tables_once_where_there_is_no_such_lock) {
    ask("CREATE FUNCTION pg_advisory_xact_lock(INTEGER) RETURNS INTEGER LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION SQLSTATE ''0A000''; END'");
    ask("ALTER DATABASE " + name_ + " SET search_path = public, pg_catalog");
    start_six_nodes();
    EXPECT_EQ(ask("SELECT count(*) FROM made_a"), "1");
    EXPECT_EQ(ask("SELECT count(*) FROM made_b"), "1");
}

TEST_F(Faults, it_is_shared_so_nothing_is_remembered) { EXPECT_TRUE(database_->shared()); }

// Servers of their own, since these tests stop or fill them.
TEST(PostgresServer, a_restart_is_seen_by_idle_connections) {
    PostgresServer server;
    auto database = open_postgres(server.options());
    const auto ask = [&] {
        return io::run_task<Result<BatchResult>>(
            [&] { return (*database)->read({{"SELECT 1", {}}}); });
    };
    ASSERT_TRUE(ask());
    for (const int signal : {SIGINT, SIGQUIT}) {
        server.stop(signal);
        auto down = ask();
        ASSERT_FALSE(down);
        EXPECT_EQ(down.error().code, Code::unavailable);
        server.start();
        auto up = ask();
        EXPECT_TRUE(up) << up.error().message;
    }
}

TEST(PostgresServer, a_new_connection_takes_the_password_that_the_file_has_by_then) {
    PostgresServer server;
    server.execute("CREATE ROLE rotated LOGIN PASSWORD 'old'");
    server.stop(SIGINT);
    std::ofstream(server.folder() + "/data/pg_hba.conf")
        << "local all rotated scram-sha-256\nlocal all all trust\n";
    server.start();
    const TemporaryFolder folder;
    const std::string file = folder.file("password");
    std::ofstream(file) << "old\n";
    PostgresOptions options = server.options();
    options.user = "rotated";
    options.password_file = io::SecretFile::open(io::system_files(), file).value();
    const auto database = open_postgres(options);
    const auto ask_anew = [&] {
        server.stop(SIGINT);  // ends the sessions
        server.start();
        return io::run_task<Result<BatchResult>>(
            [&] { return (*database)->read({{"SELECT 1", {}}}); });
    };
    EXPECT_TRUE(ask_anew());
    server.execute("ALTER ROLE rotated PASSWORD 'new'");
    const auto refused = ask_anew();
    ASSERT_FALSE(refused) << "the file still has the old one";
    EXPECT_EQ(refused.error().code, Code::unavailable);
    std::ofstream(file) << "new\n";
    const auto taken = ask_anew();
    EXPECT_TRUE(taken) << taken.error().message;
    std::filesystem::remove(file);
    const auto kept = ask_anew();
    EXPECT_TRUE(kept) << "what cannot be read changes nothing: " << kept.error().message;
}

TEST(PostgresServer, without_a_further_connection_batches_wait_for_the_own_ones) {
    PostgresServer server({"max_connections=4", "superuser_reserved_connections=0"});
    auto database = open_postgres(server.options());
    const auto ask_often = [&] {
        return io::run_task<std::vector<Result<BatchResult>>>([&] {
            std::vector<io::Task<Result<BatchResult>>> tasks;
            tasks.reserve(12);
            for (int i = 0; i < 12; ++i) tasks.push_back((*database)->read({{"SELECT 1", {}}}));
            return testing::gather(std::move(tasks));
        });
    };
    std::vector<std::unique_ptr<Outside>> others;
    others.reserve(3);
    for (int i = 0; i < 3; ++i) others.push_back(std::make_unique<Outside>(server.conninfo()));
    // The process of whoever asked whether the server is up counts until it has ended.
    while ((*others[0])("SELECT COUNT(*) FROM pg_stat_activity WHERE "
                        "backend_type = 'client backend'") != "3") {
        for (auto& other : others)
            if (!other->connected()) other = std::make_unique<Outside>(server.conninfo());
    }
    for (const auto& out : ask_often()) EXPECT_TRUE(out) << out.error().message;

    auto late = open_postgres(server.options());
    const auto out =
        io::run_task<Result<BatchResult>>([&] { return (*late)->read({{"SELECT 1", {}}}); });
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, Code::unavailable);
    EXPECT_EQ(out.error().reason, kReasonNoConnections);
}

// A file system of 8 MB that goes with this process. False where that is not allowed.
bool mount_small(const std::string& folder) {
    return unshare(CLONE_NEWNS) == 0 &&
           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=8m,mode=0777") == 0;
}

TEST(PostgresServer, a_full_disk_is_unavailable_until_there_is_room) {
    TemporaryFolder small;
    if (!mount_small(small.file(""))) GTEST_SKIP() << "needs the right to mount";
    PostgresServer server;
    std::filesystem::create_directory(small.file("space"));
    ASSERT_EQ(chown(small.file("space").c_str(), server.user(), server.group()), 0);
    std::filesystem::permissions(small.file(""), std::filesystem::perms::all);
    server.execute("CREATE TABLESPACE small LOCATION '" + small.file("space") + "'");
    server.execute("CREATE TABLE heap (id BIGINT PRIMARY KEY, bytes BYTEA) TABLESPACE small");
    server.execute("ALTER TABLE heap ALTER bytes SET STORAGE EXTERNAL");
    auto database = open_postgres(server.options());
    const auto insert = [&](std::int64_t id) {
        return io::run_task<Result<BatchResult>>([&] {
            return (*database)->write(
                {{"INSERT INTO heap VALUES ($1, $2)", {id, Blob{std::string(1'000'000, 'x')}}}});
        });
    };
    std::int64_t id = 0;
    Result<BatchResult> out;
    while (id < 100 && (out = insert(id))) ++id;
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, Code::unavailable);
    EXPECT_EQ(out.error().reason, "");
    EXPECT_EQ(server.execute("SELECT count(*) FROM heap"), std::to_string(id));
    ASSERT_EQ(mount("tmpfs", small.file("").c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    out = insert(id);
    EXPECT_TRUE(out) << out.error().message;
}

}  // namespace
}  // namespace domicile::sql
