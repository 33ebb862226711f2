// The authenticator apps of the people who live here, and which second factors they want. Both are
// sealed under the person's own key. In clear: sub, the step of the code that was taken last (a
// count of half minutes), so that one statement decides which of two uses of a code was first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::identity {

struct Authenticator {
    std::string secret;   // of the app that proved to have it; empty: there is none
    std::string pending;  // of one that has not yet
    bool enabled = false, preferred = false;
    bool email_enabled = false, email_preferred = false;  // codes that are mailed
    std::int64_t step = 0;     // of the last code that was taken; codes up to it are of no use
    std::int64_t version = 0;  // 0: nothing is stored

    // Sign-in asks for its codes.
    bool active() const { return enabled && !secret.empty(); }
};

class Authenticators {
  public:
    Authenticators(sql::Database& database, keyring::Keyring& keyring)
        : database_(database), keyring_(keyring) {}
    // Steps of the component "identity".
    static std::vector<std::string> schema();

    io::Task<Result<Authenticator>> find(std::string sub);
    // Writes it as it is now; a conflict when it was changed since it was read, or the person is
    // gone.
    io::Task<Result<std::vector<sql::Statement>>> replacement(std::string sub, Authenticator as);
    // A conflict when it was changed since it was read.
    static sql::Statement removal(const std::string& sub, const Authenticator& as);
    // Takes a code of the step; a conflict when one of it, or of a later one, was taken already, or
    // the app was replaced.
    static sql::Statement taking(const std::string& sub, const Authenticator& as,
                                 std::int64_t step);

  private:
    sql::Database& database_;
    keyring::Keyring& keyring_;
};

}  // namespace domicile::identity
