#include "identity/custom_auth.h"

#include <fmt/format.h>

#include "base/json.h"
#include "identity/challenges.h"
#include "identity/routable.h"
#include "identity/triggers.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kLengthStep = 2048;

}  // namespace

std::string version_text(std::int64_t version) { return fmt::format("{:020}", version); }

Result<std::string> seal_custom_session(const keyring::DataKey& key, std::string_view region,
                                        const CustomSession& session) {
    std::string text = json::serialize(to_message(session));
    if (text.size() > CustomSession::kBytesMax) {
        return fail(Code::internal, "The challenge is too large.", reason::kTriggerAnswer);
    }
    text.resize((text.size() / kLengthStep + 1) * kLengthStep, ' ');
    return seal_session(key, region, text);
}

Result<CustomSession> open_custom_session(const keyring::DataKey& key, std::string_view region,
                                          std::string_view text, Timestamp now) {
    const auto opened = open_session(key, region, text);
    if (!opened) return challenge_over();
    TRY(const json::value stored, parse_json(*opened));
    TRY(CustomSession out, from_message<CustomSession>(stored));
    if (Timestamp{out.expires_ms} <= now) return challenge_over();
    return out;
}

}  // namespace domicile::identity
