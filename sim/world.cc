#include "sim/world.h"

#include "config/config.h"
#include "sim/openssl_random.h"

namespace domicile::sim {
namespace {

constexpr std::uint64_t kSetUpSeed = 0x5e7;

config::Config make_config() {
    config::Config out;
    for (std::size_t i = 0; i < kRegionCount; ++i) {
        config::Jurisdiction jurisdiction;
        jurisdiction.name = kCountries[i];
        jurisdiction.countries.emplace_back(kCountries[i]);
        jurisdiction.regions.emplace_back(kRegionNames[i]);
        out.jurisdictions.push_back(jurisdiction);
        config::Region region;
        region.name = kRegionNames[i];
        out.regions.push_back(region);
    }
    config::Client client;
    client.name = "web";
    client.id = kClientId;
    client.flows = {config::AuthFlow::user_password_auth, config::AuthFlow::refresh_token_auth,
                    config::AuthFlow::user_srp_auth};
    config::Pool pool;
    pool.name = "health";
    pool.id_suffix = "Health1";
    // A sign-up that lost a race must be told so, to be held against the claims (I1).
    pool.reveal_existing = true;
    pool.clients.push_back(client);
    out.pools.push_back(pool);
    config::Table table;
    table.name = "Notes";
    table.partition_key = {"sub", config::KeyType::string};
    table.sort_key = config::Key{"id", config::KeyType::string};
    table.resident = config::Resident{"sub"};
    out.tables.push_back(table);
    config::Upstream upstream;
    upstream.name = "application";
    upstream.url.push_back({"127.0.0.1", kApplicationPort});
    out.upstreams.push_back(upstream);
    config::Route route;
    route.path = "/notes/{id}";
    route.upstream = "application";
    route.authorizer = "health";
    route.timeout_seconds = 10;
    out.routes.push_back(route);
    return out;
}

std::string address_of(std::size_t region) { return "10.0.0." + std::to_string(region + 1); }

}  // namespace

World::World(std::uint64_t seed, const Disks& disks)
    : scheduler_(seed),
      fabric_(scheduler_),
      directory_(scheduler_, fabric_, "directory", "10.0.0.9"),
      clients_(scheduler_, fabric_, "clients", "10.0.0.100") {
    seed_openssl(seed);
    seed_sqlite(seed);
    deployment_.config = make_config();
    deployment_.policy = config::make_policy(deployment_.config);
    deployment_.directory = {directory_.address(), kDirectoryPort};
    for (std::size_t i = 0; i < kRegionCount; ++i) {
        regions_.push_back(
            std::make_unique<Host>(scheduler_, fabric_, kRegionNames[i], address_of(i)));
        deployment_.regions.push_back({kRegionNames[i], {address_of(i), kBorderPort}});
    }
    for (Host* host : servers()) {
        vfs_[host->name()] = std::make_unique<Vfs>(host->disk(), host->name());
        if (const auto found = disks.find(host->name()); found != disks.end())
            host->disk().restore(found->second);
    }
    clients_.start();
}

World::~World() = default;

std::vector<Host*> World::servers() {
    std::vector<Host*> out;
    for (const auto& region : regions_) out.push_back(region.get());
    out.push_back(&directory_);
    return out;
}

bool World::all_ready() const {
    for (std::size_t i = 0; i < kRegionCount; ++i)
        if (!ready_[i] || !regions_[i]->up()) return false;
    return directory_ready_ && directory_.up();
}

io::Endpoint World::public_endpoint(std::size_t region) const {
    return {regions_[region]->address(), kPublicPort};
}

void World::start(Host& host) {
    if (host.up()) return;
    Process& process = host.start();
    if (&host == &directory_) {
        directory_ready_ = false;
        process.spawn([this, &process] { return run_directory(process); });
        return;
    }
    for (std::size_t i = 0; i < kRegionCount; ++i) {
        if (regions_[i].get() != &host) continue;
        ready_[i] = false;
        process.spawn([this, i, &process] { return run_region(i, process); });
    }
}

void World::failed_to_start(const Process& process, const Error& error) {
    if (!process.alive()) return;  // the power went meanwhile
    if (on_fault)
        on_fault(process.host().name() + " does not start: " + error.message + " " + error.reason);
}

io::Task<void> World::run_region(std::size_t index, Process& process) {
    Host& host = process.host();
    auto made = Region::make(deployment_, host, vfs_of(host));
    if (!made) {
        failed_to_start(process, made.error());
        co_return;
    }
    Region* const region = made->release();  // leaked on purpose: see process.h
    const auto started = co_await region->start();
    if (!started)
        failed_to_start(process, started.error());
    else
        ready_[index] = true;
}

io::Task<void> World::run_directory(Process& process) {
    kv::StoreOptions options;
    options.watch_wait = Millis(0);  // regions poll
    options.vfs = vfs_of(directory_).name();
    options.pool = &process.blocking();
    auto store = kv::open_sqlite_store("/directory.db", options);
    if (!store) {
        failed_to_start(process, store.error());
        co_return;
    }
    kv::Store& kept = *store->release();
    auto listener = process.network().listen({directory_.address(), kDirectoryPort});
    DOMICILE_CHECK(listener.has_value());
    auto* server =
        new http::Server(std::move(*listener), http::ServerOptions{}, directory_handler(kept));
    server->start();
    directory_ready_ = true;
}

void World::run_for(Millis duration) {
    scheduler_.run_until(scheduler_.now_us() + duration.count() * 1000, [] { return false; });
}

bool World::run_until(Millis at_most, const std::function<bool()>& done) {
    return scheduler_.run_until(scheduler_.now_us() + at_most.count() * 1000, done);
}

Disks World::snapshot() {
    Disks out;
    for (Host* host : servers()) out[host->name()] = host->disk().snapshot();
    return out;
}

Disks set_up() {
    World world(kSetUpSeed, {});
    world.on_fault = [](const std::string& what) {
        std::fprintf(stderr, "sim: set-up: %s\n", what.c_str());
        std::abort();
    };
    for (Host* host : world.servers()) world.start(*host);
    DOMICILE_CHECK(world.run_until(Millis(60'000), [&] { return world.all_ready(); }));
    world.run_for(Millis(10'000));  // keys are published and known to all
    return world.snapshot();
}

}  // namespace domicile::sim
