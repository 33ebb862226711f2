// For tests: a PostgreSQL server of their own, from Debian's binaries, on a Unix socket in a
// temporary folder; the machine's own servers are left alone. Not part of any library.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <map>

#include "sql/database.h"
#include "sql/testing.h"

namespace domicile::sql::testing {

class PostgresServer {
  public:
    explicit PostgresServer(std::vector<std::string> settings = {})
        : settings_(std::move(settings)) {
        // PostgreSQL refuses to run as root.
        if (geteuid() == 0) {
            const passwd* user = getpwnam("postgres");
            if (user == nullptr) std::abort();
            user_ = user->pw_uid;
            group_ = user->pw_gid;
        }
        give_away(folder_.file(""));
        copy_template();
        start();
    }
    ~PostgresServer() { stop(); }
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    // To the database `name`; see create().
    PostgresOptions options(const std::string& name = "postgres") const {
        PostgresOptions out;
        out.servers = {{folder(), kPort}};
        out.database = name;
        out.user = "domicile";
        return out;
    }
    // A new, empty database.
    void create(const std::string& name) const {
        execute("CREATE DATABASE " + name + " TEMPLATE template0");
    }
    // To a database that stands for the path, created by the first call.
    PostgresOptions options_for(const std::string& path) {
        std::string& name = databases_[path];
        if (name.empty()) {
            name = "test" + std::to_string(databases_.size());
            create(name);
        }
        return options(name);
    }
    // On a connection of its own. What the first column of the first row is.
    std::string execute(const std::string& sql, const std::string& database = "postgres") const {
        PGconn* connection = PQconnectdb(conninfo(database).c_str());
        PGresult* result = PQexec(connection, sql.c_str());
        std::string out;
        if (PQntuples(result) > 0 && PQnfields(result) > 0) out = PQgetvalue(result, 0, 0);
        const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        EXPECT_EQ(state, nullptr) << PQerrorMessage(connection);
        PQclear(result);
        PQfinish(connection);
        return out;
    }
    std::string conninfo(const std::string& database = "postgres") const {
        return "host=" + folder() + " port=" + std::to_string(kPort) +
               " user=domicile dbname=" + database;
    }
    const std::string& folder() const { return socket_; }
    uid_t user() const { return user_ == 0 ? geteuid() : user_; }
    gid_t group() const { return user_ == 0 ? getegid() : group_; }

    void start() {
        pid_ = spawn(command());
        for (int tries = 0; tries < 6'000 && !has_ended(); ++tries) {
            if (PQping(conninfo().c_str()) == PQPING_OK) return;
            usleep(10'000);  // between two questions, not instead of one
        }
        ADD_FAILURE() << log();
        std::abort();
    }
    // SIGINT: fast shutdown, sessions are ended. SIGQUIT: as a crash.
    void stop(int signal = SIGQUIT) {
        if (pid_ <= 0) return;
        kill(pid_, signal);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    std::string log() const { return read_file(folder_.file("log")); }

  private:
    static constexpr const char* kBinaries = "/usr/lib/postgresql/15/bin/";
    static constexpr std::uint16_t kPort = 5432;  // part of the socket's name only

    std::vector<std::string> command() const {
        std::vector<std::string> out = {"postgres", "-D", folder_.file("data"), "-k", socket_};
        std::vector<std::string> settings = {"listen_addresses=", "max_connections=40",
                                             "shared_buffers=16MB", "fsync=off",
                                             "dynamic_shared_memory_type=mmap"};
        settings.insert(settings.end(), settings_.begin(), settings_.end());
        for (const std::string& setting : settings) {
            out.emplace_back("-c");
            out.push_back(setting);
        }
        return out;
    }
    bool has_ended() const {
        siginfo_t info{};
        return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid != 0;
    }
    void give_away(const std::string& path) const {
        if (user_ != 0 && lchown(path.c_str(), user_, group_) != 0) std::abort();
    }

    // initdb takes seconds, so all tests of a build share what it makes: beside the test program.
    void copy_template() {
        const std::string made =
            std::filesystem::read_symlink("/proc/self/exe").parent_path() / "postgres15.template";
        const std::string lock_path = made + ".lock";
        const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (lock < 0 || flock(lock, LOCK_EX) != 0) std::abort();
        const std::string data = folder_.file("data");
        if (!std::filesystem::exists(made)) {
            initialise(data);
            std::filesystem::remove_all(made + ".new");
            std::filesystem::copy(data, made + ".new", std::filesystem::copy_options::recursive);
            std::filesystem::rename(made + ".new", made);
            std::filesystem::remove_all(data);
        }
        close(lock);
        std::filesystem::copy(made, data, std::filesystem::copy_options::recursive);
        give_away(data);
        for (const auto& entry : std::filesystem::recursive_directory_iterator(data))
            give_away(entry.path());
    }
    void initialise(const std::string& data) {
        const pid_t pid = spawn({"initdb", "-D", data, "-U", "domicile", "--auth=trust",
                                 "--locale=C", "-E", "UTF8", "--no-sync"});
        int status = 0;
        waitpid(pid, &status, 0);
        if (status != 0) {
            ADD_FAILURE() << log();
            std::abort();
        }
    }
    pid_t spawn(std::vector<std::string> command) const {
        const std::string program = kBinaries + command[0];
        std::vector<char*> arguments;
        for (std::string& argument : command) arguments.push_back(argument.data());
        arguments.push_back(nullptr);
        const std::string log = folder_.file("log");
        const pid_t parent = getpid();
        const pid_t pid = fork();
        if (pid != 0) return pid;
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        if (dup2(out, 1) < 0 || dup2(out, 2) < 0 || chdir("/") != 0) _exit(126);
        if (user_ != 0 && (setgroups(0, nullptr) != 0 || setgid(group_) != 0 || setuid(user_) != 0))
            _exit(126);
        prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which clears it
        if (getppid() != parent) _exit(126);
        execv(program.c_str(), arguments.data());
        _exit(127);
    }

    TemporaryFolder folder_;
    std::string socket_ = folder_.file("").substr(0, folder_.file("").size() - 1);
    std::vector<std::string> settings_;
    std::map<std::string, std::string> databases_;
    uid_t user_ = 0;
    gid_t group_ = 0;
    pid_t pid_ = -1;
};

// One server for all tests of a process that leave it as it was.
inline PostgresServer& shared_postgres() {
    static PostgresServer server;
    return server;
}

}  // namespace domicile::sql::testing
