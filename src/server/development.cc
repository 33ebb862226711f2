// Certificates and secrets for one machine. The public names are signed by a development CA, the
// links between regions by a border CA of their own, so that a site's certificate never opens the
// border.
#include "base/encoding.h"
#include "base/format_version.h"
#include "base/json.h"
#include "border/border.h"
#include "crypto/keys.h"
#include "crypto/x509.h"
#include "io/clock.h"
#include "io/tls.h"
#include "server/deployment.h"

namespace domicile::server {
namespace {

using crypto::CertificateAndKey;

constexpr Millis kDay{24LL * 3600 * 1000};
constexpr std::size_t kPemBytesMax = 64 * 1024;

struct Maker {
    io::Files& files;
    const Deployment& deployment;
    Timestamp now = io::system_clock().now();

    std::string path(const std::string& name) const { return deployment.data + '/' + name; }
    bool exists(const std::string& name) const { return files.info(path(name)).has_value(); }

    Result<CertificateAndKey> read_pair(const std::string& name) {
        CertificateAndKey out;
        TRY(out.certificate_pem, files.read(path(name + ".pem"), kPemBytesMax));
        TRY(out.key_pem, files.read(path(name + ".key"), kPemBytesMax));
        return out;
    }
    Result<void> write_pair(const std::string& name, const CertificateAndKey& pair) {
        TRY_VOID(files.write_atomic(path(name + ".key"), pair.key_pem, 0600));
        return files.write_atomic(path(name + ".pem"), pair.certificate_pem, 0644);
    }

    static bool fits(const CertificateAndKey& pair) {
        return io::TlsServer::make({{pair.certificate_pem, pair.key_pem}}).has_value();
    }

    Result<CertificateAndKey> ca(const std::string& name, std::string_view title) {
        if (exists(name + ".pem") && exists(name + ".key")) {
            TRY(CertificateAndKey old, read_pair(name));
            // Not made anew: people have told their browsers to trust it.
            if (fits(old)) return old;
            return fail(Code::malformed,
                        path(name) +
                            ".pem and .key are damaged or do not belong together. Restore "
                            "them, or delete both: then clients have to trust a new one.",
                        kReasonDamaged);
        }
        TRY(CertificateAndKey made,
            crypto::make_ca(title, now - kDay, now + kDay * 3650, io::system_random().bytes(16)));
        TRY_VOID(write_pair(name, made));
        return made;
    }

    Result<void> leaf(const std::string& name, const CertificateAndKey& authority,
                      crypto::LeafRequest request) {
        if (exists(name + ".pem") && exists(name + ".key")) {
            TRY(const CertificateAndKey old, read_pair(name));
            // Renewed a month before it ends, and where a crash came between key and certificate.
            if (fits(old) &&
                crypto::certificate_covers(old.certificate_pem, authority.certificate_pem,
                                           request.dns_names, now + kDay * 30)) {
                return {};
            }
        }
        request.not_before = now - kDay;
        request.not_after = now + kDay * 397;
        TRY(const CertificateAndKey made,
            crypto::make_leaf(authority, request, io::system_random().bytes(16)));
        return write_pair(name, made);
    }

    // Printable, since it goes into commands and configurations of others.
    Result<void> password(const std::string& name) {
        if (exists(name)) return {};
        return files.write_atomic(path(name), to_hex(io::system_random().bytes(32)) + '\n', 0600);
    }

    // Never made anew where anything depends on it.
    Result<void> secret(const std::string& name, const std::string& written_under_it) {
        if (exists(name)) {
            TRY(std::string content, files.read(path(name), kPemBytesMax));
            TRY_VOID(secret_of(path(name), std::move(content)));
            return {};
        }
        TRY_VOID(refuse_lost_secret(files, path(name), path(written_under_it)));
        return files.write_atomic(path(name), io::system_random().bytes(32), 0600);
    }
};

crypto::LeafRequest public_names(const config::Config& config, const std::string& region) {
    crypto::LeafRequest request;
    const std::string own = region + '.' + config.domain;
    request.dns_names = {own, "*." + own, "app." + config.domain, "localhost",
                         "*." + region + ".amazonaws.com"};
    for (const config::Site& site : config.sites) request.dns_names.push_back(site.host);
    request.ip_addresses = {"127.0.0.1", "::1"};
    return request;
}

Result<void> prepare_region(Maker& maker, const CertificateAndKey& ca,
                            const CertificateAndKey& border_ca, const std::string& region) {
    TRY_VOID(maker.files.create_directories(maker.path(region)));
    TRY_VOID(remove_leftovers(maker.files, maker.path(region)));
    TRY_VOID(maker.leaf(region + "/tls", ca, public_names(maker.deployment.config, region)));
    crypto::LeafRequest border;
    border.dns_names = {border::certificate_name(region)};
    border.is_client = true;
    TRY_VOID(maker.leaf(region + "/border", border_ca, border));
    // The public half, by which the other regions check this region's key records.
    TRY(const CertificateAndKey pair, maker.read_pair(region + "/border"));
    TRY(const crypto::SigningKey key, crypto::SigningKey::from_pkcs8_pem(pair.key_pem));
    return maker.files.write_atomic(maker.deployment.shared("border-" + region + ".jwk"),
                                    json::serialize(key.public_jwk()), 0644);
}

crypto::LeafRequest engine_names(const config::Config& config, const std::string& engine) {
    crypto::LeafRequest request;
    request.dns_names = {engine + ".engines." + config.domain, "localhost"};
    request.ip_addresses = {"127.0.0.1", "::1"};
    return request;
}

// The engines that `up` runs get an authority of their own: a certificate of a site or of a border
// opens no database.
Result<void> prepare_engines(Maker& maker) {
    TRY_VOID(maker.files.create_directories(maker.path("engines")));
    TRY_VOID(remove_leftovers(maker.files, maker.path("engines")));
    TRY(const CertificateAndKey ca, maker.ca("ca/engines_ca", "Domicile engines CA"));
    crypto::LeafRequest etcd = engine_names(maker.deployment.config, "etcd");
    etcd.is_client = true;  // of the other members, and of itself: its gateway is its client
    TRY_VOID(maker.leaf("engines/etcd", ca, std::move(etcd)));
    crypto::LeafRequest client = engine_names(maker.deployment.config, "client");
    client.is_server = false;
    client.is_client = true;
    client.has_common_name = false;  // etcd's gateway takes none from clients that have users
    TRY_VOID(maker.leaf("engines/client", ca, std::move(client)));
    TRY_VOID(maker.password("engines/root.password"));
    TRY_VOID(maker.password("engines/directory.password"));
    for (const config::Region& region : maker.deployment.config.regions) {
        TRY_VOID(maker.leaf(region.name + "/postgres", ca,
                            engine_names(maker.deployment.config, "postgres." + region.name)));
        TRY_VOID(maker.password(region.name + "/postgres_root.password"));
        TRY_VOID(maker.password(region.name + "/postgres.password"));
    }
    return {};
}

}  // namespace

Result<void> prepare_development(io::Files& files, const Deployment& deployment) {
    Maker maker{files, deployment};
    for (const char* folder : {"ca", "shared", "front"}) {
        TRY_VOID(files.create_directories(maker.path(folder)));
        TRY_VOID(remove_leftovers(files, maker.path(folder)));
    }
    TRY_VOID(remove_leftovers(files, deployment.data));
    TRY(const CertificateAndKey ca, maker.ca("ca/ca", "Domicile development CA"));
    TRY(const CertificateAndKey border_ca, maker.ca("ca/border_ca", "Domicile border CA"));
    // The directory may lie elsewhere (etcd); what regions wrote down of its keys lies here.
    for (const config::Region& region : deployment.config.regions) {
        TRY_VOID(refuse_lost_secret(files, maker.path("shared/pepper"),
                                    maker.path(region.name + "/region.db")));
    }
    TRY_VOID(maker.secret("shared/pepper", "shared/directory.db"));
    crypto::LeafRequest front;
    front.dns_names = {"front." + deployment.config.domain};
    TRY_VOID(maker.leaf("front/tls", ca, front));
    for (const config::Region& region : deployment.config.regions) {
        TRY_VOID(prepare_region(maker, ca, border_ca, region.name));
    }
    if (deployment.engines.any()) return prepare_engines(maker);
    return {};
}

Result<void> refuse_lost_secret(io::Files& files, const std::string& secret,
                                const std::string& written_under_it) {
    if (files.info(secret) || !files.info(written_under_it)) return {};
    return fail(Code::failed_precondition,
                secret + " is missing, and " + written_under_it +
                    " was written under it. Restore it from your copy: a new one would make "
                    "everything there unreadable.",
                kReasonSecretMissing);
}

Result<void> remove_leftovers(io::Files& files, const std::string& folder) {
    TRY(const std::vector<std::string> names, files.list(folder));
    const std::string prefix = folder + '/';
    for (const std::string& name : names) {
        const std::size_t mark = name.rfind(".new.");
        if (mark == std::string::npos || mark + 5 == name.size()) continue;
        if (name.find_first_not_of("0123456789", mark + 5) != std::string::npos) continue;
        TRY_VOID(files.remove(prefix + name));
    }
    return {};
}

Result<void> renew_public_certificates(io::Files& files, const Deployment& deployment) {
    Maker maker{files, deployment};
    TRY(const CertificateAndKey ca, maker.read_pair("ca/ca"));
    for (const config::Region& region : deployment.config.regions) {
        TRY_VOID(
            maker.leaf(region.name + "/tls", ca, public_names(deployment.config, region.name)));
    }
    return {};
}

}  // namespace domicile::server
