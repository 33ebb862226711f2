// The statements of documents and sign-ins on PostgreSQL: bare, as a program would send them that
// does nothing else, and through sql::Database. Runs for --seconds and prints one JSON object.
//
//   bench_postgres --what bare|sql --operation put|get|query|signin --socket FOLDER --database D
//                  [--seconds S] [--connections N] [--concurrency N]
//
// bare: N threads with a connection each, prepared statements, a pipeline for each transaction,
// which it waits for. sql: as many connections, and --concurrency callers on one reactor. Both at
// the same isolation.
#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/check.h"
#include "generator.h"
#include "io/runtime.h"
#include "sql/database.h"

namespace domicile::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Batch = std::vector<sql::Statement>;

constexpr std::size_t kItems = 1000;  // ten a partition, as in bench_documents
constexpr std::uint16_t kPort = 5432;

struct Run {
    std::string operation, socket, database;
    std::chrono::duration<double> seconds;
    std::size_t connections = 8, concurrency = 64;
};

// What one unit of the operation asks for: transactions, one after the other.
struct Transaction {
    bool reads = false;
    Batch batch;
};

sql::Blob bytes(std::size_t size, std::size_t number) {
    return {std::string(size, static_cast<char>(number % 256))};
}

std::vector<Transaction> unit(const std::string& operation, std::size_t number) {
    const sql::Blob partition = bytes(32, number / 10), sort = bytes(32, number % 10);
    const std::string subject = "subject-" + std::to_string(number / 10);
    if (operation == "put")
        return {
            {false,
             {{"INSERT INTO items VALUES ('Diary', $1, $2, $3, $4) ON CONFLICT (tbl, pk, sk) DO "
               "UPDATE SET item = excluded.item, version = excluded.version",
               {partition, sort, bytes(300, number), static_cast<std::int64_t>(number)},
               1}}}};
    if (operation == "get")
        return {{true,
                 {{"SELECT item, version FROM items WHERE tbl = 'Diary' AND pk = $1 AND sk = $2",
                   {partition, sort}}}}};
    if (operation == "query")
        return {{true,
                 {{"SELECT sk, item, version FROM items WHERE tbl = 'Diary' AND pk = $1 ORDER BY "
                   "sk LIMIT 1000",
                   {partition}}}}};
    static std::atomic<std::int64_t> session = 0;
    const std::string id = "session-" + std::to_string(++session);
    return {{true, {{"SELECT sealed FROM people WHERE sub = $1", {subject}}}},
            {true, {{"SELECT wrapped FROM people_keys WHERE sub = $1", {subject}}}},
            {false,
             {{"INSERT INTO sessions (id, sub, expires) VALUES ($1, $2, $3)",
               {id, subject, session.load()}},
              {"DELETE FROM sessions WHERE sub = $1 AND expires < $2",
               {subject, session.load() - 1000}}}}};
}

constexpr const char* kTables =
    "SET client_min_messages = warning;"
    "CREATE TABLE IF NOT EXISTS items (tbl TEXT NOT NULL, pk BYTEA NOT NULL, sk BYTEA NOT NULL, "
    "item BYTEA NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (tbl, pk, sk));"
    "CREATE TABLE IF NOT EXISTS people (sub TEXT PRIMARY KEY, sealed BYTEA NOT NULL);"
    "CREATE TABLE IF NOT EXISTS people_keys (sub TEXT PRIMARY KEY, wrapped BYTEA NOT NULL);"
    "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, sub TEXT NOT NULL, expires BIGINT);"
    "CREATE INDEX IF NOT EXISTS sessions_by_sub ON sessions (sub);"
    "TRUNCATE sessions;"  // their numbers start again
    "INSERT INTO people SELECT 'subject-' || n, decode(repeat('ab', 600), 'hex') FROM "
    "generate_series(0, 99) n ON CONFLICT DO NOTHING;"
    "INSERT INTO people_keys SELECT 'subject-' || n, decode(repeat('cd', 60), 'hex') FROM "
    "generate_series(0, 99) n ON CONFLICT DO NOTHING";

// ---- Bare --------------------------------------------------------------------------------------

class Bare {
  public:
    explicit Bare(const Run& run) {
        const std::string info = "host=" + run.socket + " port=" + std::to_string(kPort) +
                                 " user=domicile dbname=" + run.database;
        connection_ = PQconnectdb(info.c_str());
        DOMICILE_CHECK(PQstatus(connection_) == CONNECTION_OK);
    }
    ~Bare() { PQfinish(connection_); }
    Bare(const Bare&) = delete;

    void script(const char* sql) {
        PGresult* result = PQexec(connection_, sql);
        DOMICILE_CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
        PQclear(result);
    }
    // Before the pipeline: in it, what follows a failure is skipped, preparations too.
    void pipeline(const std::vector<Transaction>& transactions) {
        for (const char* sql : {kBegin, "COMMIT", "ROLLBACK"}) prepare(sql);
        for (const Transaction& transaction : transactions)
            for (const sql::Statement& statement : transaction.batch) prepare(statement.sql);
        DOMICILE_CHECK(PQenterPipelineMode(connection_) == 1);
    }

    // False when it lost against another and has to be tried again.
    bool transact(const Transaction& transaction) {
        // One statement that reads needs no BEGIN to be of one snapshot.
        const bool alone = transaction.reads && transaction.batch.size() == 1;
        if (!alone) send({kBegin, {}});
        for (const sql::Statement& statement : transaction.batch) send(statement);
        if (!alone) send({"COMMIT", {}});
        PQpipelineSync(connection_);
        PQflush(connection_);
        const bool good = receive();
        if (good || PQtransactionStatus(connection_) == PQTRANS_IDLE) return good;
        send({"ROLLBACK", {}});
        PQpipelineSync(connection_);
        DOMICILE_CHECK(receive());
        return false;
    }

  private:
    static constexpr const char* kBegin = "BEGIN ISOLATION LEVEL SERIALIZABLE";

    static std::string name_of(std::size_t number) { return "p" + std::to_string(number); }
    void prepare(const std::string& sql) {
        const std::string name = name_of(prepared_.size());
        PGresult* result = PQprepare(connection_, name.c_str(), sql.c_str(), 0, nullptr);
        DOMICILE_CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
        PQclear(result);
        prepared_.push_back(sql);
    }
    void send(const sql::Statement& statement) {
        const auto found = std::ranges::find(prepared_, statement.sql);
        DOMICILE_CHECK(found != prepared_.end());
        const std::string name = name_of(static_cast<std::size_t>(found - prepared_.begin()));
        std::vector<const char*> values;
        std::vector<int> lengths, formats;
        std::vector<std::string> numbers(statement.parameters.size());
        for (std::size_t i = 0; i < statement.parameters.size(); ++i) {
            const sql::Value& value = statement.parameters[i];
            const auto* blob = std::get_if<sql::Blob>(&value);
            if (blob != nullptr) numbers[i] = blob->bytes;
            if (const auto* text = std::get_if<std::string>(&value)) numbers[i] = *text;
            if (const auto* number = std::get_if<std::int64_t>(&value))
                numbers[i] = std::to_string(*number);
            values.push_back(numbers[i].c_str());
            lengths.push_back(static_cast<int>(numbers[i].size()));
            formats.push_back(blob != nullptr ? 1 : 0);
        }
        PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(values.size()),
                            values.data(), lengths.data(), formats.data(), 1);
    }
    bool receive() {
        bool good = true;
        for (;;) {
            PGresult* result = PQgetResult(connection_);
            DOMICILE_CHECK(PQstatus(connection_) == CONNECTION_OK);
            if (result == nullptr) continue;
            const ExecStatusType status = PQresultStatus(result);
            PQclear(result);
            if (status == PGRES_PIPELINE_SYNC) return good;
            if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) good = false;
        }
    }

    PGconn* connection_;
    std::vector<std::string> prepared_;
};

struct Counting {
    Clock::time_point start = Clock::now();
    std::chrono::duration<double> length;
    std::atomic<std::size_t> next = 0, units = 0;

    bool over() const { return Clock::now() - start >= length; }
    void count() {
        if (Clock::now() - start >= length / 5) ++units;
    }
    double per_second() const { return static_cast<double>(units) / (length.count() * 0.8); }
    std::size_t number() { return ++next * 7919 % kItems; }
};

void prepare(const Run& run) {
    Bare bare(run);
    bare.script(kTables);
    bare.pipeline(unit("put", 0));
    for (std::size_t i = 0; i < kItems; ++i) DOMICILE_CHECK(bare.transact(unit("put", i).front()));
}

double run_bare(const Run& run) {
    Counting counting{.length = run.seconds};
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < run.connections; ++i)
        threads.emplace_back([&] {
            Bare bare(run);
            bare.pipeline(unit(run.operation, 0));
            while (!counting.over()) {
                for (const Transaction& transaction : unit(run.operation, counting.number()))
                    while (!bare.transact(transaction)) continue;
                counting.count();
            }
        });
    threads.clear();
    return counting.per_second();
}

// ---- Through sql::Database ---------------------------------------------------------------------

io::Task<void> call(sql::Database& database, const Run& run, Counting& counting) {
    while (!counting.over()) {
        for (Transaction& transaction : unit(run.operation, counting.number())) {
            Result<sql::BatchResult> out;
            if (transaction.reads)
                out = co_await database.read(std::move(transaction.batch));
            else
                out = co_await database.write(std::move(transaction.batch));
            DOMICILE_CHECK(out.has_value());
        }
        counting.count();
    }
}

io::Task<void> call_all(sql::Database& database, const Run& run, Counting& counting) {
    io::TaskGroup group;
    for (std::size_t i = 0; i < run.concurrency; ++i) group.spawn(call(database, run, counting));
    const Instant far = io::deadline_in(Millis(600'000));
    co_await group.drain(far);
}

double run_sql(const Run& run) {
    sql::PostgresOptions options;
    options.servers = {{run.socket, kPort}};
    options.database = run.database;
    options.user = "domicile";
    options.connections_max = run.connections;
    const auto database = sql::open_postgres(options);
    DOMICILE_CHECK(database.has_value());
    Counting counting{.length = run.seconds};
    io::Runtime runtime;
    runtime.run([&] { return call_all(**database, run, counting); });
    return counting.per_second();
}

}  // namespace
}  // namespace domicile::bench

int main(int argc, char** argv) {
    using namespace domicile::bench;
    const Options options(argc, argv,
                          " --what --operation --socket --database --seconds --connections "
                          "--concurrency ");
    Run run;
    run.operation = options.text("--operation", "put");
    run.socket = options.text("--socket");
    run.database = options.text("--database");
    run.seconds = std::chrono::duration<double>(options.number("--seconds", 2));
    run.connections = static_cast<std::size_t>(options.number("--connections", 8));
    run.concurrency = static_cast<std::size_t>(options.number("--concurrency", 64));
    prepare(run);
    const double per_second = options.text("--what") == "bare" ? run_bare(run) : run_sql(run);
    std::printf("{\"per_second\": %.1f, \"errors\": 0}\n", per_second);
    return 0;
}
