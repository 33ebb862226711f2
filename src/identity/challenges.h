// The sessions of challenges that a code answers: sealed by the home, good for a few minutes, for
// five tries and one right answer. What somebody changes about a person meanwhile makes theirs
// void.
#pragma once

#include <boost/describe.hpp>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "identity/types.h"
#include "identity/users.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::identity {

struct ChallengeSession {
    std::string name;  // of the challenge
    std::string pool, client_id, sub, id;
    std::int64_t version = 0, expires_ms = 0;  // version: of the person's row
    std::optional<std::string> state;          // what the challenge has to remember
    std::optional<std::string> device_key;     // as the client gave it
    std::optional<std::string> token_source;   // of PreTokenGeneration, once it is answered
};
BOOST_DESCRIBE_STRUCT(ChallengeSession, (),
                      (name, pool, client_id, sub, id, version, expires_ms, state, device_key,
                       token_source))

class Challenges {
  public:
    static constexpr Millis kLifetime{3 * 60'000};

    // `name_in`: what the region is called in sessions of a pool (identity/routable.h).
    Challenges(sql::Database& database, keyring::Keyring& keyring, io::Clock& clock,
               io::Random& random, std::string region,
               std::function<std::string(const std::string& pool)> name_in)
        : database_(database),
          clock_(clock),
          random_(random),
          region_(std::move(region)),
          name_in_(std::move(name_in)),
          key_(keyring.region_key("identity.challenge")) {}
    // Steps of the component "identity".
    static std::vector<std::string> schema();

    // A new session; seal() is what the client gets of it.
    ChallengeSession begin(std::string name, const UserRow& row, std::string client_id) const;
    std::string seal(const ChallengeSession& session) const;
    // unauthenticated with reason session_invalid, as below: another's, over, or void.
    Result<ChallengeSession> open(const std::string& session, std::string_view name) const;
    Result<void> check(const ChallengeSession& session, const std::optional<UserRow>& row) const;
    // Before an answer is judged, so that tries at once cannot outrun the bound.
    io::Task<Result<void>> count_try(ChallengeSession session);
    // Instead of both: for a session that takes one answer, right or wrong. session_invalid when it
    // has had one.
    io::Task<Result<void>> spend(std::string id, Timestamp expires);
    // For the batch that a right answer lets happen: a conflict when another answer did so first.
    static sql::Statement using_up(const ChallengeSession& session);

  private:
    sql::Database& database_;
    io::Clock& clock_;
    io::Random& random_;
    std::string region_;
    std::function<std::string(const std::string& pool)> name_in_;
    keyring::DataKey key_;
};

std::unexpected<Error> challenge_over();

}  // namespace domicile::identity
