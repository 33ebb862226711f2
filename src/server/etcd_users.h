// Users of an etcd cluster that `up` runs. Internal to server.
#pragma once

#include "io/task.h"
#include "server/deployment.h"

namespace domicile::server {

// Makes root and the regions' user, who may use the directory's prefix and nothing else, and turns
// authentication on. May be repeated, also after it broke off. unavailable while no majority
// answers.
io::Task<Result<void>> set_up_etcd_users(const Deployment& deployment);

}  // namespace domicile::server
