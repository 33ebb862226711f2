// The directory's store as the configuration has it. Internal to server, and for the commands that
// work on the directory.
#pragma once

#include <memory>

#include "directory/homes.h"
#include "io/files.h"
#include "kv/etcd.h"
#include "kv/store.h"
#include "server/deployment.h"

namespace domicile::server {

// Reads the files that the section names; connects to nobody yet.
Result<std::unique_ptr<kv::Store>> open_directory_store(io::Files& files,
                                                        const Deployment& deployment);

// What the section says of a directory on etcd.
Result<kv::EtcdOptions> etcd_options(io::Files& files, const Deployment& deployment);

// A region's directory: with a copy of all homes where the store is a cluster, which start() begins
// to keep; where it is a file, it has no copy.
struct RegionDirectory {
    std::unique_ptr<directory::Homes> homes;  // outlives the store
    std::unique_ptr<kv::Store> store;
};
Result<RegionDirectory> open_region_directory(io::Files& files, const Deployment& deployment);

}  // namespace domicile::server
