// The passkeys of the people who live here. What says which one it is (credential id, public key,
// kind of authenticator) is sealed under the person's own key; it is found by a keyed hash of the
// credential id. In clear: sub, the counter of the last use, so that one statement decides which of
// two uses was first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::identity {

struct Passkey {
    std::string credential_id, public_key;  // bytes; public_key: COSE_Key
    std::string aaguid;                     // bytes
    std::string relying_party_id, name;
    std::vector<std::string> transports;
    std::optional<std::string> attachment;
    bool user_verified = false, backed_up = false;  // when it was made
    Timestamp created;
    std::uint32_t counter = 0;
};

class PasskeyStore {
  public:
    PasskeyStore(sql::Database& database, keyring::Keyring& keyring)
        : database_(database),
          keyring_(keyring),
          index_secret_(keyring.region_secret("identity.passkey_index")) {}
    // Steps of the component "identity".
    static std::vector<std::string> schema();

    // Oldest first.
    io::Task<Result<std::vector<Passkey>>> list(std::string sub);
    // Null when there is none, or it is somebody else's: the same look-up.
    io::Task<Result<std::optional<Passkey>>> find(std::string sub, std::string credential_id);
    // Nothing is written for whoever has `most` already (resource_exhausted), or if somebody has
    // this one (already_exists). A conflict when the person is gone.
    io::Task<Result<void>> add(std::string sub, Passkey passkey, std::int64_t most);
    // False when there was none.
    io::Task<Result<bool>> remove(std::string sub, std::string credential_id);
    // Counts a use; false when another one with this counter, or a later one, was first, or the
    // passkey is gone.
    io::Task<Result<bool>> use(std::string sub, std::string credential_id, std::uint32_t counter);

  private:
    std::string index(std::string_view credential_id) const;

    sql::Database& database_;
    keyring::Keyring& keyring_;
    std::string index_secret_;
};

}  // namespace domicile::identity
