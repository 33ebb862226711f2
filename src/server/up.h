// `domicile up`: one child process per region, the front, and engines if it is told so.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "config/region.h"
#include "server/engines.h"

namespace domicile::server {

struct UpOptions {
    std::string program;  // the own binary, for the children
    std::string config_path;
    std::string data;                        // empty: data_directory of the config
    std::optional<config::Endpoint> listen;  // instead of the config's; port 0 takes a free one
    std::string ready_file;                  // written when all regions answer; empty for none
    EnginesWish engines = EnginesWish::as_before;
    std::optional<std::int64_t> nodes;  // of each region, instead of the config's
};

// Runs until SIGINT or SIGTERM. Prints where everything is.
Result<void> run_up(const UpOptions& options);

// Runs one node until SIGINT or SIGTERM. Prints "ready" on standard output when it answers, and
// "draining" when it begins to stop.
Result<void> run_region(const std::string& data, const std::string& region, std::size_t node);

}  // namespace domicile::server
