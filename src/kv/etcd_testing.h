// For tests: a real etcd cluster of its own on ephemeral loopback ports, and a store that lives on
// a runtime of its own, since connections outlive the single tasks that tests run. Not part of any
// library.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "http/client.h"
#include "io/testing.h"
#include "kv/etcd.h"
#include "kv/etcd_codec.h"
#include "sql/testing.h"

namespace domicile::kv::testing {

// A free port that stays ours while this lives: bound, but not listening, so that only a program
// that is told may listen on it (both ends set SO_REUSEADDR, as Go does).
class ReservedPort {
  public:
    ReservedPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int on = 1;
        setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto* address = reinterpret_cast<sockaddr*>(&at);
        if (bind(fd_, address, size) != 0 || getsockname(fd_, address, &size) != 0) std::abort();
        number = ntohs(at.sin_port);
    }
    ~ReservedPort() { close(fd_); }
    ReservedPort(const ReservedPort&) = delete;
    ReservedPort& operator=(const ReservedPort&) = delete;

    std::uint16_t number = 0;

  private:
    int fd_;
};

struct ClusterTls {
    std::string ca_file, certificate_file, key_file;
};

class EtcdCluster {
  public:
    explicit EtcdCluster(std::size_t members = 3, std::optional<ClusterTls> tls = std::nullopt)
        : tls_(std::move(tls)), client_ports_(members), peer_ports_(members), pids_(members, -1) {
        for (std::size_t i = 0; i < members; ++i) start(i);
    }
    ~EtcdCluster() {
        for (std::size_t i = 0; i < pids_.size(); ++i) kill_member(i);
    }
    EtcdCluster(const EtcdCluster&) = delete;
    EtcdCluster& operator=(const EtcdCluster&) = delete;

    std::size_t size() const { return pids_.size(); }
    std::vector<io::Endpoint> endpoints() const {
        std::vector<io::Endpoint> out;
        for (const ReservedPort& port : client_ports_) out.push_back({"127.0.0.1", port.number});
        return out;
    }
    EtcdOptions options(const std::string& prefix) const {
        EtcdOptions out;
        out.endpoints = endpoints();
        out.prefix = prefix;
        return out;
    }

    void start(std::size_t member) {
        const pid_t parent = getpid();
        std::vector<std::string> command = command_of(member);
        std::vector<char*> argv;
        for (std::string& part : command) argv.push_back(part.data());
        argv.push_back(nullptr);
        const std::string log = folder_.file("m" + std::to_string(member) + ".log");
        const pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
            if (getppid() != parent || dup2(out, 1) < 0 || dup2(out, 2) < 0) _exit(126);
            execvp(argv[0], argv.data());
            _exit(127);
        }
        pids_[member] = pid;
    }
    void kill_member(std::size_t member) {
        if (pids_[member] <= 0) return;
        kill(pids_[member], SIGKILL);
        waitpid(pids_[member], nullptr, 0);
        pids_[member] = -1;
    }
    bool runs(std::size_t member) const { return pids_[member] > 0; }
    // Whether a member that should run has ended: no use asking it.
    bool has_ended(std::size_t member) const {
        siginfo_t info{};
        const auto pid = static_cast<id_t>(pids_[member]);
        return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
    }
    std::string log_of(std::size_t member) const {
        return sql::testing::read_file(folder_.file("m" + std::to_string(member) + ".log"));
    }

    // A plain request to one member; nullopt without an answer of 200.
    std::optional<json::object> ask(std::size_t member, const std::string& path,
                                    const json::object& body) const {
        const io::Endpoint to{"127.0.0.1", client_ports_[member].number};
        return io::run_task<std::optional<json::object>>(
            [&] { return ask_at(to, path, json::serialize(body)); });
    }
    // Asks until every running member answers by quorum: an election is over when it does.
    bool wait_until_ready() const {
        const json::object read{{"key", "YQ=="}};
        for (std::size_t i = 0; i < size(); ++i) {
            bool answers = !runs(i);
            for (int tries = 0; !answers && tries < 2'000 && !has_ended(i); ++tries) {
                answers = ask(i, "/v3/kv/range", read).has_value();
                if (!answers) pause();
            }
            if (!answers) return false;
        }
        return true;
    }
    // The member that leads; size() when none does.
    std::size_t leader() const {
        for (std::size_t i = 0; i < size(); ++i) {
            if (!runs(i)) continue;
            const auto status = ask(i, "/v3/maintenance/status", {});
            if (!status || !status->contains("leader")) continue;
            if (status->at("leader") == status->at("header").at("member_id")) return i;
        }
        return size();
    }

  private:
    static void pause() { usleep(10'000); }  // between two questions, not instead of one

    static io::Task<std::optional<json::object>> ask_at(io::Endpoint to, std::string path,
                                                        std::string body) {
        http::Client client;
        http::RequestHead head;
        head.method = "POST";
        head.target = path;
        http::Target target{std::move(to)};
        const Instant deadline = io::deadline_in(Millis(1'000));
        auto response = co_await client.send(std::move(target), head, body, deadline);
        if (!response || (*response)->status() != 200) co_return std::nullopt;
        auto text = co_await (*response)->read_all(1 << 20);
        if (!text) co_return std::nullopt;
        auto parsed = parse_json_object(*text);
        if (!parsed) co_return std::nullopt;
        co_return std::move(*parsed);
    }

    std::string url(const ReservedPort& port, bool of_peers) const {
        const std::string scheme = tls_ && !of_peers ? "https" : "http";
        return scheme + "://127.0.0.1:" + std::to_string(port.number);
    }
    static std::string name(std::size_t member) { return "m" + std::to_string(member); }

    std::vector<std::string> command_of(std::size_t member) const {
        std::string all;
        for (std::size_t i = 0; i < size(); ++i)
            all += (i == 0 ? "" : ",") + name(i) + "=" + url(peer_ports_[i], true);
        const std::string clients = url(client_ports_[member], false);
        const std::string peers = url(peer_ports_[member], true);
        std::vector<std::string> out = {"etcd",
                                        "--name=" + name(member),
                                        "--data-dir=" + folder_.file(name(member)),
                                        "--listen-client-urls=" + clients,
                                        "--advertise-client-urls=" + clients,
                                        "--listen-peer-urls=" + peers,
                                        "--initial-advertise-peer-urls=" + peers,
                                        "--initial-cluster=" + all,
                                        "--heartbeat-interval=50",
                                        "--election-timeout=500",
                                        "--logger=zap"};
        if (tls_) {
            out.push_back("--cert-file=" + tls_->certificate_file);
            out.push_back("--key-file=" + tls_->key_file);
            out.push_back("--trusted-ca-file=" + tls_->ca_file);
            out.push_back("--client-cert-auth=true");
        }
        return out;
    }

    sql::testing::TemporaryFolder folder_;
    std::optional<ClusterTls> tls_;
    std::vector<ReservedPort> client_ports_, peer_ports_;
    std::vector<pid_t> pids_;
};

// Runs a store on a runtime of its own; can be called from any other.
class HostedStore final : public Store {
  public:
    explicit HostedStore(std::unique_ptr<Store> inner) : inner_(std::move(inner)) {
        loop_.run<bool>([this] { return start(*inner_); });
    }
    ~HostedStore() override {
        loop_.run<bool>([this] { return stop(*inner_); });
        loop_.stop();
        inner_.reset();
    }

    io::Task<Result<TransactionResult>> commit(Transaction transaction) override {
        return io::run_on<Result<TransactionResult>>(
            loop_.executor(), [this, transaction] { return inner_->commit(transaction); });
    }
    io::Task<Result<std::optional<Entry>>> get(std::string key) override {
        return io::run_on<Result<std::optional<Entry>>>(loop_.executor(),
                                                        [this, key] { return inner_->get(key); });
    }
    io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                               std::size_t limit) override {
        return io::run_on<Result<std::vector<Entry>>>(
            loop_.executor(),
            [this, prefix, after, limit] { return inner_->range(prefix, after, limit); });
    }
    io::Task<Result<std::vector<Change>>> changes(std::int64_t after, std::size_t limit) override {
        return io::run_on<Result<std::vector<Change>>>(
            loop_.executor(), [this, after, limit] { return inner_->changes(after, limit); });
    }

    io::Task<Result<void>> keep_present(std::string key, std::string value, Seconds ttl) override {
        return io::run_on<Result<void>>(loop_.executor(), [this, key, value, ttl] {
            return inner_->keep_present(key, value, ttl);
        });
    }

    void report_to(telemetry::Registry& registry, const std::string& name) override {
        inner_->report_to(registry, name);
    }

  private:
    static io::Task<bool> start(Store& inner) {
        inner.start();
        co_return true;
    }
    static io::Task<bool> stop(Store& inner) {
        co_await inner.stop();
        co_return true;
    }

    std::unique_ptr<Store> inner_;
    io::testing::Loop loop_;
};

inline std::shared_ptr<Store> host(Result<std::unique_ptr<Store>> store) {
    if (!store) return nullptr;
    return std::make_shared<HostedStore>(std::move(*store));
}

// One cluster for all tests of a process that leave it as it was.
inline EtcdCluster& shared_cluster() {
    static EtcdCluster cluster;
    static const bool ready = cluster.wait_until_ready();
    EXPECT_TRUE(ready) << cluster.log_of(0);
    return cluster;
}

// A store in it for each folder.
inline std::shared_ptr<Store> open_etcd(const sql::testing::TemporaryFolder& folder,
                                        const StoreOptions& options) {
    EtcdOptions etcd = shared_cluster().options(folder.file(""));
    etcd.store = options;
    return host(open_etcd_store(std::move(etcd)));
}

}  // namespace domicile::kv::testing
