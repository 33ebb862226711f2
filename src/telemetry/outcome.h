// How something ended, in four words for every part. Deliberately few: what an answer does not tell
// its caller, a counter must not tell either (I8).
#pragma once

#include <array>
#include <string_view>

#include "base/result.h"

namespace domicile::telemetry {

enum class Outcome : std::uint8_t {
    ok,
    refused,      // the caller's doing: not allowed, not valid, not there, in conflict
    unavailable,  // to be tried again: down, busy, too late
    failed,       // ours
};
constexpr std::array<std::string_view, 4> label_values(Outcome) {
    return {"ok", "refused", "unavailable", "failed"};
}

Outcome outcome_of(Code code);

template <class T>
Outcome outcome_of(const Result<T>& result) {
    return result ? Outcome::ok : outcome_of(result.error().code);
}

}  // namespace domicile::telemetry
