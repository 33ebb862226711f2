// Authorization codes (RFC 6749, 4.1): what stands between a sign-in in a browser and the tokens
// that the client fetches. For one use and five minutes, kept at the home only. A row is found by a
// keyed hash of the code and sealed under the key of the person it is about.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "identity/oauth_types.h"
#include "identity/refresh_token.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::identity {

// What a code is good for.
struct CodeGrant {
    Authorization asked;
    RefreshToken session;  // what the tokens will be of
};
BOOST_DESCRIBE_STRUCT(CodeGrant, (), (asked, session))

class AuthorizationCodes {
  public:
    static constexpr Millis kLifetime{5 * 60'000};
    // A code that comes twice was copied, which is seen for so long.
    static constexpr Millis kRemembered{60 * 60'000};
    // Of one person: the oldest go when there are more.
    static constexpr std::int64_t kOfOneMax = 50;

    AuthorizationCodes(sql::Database& database, keyring::Keyring& keyring, io::Clock& clock,
                       io::Random& random, std::string region);

    static sql::Component schema();
    io::Task<Result<void>> open();

    // "<region>.<32 random bytes>", durable.
    io::Task<Result<std::string>> issue(CodeGrant grant);
    struct Used {
        CodeGrant grant;
        bool good = false;  // false: it was used before, or is too old
    };
    // Uses it up, durably. nullopt when there is none.
    io::Task<Result<std::optional<Used>>> use(std::string code);

  private:
    sql::Blob id(std::string_view code) const;

    sql::Database& database_;
    keyring::Keyring& keyring_;
    io::Clock& clock_;
    io::Random& random_;
    const std::string region_;
    const std::string secret_;
};

}  // namespace domicile::identity
