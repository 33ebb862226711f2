// What the home remembers of a sign-in with challenges of the application's own while the client
// has one to answer: sealed by the home into what the client brings back, for one answer, for a few
// minutes. Sessions of known and unknown people look alike (I8): the same members, and a length
// that is rounded up.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "identity/custom_auth_types.h"
#include "keyring/keyring.h"

namespace domicile::identity {

struct CustomSession {
    static constexpr Millis kLifetime{3 * 60'000};
    static constexpr std::size_t kRoundsMax = 10;  // challenges of one sign-in
    static constexpr std::size_t kBytesMax = std::size_t{48} * 1024;

    std::string pool, client_id;
    std::string username, srp_name;  // as it was typed; as SRP calls who was meant
    std::string sub;                 // whose sign-in it is; random for nobody's
    std::string version;             // of the person's row
    std::string id;
    std::int64_t expires_ms = 0;
    std::vector<ChallengeResult> before;
    Attributes hidden;                    // of the challenge that is asked: for who judges it
    std::optional<std::string> metadata;  // likewise: what it is called
    // Not kept: what the client said with this request.
    std::optional<Attributes> client_metadata = std::nullopt;
};
BOOST_DESCRIBE_STRUCT(CustomSession, (),
                      (pool, client_id, username, srp_name, sub, version, id, expires_ms, before,
                       hidden, metadata))

// As text of one length.
std::string version_text(std::int64_t version);
// internal with reason trigger_answer: the functions have said more than a session takes.
Result<std::string> seal_custom_session(const keyring::DataKey& key, std::string_view region,
                                        const CustomSession& session);
// unauthenticated with reason session_invalid.
Result<CustomSession> open_custom_session(const keyring::DataKey& key, std::string_view region,
                                          std::string_view text, Timestamp now);

}  // namespace domicile::identity
