#include "server/postgres_servers.h"

#include <signal.h>

#include "io/files.h"
#include "io/remove_tree.h"

namespace domicile::server {
namespace {

constexpr char kBinaries[] = "/usr/lib/postgresql/15/bin";
constexpr char kInstall[] =
    "PostgreSQL 15 is not installed (there is no /usr/lib/postgresql/15/bin/postgres). On Debian: "
    "apt-get install postgresql-15. Without --engines distributed nothing needs it.";
constexpr Millis kInitialisePatience{120'000};
constexpr Millis kStartPatience{60'000};
constexpr Millis kPause{50};  // between two questions
constexpr int kDeathsMax =
    4;  // the first may be due to what a crashed run left, which goes by itself
constexpr std::size_t kPasswordBytesMax = 4096;

// Whoever has a certificate of the engines' authority and a password, through TLS; nobody else.
constexpr char kWhoMayComeIn[] =
    "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n";

// Databases cannot be made in a transaction, nor only if they are missing: psql's \gexec does what
// the query says. The region makes the tables.
constexpr char kSetUp[] = R"(\set ON_ERROR_STOP 1
SELECT 'CREATE ROLE domicile' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'domicile')
\gexec
\set password `cat "$DOMICILE_PASSWORD_FILE"`
ALTER ROLE domicile LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I TEMPLATE template0 STRATEGY file_copy OWNER domicile', name)
FROM (VALUES ('domicile'), ('domicile_keys')) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name)
\gexec
REVOKE CONNECT ON DATABASE domicile, domicile_keys FROM PUBLIC;
)";

io::Task<Result<int>> run(io::ProcessOptions options, Instant deadline) {
    CO_TRY(const auto process, io::start_process(options));
    co_return co_await process->wait(deadline);
}

}  // namespace

PostgresServer::PostgresServer(const Deployment& deployment, std::string region,
                               std::string binaries, std::optional<io::User> user)
    : deployment_(deployment),
      region_(std::move(region)),
      binaries_(std::move(binaries)),
      user_(std::move(user)),
      server_(std::make_unique<Supervised>(options())) {}

std::string PostgresServer::path(const std::string& name) const {
    return deployment_.region_directory(region_) + '/' + name;
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::make(io::Files& files,
                                                             const Deployment& deployment,
                                                             const std::string& region,
                                                             const std::optional<io::User>& user) {
    const std::string binaries = kBinaries;
    for (const char* program : {"/postgres", "/initdb", "/psql"})
        if (!files.info(binaries + program)) return fail(Code::failed_precondition, kInstall);
    auto out =
        std::unique_ptr<PostgresServer>(new PostgresServer(deployment, region, binaries, user));
    TRY_VOID(out->write_files(files));
    return out;
}

Result<void> PostgresServer::write_files(io::Files& files) const {
    if (user_) TRY_VOID(io::let_through(deployment_.region_directory(region_)));
    TRY_VOID(files.create_directories(path("postgres")));
    TRY_VOID(files.write_atomic(path("postgres/hba.conf"), kWhoMayComeIn));
    TRY_VOID(files.write_atomic(path("postgres_setup.sql"), kSetUp));
    if (!user_) return {};
    for (const char* name :
         {"postgres", "postgres/hba.conf", "postgres.key", "postgres_root.password"})
        TRY_VOID(io::hand_over(path(name), *user_));
    return {};
}

Supervised::Options PostgresServer::options() const {
    Supervised::Options out;
    out.name = "PostgreSQL of " + region_;
    out.pid_file = path("postgres.pid");
    out.stop_signal = SIGINT;  // ends the sessions, writes everything out
    out.process.command = {binaries_ + "/postgres", "-D", path("postgres/data")};
    const std::pair<const char*, std::string> settings[] = {
        {"listen_addresses", "127.0.0.1"},
        {"port", std::to_string(deployment_.engines.postgres.at(region_))},
        {"unix_socket_directories", ""},
        {"hba_file", path("postgres/hba.conf")},
        {"ssl", "on"},
        {"ssl_cert_file", path("postgres.pem")},
        {"ssl_key_file", path("postgres.key")},
        {"ssl_ca_file", deployment_.data + "/ca/engines_ca.pem"},
        {"ssl_min_protocol_version", "TLSv1.2"},
        {"logging_collector", "off"},
        // No values: they are sealed or keyed, but a log needs not have them.
        {"log_error_verbosity", "terse"},
        {"log_min_error_statement", "panic"},
        {"jit", "off"}};
    for (const auto& [name, value] : settings) {
        out.process.command.emplace_back("-c");
        out.process.command.push_back(std::string(name) + '=' + value);
    }
    out.process.directory = path("postgres");
    out.process.environment = {{"LC_ALL", "C"}, {"PATH", "/usr/bin:/bin"}};
    out.process.output_file = path("postgres.log");
    out.process.user = user_;
    return out;
}

// In a folder of another name until it is whole.
io::Task<Result<void>> PostgresServer::initialise() {
    const std::string data = path("postgres/data"), fresh = data + ".new";
    if (io::system_files().info(data)) co_return Result<void>{};
    CO_TRY_VOID(io::remove_tree(fresh));
    io::ProcessOptions options;
    options.command = {binaries_ + "/initdb",
                       "-D",
                       fresh,
                       "-U",
                       "postgres",
                       "-A",
                       "scram-sha-256",
                       "--pwfile=" + path("postgres_root.password"),
                       "--locale=C",
                       "-E",
                       "UTF8",
                       "--no-instructions"};
    options.directory = path("postgres");
    options.environment = {{"LC_ALL", "C"}, {"PATH", "/usr/bin:/bin"}};
    options.output_file = path("postgres.log");
    options.user = user_;
    CO_TRY(const int status, co_await run(options, io::deadline_in(kInitialisePatience)));
    if (status != 0)
        co_return fail(Code::unavailable,
                       "initdb failed for " + region_ + ". Its log: " + path("postgres.log"));
    co_return io::system_files().publish(fresh, data);
}

// As its superuser, by PostgreSQL's own client. Says that the server answers, too.
io::Task<Result<void>> PostgresServer::set_up() {
    CO_TRY(std::string password,
           io::system_files().read(path("postgres_root.password"), kPasswordBytesMax));
    if (password.ends_with('\n')) password.pop_back();
    io::ProcessOptions options;
    options.command = {binaries_ + "/psql",        "-X",      "-q", "-f",
                       path("postgres_setup.sql"), "postgres"};
    options.environment = {{"PATH", "/usr/bin:/bin"},
                           {"PGHOST", "127.0.0.1"},
                           {"PGPORT", std::to_string(deployment_.engines.postgres.at(region_))},
                           {"PGUSER", "postgres"},
                           {"PGPASSWORD", password},
                           {"PGCONNECT_TIMEOUT", "5"},
                           {"PGSSLMODE", "verify-full"},
                           {"PGSSLROOTCERT", deployment_.data + "/ca/engines_ca.pem"},
                           {"PGSSLCERT", deployment_.engine_file("client.pem")},
                           {"PGSSLKEY", deployment_.engine_file("client.key")},
                           {"DOMICILE_PASSWORD_FILE", path("postgres.password")}};
    options.output_file = path("postgres_setup.log");
    (void)io::system_files().remove(options.output_file);
    CO_TRY(const int status, co_await run(options, io::deadline_in(kStartPatience)));
    if (status == 0) co_return Result<void>{};
    co_return fail(Code::unavailable, "It does not let `up` in; see " + options.output_file);
}

io::Task<Result<void>> PostgresServer::start() {
    CO_TRY_VOID(co_await initialise());
    CO_TRY_VOID(co_await server_->start());
    const Instant deadline = io::deadline_in(kStartPatience);
    for (;;) {
        const Result<void> done = co_await set_up();
        if (done) co_return done;
        const bool late = io::deadline_in(kPause) >= deadline;
        if (late || server_->deaths() >= kDeathsMax)
            co_return fail(Code::unavailable, server_->name() + " did not start. " +
                                                  done.error().message + " and " + server_->log());
        co_await io::sleep_for(kPause);
    }
}

}  // namespace domicile::server
