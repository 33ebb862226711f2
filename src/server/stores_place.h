// In which stores the data of a folder is, where it was carried from one to another:
// <data>/stores.json, which `domicile migrate-store` writes (docs/migrate.md). It keeps
// everybody out while that is under way, and from the stores that were left afterwards.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/files.h"
#include "io/lock_file.h"
#include "server/deployment.h"

namespace domicile::server {

// Engine and name of each store: "directory", "<region> data", "<region> keys". Without addresses,
// which may change while the data stays.
using StoreNames = std::map<std::string, std::string>;
StoreNames store_names(const Deployment& deployment);

struct StoresPlace {
    enum class State : std::uint8_t {
        copying,
        verified,  // everything is at `to`; its marks are being taken away
        settled,   // the data is at `to`
    } state = State::copying;
    std::string copy_id;
    StoreNames from, to;
    LocalEngines engines;  // of `to`
};
// nullopt: nothing was ever carried. failed_precondition (newer_format), malformed (damaged).
Result<std::optional<StoresPlace>> read_place(io::Files& files, const std::string& data);
Result<void> write_place(io::Files& files, const std::string& data, const StoresPlace& place);

// failed_precondition while data is being carried.
Result<void> refuse_unfinished(io::Files& files, const Deployment& deployment);
// That, and when the deployment names other stores than those that the data was carried to.
Result<void> refuse_elsewhere(io::Files& files, const Deployment& deployment);

// Of whoever uses the stores; failed_precondition while somebody has them alone.
Result<std::unique_ptr<io::LockFile>> use_data_folder(const std::string& data);
// failed_precondition while `up` or a region runs there.
struct DataFolderAlone {
    std::unique_ptr<io::LockFile> up, use;
};
Result<DataFolderAlone> take_data_folder(const std::string& data);

}  // namespace domicile::server
