// What a node needs to know beyond the config file: where its files are and which ports it has.
// `up` writes it to <data>/deployment.json, from which `serve`, `keys` and a restarted region read
// it.
//
//   <data>/deployment.json
//   <data>/ca/           development CA of the public names, and the border CA (keys 0600)
//   <data>/shared/       directory.db, the pepper, border public keys: what all regions share
//   <data>/front/        certificate of front.<domain>
//   <data>/engines/      what `up --engines distributed` runs beside the regions (engines.h)
//   <data>/<region>/     everything of one region; nothing of another's is ever in it
//   <data>/<region>/node-2/   logs of the second node, where there is one
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/config.h"
#include "io/files.h"

namespace domicile::server {

struct Ports {
    std::uint16_t https = 0, loopback = 0, border = 0, admin = 0;
    std::uint16_t http = 0;  // without TLS, behind a terminator; 0: off
};

// Engines that `up` runs on this machine beside the regions. Nothing here: those that the
// configuration names.
struct LocalEngines {
    struct Member {
        std::uint16_t clients = 0, peers = 0;
    };
    std::vector<Member> etcd;  // chosen once: the members remember each other by them
    std::map<std::string, std::uint16_t> postgres;  // ports, by region

    bool any() const { return !etcd.empty(); }  // then also a server for each region
    std::vector<config::Endpoint> etcd_endpoints() const;
};

struct Deployment {
    config::Config config;
    std::string config_path;  // absolute
    std::string data;         // absolute
    std::uint16_t public_port = 8443;
    std::uint16_t front_control = 0;
    std::map<std::string, Ports> ports;  // by region; of its first node, or of this one (as_node)
    // Of the second node of a region, of its third and so on. Nothing for regions of one node.
    std::map<std::string, std::vector<Ports>> more_nodes = {};
    std::size_t node = 1;  // which one of its region this process is
    LocalEngines engines;

    std::string config_directory() const;
    // A file that the configuration names: relative to its folder. Empty for none.
    std::string placed(const std::string& file) const;
    std::string region_directory(const std::string& region) const { return data + '/' + region; }
    // What belongs to one node only: its logs, its lock. The first one's is the region's folder.
    std::string node_directory(const std::string& region) const;
    std::size_t nodes_of(const std::string& region) const;
    // Of a node that is there. Not for what as_node made.
    const Ports& ports_of(const std::string& region, std::size_t number) const {
        return number == 1 ? ports.at(region) : more_nodes.at(region).at(number - 2);
    }
    // How a node of a region sees it. not_found; failed_precondition (reason "one_node").
    Result<Deployment> as_node(const std::string& region, std::size_t number) const;
    std::string shared(const std::string& name) const { return data + "/shared/" + name; }
    std::string engine_file(const std::string& name) const { return data + "/engines/" + name; }
    // "https://<host>[:port]"
    std::string url(const std::string& host) const;
};

// Loads the config and refuses it (invalid_argument, all problems in the message) when it has
// problems.
Result<config::Config> load_config(io::Files& files, const std::string& path);
// Reads what the configuration file names beside itself; `files` outlives it.
config::ReadFile files_beside(io::Files& files, const std::string& path);
// Its own, with the local engines in the place of those that the file names.
Result<config::Config> load_config(io::Files& files, const Deployment& deployment);

// failed_precondition (newer_format) when a newer program wrote the deployment; asked before
// anything in the data folder is changed.
Result<void> refuse_newer(io::Files& files, const std::string& data);
Result<void> save(io::Files& files, const Deployment& deployment);
Result<Deployment> load(io::Files& files, const std::string& data);
// Those of the last start; nothing when there was none.
Result<LocalEngines> load_engines(io::Files& files, const std::string& data);

// As a member `engines` of a document.
json::object print_engines(const LocalEngines& engines);
Result<LocalEngines> parse_engines(const json::object& document);

// Development secrets and certificates under <data>, made where they are missing or about to
// expire.
Result<void> prepare_development(io::Files& files, const Deployment& deployment);
// failed_precondition (secret_missing) when the secret is not there but a file is that was written
// under it: a new secret would make that unreadable.
Result<void> refuse_lost_secret(io::Files& files, const std::string& secret,
                                const std::string& written_under_it);
// Removes the temporary files that a crash in the middle of write_atomic leaves.
Result<void> remove_leftovers(io::Files& files, const std::string& folder);

// Of these only the regions' certificates for public names: what a running region can take over.
Result<void> renew_public_certificates(io::Files& files, const Deployment& deployment);

}  // namespace domicile::server
