// App clients that have a secret prove it: with a hash over the user's name (SECRET_HASH), or with
// the secret itself where the operation takes that. The secret is in a file, which is read when it
// is asked for, so that a changed one counts at once.
#pragma once

#include <optional>
#include <string>

#include "base/live.h"
#include "base/redacted.h"
#include "base/result.h"
#include "config/config.h"
#include "io/files.h"
#include "io/task.h"

namespace domicile::identity {

class ClientSecrets {
  public:
    // `directory` is what files are relative to. `files` outlives this.
    ClientSecrets(Ref<config::Config> config, std::string directory,
                  io::Files& files = io::system_files())
        : config_(config), directory_(std::move(directory)), files_(files) {}

    // Base64 of HMAC-SHA-256 under the secret over user name and client id. unauthenticated with
    // reason client_secret when it is wrong, is missing, or is there for a client without a secret;
    // unavailable when the file cannot be read. An unknown client is left to the operation.
    io::Task<Result<void>> check_hash(std::string client_id, std::string username,
                                      std::optional<std::string> hash) const;
    // The same for whichever was sent, where it is known only later what the hash is over: the
    // user's name or the sub.
    struct Proof {
        std::optional<std::string> hash, secret;
    };
    io::Task<Result<void>> check(std::string client_id, Proof proof, std::string username,
                                 std::string sub) const;
    io::Task<Result<void>> check_secret(std::string client_id,
                                        std::optional<std::string> secret) const;

  private:
    const config::Client* find(const std::string& client_id) const;
    io::Task<Result<Redacted<std::string>>> secret_of(const config::Client* client) const;

    Ref<config::Config> config_;
    std::string directory_;
    io::Files& files_;
};

}  // namespace domicile::identity
