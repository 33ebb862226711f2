#include "server/directory_store.h"

#include "kv/watched.h"

namespace domicile::server {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

class Reading {
  public:
    Reading(io::Files& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

    // Nothing for a file that is not named.
    Result<std::string> operator()(const std::string& name) const {
        if (name.empty()) return std::string();
        const std::string path = name.front() == '/' ? name : folder_ + '/' + name;
        auto text = files_.read(path, kFileBytesMax);
        if (!text)
            return fail(text.error().code,
                        "The directory's file " + path + ": " + std::move(text.error().message));
        return text;
    }

  private:
    io::Files& files_;
    std::string folder_;
};

}  // namespace

Result<kv::EtcdOptions> etcd_options(io::Files& files, const Deployment& deployment) {
    const config::Directory& section = deployment.config.directory;
    const Reading read(files, deployment.config_directory());
    kv::EtcdOptions out;
    for (const config::Endpoint& member : section.endpoints)
        out.endpoints.push_back({member.address, member.port});
    out.prefix = section.prefix;
    out.tls = section.tls;
    out.server_name = section.server_name;
    out.user = section.user;
    TRY(out.ca_pem, read(section.ca_file));
    TRY(out.password, read(section.password_file));
    if (out.password.ends_with('\n')) out.password.pop_back();
    if (!section.certificate_file.empty()) {
        io::TlsCertificate own;
        TRY(own.certificate_pem, read(section.certificate_file));
        TRY(own.key_pem, read(section.key_file));
        out.certificate = std::move(own);
    }
    return out;
}

Result<std::unique_ptr<kv::Store>> open_directory_store(io::Files& files,
                                                        const Deployment& deployment) {
    if (deployment.config.directory.engine == config::DirectoryEngine::sqlite)
        return kv::open_sqlite_store(deployment.shared("directory.db"));
    TRY(kv::EtcdOptions options, etcd_options(files, deployment));
    return kv::open_etcd_store(std::move(options));
}

Result<RegionDirectory> open_region_directory(io::Files& files, const Deployment& deployment) {
    RegionDirectory out;
    TRY(out.store, open_directory_store(files, deployment));
    if (deployment.config.directory.engine == config::DirectoryEngine::sqlite) return out;
    out.homes = std::make_unique<directory::Homes>();
    out.store = kv::make_watched_store(std::move(out.store), *out.homes);
    return out;
}

}  // namespace domicile::server
