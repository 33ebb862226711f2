// A whole region as a program of the simulated world: the same classes that server::RegionNode puts
// together, on the simulated disk and network. What is left out is TLS (the network says which host
// a connection is from), the edge, and child processes: an upstream in the same program stands for
// the application.
#pragma once

#include <memory>
#include <string>

#include "access/access.h"
#include "api/cognito/cognito.h"
#include "audit/log.h"
#include "border/border.h"
#include "directory/directory.h"
#include "directory/homes.h"
#include "documents/documents.h"
#include "functions/functions.h"
#include "gateway/gateway.h"
#include "http/server.h"
#include "identity/identity.h"
#include "keyring/keyring.h"
#include "sim/directory_service.h"
#include "sim/files.h"
#include "sim/host.h"
#include "sim/vfs.h"
#include "sql/database.h"

namespace domicile::sim {

inline constexpr std::uint16_t kPublicPort = 443;
inline constexpr std::uint16_t kBorderPort = 7000;
inline constexpr std::uint16_t kApplicationPort = 9000;
inline constexpr std::uint16_t kDirectoryPort = 2379;
inline constexpr const char* kOutboxPath = "/_domicile/outbox";

// What all regions agree on.
struct Deployment {
    config::Config config;
    residency::Policy policy;
    std::vector<border::Peer> regions;  // all of them, by their border ports
    io::Endpoint directory;
    std::string pepper = std::string(32, 'p');
};

class Region {
  public:
    // Opens the databases and the audit log; on the loop of its process.
    static Result<std::unique_ptr<Region>> make(const Deployment& deployment, Host& host,
                                                const Vfs& vfs);
    io::Task<Result<void>> start();

  private:
    struct Opened {
        std::unique_ptr<sql::Database> keys, data;
        std::unique_ptr<audit::Log> audit;
    };
    Region(const Deployment& deployment, Host& host, std::unique_ptr<SimFiles> files,
           Opened opened);
    border::Options border_options() const;
    directory::Options directory_options() const;
    identity::Identity::Parts identity_parts();
    Result<void> listen(std::uint16_t port, http::Handler handler);
    io::Task<Result<void>> answer_public(http::Exchange& exchange);
    io::Task<Result<void>> answer_outbox(http::Exchange& exchange);
    io::Task<Result<void>> answer_application(http::Exchange& exchange);

    const Deployment& deployment_;
    Process& process_;
    std::string name_;
    std::unique_ptr<SimFiles> files_;
    Opened base_;
    directory::Homes homes_{4};
    std::unique_ptr<kv::Store> store_;
    keyring::Keyring keyring_;
    border::Border border_;
    directory::Directory directory_;
    access::Access access_;
    identity::Identity identity_;
    documents::Documents documents_;
    functions::Functions functions_;
    gateway::Gateway gateway_;
    api::cognito::Cognito cognito_;
    std::vector<std::unique_ptr<http::Server>> servers_;
};

}  // namespace domicile::sim
