// Data keys: one per subject, wrapped by the region's master key, in a database of its own that
// data backups exclude. Destroying a subject's key is what makes erasure real.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/clock.h"
#include "io/task.h"
#include "sql/database.h"

namespace domicile::keyring {

// Encrypts values of one subject, or of the region itself. AES-256-GCM with random nonces;
// `context` (table, column, row id) is authenticated, so that a value cannot be moved to another
// place.
class DataKey {
  public:
    // 32 bytes; `random` gives the nonces and outlives the key.
    DataKey(std::string key, io::Random& random) : key_(std::move(key)), random_(&random) {}
    std::string seal(std::string_view context, std::string_view plaintext) const;
    // malformed when it was tampered with or belongs elsewhere.
    Result<std::string> open(std::string_view context, std::string_view sealed) const;

  private:
    std::string key_;
    io::Random* random_;
};

class Keyring {
  public:
    // `master` is the region's 32-byte key. `database` holds the component "keyring". Both
    // references outlive the keyring. Callable from any executor.
    Keyring(sql::Database& database, io::Random& random, std::string master);
    ~Keyring();
    // Migrates. failed_precondition (kReasonSecretMissing) when the keys there were wrapped under
    // another master key: a node of the region that has the wrong file, or a new one.
    static sql::Component schema();
    io::Task<Result<void>> open();
    // The same for another secret of the region: the first one of this name is the right one.
    io::Task<Result<void>> confirm(std::string name, std::string secret);

    // Derived from the master key by HKDF; `purpose` such as "refresh_token",
    // "blind_index:documents".
    DataKey region_key(std::string_view purpose) const;
    std::string region_secret(std::string_view purpose) const;  // 32 bytes for HMACs

    // Makes the subject's key if it has none; idempotent. `subject` is the sub.
    io::Task<Result<DataKey>> create(std::string subject);
    io::Task<Result<DataKey>> find(std::string subject);  // not_found; cached in memory, bounded
    // Durable when it returns; idempotent. What was encrypted under the key is gone for good.
    io::Task<Result<void>> destroy(std::string subject);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Reads the master key file, making it (0600) with random bytes when it is not there. malformed
// when it is not 32 bytes. Blocking: at start only.
Result<std::string> load_or_create_master_key(const std::string& path);

}  // namespace domicile::keyring
