// The etcd cluster of `up --engines distributed`: three members on this machine, with TLS between
// each other and to their clients, and users with passwords, as a serious one has. Internal to
// server.
//
//   <data>/engines/etcd-N/       the member's data; belongs to the user that it runs as
//   <data>/engines/etcd-N.log, .pid
//   <data>/engines/etcd.*        its certificate and key; client.*: the regions'
//   <data>/engines/root.password, directory.password
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/deployment.h"
#include "server/supervised.h"

namespace domicile::server {

inline constexpr std::size_t kEtcdMembers = 3;

class EtcdMembers {
  public:
    // Makes the folders. `user`: who the members are; nullopt: who we are.
    static Result<std::unique_ptr<EtcdMembers>> make(io::Files& files, const Deployment& deployment,
                                                     std::optional<io::User> user);
    // Until a majority answers, to the regions' user. unavailable with what to look at when it
    // does not come to that.
    io::Task<Result<void>> start();
    io::Task<void> stop(bool graceful);
    int pid(std::size_t member) const { return members_[member]->pid(); }

  private:
    explicit EtcdMembers(const Deployment& deployment) : deployment_(deployment) {}
    io::Task<Result<void>> become_ready(Instant deadline);
    bool is_lost() const;

    const Deployment& deployment_;
    std::vector<std::unique_ptr<Supervised>> members_;
};

}  // namespace domicile::server
