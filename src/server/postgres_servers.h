// The PostgreSQL servers of `up --engines distributed`: one for each region, with TLS and
// passwords, as a serious one has. Internal to server.
//
//   <data>/REGION/postgres/            belongs to the user that the server runs as
//   <data>/REGION/postgres/data/       the server's data
//   <data>/REGION/postgres/hba.conf    who may come in: with a certificate of ours and a password
//   <data>/REGION/postgres.log, .pid
//   <data>/REGION/postgres.pem, .key   its certificate
//   <data>/REGION/postgres.password, postgres_root.password
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/deployment.h"
#include "server/supervised.h"

namespace domicile::server {

class PostgresServer {
  public:
    // Makes the folders. `user`: who the server is; nullopt: who we are.
    static Result<std::unique_ptr<PostgresServer>> make(io::Files& files,
                                                        const Deployment& deployment,
                                                        const std::string& region,
                                                        const std::optional<io::User>& user);
    // Until it answers to the region's user and has its databases. unavailable with what to look at
    // when it does not come to that.
    io::Task<Result<void>> start();
    io::Task<void> stop(bool graceful) { return server_->stop(graceful); }
    int pid() const { return server_->pid(); }

  private:
    PostgresServer(const Deployment& deployment, std::string region, std::string binaries,
                   std::optional<io::User> user);
    Result<void> write_files(io::Files& files) const;
    Supervised::Options options() const;
    io::Task<Result<void>> initialise();
    io::Task<Result<void>> set_up();
    std::string path(const std::string& name) const;

    const Deployment& deployment_;
    const std::string region_;
    const std::string binaries_;
    const std::optional<io::User> user_;
    std::unique_ptr<Supervised> server_;
};

}  // namespace domicile::server
