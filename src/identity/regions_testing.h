// Three regions in one process: real databases, mutual TLS on loopback between them, one directory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "crypto/x509.h"
#include "http/server.h"
#include "identity/identity.h"
#include "identity/pool_testing.h"
#include "io/executor.h"
#include "io/files.h"
#include "io/runtime.h"
#include "io/testing.h"
#include "io/tls.h"
#include "sql/engine_testing.h"

namespace domicile::identity::testing {

using io::Task;

inline constexpr const char* kPasswordOfAnn = "Sicher-1234";
inline const std::array<std::string, 3> kRegions = {"ap-southeast-2", "eu-central-1", "us-east-2"};
inline const std::array<std::string, 3> kCountries = {"AU", "DE", "US"};
inline constexpr std::size_t kAu = 0, kEu = 1, kUs = 2;

inline config::Config config_of_regions() {
    config::Config out;
    for (std::size_t i = 0; i < kRegions.size(); ++i) {
        config::Jurisdiction jurisdiction;
        jurisdiction.name = kCountries[i];
        jurisdiction.countries.push_back(kCountries[i]);
        jurisdiction.regions.push_back(kRegions[i]);
        out.jurisdictions.push_back(jurisdiction);
        config::Region region;
        region.name = kRegions[i];
        out.regions.push_back(region);
    }
    config::Pool pool = make_pool();
    pool.clients.begin()->flows.push_back(config::AuthFlow::user_password_auth);
    out.pools.push_back(pool);
    return out;
}

struct Authority {
    Timestamp now = io::system_clock().now();
    crypto::CertificateAndKey ca = *crypto::make_ca(
        "border", now - Seconds(3600), now + Seconds(360'000), io::system_random().bytes(16));

    io::TlsCertificate leaf(const std::string& region) const {
        crypto::LeafRequest request;
        request.dns_names.push_back(border::certificate_name(region));
        request.is_client = true;
        request.not_before = now;
        request.not_after = now + Seconds(3600);
        const auto made = crypto::make_leaf(ca, request, io::system_random().bytes(16));
        return {made->certificate_pem, made->key_pem};
    }
};

struct World {
    io::testing::TemporaryFolder folder;
    Authority authority;
    config::Config config = config_of_regions();
    residency::Policy policy = config::make_policy(config);
    std::shared_ptr<kv::Store> store = kv::make_memory_store();
    Triggers* triggers = nullptr;
};

// The members' order is the order of the start.
struct Node {
    Node(World& world, const std::string& region, std::vector<border::Peer> peers)
        : own(world.authority.leaf(region)),
          server_tls(*io::TlsServer::make({own}, world.authority.ca.certificate_pem)),
          client_tls(*io::TlsClient::make(world.authority.ca.certificate_pem, &own)),
          database(sql::testing::open_database(world.folder.file(region + ".db"))),
          keys(sql::testing::open_database(world.folder.file(region + ".keys"))),
          audit(*audit::Log::open(io::system_files(), world.folder.file(region + ".log"), region,
                                  io::system_clock())),
          keyring(*keys, io::system_random(), std::string(31, 'm') + region[0]),
          directory(*world.store, io::system_clock(), directory_options(region)),
          border(border_options(region, std::move(peers)), *audit),
          identity(Identity::Parts{world.config,
                                   world.policy,
                                   *database,
                                   keyring,
                                   directory,
                                   border,
                                   *audit,
                                   io::system_clock(),
                                   io::system_random(),
                                   region,
                                   8443,
                                   {},
                                   [](const directory::KeyRecord&) { return true; },
                                   nullptr,
                                   {},
                                   {},
                                   world.triggers}) {}

    static directory::Options directory_options(const std::string& region) {
        directory::Options out;
        out.region = region;
        out.pepper.key = std::string(32, 'p');
        out.regions.assign(kRegions.begin(), kRegions.end());
        return out;
    }
    border::Options border_options(const std::string& region,
                                   std::vector<border::Peer> peers) const {
        border::Options out;
        out.region = region;
        out.peers = std::move(peers);
        out.server_tls = server_tls.get();
        out.client_tls = client_tls.get();
        return out;
    }
    Task<Result<void>> open(std::unique_ptr<io::Listener> listener) {
        CO_TRY_VOID(co_await keyring.open());
        CO_TRY_VOID(co_await identity.open());
        http::ServerOptions options;
        options.tls = server_tls.get();
        server = std::make_unique<http::Server>(std::move(listener), options, border.handler());
        server->start();
        co_return Result<void>();
    }
    Task<void> stop() {
        const Instant deadline = io::deadline_in(Millis(5'000));
        if (server) co_await server->stop(deadline);
        co_await identity.stop();
    }

    io::TlsCertificate own;
    std::unique_ptr<io::TlsServer> server_tls;
    std::unique_ptr<io::TlsClient> client_tls;
    std::unique_ptr<sql::Database> database, keys;
    std::unique_ptr<audit::Log> audit;
    keyring::Keyring keyring;
    directory::Directory directory;
    border::Border border;
    Identity identity;
    std::unique_ptr<http::Server> server;
};

using Nodes = std::vector<std::unique_ptr<Node>>;
using Journey = Task<Result<void>> (*)(Nodes&);

inline Task<Result<void>> with_regions(World* world, Journey journey) {
    std::vector<std::unique_ptr<io::Listener>> listeners;
    std::vector<border::Peer> all;
    for (const std::string& region : kRegions) {
        const io::Endpoint any{"127.0.0.1", 0};
        CO_TRY(auto listener, io::Executor::current().network().listen(any));
        all.push_back({region, listener->local()});
        listeners.push_back(std::move(listener));
    }
    Nodes nodes;
    Result<void> done;
    for (std::size_t i = 0; i < kRegions.size(); ++i) {
        std::vector<border::Peer> peers = all;
        peers.erase(peers.begin() + static_cast<std::ptrdiff_t>(i));
        nodes.push_back(std::make_unique<Node>(*world, kRegions[i], std::move(peers)));
        if (done) done = co_await nodes.back()->open(std::move(listeners[i]));
    }
    if (done) done = co_await journey(nodes);
    for (auto& node : nodes) co_await node->stop();
    co_return done;
}

inline Result<void> run_in_regions(World& world, Journey journey) {
    return io::run_task<Result<void>>([&world, journey] { return with_regions(&world, journey); });
}

inline SignUpRequest person_of(const std::string& country) {
    return {"client1",
            "ann@example.org",
            kPasswordOfAnn,
            {{"email", "ann@example.org"}, {"custom:country", country}}};
}

inline Task<Result<std::size_t>> mails_at(Nodes& nodes, std::size_t at, std::string word = "") {
    return mails_once(nodes[at]->identity, 0, std::move(word));
}

// The six digits of the newest mail at a region.
inline Task<Result<std::string>> code_at(Nodes& nodes, std::size_t at, std::string word) {
    CO_TRY(const auto mails, co_await nodes[at]->identity.outbox(10));
    for (const Mail& mail : mails) {
        if (mail.subject.find(word) == std::string::npos) continue;
        co_return mail.text.substr(mail.text.find_first_of("0123456789"), 6);
    }
    co_return fail(Code::not_found, "There is no such mail.");
}

inline Task<Result<Tokens>> sign_in_at(Nodes& nodes, std::size_t at, std::string password) {
    PasswordRequest request{"client1", "ann@example.org", std::move(password)};
    co_return co_await nodes[at]->identity.sign_in_with_password(std::move(request));
}

}  // namespace domicile::identity::testing
