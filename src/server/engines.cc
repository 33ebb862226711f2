#include "server/engines.h"

#include <fmt/format.h>

#include "base/format_version.h"
#include "io/network.h"
#include "io/user.h"
#include "server/stores_place.h"

namespace domicile::server {
namespace {

// Ports that have to be free at the next start, too: below those that the kernel hands out to
// connections (from 32768 on unless it was told otherwise).
constexpr std::uint64_t kFirstPort = 10'000, kPorts = 22'000;
constexpr int kTries = 1'000;

class PortsToKeep {
  public:
    // `wanted` if it is free; 0: any.
    Result<std::uint16_t> take(std::uint16_t wanted = 0) {
        io::Executor& here = io::Executor::current();
        for (int i = 0; i < kTries; ++i) {
            auto port = static_cast<std::uint16_t>(kFirstPort + here.random().number() % kPorts);
            if (i == 0 && wanted != 0) port = wanted;
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

// What is missing in what there was before: also a region that the configuration has got since.
Result<LocalEngines> complete(LocalEngines engines, const config::Config& config) {
    PortsToKeep ports;
    while (engines.etcd.size() < kEtcdMembers) {
        LocalEngines::Member member;
        TRY(member.clients, ports.take());
        TRY(member.peers, ports.take());
        engines.etcd.push_back(member);
    }
    std::erase_if(engines.postgres,
                  [&](const auto& entry) { return config.regions.find(entry.first) == nullptr; });
    // Nobody remembers these: a port that somebody else took meanwhile is replaced.
    for (const config::Region& region : config.regions) {
        std::uint16_t& port = engines.postgres[region.name];
        TRY(port, ports.take(port));
    }
    return engines;
}

bool names_engines(const config::Config& config) {
    const auto on_postgres = [](const config::Region& region) {
        return region.database.engine == config::DatabaseEngine::postgres || region.keys_database;
    };
    return config.directory.engine != config::DirectoryEngine::sqlite ||
           std::any_of(config.regions.begin(), config.regions.end(), on_postgres);
}

// The embedded engines' file that is there already.
std::optional<std::string> embedded_file(io::Files& files, const Deployment& deployment) {
    std::vector<std::string> names = {deployment.shared("directory.db")};
    for (const config::Region& region : deployment.config.regions)
        for (const char* name : {"/region.db", "/keys.db"})
            names.push_back(deployment.region_directory(region.name) + name);
    for (const std::string& name : names)
        if (files.info(name)) return name;
    return std::nullopt;
}

std::unexpected<Error> other_engines(const std::string& data, const char* has, const char* then) {
    return fail(Code::failed_precondition, "The data folder " + data + " has " + has + ". " + then +
                                               " carry its data over with `domicile "
                                               "migrate-store`, or name another folder with "
                                               "--data.");
}

Result<void> refuse_named(const Deployment& deployment) {
    if (!names_engines(deployment.config)) return {};
    return fail(Code::failed_precondition,
                deployment.config_path +
                    " names engines itself; --engines distributed is for configurations that "
                    "leave them to `up`.");
}

Result<void> refuse_mixture(io::Files& files, const Deployment& deployment) {
    TRY_VOID(refuse_named(deployment));
    if (embedded_file(files, deployment))
        return other_engines(deployment.data, "embedded engines",
                             "Start it without --engines distributed,");
    return {};
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

std::string describe_configured(const config::Config& config) {
    const bool sqlite = config.directory.engine == config::DirectoryEngine::sqlite;
    std::string out = fmt::format("  directory: {}\n", sqlite ? "SQLite" : "etcd");
    for (const config::Region& region : config.regions) {
        const bool postgres = region.database.engine == config::DatabaseEngine::postgres;
        out += fmt::format("  {}: {}\n", region.name, postgres ? "PostgreSQL" : "SQLite");
    }
    return out;
}

}  // namespace

Result<LocalEngines> choose_engines(io::Files& files, const Deployment& deployment,
                                    EnginesWish wish) {
    const auto before = load_engines(files, deployment.data);
    if (before && before->any()) {
        if (wish != EnginesWish::embedded) return complete(*before, deployment.config);
        return other_engines(deployment.data, "distributed engines",
                             "Start it without --engines embedded,");
    }
    // The members' ports are in their data, too: they cannot be chosen anew.
    TRY(const auto place, read_place(files, deployment.data));
    if (!place && files.info(deployment.engine_file("etcd-0")))
        return fail(Code::malformed,
                    deployment.data + "/deployment.json is lost or damaged; it held the ports of " +
                        deployment.engine_file("etcd-0") + ". Restore it from your copy.",
                    kReasonDamaged);
    if (wish != EnginesWish::distributed) return LocalEngines{};
    TRY_VOID(refuse_mixture(files, deployment));
    return complete({}, deployment.config);
}

Result<LocalEngines> new_engines(io::Files& files, const Deployment& deployment) {
    TRY_VOID(refuse_named(deployment));
    std::vector<std::string> remains = {deployment.engine_file("etcd-0")};
    for (const config::Region& region : deployment.config.regions)
        remains.push_back(deployment.region_directory(region.name) + "/postgres");
    for (const std::string& folder : remains)
        if (files.info(folder))
            return fail(Code::failed_precondition,
                        folder + " is there from before. Move the engines' folders (" +
                            deployment.engine_file("etcd-*") + ", REGION/postgres) away first.");
    return complete({}, deployment.config);
}

Result<LocalEngines> same_engines(const Deployment& deployment, LocalEngines engines) {
    return complete(std::move(engines), deployment.config);
}

Result<std::unique_ptr<Engines>> Engines::make(io::Files& files, const Deployment& deployment) {
    auto out = std::unique_ptr<Engines>(new Engines(deployment));
    if (!deployment.engines.any()) return out;
    TRY(const auto etcd, user_of("etcd", deployment));
    TRY(out->etcd_, EtcdMembers::make(files, deployment, etcd));
    TRY(const auto postgres, user_of("postgres", deployment));
    for (const auto& [region, port] : deployment.engines.postgres) {
        TRY(out->postgres_[region], PostgresServer::make(files, deployment, region, postgres));
    }
    return out;
}

io::Task<void> Engines::start_one(io::Task<Result<void>> starting, Result<void>& outcome) {
    const Result<void> done = co_await starting;
    if (!done) outcome = done;
}

// All at once: each takes its time, most of it to wait for the disk.
io::Task<Result<void>> Engines::start() {
    Result<void> outcome;
    io::TaskGroup starting;
    if (etcd_) starting.spawn(start_one(etcd_->start(), outcome));
    for (const auto& [region, server] : postgres_)
        starting.spawn(start_one(server->start(), outcome));
    while (starting.running() > 0) co_await starting.drain(io::deadline_in(Seconds(1)));
    co_return outcome;
}

io::Task<void> Engines::stop(bool graceful) {
    io::TaskGroup stopping;
    if (etcd_) stopping.spawn(etcd_->stop(graceful));
    for (const auto& [region, server] : postgres_) stopping.spawn(server->stop(graceful));
    while (stopping.running() > 0) co_await stopping.drain(io::deadline_in(Seconds(1)));
}

std::string Engines::describe() const {
    if (!etcd_) return describe_configured(deployment_.config);
    std::string out = "  directory: etcd, members at";
    for (const config::Endpoint& member : deployment_.engines.etcd_endpoints())
        out += ' ' + member.address + ':' + std::to_string(member.port);
    out += "\n  regions:   PostgreSQL";
    for (const auto& [region, port] : deployment_.engines.postgres)
        out += fmt::format("{} {} at 127.0.0.1:{}", out.ends_with('L') ? "," : ";", region, port);
    return out + '\n';
}

json::object Engines::ready() const {
    json::array members;
    for (std::size_t i = 0; etcd_ && i < deployment_.engines.etcd.size(); ++i)
        members.push_back({{"pid", etcd_->pid(i)},
                           {"clients", deployment_.engines.etcd[i].clients},
                           {"data", deployment_.engine_file("etcd-" + std::to_string(i))}});
    json::object servers;
    for (const auto& [region, server] : postgres_)
        servers[region] = {{"pid", server->pid()},
                           {"port", deployment_.engines.postgres.at(region)},
                           {"data", deployment_.region_directory(region) + "/postgres"}};
    return {{"etcd", std::move(members)}, {"postgres", std::move(servers)}};
}

}  // namespace domicile::server
