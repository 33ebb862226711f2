#include "server/region_node.h"

#include <atomic>

#include "api/admin/admin.h"
#include "base/encoding.h"
#include "base/format_version.h"
#include "base/json.h"
#include "base/log.h"
#include "border/border.h"
#include "config/change.h"
#include "directory/presence.h"
#include "documents/documents.h"
#include "events/queue.h"
#include "federation/providers.h"
#include "keyring/keyring.h"
#include "kv/copy.h"
#include "limits/limiter.h"
#include "nodes/nodes.h"
#include "residency/residency.h"
#include "server/region_mail.h"
#include "server/reports.h"
#include "server/snapshot.h"
#include "server/stores.h"
#include "sql/copy.h"
#include "triggers/runner.h"

namespace domicile::server {
namespace {

enum class ReloadOutcome : std::uint8_t { applied, refused };
constexpr std::array<std::string_view, 2> label_values(ReloadOutcome) {
    return {"applied", "refused"};
}

// What a reload reads from disk.
struct Fresh {
    config::Config config;
    io::TlsCertificate certificate;
};

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<Fresh>> read_fresh(const Deployment& deployment, std::string certificate_stem) {
    return io::run_blocking([&deployment, stem = std::move(certificate_stem)]() -> Result<Fresh> {
        Fresh out;
        TRY(out.config, load_config(io::system_files(), deployment));
        TRY(out.certificate, read_certificate(stem));
        return out;
    });
}

border::Options border_options(const Deployment& deployment, const std::string& region,
                               const io::TlsServer& server, const io::TlsClient& client) {
    border::Options out;
    out.region = region;
    out.server_tls = &server;
    out.client_tls = &client;
    for (const auto& [name, ports] : deployment.ports) {
        if (name == region) continue;
        border::Peer peer{name, {"127.0.0.1", ports.border}};
        for (std::size_t node = 2; node <= deployment.nodes_of(name); ++node)
            peer.more.push_back({"127.0.0.1", deployment.ports_of(name, node).border});
        out.peers.push_back(std::move(peer));
    }
    return out;
}

directory::Options directory_options(const Deployment& deployment, const std::string& region,
                                     const std::string& pepper) {
    directory::Options out;
    out.region = region;
    out.pepper.key = pepper;
    for (const config::Region& entry : deployment.config.regions) out.regions.push_back(entry.name);
    std::sort(out.regions.begin(), out.regions.end());
    return out;
}

// A server and the reactor that it lives on.
struct Listening {
    io::Executor* reactor;
    std::unique_ptr<http::Server> server;
    bool inner = false;  // answers the region's own functions and operators: the last to stop
};

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<void>> retire_there(Listening& listening) {
    struct Retire {
        static io::Task<Result<void>> run(http::Server& server) {
            server.retire();
            co_return Result<void>{};
        }
    };
    return io::run_on<Result<void>>(*listening.reactor,
                                    [&server = *listening.server] { return Retire::run(server); });
}

io::Task<Result<bool>> drain_there(Listening& listening, Instant deadline) {
    struct Drain {
        static io::Task<Result<bool>> run(http::Server& server, Instant deadline) {
            co_return co_await server.drain(deadline);
        }
    };
    return io::run_on<Result<bool>>(*listening.reactor, [&server = *listening.server, deadline] {
        return Drain::run(server, deadline);
    });
}

http::Server::Limits limits_of(const config::Config& config) {
    return {static_cast<std::size_t>(config.limits.header_bytes_max),
            Millis(config.limits.head_timeout_ms), Millis(config.limits.body_timeout_ms)};
}

io::Task<void> drain_one(Listening& listening, Instant deadline, bool& whole) {
    const Result<bool> drained = co_await drain_there(listening, deadline);
    whole = whole && drained.value_or(false);
}

}  // namespace

struct RegionNode::Parts {
    Parts(const Deployment& deployment_in, std::string region_in, Stores opened, Output output)
        : deployment(deployment_in),
          region(std::move(region_in)),
          reports(deployment.config, region, std::move(output)),
          ports(deployment.ports.at(region)),
          facts(std::make_shared<Facts>(deployment.config)),
          current(*facts),
          base(std::move(opened)),
          keyring(*base.keys, io::system_random(), base.master),
          border(
              border_options(deployment, region, *base.border_server_tls, *base.border_client_tls),
              *base.audit),
          directory(*base.directory.store, io::system_clock(),
                    directory_options(deployment, region, base.pepper), base.directory.homes.get()),
          nodes(*base.data, io::system_clock(), io::system_random()),
          presence(*base.directory.store, io::system_clock(), region, nodes.run()),
          access(*base.data, keyring, io::system_clock(), io::system_random(), region),
          triggers(
              region,
              [this](std::string function, functions::Call call) {
                  return snapshots.call_function(std::move(function), std::move(call));
              },
              io::system_random()),
          providers(deployment.config_directory()),
          identity(identity_parts()),
          documents(documents::Documents::Parts{
              current.tables, *base.data, keyring, *base.audit,
              [this](std::string subject) { return identity.is_resident(std::move(subject)); },
              base.directory.store.get()}),
          events({.config = current.config,
                  .database = *base.data,
                  .keyring = keyring,
                  .nodes = nodes,
                  .call =
                      [this](std::string function, functions::Call call) {
                          return snapshots.call_function(std::move(function), std::move(call));
                      },
                  .region = region,
                  .clock = io::system_clock(),
                  .random = io::system_random()}),
          limiter({current.config, *base.audit, io::system_clock(), io::system_random()}),
          cognito(identity, access, region, io::system_clock(), &limiter),
          oidc(current.config, identity, providers, region, io::system_random(), io::system_clock(),
               &limiter),
          dynamodb(documents, access, region),
          snapshots(facts, current,
                    {deployment, region, access, events, *base.audit, border, identity, cognito,
                     oidc, dynamodb, metrics, upstreams}),
          admin({access, *base.audit, io::system_clock(), region, [this] { return check(); },
                 metrics, [this] { ask_to_drain(); }, [this] { return reload_there(); }}) {}

    identity::Identity::Parts identity_parts() {
        return {
            .config = current.config,
            .policy = current.policy,
            .database = *base.data,
            .keyring = keyring,
            .directory = directory,
            .border = border,
            .audit = *base.audit,
            .clock = io::system_clock(),
            .random = io::system_random(),
            .region = region,
            .public_port = deployment.public_port,
            .sign_key_record = [this](const directory::KeyRecord& record) -> Result<std::string> {
                return base.border_keys.own->sign(directory::signed_bytes(record));
            },
            .verify_key_record =
                [this](const directory::KeyRecord& record) {
                    return base.border_keys.verify(record);
                },
            .nodes = &nodes,
            .mail = mail_options(deployment, region, current.config, base.mail.get()),
            .config_directory = deployment.config_directory(),
            .triggers = &triggers,
            .providers = &providers};
    }

    io::Task<Result<void>> open();
    io::Task<Result<void>> refuse_unfinished_copies();
    io::Task<Result<void>> write_admin_credentials();
    void report_to_metrics();
    io::Task<std::vector<api::admin::Check>> check();
    io::Task<Result<void>> listen(std::uint16_t port, http::ServerOptions options,
                                  http::Handler handler);
    io::Task<Result<void>> open_there(io::Executor& reactor, std::uint16_t port,
                                      http::ServerOptions options, http::Handler handler);
    io::Task<Result<void>> open_here(std::uint16_t port, http::ServerOptions options,
                                     http::Handler handler);
    io::Task<Result<void>> listen_everywhere();
    io::Task<bool> drain(bool inner, Instant deadline);
    io::Task<Result<json::object>> reload();
    io::Task<Result<json::object>> reload_there();
    io::Task<Result<void>> take_over(config::Config fresh, io::TlsCertificate certificate);
    io::Task<Result<void>> set_limits(Listening& listening, http::Server::Limits limits);

    const Deployment& deployment;
    std::string region;
    Reports reports;
    telemetry::Registry& metrics = reports.metrics;
    Ports ports;
    const std::shared_ptr<const Facts> facts;  // of the start
    Current current;
    Stores base;
    keyring::Keyring keyring;
    border::Border border;
    directory::Directory directory;
    nodes::Nodes nodes;
    directory::Presence presence;
    access::Access access;
    triggers::Runner triggers;
    federation::Providers providers;
    identity::Identity identity;
    documents::Documents documents;
    events::Queue events;
    http::Client upstreams{gateway::Gateway::client_options()};
    limits::Limiter limiter;
    api::cognito::Cognito cognito;
    api::oidc::Oidc oidc;
    api::dynamodb::DynamoDb dynamodb;
    Snapshots snapshots;
    api::admin::Admin admin;
    http::Handler border_handler;
    std::vector<io::Executor*> reactors;
    std::vector<Listening> servers;
    std::atomic<bool> ready = false;
    bool reloading = false;
    telemetry::CounterBy<ReloadOutcome> reloads;
    std::function<void()> ask_to_drain = [] {};
};

// A directory that does not answer is asked no more: a region stands alone (I7).
io::Task<Result<void>> RegionNode::Parts::refuse_unfinished_copies() {
    CO_TRY_VOID(co_await sql::refuse_unfinished_copy(*base.keys));
    CO_TRY_VOID(co_await sql::refuse_unfinished_copy(*base.data));
    const Result<void> directory = co_await kv::refuse_unfinished_copy(*base.directory.store);
    if (!directory && directory.error().reason == kv::kReasonUnfinishedCopy) co_return directory;
    co_return Result<void>{};
}

io::Task<Result<void>> RegionNode::Parts::open() {
    base.directory.store->start();
    CO_TRY_VOID(co_await refuse_unfinished_copies());
    CO_TRY_VOID(co_await keyring.open());
    CO_TRY_VOID(co_await keyring.confirm("pepper", base.pepper));
    CO_TRY_VOID(co_await nodes.open());
    CO_TRY_VOID(co_await access.open());
    CO_TRY_VOID(co_await write_admin_credentials());
    border.handle_calls([this](std::string from, http::Exchange& exchange) {
        return snapshots.handle_forwarded(std::move(from), exchange);
    });
    CO_TRY_VOID(co_await identity.open());
    CO_TRY_VOID(co_await documents.open());
    CO_TRY_VOID(co_await events.open());
    nodes.start();
    report_to_metrics();
    snapshots.begin(reactors);
    CO_TRY_VOID(co_await listen_everywhere());
    CO_TRY_VOID(co_await snapshots.start());
    identity.start_texts();
    events.start();
    presence.start();
    ready = true;
    co_return Result<void>{};
}

// Before anything is served, and after all border handlers are there.
void RegionNode::Parts::report_to_metrics() {
    reports.start(io::Executor::current());
    base.keys->report_to(metrics, "keys");
    base.data->report_to(metrics, "region");
    base.directory.store->report_to(metrics, "directory");
    base.audit->report_to(metrics);
    border.report_to(metrics);
    directory.report_to(metrics);
    nodes.report_to(metrics);
    presence.report_to(metrics, directory_options(deployment, region, base.pepper).regions);
    identity.report_to(metrics);
    documents.report_to(metrics);
    events.report_to(metrics);
    limiter.report_to(metrics);
    cognito.report_to(metrics);
    oidc.report_to(metrics);
    providers.report_to(metrics);
    dynamodb.report_to(metrics);
    metrics.add("domicile_config_reloads_total", "Attempts to take over a changed configuration.",
                reloads, {"outcome"});
}

// For /readyz. A cut-off region serves its own people (I7), and a function that is restarting takes
// only its routes with it: neither makes the region unfit for requests.
io::Task<std::vector<api::admin::Check>> RegionNode::Parts::check() {
    std::vector<api::admin::Check> out;
    out.push_back({"serving", ready.load()});
    const sql::Statement any{"SELECT 1", {}};
    std::vector<sql::Statement> one{any}, other{any};
    const auto data = co_await base.data->read(std::move(one));
    out.push_back({"region_store", data.has_value()});
    const auto keys = co_await base.keys->read(std::move(other));
    out.push_back({"key_store", keys.has_value()});
    const auto shared = co_await base.directory.store->get("readyz");
    out.push_back({"directory", shared.has_value(), false});
    out.push_back({"signing_key_published", identity.keys_published(), false});
    out.push_back({"functions", snapshots.all_functions_running(), false});
    co_return out;
}

// The operator's first key, for `domicile keys` on this machine; made once.
io::Task<Result<void>> RegionNode::Parts::write_admin_credentials() {
    io::Files& files = io::system_files();
    if (deployment.node != 1) co_return Result<void>{};
    const std::string path = admin_credentials_path(deployment, region);
    const Result<access::Credentials> there = read_admin_credentials(files, path);
    if (there) co_return Result<void>{};
    const Code why = there.error().code;
    if (why != Code::not_found && why != Code::malformed) co_return std::unexpected(there.error());
    access::Policy policy;
    policy.statements.push_back({{"admin:*"}, {"*"}});
    CO_TRY(const access::Credentials made,
           co_await access.create_key("local operator", std::move(policy)));
    co_return files.write_atomic(path, print_admin_credentials(made));
}

io::Task<Result<void>> RegionNode::Parts::listen(std::uint16_t port, http::ServerOptions options,
                                                 http::Handler handler) {
    {
        // Whether the port is free: shared listeners would join those of another process.
        const io::Endpoint at{"127.0.0.1", port};
        CO_TRY(const auto probe, io::Executor::current().network().listen(at));
    }
    for (io::Executor* reactor : reactors) {
        CO_TRY_VOID(co_await open_there(*reactor, port, options, handler));
    }
    co_return Result<void>{};
}

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<void>> RegionNode::Parts::open_there(io::Executor& reactor, std::uint16_t port,
                                                     http::ServerOptions options,
                                                     http::Handler handler) {
    return io::run_on<Result<void>>(reactor,
                                    [this, port, options, handler = std::move(handler)]() mutable {
                                        return open_here(port, options, std::move(handler));
                                    });
}

io::Task<Result<void>> RegionNode::Parts::open_here(std::uint16_t port, http::ServerOptions options,
                                                    http::Handler handler) {
    io::Executor& reactor = io::Executor::current();
    const io::Endpoint at{"127.0.0.1", port};
    const io::ListenOptions sharing{.shared = reactors.size() > 1};
    CO_TRY(auto listener, reactor.network().listen(at, sharing));
    auto server = std::make_unique<http::Server>(std::move(listener), options, std::move(handler));
    server->start();
    const bool inner = port == ports.loopback || port == ports.admin;
    servers.push_back({&reactor, std::move(server), inner});
    co_return Result<void>{};
}

io::Task<Result<void>> RegionNode::Parts::listen_everywhere() {
    http::ServerOptions plain;
    const http::Server::Limits limits = limits_of(deployment.config);
    plain.header_bytes_max = limits.header_bytes_max;
    plain.head_timeout = limits.head_timeout;
    plain.body_timeout = limits.body_timeout;
    http::ServerOptions crossing = plain;
    crossing.metrics = reports.listener("border");
    crossing.tls = base.border_server_tls.get();
    const http::Handler every_name = [this](http::Exchange& exchange) {
        return snapshots.handle_public(exchange);
    };
    const http::Handler administration = [this](http::Exchange& exchange) {
        return admin.handle(exchange);
    };
    const http::Handler aws_dialects = [this](http::Exchange& exchange) {
        return snapshots.handle_loopback(exchange);
    };
    border_handler = border.handler();
    const http::Handler crossings = [this](http::Exchange& exchange) {
        return snapshots.handle_crossing(border_handler, exchange);
    };
    CO_TRY_VOID(co_await listen(ports.border, crossing, crossings));
    plain.metrics = reports.listener("admin");
    CO_TRY_VOID(co_await listen(ports.admin, plain, administration));
    plain.metrics = reports.listener("loopback");
    CO_TRY_VOID(co_await listen(ports.loopback, plain, aws_dialects));
    // For a TLS terminator on this machine; its address stands for the client's.
    plain.metrics = reports.listener("http");
    if (ports.http != 0) CO_TRY_VOID(co_await listen(ports.http, plain, every_name));
    http::ServerOptions open = plain;
    open.metrics = reports.listener("https");
    open.tls = base.public_tls.get();
    // The public port of a region is behind the front, which says who the client is.
    open.proxy_protocol = true;
    co_return co_await listen(ports.https, open, every_name);
}

RegionNode::RegionNode(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RegionNode::~RegionNode() = default;

Result<std::unique_ptr<RegionNode>> RegionNode::open(const Deployment& deployment,
                                                     std::string region, Output output) {
    if (!deployment.ports.contains(region)) {
        return fail(Code::not_found, "The deployment has no region " + region + ".");
    }
    TRY(Stores opened, open_stores(deployment, region));
    auto parts = std::make_unique<Parts>(deployment, std::move(region), std::move(opened),
                                         std::move(output));
    return std::unique_ptr<RegionNode>(new RegionNode(std::move(parts)));
}

io::Task<Result<void>> RegionNode::start(std::vector<io::Executor*> reactors) {
    parts_->reactors = std::move(reactors);
    return parts_->open();
}

// Everything that can be refused comes before anything is changed.
io::Task<Result<void>> RegionNode::Parts::take_over(config::Config fresh,
                                                    io::TlsCertificate certificate) {
    const std::vector<std::string> bound = config::needs_restart(snapshots.facts().config, fresh);
    std::string sentences;
    for (const std::string& sentence : bound) sentences += sentence + ".\n";
    if (!bound.empty()) co_return fail(Code::failed_precondition, std::move(sentences), "restart");
    const bool renewed = certificate.certificate_pem != base.site.certificate_pem ||
                         certificate.key_pem != base.site.key_pem;
    if (renewed) {
        const std::vector<io::TlsCertificate> all{certificate};
        CO_TRY_VOID(base.public_tls->replace(all));
        base.site = std::move(certificate);
        log::info("certificate_replaced");
    }
    auto next = std::make_shared<Facts>(std::move(fresh));
    CO_TRY_VOID(co_await snapshots.replace(next));
    const http::Server::Limits limits = limits_of(next->config);
    for (Listening& listening : servers) {
        CO_TRY_VOID(co_await set_limits(listening, limits));
    }
    co_return Result<void>{};
}

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<void>> RegionNode::Parts::set_limits(Listening& listening,
                                                     http::Server::Limits limits) {
    struct Set {
        static io::Task<Result<void>> run(http::Server& server, http::Server::Limits limits) {
            server.set_limits(limits);
            co_return Result<void>{};
        }
    };
    return io::run_on<Result<void>>(*listening.reactor, [&server = *listening.server, limits] {
        return Set::run(server, limits);
    });
}

io::Task<Result<json::object>> RegionNode::Parts::reload() {
    if (!ready || reloading) co_return fail(Code::conflict, "The region is starting or stopping.");
    reloading = true;
    Result<void> outcome;
    Result<Fresh> fresh =
        co_await read_fresh(deployment, deployment.region_directory(region) + "/tls");
    if (fresh) {
        outcome = co_await take_over(std::move(fresh->config), std::move(fresh->certificate));
    } else {
        outcome = std::unexpected(fresh.error());
    }
    reloading = false;
    reloads.add(outcome ? ReloadOutcome::applied : ReloadOutcome::refused);
    if (!outcome) {
        log::warning("config_reload_refused", {{"problems", outcome.error().message}});
        co_return std::unexpected(outcome.error());
    }
    log::info("config_reloaded");
    co_return json::object{{"state", "reloaded"}};
}

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<json::object>> RegionNode::Parts::reload_there() {
    return io::run_on<Result<json::object>>(*reactors.front(), [this] { return reload(); });
}

io::Task<Result<json::object>> RegionNode::reload() { return parts_->reload(); }

const config::Config& RegionNode::config() const { return parts_->snapshots.facts().config; }

void RegionNode::on_drain(std::function<void()> ask) { parts_->ask_to_drain = std::move(ask); }

io::Task<void> RegionNode::retire() {
    parts_->ready = false;
    for (Listening& listening : parts_->servers) {
        if (!listening.inner) (void)co_await retire_there(listening);
    }
}

// All at once, each on its reactor.
io::Task<bool> RegionNode::Parts::drain(bool inner, Instant deadline) {
    io::TaskGroup draining;
    bool whole = true;
    for (Listening& listening : servers) {
        if (listening.inner == inner) draining.spawn(drain_one(listening, deadline, whole));
    }
    while (draining.running() > 0) co_await draining.drain(Instant{INT64_MAX / 2});
    co_return whole;
}

io::Task<bool> RegionNode::stop(Instant deadline) {
    parts_->ready = false;
    // What comes from outside ends first: functions that still answer it need the loopback port.
    const bool outer = co_await parts_->drain(false, deadline);
    if (!outer) co_return false;
    // Events under way get what is left of the time, and are done again otherwise.
    co_await parts_->events.stop(deadline);
    co_await parts_->identity.stop_texts();
    // Nothing is under way there any more; closing takes a moment, whatever is left of the time.
    const Instant moment = std::max(deadline, io::deadline_in(Seconds(2)));
    const bool inner = co_await parts_->drain(true, moment);
    if (!inner) co_return false;
    co_await parts_->snapshots.stop();
    co_await parts_->events.release();
    if (parts_->base.mail) parts_->base.mail->stop();
    co_await parts_->identity.stop();
    co_await parts_->nodes.stop();
    co_await parts_->presence.stop();
    co_await parts_->base.directory.store->stop();
    co_await parts_->reports.stop();
    co_return true;
}

}  // namespace domicile::server
