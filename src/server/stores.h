// The files of one region, opened: everything that can fail before its parts are put together.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "access/access.h"
#include "audit/log.h"
#include "crypto/keys.h"
#include "directory/directory.h"
#include "io/lock_file.h"
#include "io/tls.h"
#include "server/deployment.h"
#include "server/directory_store.h"
#include "smtp/client.h"
#include "sql/database.h"

namespace domicile::server {

// <stem>.pem and <stem>.key.
Result<io::TlsCertificate> read_certificate(const std::string& stem);

// Signs and checks the key records of the directory with the regions' border keys.
struct BorderKeys {
    std::optional<crypto::SigningKey> own;
    std::map<std::string, crypto::PublicKey> of_regions;

    static Result<BorderKeys> read(const Deployment& deployment, const std::string& own_key_pem);
    bool verify(const directory::KeyRecord& record) const;
};

struct Stores {
    io::TlsCertificate site;
    std::unique_ptr<io::TlsServer> public_tls, border_server_tls;
    std::unique_ptr<io::TlsClient> border_client_tls;
    std::unique_ptr<sql::Database> keys, data;
    std::unique_ptr<smtp::Client> mail;  // null: no mail server
    RegionDirectory directory;
    std::unique_ptr<io::LockFile> lock;
    std::unique_ptr<audit::Log> audit;
    std::string master, pepper;
    BorderKeys border_keys;
};

// Errors name the file. Of a newer format, damaged or lost ones (base/format_version.h) nothing is
// changed or made anew.
Result<Stores> open_stores(const Deployment& deployment, const std::string& region);

// The operator's first key, for commands on this machine.
std::string admin_credentials_path(const Deployment& deployment, const std::string& region);
// not_found, malformed (to be made anew), failed_precondition (newer_format).
Result<access::Credentials> read_admin_credentials(io::Files& files, const std::string& path);
std::string print_admin_credentials(const access::Credentials& credentials);

}  // namespace domicile::server
