// Which refusals say that somebody tried what they do not know, for those who count tries by where
// they come from. The same for people who exist and people who do not (I8): it is told by the
// answer alone.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "base/result.h"
#include "identity/oauth_types.h"
#include "identity/types.h"

namespace domicile::identity {

// A password, code, session or client's secret that was none; also what is answered in place of a
// mismatch after too many tries. Tokens are no guesses: they are too long.
inline bool is_wrong_answer(const Error& error) {
    constexpr std::array<std::string_view, 10> kReasons = {
        reason::kWrongCredentials, reason::kUserUnknown,    reason::kCodeMismatch,
        reason::kCodeExpired,      reason::kSessionInvalid, reason::kAlreadyConfirmed,
        reason::kTotpMismatch,     reason::kTotpUsed,       reason::kTotpSetup,
        reason::kClientSecret};
    return std::ranges::find(kReasons, error.reason) != kReasons.end();
}

// Nothing was done: we cannot at the moment, or it has to be asked for elsewhere.
inline bool is_undone(const Error& error) {
    return error.code == Code::unavailable || error.code == Code::deadline_exceeded ||
           error.code == Code::cancelled || error.code == Code::internal ||
           error.reason == reason::kNotInRegion || error.reason == reason::kUnknownClient;
}

}  // namespace domicile::identity
