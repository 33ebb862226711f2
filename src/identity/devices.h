// The devices of the people who live here. What a device proves itself against, its name, whether
// and when it is used are sealed under the person's own key. In clear: sub, the random id of the
// device, how often the row was written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/srp.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::identity {

// Of one person. The one that was not used for the longest time gives way to the next.
inline constexpr std::int64_t kDevicesMax = 20;

struct Device {
    std::string id;     // a UUID
    std::string group;  // DeviceGroupKey: belongs to what the device's proofs are over
    std::optional<std::string> name;
    crypto::SrpVerifier srp;
    bool remembered = false;
    Timestamp created, modified, authenticated;
    std::int64_t version = 0;
};

std::unexpected<Error> unknown_device();

class Devices {
  public:
    Devices(sql::Database& database, keyring::Keyring& keyring, io::Clock& clock)
        : database_(database), keyring_(keyring), clock_(clock) {}
    // Steps of the component "identity".
    static std::vector<std::string> schema();

    io::Task<Result<std::optional<Device>>> find(std::string sub, std::string id);
    // At most `limit` of those whose ids come after this one, and in their order.
    io::Task<Result<std::vector<Device>>> list(std::string sub, std::string after,
                                               std::int64_t limit);
    // Puts it there, and takes away what is too many; a conflict when it is there, when another one
    // came at the same time, or when the person is gone.
    io::Task<Result<void>> add(std::string sub, Device device);
    // Writes it as it is now. Where it was changed since it was read: a conflict if it `has_to`,
    // else nothing is written.
    io::Task<Result<sql::Statement>> replacement(std::string sub, Device device, bool has_to);
    // The same for a device that is being used.
    io::Task<Result<sql::Statement>> use(std::string sub, Device device);
    static sql::Statement removal(const std::string& sub, const std::string& id);

  private:
    io::Task<Result<std::vector<Device>>> read(std::string sub, sql::Statement query);
    io::Task<Result<sql::Blob>> sealed(std::string sub, const Device device);

    sql::Database& database_;
    keyring::Keyring& keyring_;
    io::Clock& clock_;
};

}  // namespace domicile::identity
