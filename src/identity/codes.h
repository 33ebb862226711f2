// Codes that are sent to somebody to prove an address or to be let in: six digits, or eight where
// the code alone lets somebody in, for one use, for a time, with five tries. A row is found by a
// keyed hash of what the code is for and the name it was asked for under, and holds a MAC of the
// code: nothing of it says who it belongs to, and people who do not exist get rows too, so that
// they cost and answer what others do (I8).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::identity {

// What the code for a forgotten password is for.
inline constexpr const char* kResetPurpose = "reset_password";
inline constexpr Millis kResetLifetime{3'600'000};
// For one that proves an address: as long as the claim of a new one (directory::Options).
inline constexpr Millis kAddressLifetime{3'600'000};

// For a sign-in: as long as its session (Challenges::kLifetime).
inline constexpr const char* kSignInPurpose = "sign_in";
// For one that is asked for after the password, likewise.
inline constexpr const char* kFactorPurpose = "second_factor";
inline constexpr int kCodeDigits = 6, kSignInDigits = 8;

// So many digits (at most nine) without bias.
std::string random_code(io::Random& random, int digits = kCodeDigits);

class Codes {
  public:
    Codes(sql::Database& database, keyring::Keyring& keyring, io::Clock& clock, io::Random& random)
        : database_(database),
          clock_(clock),
          random_(random),
          secret_(keyring.region_secret("identity.codes")) {}

    // What a code is for, and under which name it was asked for (the index of a user name, a
    // sub, a session).
    struct Purpose {
        std::string what, name;
    };
    struct Issued {
        std::string code;
        // Put it in the place of an older one, and take away those of others that are over.
        std::vector<sql::Statement> statements;
    };
    // `bound_to` is what the code proves something about, e.g. the sub: a code is of no use for
    // anything else. Empty: for nobody, so that no code will fit.
    Issued issue(const Purpose& purpose, std::string bound_to, Millis lifetime,
                 int digits = kCodeDigits);
    // Takes away what may have been issued.
    sql::Statement removal(const Purpose& purpose) const;

    // Counts the try before it is judged, so that tries at once cannot outrun the bound. Errors:
    // kCodeMismatch; kCodeExpired when there is none, it is too old or its tries are used up.
    // Otherwise the statement for the batch that it lets happen: it uses the code up, and is a
    // conflict when another did so first.
    io::Task<Result<sql::Statement>> judge(Purpose purpose, std::string bound_to, std::string code);

  private:
    sql::Blob id(const Purpose& purpose) const;
    std::string mac(std::string_view id, std::string_view bound_to, std::string_view code) const;

    sql::Database& database_;
    io::Clock& clock_;
    io::Random& random_;
    std::string secret_;
};

}  // namespace domicile::identity
