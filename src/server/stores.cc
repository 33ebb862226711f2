#include "server/stores.h"

#include "base/format_version.h"
#include "base/json.h"
#include "io/clock.h"
#include "keyring/keyring.h"
#include "server/region_database.h"
#include "server/region_mail.h"

namespace domicile::server {
namespace {

constexpr std::size_t kPemBytesMax = 64 * 1024;
constexpr std::int64_t kCredentialsFormat = 1;

// What TLS says of a certificate or key, with where they came from.
template <class T>
Result<T> from(const std::string& stem, Result<T> made) {
    if (!made) made.error().message.insert(0, stem + ".pem and .key: ");
    return made;
}

// 1 where it says none, as it was before it had formats.
std::int64_t format_of(const json::object& document) {
    const auto format = optional_int(document, "format");
    return format ? format->value_or(1) : 0;
}

Result<void> open_tls(const Deployment& deployment, const std::string& folder, Stores& out) {
    const std::string tls = folder + "/tls", border = folder + "/border";
    TRY(out.site, read_certificate(tls));
    TRY(const io::TlsCertificate own, read_certificate(border));
    TRY(const std::string border_ca,
        io::system_files().read(deployment.data + "/ca/border_ca.pem", kPemBytesMax));
    TRY(out.public_tls, from(tls, io::TlsServer::make({out.site})));
    TRY(out.border_server_tls, from(border, io::TlsServer::make({own}, border_ca)));
    TRY(out.border_client_tls, from(border, io::TlsClient::make(border_ca, &own)));
    TRY(out.border_keys, BorderKeys::read(deployment, own.key_pem));
    return {};
}

Result<std::unique_ptr<io::LockFile>> lock_node(const Deployment& deployment,
                                                const std::string& region,
                                                const std::string& folder) {
    auto lock = io::take_lock(folder + "/node.lock", io::LockKind::exclusive);
    if (!lock && lock.error().code == Code::failed_precondition)
        lock.error().message = "Node " + std::to_string(deployment.node) + " of region " + region +
                               " already runs in " + folder + '.';
    return lock;
}

Result<void> open_secrets(const Deployment& deployment, const std::string& folder, Stores& out) {
    io::Files& files = io::system_files();
    TRY_VOID(refuse_lost_secret(files, folder + "/master.key", folder + "/keys.db"));
    TRY(out.master, keyring::load_or_create_master_key(folder + "/master.key"));
    const std::string pepper = deployment.shared("pepper");
    TRY(std::string content, files.read(pepper, kPemBytesMax));
    TRY(out.pepper, secret_of(pepper, std::move(content)));
    return {};
}

}  // namespace

Result<io::TlsCertificate> read_certificate(const std::string& stem) {
    io::TlsCertificate out;
    TRY(out.certificate_pem, io::system_files().read(stem + ".pem", kPemBytesMax));
    TRY(out.key_pem, io::system_files().read(stem + ".key", kPemBytesMax));
    return out;
}

Result<BorderKeys> BorderKeys::read(const Deployment& deployment, const std::string& own_key_pem) {
    BorderKeys out;
    TRY(out.own, crypto::SigningKey::from_pkcs8_pem(own_key_pem));
    for (const config::Region& region : deployment.config.regions) {
        TRY(const std::string text,
            io::system_files().read(deployment.shared("border-" + region.name + ".jwk"),
                                    kPemBytesMax));
        TRY(const json::object jwk, parse_json_object(text));
        TRY(crypto::PublicKey key, crypto::PublicKey::from_jwk(jwk));
        out.of_regions.emplace(region.name, std::move(key));
    }
    return out;
}

bool BorderKeys::verify(const directory::KeyRecord& record) const {
    const auto found = of_regions.find(record.region);
    return found != of_regions.end() &&
           found->second.verify(directory::signed_bytes(record), record.signature).has_value();
}

Result<Stores> open_stores(const Deployment& deployment, const std::string& region) {
    const std::string folder = deployment.region_directory(region);
    const std::string own = deployment.node_directory(region);
    Stores out;
    TRY_VOID(io::system_files().create_directories(own));
    TRY(out.lock, lock_node(deployment, region, own));
    TRY_VOID(open_tls(deployment, folder, out));
    TRY_VOID(open_secrets(deployment, folder, out));
    TRY(RegionDatabases databases, open_databases(io::system_files(), deployment, region));
    out.keys = std::move(databases.keys);
    out.data = std::move(databases.data);
    TRY(out.mail, open_mail(io::system_files(), deployment, region));
    TRY(out.directory, open_region_directory(io::system_files(), deployment));
    TRY(out.audit,
        audit::Log::open(io::system_files(), own + "/audit.log", region, io::system_clock()));
    return out;
}

std::string admin_credentials_path(const Deployment& deployment, const std::string& region) {
    return deployment.region_directory(region) + "/admin-credentials.json";
}

Result<access::Credentials> read_admin_credentials(io::Files& files, const std::string& path) {
    TRY(const std::string text, files.read(path, kPemBytesMax));
    const json::object document = parse_json_object(text).value_or(json::object{});
    TRY_VOID(check_format(path, format_of(document), kCredentialsFormat));
    const Result<std::string> id = require_string(document, "access_key_id");
    Result<std::string> secret = require_string(document, "secret_access_key");
    if (!id || !secret)
        return fail(Code::malformed, path + " is damaged; the region makes it anew when it starts.",
                    kReasonDamaged);
    access::Credentials out;
    out.access_key_id = *id;
    out.secret_access_key = Redacted<std::string>(std::move(*secret));
    return out;
}

std::string print_admin_credentials(const access::Credentials& credentials) {
    const json::object document{{"format", kCredentialsFormat},
                                {"access_key_id", credentials.access_key_id},
                                {"secret_access_key", credentials.secret_access_key.expose()}};
    return json::serialize(document) + '\n';
}

}  // namespace domicile::server
