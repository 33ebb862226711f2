#include "server/up.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "base/json.h"
#include "config/change.h"
#include "config/config.h"
#include "io/lock_file.h"
#include "io/process.h"
#include "io/runtime.h"
#include "io/tls.h"
#include "server/children.h"
#include "server/front_control.h"
#include "server/stores_place.h"

namespace domicile::server {
namespace {

constexpr Millis kStopMargin{5'000};  // beyond what a region gives itself to stop

// What the command line says counts for all regions.
Result<std::int64_t> nodes_wanted(const config::Region& region, std::optional<std::int64_t> wish) {
    const std::int64_t out = wish.value_or(region.nodes);
    if (out == 1 || region.can_have_nodes()) return out;
    return fail(Code::invalid_argument,
                "--nodes: region " + region.name +
                    " keeps its data in SQLite files, which one node only can use. Several need "
                    "`database: {engine: postgres, ...}`, or --engines distributed.");
}

// Free ports for what the config leaves open: all are held at once, so that no two are the same,
// and let go before the regions take them.
Result<void> take_ports(Deployment& deployment, std::optional<std::int64_t> wish) {
    io::Network& network = io::Executor::current().network();
    std::vector<std::unique_ptr<io::Listener>> held;
    const auto take = [&](std::uint16_t wanted) -> Result<std::uint16_t> {
        if (wanted != 0) return wanted;
        TRY(auto listener, network.listen({"127.0.0.1", 0}));
        held.push_back(std::move(listener));
        return held.back()->local().port;
    };
    TRY(deployment.front_control, take(0));
    for (const config::Region& region : deployment.config.regions) {
        Ports& ports = deployment.ports[region.name];
        TRY(ports.https, take(region.listen.https));
        TRY(ports.loopback, take(region.listen.loopback));
        TRY(ports.border, take(region.listen.border));
        TRY(ports.admin, take(region.listen.admin));
        ports.http = region.listen.http;
        TRY(const std::int64_t nodes, nodes_wanted(region, wish));
        for (std::int64_t node = 2; node <= nodes; ++node) {
            Ports& more = deployment.more_nodes[region.name].emplace_back();
            for (std::uint16_t Ports::* port :
                 {&Ports::https, &Ports::loopback, &Ports::border, &Ports::admin}) {
                TRY(more.*port, take(0));
            }
        }
    }
    return {};
}

std::vector<NodeName> nodes_of(const Deployment& deployment, const std::string& region) {
    std::vector<NodeName> out;
    for (std::size_t number = 1; number <= deployment.nodes_of(region); ++number)
        out.push_back({region, number});
    return out;
}

void print_addresses(const Deployment& deployment, const Engines& engines) {
    const config::Config& config = deployment.config;
    fmt::print("\nDomicile is up: {} regions.\n\n", config.regions.size());
    for (const config::Site& site : config.sites)
        fmt::print("  site {:<16} {}\n", site.name, deployment.url(site.host));
    fmt::print("  {:<21} {}\n\n", "api (global)", deployment.url("app." + config.domain));
    fmt::print("  {:<16} {:<46} {:<24} {}\n", "region", "address", "AWS clients", "files");
    for (const config::Region& region : config.regions) {
        fmt::print("  {:<16} {:<46} {:<24} {}\n", region.name,
                   deployment.url(region.name + '.' + config.domain),
                   "http://localhost:" + std::to_string(deployment.ports.at(region.name).loopback),
                   deployment.region_directory(region.name));
        const auto more = deployment.more_nodes.find(region.name);
        if (more == deployment.more_nodes.end()) continue;
        for (std::size_t i = 0; i < more->second.size(); ++i)
            fmt::print("  {:<16} {:<46} {:<24} {}/node-{}\n", "",
                       "node " + std::to_string(i + 2) + ", by the front",
                       "http://localhost:" + std::to_string(more->second[i].loopback),
                       deployment.region_directory(region.name), i + 2);
    }
    fmt::print("\nengines\n{}", engines.describe());
    fmt::print("\nBrowsers warn until they trust the development CA: {}/ca/ca.pem\n",
               deployment.data);
    fmt::print("  Firefox, Chrome: settings, certificates, authorities, import (for web sites).\n");
    fmt::print("  curl:            curl --cacert {}/ca/ca.pem ...\n", deployment.data);
    fmt::print("\nCtrl-C stops everything.\n");
    std::fflush(stdout);
}

json::object describe(const Deployment& deployment, const Children& children,
                      const NodeName& node) {
    const Ports ports = deployment.ports_of(node.region, node.number);
    return {{"loopback", ports.loopback}, {"admin", ports.admin},   {"https", ports.https},
            {"http", ports.http},         {"border", ports.border}, {"pid", children.pid(node)}};
}

Result<void> write_ready_file(const Deployment& deployment, const Children& children,
                              const Engines& engines, const std::string& path) {
    if (path.empty()) return {};
    json::object regions;
    for (const auto& [region, ports] : deployment.ports) {
        json::object entry = describe(deployment, children, {region, 1});
        entry["data"] = deployment.region_directory(region);
        json::array nodes;
        for (const NodeName& node : nodes_of(deployment, region))
            nodes.push_back(describe(deployment, children, node));
        entry["nodes"] = std::move(nodes);
        regions[region] = std::move(entry);
    }
    const json::object document{
        {"domain", deployment.config.domain},   {"port", deployment.public_port},
        {"ca", deployment.data + "/ca/ca.pem"}, {"data", deployment.data},
        {"engines", engines.ready()},           {"regions", std::move(regions)}};
    return io::system_files().write_atomic(path, json::serialize(document) + '\n');
}

io::Task<void> start_one(Children& children, std::string region, Result<void>& outcome) {
    const Result<void> done = co_await children.start(std::move(region));
    if (!done) outcome = done;
}

io::Task<Result<void>> start_all(Children& children, const Deployment& deployment) {
    io::TaskGroup starting;
    Result<void> outcome;
    for (const config::Region& region : deployment.config.regions) {
        starting.spawn(start_one(children, region.name, outcome));
    }
    co_await starting.drain(io::deadline_in(Millis(30'000)));
    co_return outcome;
}

// SIGHUP also comes when the terminal that `up` was started in is gone: that is the end.
bool terminal_is_gone(bool had_terminal) { return had_terminal && isatty(STDIN_FILENO) == 0; }

// The regions read the file themselves; what they refuse is in their logs.
Result<void> reload(io::Files& files, Deployment& deployment, const Children& children) {
    TRY(config::Config fresh, load_config(files, deployment));
    std::string sentences;
    for (const std::string& sentence : config::needs_restart(deployment.config, fresh))
        sentences += sentence + ".\n";
    if (!sentences.empty()) return fail(Code::failed_precondition, std::move(sentences));
    deployment.config = std::move(fresh);
    TRY_VOID(renew_public_certificates(files, deployment));
    children.signal_all(SIGHUP);
    return {};
}

io::Task<void> wait_for_stop(io::Files& files, Deployment& deployment, const Children& children) {
    const bool had_terminal = isatty(STDIN_FILENO) != 0;
    for (;;) {
        const Result<int> signal = co_await io::next_signal();
        if (!signal || *signal != SIGHUP || terminal_is_gone(had_terminal)) co_return;
        const Result<void> done = reload(files, deployment, children);
        fmt::print("\n{}\n", done ? "The changed configuration went to all regions."
                                  : "The configuration stays as it is:\n" + done.error().message);
        std::fflush(stdout);
    }
}

io::Task<void> ignore(io::Task<Result<void>> task) { (void)co_await task; }

io::Task<void> stop_all(Children& children, const Deployment& deployment) {
    io::TaskGroup stopping;
    struct Ask {
        static io::Task<void> run(Children& children, std::string region) {
            co_await children.stop(std::move(region), true);
        }
    };
    for (const config::Region& region : deployment.config.regions) {
        stopping.spawn(Ask::run(children, region.name));
    }
    while (stopping.running() > 0) co_await stopping.drain(io::deadline_in(Seconds(1)));
}

// Whoever asks a second time does not want to wait.
io::Task<void> kill_on_signal(Children& children, Engines& engines, const Deployment& deployment) {
    co_await io::next_signal();
    for (const config::Region& region : deployment.config.regions) {
        io::spawn(ignore(children.stop(region.name, false)));
    }
    io::spawn(engines.stop(false));
}

Result<std::unique_ptr<io::LockFile>> lock_data_folder(const std::string& data) {
    auto lock = io::take_lock(data + "/up.lock", io::LockKind::exclusive);
    if (!lock && lock.error().code == Code::failed_precondition)
        lock.error().message = "Another `domicile up` runs in " + data + '.';
    return lock;
}

front::Backend backend_of(const Deployment& deployment, const Children& children, NodeName node) {
    const std::uint16_t port = deployment.ports_of(node.region, node.number).https;
    return {node.region, {"127.0.0.1", port}, [&children, node] { return children.takes(node); }};
}

io::Task<Result<void>> up(UpOptions options) {
    io::Files& files = io::system_files();
    Deployment deployment;
    deployment.config_path = options.config_path;
    CO_TRY(deployment.config, load_config(files, options.config_path));
    deployment.data = options.data;
    CO_TRY_VOID(files.create_directories(deployment.data));
    CO_TRY(const auto lock, lock_data_folder(deployment.data));
    CO_TRY_VOID(refuse_newer(files, deployment.data));
    CO_TRY_VOID(refuse_unfinished(files, deployment));
    CO_TRY(deployment.engines, choose_engines(files, deployment, options.engines));
    CO_TRY(deployment.config, load_config(files, deployment));
    CO_TRY_VOID(refuse_elsewhere(files, deployment));
    const config::Endpoint listen = options.listen.value_or(deployment.config.listen);
    io::Network& network = io::Executor::current().network();
    CO_TRY(auto listener, network.listen({listen.address, listen.port}));
    deployment.public_port = listener->local().port;
    CO_TRY_VOID(take_ports(deployment, options.nodes));
    CO_TRY_VOID(prepare_development(files, deployment));
    CO_TRY_VOID(save(files, deployment));
    CO_TRY(const std::unique_ptr<Engines> engines, Engines::make(files, deployment));

    const config::Shutdown& shutdown = deployment.config.shutdown;
    const Millis patience(shutdown.delay_ms + shutdown.deadline_ms + kStopMargin.count());
    Children children(options.program, deployment.data, patience);
    for (const config::Region& region : deployment.config.regions)
        for (const NodeName& node : nodes_of(deployment, region.name)) children.add(node);
    const residency::Policy policy = config::make_policy(deployment.config);
    front::Whereabouts whereabouts([&](const std::optional<std::string>& country) {
        return residency::order_candidates(policy, country, children.states());
    });
    front::Options front_options;
    front_options.domain = deployment.config.domain;
    front_options.control = {"127.0.0.1", deployment.front_control};
    for (const auto& [region, ports] : deployment.ports)
        for (const NodeName& node : nodes_of(deployment, region))
            front_options.regions.push_back(backend_of(deployment, children, node));
    front::Front front(front_options, whereabouts);
    FrontControl control(
        deployment, whereabouts,
        {.states = [&] { return children.states(); },
         .nodes = [&] { return children.nodes(); },
         .start = [&](std::string region) { return children.start(std::move(region)); },
         .stop = [&](std::string region) { return children.stop(std::move(region), false); },
         .moved = [&] { front.disconnect_global(); }});
    io::TlsCertificate certificate;
    CO_TRY(certificate.certificate_pem, files.read(deployment.data + "/front/tls.pem", 65536));
    CO_TRY(certificate.key_pem, files.read(deployment.data + "/front/tls.key", 65536));
    CO_TRY(const auto tls, io::TlsServer::make({certificate}));
    http::ServerOptions control_options;
    control_options.tls = tls.get();
    control_options.proxy_protocol = true;
    const io::Endpoint control_endpoint{"127.0.0.1", deployment.front_control};
    CO_TRY(auto control_listener, network.listen(control_endpoint));
    http::Server control_server(std::move(control_listener), control_options,
                                [&](http::Exchange& exchange) { return control.handle(exchange); });
    control_server.start();

    Result<void> outcome = co_await engines->start();
    if (outcome) outcome = co_await start_all(children, deployment);
    io::TaskGroup fronting;
    fronting.spawn(front.run(*listener));
    if (outcome) {
        outcome = write_ready_file(deployment, children, *engines, options.ready_file);
        print_addresses(deployment, *engines);
        co_await wait_for_stop(files, deployment, children);
        fmt::print("\nStopping.\n");
        std::fflush(stdout);
        io::spawn(kill_on_signal(children, *engines, deployment));
    }
    listener->close();
    co_await stop_all(children, deployment);
    co_await engines->stop(true);
    co_await control_server.stop(io::deadline_in(Millis(500)));
    co_await fronting.drain(io::deadline_in(Millis(500)));
    // The regions' last bytes are on their way to the clients; whoever does not take them is
    // abandoned with the process.
    co_await front.drain(io::deadline_in(Millis(500)));
    std::fflush(stdout);
    if (outcome) std::_Exit(0);
    co_return outcome;
}

}  // namespace

Result<void> run_up(const UpOptions& options) {
    io::block_signals();
    (void)io::raise_descriptor_limit();  // the front takes two for a connection
    return io::run_task<Result<void>>([&] { return up(options); });
}

}  // namespace domicile::server
