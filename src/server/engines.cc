#include "server/engines.h"

#include <fmt/format.h>

#include "base/format_version.h"
#include "io/network.h"
#include "io/user.h"

namespace domicile::server {
namespace {

// Ports that have to be free at the next start, too: below those that the kernel hands out to
// connections (from 32768 on unless it was told otherwise).
constexpr std::uint64_t kFirstPort = 10'000, kPorts = 22'000;
constexpr int kTries = 1'000;

class PortsToKeep {
  public:
    Result<std::uint16_t> take() {
        io::Executor& here = io::Executor::current();
        for (int i = 0; i < kTries; ++i) {
            const auto port =
                static_cast<std::uint16_t>(kFirstPort + here.random().number() % kPorts);
            auto listener = here.network().listen({"127.0.0.1", port});
            if (!listener) continue;
            held_.push_back(std::move(*listener));
            return port;
        }
        return fail(Code::unavailable, "No free port is to be had on 127.0.0.1.");
    }

  private:
    std::vector<std::unique_ptr<io::Listener>> held_;  // so that no two are the same
};

Result<LocalEngines> new_engines() {
    LocalEngines out;
    PortsToKeep ports;
    for (std::size_t i = 0; i < kEtcdMembers; ++i) {
        LocalEngines::Member member;
        TRY(member.clients, ports.take());
        TRY(member.peers, ports.take());
        out.etcd.push_back(member);
    }
    return out;
}

std::unexpected<Error> other_engines(const std::string& data, const char* has, const char* then) {
    return fail(Code::failed_precondition, "The data folder " + data + " has " + has + ". " + then +
                                               " or name another folder with --data.");
}

Result<LocalEngines> choose_distributed(io::Files& files, const Deployment& deployment) {
    if (deployment.config.directory.engine != config::DirectoryEngine::sqlite)
        return fail(Code::failed_precondition,
                    deployment.config_path +
                        " names an engine for the directory itself; --engines distributed is for "
                        "configurations that leave engines to `up`.");
    if (files.info(deployment.shared("directory.db")))
        return other_engines(deployment.data, "embedded engines",
                             "Start it without --engines distributed,");
    return new_engines();
}

// Who the engines are. PostgreSQL refuses root, and etcd needs nothing of it.
Result<std::optional<io::User>> user_of(const std::string& name, const Deployment& deployment) {
    if (!io::is_root()) return std::nullopt;
    std::optional<io::User> user = io::find_user(name);
    if (!user) user = io::find_user("nobody");
    if (!user) return fail(Code::failed_precondition, "There is no user " + name + " or nobody.");
    for (const std::string& folder :
         {deployment.data, deployment.data + "/ca", deployment.data + "/engines"})
        TRY_VOID(io::let_through(folder));
    const auto closed = io::first_closed_folder(deployment.data, *user);
    if (!closed) return user;
    return fail(Code::failed_precondition,
                "The engines run as the user " + user->name + " when `up` is run by root, and " +
                    *closed +
                    " is closed to it. Open that folder (chmod o+x), name another one "
                    "with --data, or run `up` as somebody else.");
}

}  // namespace

Result<LocalEngines> choose_engines(io::Files& files, const Deployment& deployment,
                                    EnginesWish wish) {
    const auto before = load_engines(files, deployment.data);
    if (before && before->any()) {
        if (wish != EnginesWish::embedded) return before;
        return other_engines(deployment.data, "distributed engines",
                             "Start it without --engines embedded,");
    }
    // The members' ports are in their data, too: they cannot be chosen anew.
    if (files.info(deployment.engine_file("etcd-0")))
        return fail(Code::malformed,
                    deployment.data + "/deployment.json is lost or damaged; it held the ports of " +
                        deployment.engine_file("etcd-0") + ". Restore it from your copy.",
                    kReasonDamaged);
    if (wish != EnginesWish::distributed) return LocalEngines{};
    return choose_distributed(files, deployment);
}

Result<std::unique_ptr<Engines>> Engines::make(io::Files& files, const Deployment& deployment) {
    auto out = std::unique_ptr<Engines>(new Engines(deployment));
    if (!deployment.engines.any()) return out;
    TRY(const auto user, user_of("etcd", deployment));
    TRY(out->etcd_, EtcdMembers::make(files, deployment, user));
    return out;
}

io::Task<Result<void>> Engines::start() {
    if (!etcd_) co_return Result<void>{};
    co_return co_await etcd_->start();
}

io::Task<void> Engines::stop(bool graceful) {
    if (etcd_) co_await etcd_->stop(graceful);
}

std::string Engines::describe() const {
    if (!etcd_) {
        const bool sqlite = deployment_.config.directory.engine == config::DirectoryEngine::sqlite;
        return fmt::format("  directory: {}\n  regions:   SQLite\n", sqlite ? "SQLite" : "etcd");
    }
    std::string out = "  directory: etcd, members at";
    for (const config::Endpoint& member : deployment_.engines.etcd_endpoints())
        out += ' ' + member.address + ':' + std::to_string(member.port);
    return out + "\n  regions:   SQLite\n";
}

json::object Engines::ready() const {
    json::array members;
    for (std::size_t i = 0; i < deployment_.engines.etcd.size(); ++i)
        members.push_back({{"pid", etcd_->pid(i)},
                           {"clients", deployment_.engines.etcd[i].clients},
                           {"data", deployment_.engine_file("etcd-" + std::to_string(i))}});
    return {{"etcd", std::move(members)}};
}

}  // namespace domicile::server
