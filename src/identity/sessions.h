// Sign-ins and what ends them. A session is what one sign-in began: its id is the origin_jti of all
// tokens made from it. Revoking it is durable before it is acknowledged, and works at once on
// tokens that are cached, through the verifier.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/token_verifier.h"
#include "io/clock.h"
#include "io/task.h"
#include "sql/database.h"

namespace domicile::identity {

struct Session {
    std::string origin_jti, sub, client_id;
    Timestamp created, expires;
    Timestamp revoked;            // 0: not
    std::int64_t generation = 0;  // of its refresh token, where each is for one use
    Timestamp rotated;            // when that one was given
    std::string device;           // id of the device that it is on; empty: not known
};

class Sessions {
  public:
    // An access token lives at most this long (config bounds it to a day), so revocations older
    // than that need not be remembered.
    static constexpr Millis kTokenLifetimeMax{24 * 3600 * 1000};

    Sessions(sql::Database& database, io::Clock& clock, TokenVerifier& verifier)
        : database_(database), clock_(clock), verifier_(verifier) {}

    // Fills the verifier's revocations from the table.
    io::Task<Result<void>> load();
    // Where other nodes revoke too: what was revoked since the last time, and that all of it is
    // known now. `clock_difference`: of the clocks of the nodes, at most.
    io::Task<Result<void>> load_new(Millis clock_difference);
    io::Task<Result<void>> begin(Session session);
    io::Task<Result<std::optional<Session>>> find(std::string origin_jti);
    // Those of a person that go on, newest first, after the place of one of them.
    io::Task<Result<std::vector<Session>>> list(std::string sub, std::string after,
                                                std::int64_t limit);
    static std::string place_of(const Session& session);
    // False when it is none of theirs, or over.
    io::Task<Result<bool>> end(std::string sub, std::string origin_jti);
    // Replaces the refresh token of this generation by the next. False when another use did so
    // first, or the session has ended.
    io::Task<Result<bool>> rotate(std::string origin_jti, std::int64_t generation);
    // Idempotent.
    io::Task<Result<void>> revoke(std::string origin_jti);
    io::Task<Result<void>> revoke_all(std::string sub);
    // The same within another batch, for all but the session `keep`; ended() when it is durable,
    // with this statement's result.
    sql::Statement ending_all(std::string sub, std::string keep) const;
    // The same of those on a device.
    sql::Statement ending_on(std::string sub, std::string device, std::string keep) const;
    void ended(const sql::StatementResult& result);

  private:
    // From the time that a revocation bears to its being there for all, at most: what takes longer
    // is not acknowledged.
    static constexpr Millis kWriteMax{15'000};

    io::Task<Result<void>> load_since(Timestamp since);

    sql::Database& database_;
    io::Clock& clock_;
    TokenVerifier& verifier_;
    Timestamp loaded_{};  // when the last load began
};

}  // namespace domicile::identity
