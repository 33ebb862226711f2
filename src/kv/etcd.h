// The store on an etcd cluster (3.4 or later) through its v3 JSON gateway: docs/adr/0005. Works on
// every executor that calls it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/network.h"
#include "io/secret_file.h"
#include "io/tls.h"
#include "kv/store.h"

namespace domicile::kv {

// Why an answer is `unavailable`: the transaction may have been carried out, or may yet be. Not
// told for Transaction::repeatable ones that went through in the end.
inline constexpr std::string_view kReasonOutcomeUnknown = "outcome_unknown";

struct EtcdOptions {
    std::vector<io::Endpoint> endpoints;  // clients' addresses of the members; at least one
    bool tls = false;
    std::string ca_pem = {};  // trusted for the members' certificates; empty: the system's store
    std::optional<io::TlsCertificate> certificate =
        {};                        // of this client, where members ask for one
    std::string server_name = {};  // in the members' certificates; empty: each endpoint's own host
    std::string user = {};         // empty: no authentication
    std::string password = {};
    std::shared_ptr<io::SecretFile> password_file = {};  // instead: read for each token
    std::string prefix = "domicile/";  // of all keys, so that a cluster can be shared; not empty
    // log_revisions_max: how many revisions this store leaves uncompacted; 0: it compacts nothing.
    StoreOptions store = {};
    Millis call_timeout{5'000};     // of a call with all its attempts
    Millis attempt_timeout{1'500};  // of one attempt at one member
};

// Connects to nobody yet: a region starts also while the cluster is away (I7). invalid_argument for
// certificates that cannot be read.
Result<std::unique_ptr<Store>> open_etcd_store(EtcdOptions options);

}  // namespace domicile::kv
