// The directory's store as the configuration has it. Internal to server, and for the commands that
// work on the directory.
#pragma once

#include <memory>

#include "io/files.h"
#include "kv/etcd.h"
#include "kv/store.h"
#include "server/deployment.h"

namespace domicile::server {

// Reads the files that the section names. For etcd with a local copy in front, which start()
// begins to keep; connects to nobody yet.
Result<std::unique_ptr<kv::Store>> open_directory_store(io::Files& files,
                                                        const Deployment& deployment);

// What the section says of a directory on etcd.
Result<kv::EtcdOptions> etcd_options(io::Files& files, const Deployment& deployment);

}  // namespace domicile::server
