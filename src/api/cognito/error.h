// Errors in the form that Cognito's clients read: a code, a text that user interfaces show
// verbatim, and an HTTP status.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "base/result.h"

namespace domicile::api::cognito {

// What a refusal is worth to whoever counts tries (limited.h).
enum class Weight : std::uint8_t {
    nothing,  // not understood, or not done
    judged,
    wrong,  // somebody tried what they do not know
};

struct DialectError {
    int status = 400;
    std::string type;     // "NotAuthorizedException"
    std::string message;  // may be empty
    int retry_after_seconds = 0;
    Weight weight = Weight::nothing;

    bool operator==(const DialectError&) const = default;
};

template <class T>
using Outcome = std::expected<T, DialectError>;

// The one table from identity's errors to this dialect's.
DialectError to_dialect(const Error& error);

DialectError invalid_parameter(std::string message);
DialectError serialization(std::string message);

}  // namespace domicile::api::cognito
