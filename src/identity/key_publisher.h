// The region's public signing keys in the directory, and everybody else's from there. A key record
// of another region counts only when that region's border certificate verifies it: whoever can
// write the directory still cannot speak for a region.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "crypto/keys.h"
#include "directory/directory.h"
#include "identity/token_verifier.h"
#include "io/executor.h"

namespace domicile::identity {

class KeyPublisher {
  public:
    struct Parts {
        directory::Directory& directory;
        TokenVerifier& verifier;
        std::string region;
        std::function<Result<std::string>(const directory::KeyRecord&)> sign;
        std::function<bool(const directory::KeyRecord&)> verify;
        // What the home has to do from time to time, in the same task.
        std::function<io::Task<Result<void>>()> upkeep;
    };
    explicit KeyPublisher(Parts parts) : p_(std::move(parts)) {}

    // Takes the own keys and starts the task that publishes it and reloads the others every few
    // seconds. A directory that is out of reach is no error: own tokens are valid meanwhile (I7).
    io::Task<void> start(std::vector<crypto::PublicKey> own);
    io::Task<void> stop();
    io::Task<Result<void>> reload();  // on any executor
    bool published() const { return published_; }

    std::string own_jwks() const;
    std::string combined_jwks() const;

  private:
    io::Task<void> run();
    io::Task<Result<void>> publish();
    std::vector<TrustedKey> trusted(const std::vector<directory::KeyRecord>& records) const;
    void use(std::vector<TrustedKey> keys);

    Parts p_;
    std::vector<TrustedKey> own_;
    std::atomic<bool> published_ = false;  // reload() runs on whichever reactor meets a new key
    bool stopping_ = false;
    io::Event wake_;
    io::TaskGroup tasks_;
    mutable std::mutex mutex_;
    std::string combined_;
};

}  // namespace domicile::identity
