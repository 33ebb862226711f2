// What `up` runs beside the regions when it is told to show the distributed engines: an etcd
// cluster for the directory, a PostgreSQL server for each region. Internal to server.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "io/task.h"
#include "server/deployment.h"
#include "server/etcd_members.h"
#include "server/postgres_servers.h"

namespace domicile::server {

// as_before: those that the data folder has; embedded when it is new.
enum class EnginesWish : std::uint8_t { as_before, embedded, distributed };

// Decides which engines the deployment has and which ports they get. failed_precondition when the
// data folder has the other ones, or the configuration names engines itself. Changes nothing.
Result<LocalEngines> choose_engines(io::Files& files, const Deployment& deployment,
                                    EnginesWish wish);

// For a data folder with other engines, whose data is to be carried to these. failed_precondition
// when the configuration names engines itself, or there are remains of such ones.
Result<LocalEngines> new_engines(io::Files& files, const Deployment& deployment);
// Those of before, with other ports where somebody else has taken one that may change.
Result<LocalEngines> same_engines(const Deployment& deployment, LocalEngines engines);

class Engines {
  public:
    // After the deployment's certificates and secrets were made.
    static Result<std::unique_ptr<Engines>> make(io::Files& files, const Deployment& deployment);

    // Before the regions; ok when they answer.
    io::Task<Result<void>> start();
    // After the regions.
    io::Task<void> stop(bool graceful);

    std::string describe() const;  // for people, a line or more
    json::object ready() const;    // for the ready file

  private:
    explicit Engines(const Deployment& deployment) : deployment_(deployment) {}
    static io::Task<void> start_one(io::Task<Result<void>> starting, Result<void>& outcome);

    const Deployment& deployment_;
    std::unique_ptr<EtcdMembers> etcd_;  // null: none
    std::map<std::string, std::unique_ptr<PostgresServer>> postgres_;
};

}  // namespace domicile::server
