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
        return or_say_which(name, files_.read(placed(name), kFileBytesMax));
    }
    Result<std::shared_ptr<io::SecretFile>> secret(const std::string& name) const {
        if (name.empty()) return nullptr;
        return or_say_which(name, io::SecretFile::open(files_, placed(name)));
    }

  private:
    std::string placed(const std::string& name) const {
        return name.front() == '/' ? name : folder_ + '/' + name;
    }
    template <class T>
    Result<T> or_say_which(const std::string& name, Result<T> read) const {
        if (read) return read;
        return fail(read.error().code, "The directory's file " + placed(name) + ": " +
                                           std::move(read.error().message));
    }

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
    TRY(out.password_file, read.secret(section.password_file));
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
