// What the program's parts are compared with, and the parts that have no network in front of them:
// each measurement runs for --seconds in one process and prints one JSON object.
//
//   bench_engines --what NAME --folder F [--seconds S] [--concurrency N]
//
// modexp       the modular exponentiations of one SRP sign-in at the server, bare OpenSSL
// modexp2      the two of them that no table replaces
// modexp-client
//              what a client of sign-ins does meanwhile: one of them, and twice as long nothing
// rs256 es256  one signature
// argon2id     one password hash of --memory-kib and --iterations, bare libargon2
// sqlite-put sqlite-get sqlite-query
//              the documents' statements on bare SQLite, as many as --concurrency in one
//              transaction
// audit audit-raw
//              events recorded by audit::Log; the same lines written and synced in groups
// locate locate-raw
//              directory::locate; the read that it makes, on bare SQLite
#include <argon2.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "audit/log.h"
#include "base/check.h"
#include "crypto/jwt.h"
#include "crypto/srp.h"
#include "crypto/srp_group.h"
#include "directory/directory.h"
#include "generator.h"
#include "io/files.h"
#include "io/runtime.h"

namespace domicile::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Run {
    double seconds = 2;
    std::size_t concurrency = 64;
    std::string folder;
    std::uint32_t memory_kib = 0, iterations = 0;  // of Argon2id
};

// Calls `step`, which does some units of work and says how many, until the time is over; the first
// fifth is not counted. Units per second.
double measure(const Run& run, const std::function<std::size_t()>& step) {
    const auto start = Clock::now();
    const std::chrono::duration<double> length(run.seconds);
    auto counted_from = start;
    std::size_t units = 0;
    bool counting = false;
    for (auto now = start; now - start < length; now = Clock::now()) {
        if (!counting && now - start >= length / 5) {
            counting = true;
            counted_from = now;
            units = 0;
        }
        units += step();
    }
    const std::chrono::duration<double> counted = Clock::now() - counted_from;
    return static_cast<double>(units) / counted.count();
}

// ---- Cryptography ------------------------------------------------------------------------------

double modular_exponentiations(const Run& run, bool with_g) {
    const auto ctx = crypto::new_ctx();
    const auto b = crypto::bn_from_bytes(std::string(crypto::kSrpSecretSize, '\xa7'));
    const auto u = crypto::bn_from_bytes(std::string(32, '\xb3'));
    const auto base = crypto::mod_exp(crypto::srp_group().g.get(), b.get(), ctx.get());
    return measure(run, [&]() -> std::size_t {
        if (with_g) (void)crypto::mod_exp(crypto::srp_group().g.get(), b.get(), ctx.get());
        const auto vu = crypto::mod_exp(base.get(), u.get(), ctx.get());
        (void)crypto::mod_exp(vu.get(), b.get(), ctx.get());
        return 1;
    });
}

double client_exponentiations(const Run& run) {
    const auto ctx = crypto::new_ctx();
    const auto exponent = crypto::bn_from_bytes(std::string(crypto::kSrpSecretSize, '\xa7'));
    const auto base = crypto::mod_exp(crypto::srp_group().g.get(), exponent.get(), ctx.get());
    return measure(run, [&]() -> std::size_t {
        const auto start = Clock::now();
        (void)crypto::mod_exp(base.get(), exponent.get(), ctx.get());
        std::this_thread::sleep_for(2 * (Clock::now() - start));
        return 1;
    });
}

// What checking a password costs without anything around it (RFC 9106), one lane.
double bare_argon2id(const Run& run) {
    const std::string password = "Bench-Passw0rd!", salt(16, '\x5a');
    std::string hash(32, '\0');
    return measure(run, [&]() -> std::size_t {
        DOMICILE_CHECK(argon2id_hash_raw(run.iterations, run.memory_kib, 1, password.data(),
                                         password.size(), salt.data(), salt.size(), hash.data(),
                                         hash.size()) == ARGON2_OK);
        return 1;
    });
}

double signatures(const Run& run, crypto::Algorithm algorithm) {
    const auto key = crypto::SigningKey::generate(algorithm);
    const std::string text(900, 'x');  // about what a token's header and claims take
    return measure(run, [&]() -> std::size_t { return key->sign(text).empty() ? 0 : 1; });
}

// ---- SQLite ------------------------------------------------------------------------------------

class Sqlite {
  public:
    explicit Sqlite(const std::string& path) {
        DOMICILE_CHECK(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
        run("PRAGMA journal_mode = WAL");
        run("PRAGMA synchronous = FULL");
    }
    ~Sqlite() { sqlite3_close(handle_); }
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;

    void run(const char* sql) {
        DOMICILE_CHECK(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    sqlite3_stmt* prepare(const char* sql) {
        sqlite3_stmt* out = nullptr;
        DOMICILE_CHECK(sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &out,
                                          nullptr) == SQLITE_OK);
        return out;
    }

  private:
    sqlite3* handle_ = nullptr;
};

void bind_blob(sqlite3_stmt* statement, int place, const std::string& bytes) {
    sqlite3_bind_blob(statement, place, bytes.data(), static_cast<int>(bytes.size()),
                      SQLITE_STATIC);
}

// Runs it to its end; how many rows came.
std::size_t step(sqlite3_stmt* statement) {
    std::size_t rows = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) ++rows;
    if (sqlite3_reset(statement) != SQLITE_OK) {
        std::fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(sqlite3_db_handle(statement)));
        std::exit(1);
    }
    return rows;
}

// The table and statements of documents/store.cc, with items of the same size.
class Items {
  public:
    explicit Items(const std::string& folder) : database_(folder + "/bare.db"), item_(300, 'x') {
        database_.run(
            "CREATE TABLE IF NOT EXISTS items (tbl TEXT NOT NULL, pk BYTEA NOT NULL, sk BYTEA NOT "
            "NULL, item BYTEA NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (tbl, pk, sk))");
        put_ = database_.prepare(
            "INSERT INTO items VALUES ('Diary', ?1, ?2, ?3, ?4) ON CONFLICT (tbl, pk, sk) DO "
            "UPDATE SET item = excluded.item, version = excluded.version");
        get_ = database_.prepare(
            "SELECT item, version FROM items WHERE tbl = 'Diary' AND pk = ?1 AND sk = ?2");
        query_ = database_.prepare(
            "SELECT sk, item, version FROM items WHERE tbl = 'Diary' AND pk = ?1 ORDER BY sk "
            "LIMIT 1000");
        database_.run("BEGIN IMMEDIATE");
        for (std::size_t i = 0; i < kItems; ++i) put(i);
        database_.run("COMMIT");
    }
    ~Items() {
        for (sqlite3_stmt* each : {put_, get_, query_}) sqlite3_finalize(each);
    }
    Items(const Items&) = delete;
    Items& operator=(const Items&) = delete;

    void put(std::size_t number) {
        place(put_, number, true);
        bind_blob(put_, 3, item_);
        sqlite3_bind_int64(put_, 4, static_cast<sqlite3_int64>(++turn_));
        step(put_);
    }
    std::size_t put_group(std::size_t size) {
        database_.run("BEGIN IMMEDIATE");
        for (std::size_t i = 0; i < size; ++i) put(++next_ * 7919 % kItems);
        database_.run("COMMIT");
        return size;
    }
    std::size_t get_one() {
        place(get_, ++next_ * 7919 % kItems, true);
        DOMICILE_CHECK(step(get_) == 1);
        return 1;
    }
    std::size_t query_one() {
        place(query_, ++next_ * 7919 % kItems, false);
        DOMICILE_CHECK(step(query_) == 10);
        return 1;
    }

  private:
    static constexpr std::size_t kItems = 1000;  // as in bench_documents, ten a partition

    void place(sqlite3_stmt* statement, std::size_t number, bool sorted) {
        partition_.assign(16, static_cast<char>(number / 10 % 256));
        sort_.assign(16, static_cast<char>(number % 10));
        bind_blob(statement, 1, partition_);
        if (sorted) bind_blob(statement, 2, sort_);
    }

    Sqlite database_;
    std::string item_, partition_, sort_;
    sqlite3_stmt *put_ = nullptr, *get_ = nullptr, *query_ = nullptr;
    std::size_t next_ = 0, turn_ = 0;
};

// ---- Audit -------------------------------------------------------------------------------------

audit::Event event() {
    return {"refusal", {{"what", "api.call"}, {"route", "/diary/{rest+}"}, {"reason", "bench"}}};
}

struct Counting {
    Clock::time_point start = Clock::now();
    std::chrono::duration<double> length;
    std::size_t units = 0;

    bool over() const { return Clock::now() - start >= length; }
    void count() {
        if (Clock::now() - start >= length / 5) ++units;
    }
    double per_second() const { return static_cast<double>(units) / (length.count() * 0.8); }
};

io::Task<void> record_events(audit::Log& log, Counting& counting) {
    while (!counting.over()) {
        audit::Event next = event();
        const Result<void> done = co_await log.record(std::move(next));
        DOMICILE_CHECK(done.has_value());
        counting.count();
    }
}

io::Task<void> locate_keys(directory::Directory& directory,
                           const std::vector<directory::SubjectKey>& keys, Counting& counting) {
    for (std::size_t i = 0; !counting.over(); ++i) {
        directory::SubjectKey key = keys[i * 7919 % keys.size()];
        const auto located = co_await directory.locate(std::move(key));
        DOMICILE_CHECK(located && located->known);
        counting.count();
    }
}

io::Task<void> record_all(audit::Log& log, Counting& counting, std::size_t concurrency) {
    io::TaskGroup group;
    for (std::size_t i = 0; i < concurrency; ++i) group.spawn(record_events(log, counting));
    const Instant far = io::deadline_in(Millis(600'000));
    co_await group.drain(far);
}

double audit_events(const Run& run) {
    auto log = audit::Log::open(io::system_files(), run.folder + "/bench-audit.log", "bench",
                                io::system_clock());
    DOMICILE_CHECK(log.has_value());
    Counting counting{.length = std::chrono::duration<double>(run.seconds)};
    io::Runtime runtime;
    runtime.run([&] { return record_all(**log, counting, run.concurrency); });
    return counting.per_second();
}

double raw_lines(const Run& run) {
    const std::string path = run.folder + "/bench-raw.log";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    DOMICILE_CHECK(fd >= 0);
    std::string lines;
    for (std::size_t i = 0; i < run.concurrency; ++i) lines += std::string(259, 'x') + '\n';
    const double out = measure(run, [&]() -> std::size_t {
        DOMICILE_CHECK(::write(fd, lines.data(), lines.size()) ==
                       static_cast<ssize_t>(lines.size()));
        DOMICILE_CHECK(::fdatasync(fd) == 0);
        return run.concurrency;
    });
    ::close(fd);
    return out;
}

// ---- Directory ---------------------------------------------------------------------------------

constexpr std::size_t kPeople = 1000;

// Eight keys a claim, so that filling is quick; pending claims are found as active ones are. The
// same claims in each round, which find their own keys.
io::Task<Result<void>> fill(directory::Directory& directory,
                            std::vector<directory::SubjectKey>& keys) {
    for (std::size_t i = 0; i < kPeople;) {
        directory::ClaimRequest claim;
        claim.claim_id = std::to_string(i);
        claim.claim_id.resize(directory::kClaimIdBytes, 'c');
        for (; claim.keys.size() < directory::kKeysPerClaimMax; ++i) {
            const std::string mail = "person" + std::to_string(i) + "@example.org";
            claim.keys.push_back(directory.key("Bench1", directory::IdentifierKind::email, mail));
            keys.push_back(claim.keys.back());
        }
        CO_TRY_VOID(co_await directory.claim(std::move(claim)));
    }
    co_return Result<void>{};
}

io::Task<void> locate_all(directory::Directory& directory, Counting& counting, double seconds,
                          std::size_t concurrency) {
    std::vector<directory::SubjectKey> keys;
    const Result<void> filled = co_await fill(directory, keys);
    DOMICILE_CHECK(filled.has_value());
    counting.start = Clock::now();
    counting.length = std::chrono::duration<double>(seconds);
    io::TaskGroup group;
    for (std::size_t i = 0; i < concurrency; ++i)
        group.spawn(locate_keys(directory, keys, counting));
    const Instant far = io::deadline_in(Millis(600'000));
    co_await group.drain(far);
}

double locate(const Run& run) {
    auto store = kv::open_sqlite_store(run.folder + "/bench-directory.db");
    DOMICILE_CHECK(store.has_value());
    directory::Options options;
    options.region = "eu-central-1";
    options.regions = {"eu-central-1"};
    options.pepper.key = std::string(32, 'p');
    directory::Directory directory(**store, io::system_clock(), options);
    Counting counting{.length = std::chrono::duration<double>(run.seconds)};
    io::Runtime runtime;
    runtime.run([&] { return locate_all(directory, counting, run.seconds, run.concurrency); });
    return counting.per_second();
}

double locate_raw(const Run& run) {
    Sqlite database(run.folder + "/bare-directory.db");
    database.run("CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB)");
    sqlite3_stmt* put = database.prepare("INSERT OR REPLACE INTO entries VALUES (?1, ?2)");
    sqlite3_stmt* get = database.prepare("SELECT value FROM entries WHERE key = ?1");
    database.run("BEGIN");
    const auto key = [](std::size_t number) {
        std::string out(18, 's');
        out.replace(2, 4, std::to_string(1000 + number % 1000));
        return out;
    };
    const std::string value(60, 'v');
    for (std::size_t i = 0; i < kPeople; ++i) {
        const std::string name = key(i);
        bind_blob(put, 1, name);
        bind_blob(put, 2, value);
        step(put);
    }
    database.run("COMMIT");
    std::size_t next = 0;
    const double out = measure(run, [&]() -> std::size_t {
        const std::string name = key(++next * 7919);
        bind_blob(get, 1, name);
        DOMICILE_CHECK(step(get) == 1);
        return 1;
    });
    sqlite3_finalize(put);
    sqlite3_finalize(get);
    return out;
}

using Measurement = std::function<double(const Run&)>;

const std::map<std::string, Measurement>& measurements() {
    using crypto::Algorithm;
    static const std::map<std::string, Measurement> kAll = {
        {"modexp", [](const Run& run) { return modular_exponentiations(run, true); }},
        {"modexp2", [](const Run& run) { return modular_exponentiations(run, false); }},
        {"modexp-client", client_exponentiations},
        {"rs256", [](const Run& run) { return signatures(run, Algorithm::rs256); }},
        {"es256", [](const Run& run) { return signatures(run, Algorithm::es256); }},
        {"argon2id", bare_argon2id},
        {"sqlite-put",
         [](const Run& run) {
             Items items(run.folder);
             return measure(run, [&] { return items.put_group(run.concurrency); });
         }},
        {"sqlite-get",
         [](const Run& run) {
             Items items(run.folder);
             return measure(run, [&] { return items.get_one(); });
         }},
        {"sqlite-query",
         [](const Run& run) {
             Items items(run.folder);
             return measure(run, [&] { return items.query_one(); });
         }},
        {"audit", audit_events},
        {"audit-raw", raw_lines},
        {"locate", locate},
        {"locate-raw", locate_raw},
    };
    return kAll;
}

}  // namespace
}  // namespace domicile::bench

int main(int argc, char** argv) {
    using namespace domicile::bench;
    const Options options(argc, argv, " --what --folder --concurrency --memory-kib --iterations ");
    Run run;
    run.seconds = options.number("--seconds", 2);
    run.concurrency = static_cast<std::size_t>(options.number("--concurrency", 64));
    run.folder = options.text("--folder", ".");
    run.memory_kib = static_cast<std::uint32_t>(options.number("--memory-kib", 19'456));
    run.iterations = static_cast<std::uint32_t>(options.number("--iterations", 2));
    const auto found = measurements().find(options.text("--what"));
    if (found == measurements().end()) {
        std::fprintf(stderr, "bench_engines: --what must be one of");
        for (const auto& [name, measurement] : measurements())
            std::fprintf(stderr, " %s", name.c_str());
        std::fprintf(stderr, "\n");
        return 2;
    }
    std::printf("{\"per_second\": %.1f, \"errors\": 0}\n", found->second(run));
    return 0;
}
